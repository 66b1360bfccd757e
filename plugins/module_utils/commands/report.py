# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a command knows of what it did, when it is done or has failed."""

from __future__ import annotations

from typing import Any, NamedTuple, Optional, Tuple

from .. import errors, model
from ..hazard import Hazard
from ..history.drift import Drifted


class Report(NamedTuple):
    """Everything that a run knows about itself.

    :ivar progress: of the target; in check mode of the rehearsal.
    :ivar diffs: unified diffs of the schema, one for each pair of snapshots; None: none were taken.
    :ivar rehearsal: a rehearsal.rehearse.Rehearsal, where there was one.
    :ivar proofs: rehearsal.proof.Proof, one for each migration that was tested.
    :ivar hazards: what the steps do to tables that others use; None: nobody has looked.
    :ivar plan_digest: of a rehearsal that came to its end.
    :ivar drift: a history.drift.Drifted; None: there is none, or nobody has looked.
    :ivar wants_scripts: nothing was done, for the scripts' files aren't here.
    :ivar warnings: what a person should hear of though it is no error.
    """

    plan: model.Plan
    progress: model.Progress = model.Progress()
    diffs: Optional[Tuple[str, ...]] = None
    rehearsal: Any = None
    proofs: Tuple[Any, ...] = ()
    hazards: Optional[Tuple[Hazard, ...]] = None
    plan_digest: Optional[str] = None
    drift: Any = None
    wants_scripts: bool = False
    warnings: Tuple[str, ...] = ()


def with_drift(report: Report, found: Optional[Drifted], policy: str) -> Report:
    """Return the report with what was found, and a warning of it.

    :raises Drift: where the policy says fail.
    """
    if found is None:
        return report
    what = "The schema was changed since the last run (%s), and not by a migration" % found.since
    report = report._replace(drift=found)
    if policy == "fail":
        error = errors.Drift(
            what,
            hint="Nothing was touched. See drift.diff; undo the change, or write it into a migration and mark that as "
            "applied; or set on_drift.",
        )
        error.report = report
        raise error
    return report._replace(warnings=(*report.warnings, what + "; see drift.diff."))
