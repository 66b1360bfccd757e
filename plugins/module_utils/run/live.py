# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run is at, told by the run itself; another thread may read it at any moment."""

from __future__ import annotations

import time
from typing import Any, Callable, NamedTuple, Optional, Sequence, Tuple

from .. import model

NO_PHASE = ("", 0.0)
Jobs = Sequence[Tuple[model.Step, model.Migration]]


class At(NamedTuple):
    """The step that is at work.

    :ivar since: on the clock of time.monotonic().
    :ivar sent: returns how many statements a Python script has sent until now; None: it is no such script.
    :ivar statement: which statement it is, from 1, of how many, and what that does; None: it isn't known.
    """

    step: model.Step
    since: float
    sent: Callable[[], Optional[int]]
    statement: Optional[Tuple[int, int, str]] = None


class Live:
    """A run on its way. Each attribute is replaced as a whole, so that a reader never sees half of one.

    :ivar phase: what is done beside the steps, and since when on the clock of time.monotonic().
    :ivar session: on which the steps run; a run.session.Session. None: none has begun.
    :ivar jobs: the steps, in their order.
    :ivar done: the steps that have come to their end; it grows.
    :ivar at: the step at work; None: none is.
    """

    def __init__(self) -> None:
        self.phase = NO_PHASE
        self.session: Any = None
        self.jobs: Jobs = ()
        self.done: Sequence[model.Outcome] = ()
        self.at: Optional[At] = None

    def enters(self, phase: str) -> None:
        """Note what is done now, beside the steps."""
        self.phase, self.at = (phase, time.monotonic()), None

    def begins(self, session: Any, jobs: Jobs, done: Sequence[model.Outcome]) -> None:
        """Note that steps begin to run, from the first one on.

        :param done: is added to, as they come to their end.
        """
        self.session, self.jobs, self.done, self.at, self.phase = session, jobs, done, None, NO_PHASE

    def starts(self, step: model.Step, sent: Callable[[], Optional[int]]) -> None:
        """Note that a step begins, or is tried again."""
        known = self.at
        since = known.since if known is not None and known.step is step else time.monotonic()
        self.at = At(step, since, sent)

    def sends(self, index: int, total: int, keyword: str) -> None:
        """Note which statement of a script is sent now, of how many; the first is 0."""
        if self.at is not None:
            self.at = self.at._replace(statement=(index + 1, total, keyword))
