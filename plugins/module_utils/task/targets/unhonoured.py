# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that a database has no use for: whoever gives one is told so, before anything is touched."""

from __future__ import annotations

from typing import Any, Iterable, Mapping

from ... import errors

MEANINGLESS = "%s has no meaning for %s, which url names"


def refuse(
    params: Mapping[str, Any], names: Iterable[str], values: Mapping[str, Any], database: str, hint: str
) -> None:
    """Refuse what can't be honoured.

    :param names: of options that mean nothing there, whatever is given.
    :param values: of other options, those that mean nothing.
    :param database: as people call it.
    :param hint: what to do about an option; of a value there is only to leave it out.
    :raises OptionInvalid: names the first of them.
    """
    for name in names:
        given = params.get(name)
        # An empty list says nothing, but that no hazard is allowed.
        if given not in (None, [], 0, {}) or (name == "allow_hazards" and given is not None):
            raise errors.OptionInvalid(MEANINGLESS % (name, database), hint=hint)
    for name, meaningless in values.items():
        if params.get(name) in meaningless:
            raise errors.OptionInvalid(MEANINGLESS % ("%s: %s" % (name, params[name]), database), hint="Leave it out.")
