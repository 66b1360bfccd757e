# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a look for changes by hand has shown: as a clause, and as a part of a result."""

from __future__ import annotations

from typing import Any, Dict

from ..wording import some


def drift_sentence(found: Any) -> str:
    """Return what it has shown, in a clause.

    :param found: a DriftCheck of commands/drift_check.py.
    """
    if found.state == "unknown":
        return "whether the schema was changed by hand isn't known: %s" % found.reason
    if found.state == "same":
        return "the schema is what the last run left (%s)" % found.since
    names = ["%s %s" % (each.type, ".".join(filter(None, [each.schema, each.name]))) for each in found.objects]
    return "the schema was changed since the last run (%s), and not by a migration: %s" % (found.since, some(names))


def drift_shown(found: Any) -> Dict[str, Any]:
    """Return the part of a result that tells of it, with the diff for people."""
    shown = {name: getattr(found, name) for name in ("state", "since", "reason", "diff")}
    shown["objects"] = [each._asdict() for each in found.objects]
    return {"drift": shown, **({"diff": [{"prepared": found.diff}]} if found.diff else {})}
