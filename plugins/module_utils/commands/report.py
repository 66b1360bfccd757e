# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pg_migrate knows of what it did: made once, at the end of a run, whether that is a success or an error."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional, Set, Tuple, Union

from .. import model
from ..hazard import Hazard

if TYPE_CHECKING:  # a run with nothing to do never needs them
    from ..databases.port import Target
    from ..history.drift import Drifted
    from ..precheck import Precheck
    from ..rehearsal.proof import Proof, Proofs
    from ..rehearsal.rehearse import Rehearsal
    from ..schema.snapshot import Snapshot


class Checked(NamedTuple):
    """What a rehearsal of the plan has shown.

    :ivar diffs: unified diffs of the schema, one for each pair of snapshots.
    :ivar hazards: what the steps do to tables that others use.
    :ivar plan_digest: of a rehearsal that came to its end.
    :ivar prechecks: what the plan asks of the real rows, and whether they satisfy it; None: nobody has looked.
    """

    rehearsal: Rehearsal
    diffs: Tuple[str, ...] = ()
    hazards: Tuple[Hazard, ...] = ()
    plan_digest: Optional[str] = None
    prechecks: Optional[Tuple[Precheck, ...]] = None


class Applied(NamedTuple):
    """What a real run has shown.

    :ivar diffs: unified diffs of the schema, one for each pair of snapshots; None: none were taken.
    :ivar hazards: what the steps did to tables that others use.
    :ivar snapshots: of the schema, from which the diffs were made.
    """

    diffs: Optional[Tuple[str, ...]] = None
    hazards: Tuple[Hazard, ...] = ()
    snapshots: Tuple[Snapshot, ...] = ()


class Written(NamedTuple):
    """The file of state scripted: where it is, and whether it wasn't yet what it is to be."""

    path: str
    differs: bool


class SchemaText(NamedTuple):
    """What schema_file is to hold.

    :ivar text: None: it isn't known.
    :ivar reason: why it isn't, as the end of a sentence.
    """

    text: Optional[str] = None
    reason: Optional[str] = None


class Report(NamedTuple):
    """Everything that a run knows about itself.

    :ivar progress: of the target; in check mode of the rehearsal.
    :ivar warnings: what a person should hear of though it is no error.
    :ivar checked: of the rehearsal, where there was one; also of one ahead of a real run.
    :ivar applied: of the real run, where it came that far.
    :ivar proved: the verdicts, with state tested.
    :ivar drift: how the schema was changed by hand; None: it wasn't, or nobody has looked.
    :ivar database_missing: there is no database of that name yet.
    :ivar jobs: the steps of the plan with their migrations, where these have been read.
    :ivar target: the database; None: there is none.
    :ivar is_wanted: whether what a report for people needs is to be collected.
    :ivar written: the file, with state scripted.
    :ivar schema: what schema_file is to hold; None: nobody has looked.
    """

    plan: model.Plan
    progress: model.Progress = model.Progress()
    warnings: Tuple[str, ...] = ()
    checked: Optional[Checked] = None
    applied: Optional[Applied] = None
    proved: Optional[Proofs] = None
    drift: Optional[Drifted] = None
    database_missing: bool = False
    jobs: Tuple[Tuple[model.Step, model.Migration], ...] = ()
    target: Optional[Target] = None
    is_wanted: bool = False
    written: Optional[Written] = None
    schema: Optional[SchemaText] = None

    @property
    def current(self) -> Optional[model.Version]:
        """Return the highest version that is applied in the end."""
        applied: Set[model.Version] = set(self.plan.applied)
        for outcome in self.progress.done:
            if outcome.step.script.version.is_repeatable:
                continue
            change = applied.add if outcome.step.direction is model.Direction.UP else applied.discard
            change(outcome.step.script.version)
        return max(applied, default=None)

    @property
    def rehearsal(self) -> Union[Rehearsal, Proofs, None]:
        """Return what was rehearsed, and where."""
        return self.proved or (self.checked and self.checked.rehearsal)

    @property
    def diffs(self) -> Optional[Tuple[str, ...]]:
        """Return the diffs of the real run; where there was none, the rehearsal's."""
        shown = self.applied or self.checked
        return shown.diffs if shown else None

    @property
    def snapshots(self) -> Tuple[Snapshot, ...]:
        """Return the snapshots of the real run; where there was none, the rehearsal's."""
        if self.applied:
            return self.applied.snapshots
        return self.checked.rehearsal.snapshots if self.checked else ()

    @property
    def hazards(self) -> Optional[Tuple[Hazard, ...]]:
        """Return the hazards of the real run; where there was none, the rehearsal's. None: nobody has looked."""
        shown = self.applied or self.checked
        return shown.hazards if shown else None

    @property
    def plan_digest(self) -> Optional[str]:
        """Return the digest by which the plan can be approved."""
        return self.checked.plan_digest if self.checked and not self.applied else None

    @property
    def prechecks(self) -> Optional[Tuple[Precheck, ...]]:
        """Return what was looked for in the real rows; None: nobody has looked."""
        return self.checked.prechecks if self.checked else None

    @property
    def proofs(self) -> Tuple[Proof, ...]:
        """Return the verdicts."""
        return self.proved.proofs if self.proved else ()
