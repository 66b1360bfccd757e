# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run many trials and print the figures."""

from __future__ import annotations

import argparse
import contextlib
import secrets
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import server as throwaway

from . import fleet, others
from .cases import Case, Fault, Outcome, cases
from .trial import SETTINGS, Field, Trial


def main() -> int:
    """Run the trials; return 1 when an end state was wrong."""
    parser = argparse.ArgumentParser(prog="faults", description="Faults in the middle of runs of pg_migrate.")
    parser.add_argument("trials", type=int, nargs="?", default=200, help="how many (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10**6), help="repeats the trials of a run")
    parser.add_argument("--only", type=int, help="the number of the one trial to repeat")
    parser.add_argument(
        "--on", choices=["postgresql", "sqlite", "mariadb", "fleet"], default="postgresql", help="which database"
    )
    options = parser.parse_args()
    if options.on != "postgresql":
        return _elsewhere(options)
    chosen = [case for case in cases(options.seed, options.trials) if options.only in (None, case.number)]
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="faults-") as below, throwaway.running(settings=SETTINGS) as server:
        outcomes = _run(Field(server, Path(below)), chosen, options.seed)
    _figures(outcomes)
    return 1 if any(outcome.wrong for outcome in outcomes) else 0


def _elsewhere(options: argparse.Namespace) -> int:
    print(f"seed {options.seed}", flush=True)
    with tempfile.TemporaryDirectory(prefix="faults-") as below, _trials(options.on, Path(below)) as trials:
        outcomes = []
        for number in range(options.trials) if options.only is None else [options.only]:
            outcome = trials.run(number, options.seed)
            outcomes.append(outcome)
            if outcome.wrong:
                print(f"WRONG  again: bin/bench --faults --on {options.on} --seed {options.seed} --only {number}")
                print("\n".join([str(outcome.fault.value), *outcome.runs, outcome.wrong, ""]), flush=True)
    interrupted = sum(outcome.interrupted for outcome in outcomes)
    print(f"{'trials':<40}{len(outcomes):>6}{'  of them interrupted a run':<28}{interrupted:>6}")
    wrong = sum(bool(outcome.wrong) for outcome in outcomes)
    print(f"{'wrong end states':<40}{wrong:>6}")
    return 1 if wrong else 0


@contextlib.contextmanager
def _trials(on: str, below: Path) -> Iterator[fleet.Trials | others.Trials]:
    """Lend the trials on a fleet of PostgreSQL's databases, or on another database."""
    with contextlib.ExitStack() as stack:
        if on == "fleet":
            yield fleet.Trials(stack.enter_context(throwaway.running(settings=SETTINGS)), below)
        else:
            yield others.Trials(stack.enter_context(others.ground(on, below)), below)


def _run(ground: Field, chosen: list[Case], seed: int) -> list[Outcome]:
    outcomes = []
    for case in chosen:
        outcome = Trial(ground, case).run()
        outcomes.append(outcome)
        if outcome.wrong:
            print(f"WRONG {case}\n  again: bin/bench --faults --seed {seed} --only {case.number}")
            print("\n".join(["", *outcome.runs, outcome.wrong, ""]), flush=True)
    return outcomes


def _figures(outcomes: list[Outcome]) -> None:
    interrupted = [outcome for outcome in outcomes if outcome.interrupted]
    by_fault = Counter(outcome.case.fault for outcome in outcomes)
    print(f"{'trials':<40}{len(outcomes):>6}{'  of them interrupted a run':<28}{len(interrupted):>6}")
    for fault in Fault:
        hits = sum(outcome.case.fault is fault for outcome in interrupted)
        print(f"  {fault.value:<38}{by_fault[fault]:>6}{'':<28}{hits:>6}")
    print(f"{'wrong end states':<40}{sum(bool(outcome.wrong) for outcome in outcomes):>6}")


if __name__ == "__main__":
    sys.exit(main())
