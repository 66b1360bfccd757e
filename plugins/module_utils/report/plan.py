# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The plan of a run as rows: one for each step, in the order of running, with what is known of it."""

from __future__ import annotations

from enum import Enum
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence

from .. import model
from ..hazard import Hazard, HazardKind
from .objects import count_of, objects_of

Row = Dict[str, Any]
Migrations = Mapping[model.Script, model.Migration]


class Fate(Enum):
    """What has become of a step."""

    APPLIED = "applied"
    ROLLED_BACK = "rolled_back"
    REHEARSED = "rehearsed"
    FAILED = "failed"
    FAILED_IN_REHEARSAL = "failed_in_rehearsal"
    NOT_RUN = "not_run"


FAILURES = (Fate.FAILED.value, Fate.FAILED_IN_REHEARSAL.value)


class Ran(NamedTuple):
    """What has become of the steps of a plan.

    :ivar done: those that came to their end.
    :ivar failed: the one that didn't.
    :ivar rehearsed: whether that was on a copy, and the database wasn't touched.
    :ivar hazards: what they do to tables that others use; None: nobody has looked.
    """

    done: Sequence[model.Outcome] = ()
    failed: Optional[model.Outcome] = None
    rehearsed: bool = False
    hazards: Optional[Sequence[Hazard]] = None


def rows_of(
    steps: Iterable[model.Step], migrations: Mapping[model.Script, model.Migration], ran: Ran
) -> List[Dict[str, Any]]:
    """Return a row for each step.

    :param migrations: those whose files have been read.
    """
    outcomes = {outcome.step: outcome for outcome in ran.done}
    return [_row(step, migrations.get(step.script), outcomes.get(step), ran) for step in steps]


def _row(
    step: model.Step, migration: Optional[model.Migration], outcome: Optional[model.Outcome], ran: Ran
) -> Dict[str, Any]:
    version = str(step.script.version)
    body = migration.body(step.direction) if migration else None
    hazards = [each for each in ran.hazards or () if each.version == version]
    failed = ran.failed if outcome is None and ran.failed is not None and ran.failed.step == step else None
    known = outcome or failed
    sent = known.sent if known else None
    return {
        "version": version,
        "name": step.script.name,
        "kind": step.script.kind,
        "direction": step.direction.value,
        "transactional": body.transactional if body else None,
        "reversible": migration.down is not None if migration else None,
        "outcome": _fate(step, outcome, failed, ran.rehearsed).value,
        "duration_ms": known.duration_ms if known else None,
        "statements": _statements(body, sent),
        "rows_changed": _rows_changed(hazards),
        "objects": objects_of(sent.texts if sent else [body.text] if isinstance(body, model.SqlBody) else []),
        "hazards": list(dict.fromkeys(each.kind.value for each in hazards)),
    }


def _fate(step: model.Step, outcome: Optional[model.Outcome], failed: Optional[model.Outcome], rehearsed: bool) -> Fate:
    if failed is not None:
        return Fate.FAILED_IN_REHEARSAL if rehearsed else Fate.FAILED
    if outcome is None:
        return Fate.NOT_RUN
    if rehearsed:
        return Fate.REHEARSED
    return Fate.APPLIED if step.direction is model.Direction.UP else Fate.ROLLED_BACK


def _statements(body: Optional[model.Body], sent: Optional[model.Sent]) -> Optional[int]:
    """Return how many statements a step has; of a script in Python, how many it has sent."""
    if not isinstance(body, model.SqlBody):
        return sent.total if sent else None
    if not body.transactional:
        return len(body.messages)
    try:
        return count_of(body.text)
    except ValueError:
        return None


def _rows_changed(hazards: Iterable[Hazard]) -> Optional[int]:
    """Return how many rows were written of tables that were there before; None: none were seen, or it isn't known."""
    counts = [each.rows_changed for each in hazards if each.kind is HazardKind.ROWS_CHANGED]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None
