# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""(scripts, history, version asked for) → Plan. A pure function."""

from __future__ import annotations

import difflib
from typing import Optional, Sequence

from ..errors import UnknownVersion
from ..model import HistoryRow, Plan, Script, Step, Version


def plan_migrate(scripts: Sequence[Script], history: Sequence[HistoryRow], target: Optional[str]) -> Plan:
    """Decide what to apply.

    :param scripts: all scripts on disk, ordered by version.
    :param history: what is recorded; a row without a time is deferred, and not run.
    :param target: version up to and including which to apply; None: all.
    :raises UnknownVersion: when no script has the version asked for.
    """
    recorded = {row.version for row in history}
    applied = [row.version for row in history if row.applied is not None]
    pending = [script for script in scripts if script.version not in recorded]
    last = _resolve(target, scripts)
    return Plan(
        steps=tuple(Step(script) for script in pending if last is None or script.version <= last),
        beyond=tuple(script for script in pending if last is not None and script.version > last),
        current=max(applied, default=None),
        latest=scripts[-1].version if scripts else None,
    )


def _resolve(target: Optional[str], scripts: Sequence[Script]) -> Optional[Version]:
    """Return the version asked for; one that isn't on disk is more likely misspelt than meant."""
    if target is None:
        return None
    try:
        wanted = Version.parse(target)
    except ValueError as error:
        raise UnknownVersion("version: %s" % error, hint="Name a version as in a script's file name.") from None
    if any(script.version == wanted for script in scripts):
        return wanted
    known = [str(script.version) for script in scripts]
    near = difflib.get_close_matches(target, known, n=3) or known[-3:]
    raise UnknownVersion(
        "No script has the version %s" % target,
        hint=("Did you mean %s?" % " or ".join(near)) if near else "There are no scripts at all.",
        version=target,
    )
