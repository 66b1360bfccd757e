# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is recorded with a checkpoint: the migrations that it takes the place of, so that all tools know of them."""

from __future__ import annotations

from typing import Any, List

from .. import model
from ..databases.values import Entry
from .session import Session


def event_of(step: model.Step) -> model.Event:
    """Return what the log says of a step."""
    if step.script.checkpoint is not None:
        return model.Event.CHECKPOINT
    return model.Event.APPLIED if step.direction is model.Direction.UP else model.Event.ROLLED_BACK


def recorded(step: model.Step) -> List[model.Step]:
    """Return the migrations that are recorded ahead of a checkpoint; their own texts never ran here."""
    return [model.Step(each._replace(checksum="")) for each in step.replaces]


def record(session: Session, cursor: Any, step: model.Step, prelude: str) -> str:
    """Record them in the open transaction. What the session holds is looked at once, with the checkpoint's own record.

    :param prelude: statements to send ahead, in the same message.
    :returns: the statements that are still to be sent ahead.
    """
    recorder = session.database.history.recorder(session.history)
    for each in recorded(step):
        recorder.record(cursor, Entry(model.Event.CHECKPOINT, each, None, session.release), prelude)
        prelude = ""
    return prelude
