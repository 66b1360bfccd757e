# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of this collection, as frozen values. Read this file first.

A *script* is a file, a *migration* is what was read from it; the *history* tells which versions are
applied; a *plan* is the ordered *steps* that follow from both; an *outcome* is what a step did.
Nothing here does any I/O.
"""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple, Optional, Tuple

from .bodies import Body, Callback, PythonBody, SqlBody, Statement, Takes
from .hazard import Hazard
from .revisions import Revision
from .versions import Version

# Words of everybody's as well, though they have files of their own.
__all__ = ["Body", "Callback", "PythonBody", "Revision", "SqlBody", "Statement", "Takes", "Version"]


class Direction(Enum):
    """Which section of a script a step runs."""

    UP = "up"
    DOWN = "down"


class State(Enum):
    """Where a migration stands.

    Failed: pending, and its last attempt ended in an error. Passed over: a checkpoint takes its place; of a checkpoint,
    its scripts do.
    """

    PENDING = "pending"
    APPLIED = "applied"
    DEFERRED = "deferred"
    FAILED = "failed"
    PASSED_OVER = "passed_over"


class Event(Enum):
    """What the history and its log tell of a version."""

    APPLIED = "applied"
    BASELINE = "baseline"
    MARKED = "marked"
    DEFERRED = "deferred"
    ROLLED_BACK = "rolled_back"
    FORGOTTEN = "forgotten"
    RETIRED = "retired"
    RELEASED = "released"
    HOME = "home"
    REBUILT = "rebuilt"
    STARTED = "started"
    FAILED = "failed"
    CHECKPOINT = "checkpoint"
    DRIFT_ACCEPTED = "drift_accepted"


class Reason(Enum):
    """Why a step is in a plan, or a script isn't."""

    PENDING = "pending"
    REPEATABLE = "repeatable"
    DEFERRED = "deferred"
    BEYOND_VERSION = "beyond_version"
    SHOULD_NOT_RUN = "should_run_is_false"
    OUT_OF_ORDER = "out_of_order"
    BASELINE = "baseline"
    ROLL_BACK = "roll_back"
    CHECKPOINT = "checkpoint"


class Replaced(NamedTuple):
    """A migration that a checkpoint takes the place of, as it was when the checkpoint was made."""

    version: str
    checksum: str
    name: str


class Checkpoint(NamedTuple):
    """What a script stands for that gives at once what many have given.

    :ivar replaces: these, in their order; None: all up to its version, as other tools have it.
    """

    replaces: Optional[Tuple[Replaced, ...]] = None


class Script(NamedTuple):
    """A migration's files as found on disk, and what a look at their text tells. Nothing is compiled yet.

    :ivar verify_path: the SQL that has to hold when it is applied.
    :ivar checksum: SHA-256 of the text with line ends normalised; empty until it was looked at.
    :ivar repeatable: it has should_run, and is considered at every run.
    :ivar deferred: it says of itself that it only runs when asked for.
    :ivar repeats_on_change: it runs again whenever its checksum isn't the recorded one.
    :ivar revision: where a graph puts it; None: its version does.
    :ivar checkpoint: what it takes the place of; None: it is a migration like others.
    :ivar callbacks: what may run before or after it, in the order of their names.
    """

    version: Version
    name: str
    kind: str
    path: str
    down_path: Optional[str] = None
    verify_path: Optional[str] = None
    checksum: str = ""
    repeatable: bool = False
    deferred: bool = False
    repeats_on_change: bool = False
    revision: Optional[Revision] = None
    checkpoint: Optional[Checkpoint] = None
    callbacks: Tuple[Callback, ...] = ()

    @property
    def label(self) -> str:
        """Return version and name, as people refer to a migration."""
        alone = self.version.is_repeatable or self.version.is_whole_name
        return str(self.version) if alone or not self.name else "%s_%s" % (self.version, self.name)


class Around(NamedTuple):
    """What runs before and after a script in one of its directions; what is transactional, in the same transaction."""

    direction: Direction
    before: Tuple[SqlBody, ...] = ()
    after: Tuple[SqlBody, ...] = ()


class Migration(NamedTuple):
    """A script that has been read: what it would run, and what it says about itself.

    :ivar verify: what has to hold when it is applied, statement by statement.
    :ivar around: what a run has around it; None: nothing.
    """

    script: Script
    up: Body
    down: Optional[Body] = None
    verify: Optional[SqlBody] = None
    around: Optional[Around] = None

    def body(self, direction: Direction) -> Body:
        """Return what a step in this direction runs; that there is a down has been seen to before."""
        wanted = self.up if direction is Direction.UP else self.down
        if wanted is None:
            raise ValueError("%s has no down" % self.script.label)
        return wanted


