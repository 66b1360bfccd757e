# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a trial is made of, chosen by chance and a seed."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import Enum

from .directories import MAKERS, SCRIPTS

STARTED = 0.2  # of a run's time; until then it only imports


class Fault(Enum):
    """What happens."""

    KILL_MODULE = "the module killed"
    KILL_BACKEND = "a backend killed"
    TERMINATE_BACKEND = "a backend terminated"
    SHUT_DOWN = "the server shut down at once"
    CUT = "the connection cut"


@dataclass(frozen=True)
class Case:
    """What a trial is made of; the seed and the number give it again.

    :ivar moment: when the fault happens, as a part of an undisturbed run's time.
    :ivar failing: the script that fails until the first run is over; None: none does.
    :ivar in_cluster: in check mode, whether the rehearsal is in a throwaway cluster.
    """

    number: int
    directory: str
    fault: Fault
    checking: bool
    moment: float
    failing: int | None
    in_cluster: bool = False

    def __str__(self) -> str:
        mode = "check mode" if self.checking else "a real run"
        mode += " in a throwaway cluster" if self.in_cluster else ""
        failing = f", script {self.failing} failing" if self.failing else ""
        return f"trial {self.number}: {self.directory}, {mode}, {self.fault.value} at {self.moment:.3f}{failing}"


@dataclass
class Outcome:
    """What came out. ``wrong`` is empty where all is as it has to be."""

    case: Case
    interrupted: bool = False
    runs: list[str] = field(default_factory=list)
    wrong: str = ""


def cases(seed: int, count: int) -> Iterator[Case]:
    """Choose the trials: the kinds take turns, all else is chance."""
    kinds = [(name, fault) for fault in Fault for name in MAKERS]
    for number in range(count):
        chance = random.Random(f"{seed}/{number}")
        name, fault = kinds[number % len(kinds)]
        failing = chance.randrange(5, SCRIPTS + 1) if name == "mixed" and chance.random() < 0.4 else None
        checking, moment = chance.random() < 0.25, chance.uniform(STARTED, 1)
        yield Case(number, name, fault, checking, moment, failing, checking and chance.random() < 0.5)
