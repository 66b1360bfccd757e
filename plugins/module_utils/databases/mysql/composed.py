# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names in statements: the driver binds values, and no names."""

from __future__ import annotations

import re

PLACE = re.compile(r"\{(\w+)\}")


def quoted(name: str) -> str:
    """Return a name as SQL has it, whatever is in it."""
    return "`%s`" % name.replace("`", "``")


def composed(statement: str, **names: str) -> str:
    """Return a statement with names, quoted, in the places of {theirs}."""
    return PLACE.sub(lambda match: quoted(names[match[1]]), statement)