class HistoryRow(NamedTuple):
    """What is recorded of one version.

    :ivar applied: the server's time in ISO 8601; None: deferred.
    :ivar event: how it came to be there: applied, baseline or marked; None: another tool wrote it.
    :ivar spellings: the version as it stands in the table; more than one where a tool wrote it twice.
    :ivar release: the release that it was applied with, where one was named.
    """

    version: Version
    applied: Optional[str]
    name: Optional[str] = None
    checksum: Optional[str] = None
    event: Optional[str] = None
    spellings: Tuple[str, ...] = ()
    release: Optional[str] = None


class Resume(NamedTuple):
    """Where a script outside a transaction was cut off.

    :ivar statement_index: the statement to go on at, from 0.
    :ivar invalid_before: the indexes (their oids) that were invalid before that run began.
    :ivar built: the indexes (their names) that have become valid since that statement was sent.
    """

    statement_index: int = 0
    invalid_before: Tuple[int, ...] = ()
    built: Tuple[str, ...] = ()


class Step(NamedTuple):
    """One decision of a plan: run this section of this script.

    :ivar spellings: rows of the history that this step takes the place of, or takes away.
    :ivar wanted: it is repeatable, and has said that it wants to run.
    :ivar resume: where to go on, when an earlier run was cut off in it.
    :ivar replaces: migrations that are recorded with a checkpoint, as it takes their place.
    """

    script: Script
    direction: Direction = Direction.UP
    reason: Reason = Reason.PENDING
    spellings: Tuple[str, ...] = ()
    wanted: bool = False
    resume: Optional[Resume] = None
    replaces: Tuple[Script, ...] = ()


class Flaw(Enum):
    """In what the scripts on disk and the history don't agree."""

    MODIFIED = "modified"
    SQUASHED = "squashed"
    MISSING = "missing"
    OUT_OF_ORDER = "out_of_order"


class Finding(NamedTuple):
    """One migration with a flaw. ``path`` is None where its file is gone."""

    flaw: Flaw
    version: Version
    label: str
    path: Optional[str] = None


class Plan(NamedTuple):
    """Ordered decisions, made without I/O.

    :ivar steps: what to run, in order.
    :ivar left_out: scripts that are not applied and stay so, with the reason.
    :ivar applied: the versions that are applied before the first step.
    :ivar latest: highest version on disk.
    :ivar baseline: scripts to record without running them, before the first step; None: no history is to be begun.
    :ivar findings: where scripts and history don't agree.
    """

    steps: Tuple[Step, ...]
    left_out: Tuple[Tuple[Script, Reason], ...] = ()
    applied: Tuple[Version, ...] = ()
    latest: Optional[Version] = None
    baseline: Optional[Tuple[Script, ...]] = None
    findings: Tuple[Finding, ...] = ()

    @property
    def idle(self) -> bool:
        """Return whether there is nothing to do."""
        return not self.steps and self.baseline is None


class Sent(NamedTuple):
    """What a Python script has sent to the server.

    :ivar total: how many texts; each is a statement, or several.
    :ivar texts: the first of them, with their values, as they went to the server.
    """

    total: int = 0
    texts: Tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Return whether the texts are all of it."""
        return len(self.texts) == self.total


class Outcome(NamedTuple):
    """What a step did.

    :ivar duration_ms: from the first statement to the end of the transaction, in milliseconds.
    :ivar output: what the script printed, logged, and raised as notices.
    :ivar note: what a person should know about how it ran.
    :ivar hazards: one for each thing that it did to a table that was there before.
    :ivar sent: what it has sent, where it is in Python.
    """

    step: Step
    duration_ms: int
    output: str = ""
    note: Optional[str] = None
    hazards: Tuple[Hazard, ...] = ()
    sent: Optional[Sent] = None


class Progress(NamedTuple):
    """How far a run came: all of it, or up to the failure that carries this.

    :ivar skipped: steps whose should_run answered no.
    :ivar failed: the step that failed, with what it printed.
    :ivar left: the steps that are not applied, the failed one among them.
    """

    done: Tuple[Outcome, ...] = ()
    skipped: Tuple[Outcome, ...] = ()
    failed: Optional[Outcome] = None
    left: Tuple[Step, ...] = ()
