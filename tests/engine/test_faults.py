# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Faults in the middle of a run, at random moments: a few of the trials of bin/bench --faults."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import server as throwaway

from .faults import fleet, others
from .faults.cases import Case, cases
from .faults.trial import SETTINGS, Field, Trial

SEED = 20151217
# Each fault in each directory.
CASES = list(cases(SEED, 10))


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Field]:
    """Return where the trials take place: a server that nobody else is on, for it will be shut down."""
    with throwaway.running(settings=SETTINGS) as server:
        yield Field(server, tmp_path_factory.mktemp("faults"))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES, ids=str)
def test_after_a_fault_the_next_run_goes_on(ground: Field, case: Case) -> None:
    outcome = Trial(ground, case).run()
    assert outcome.wrong == "", "\n".join([str(case), *outcome.runs])


@pytest.fixture(scope="module", params=["sqlite", "mariadb"])
def elsewhere(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> others.Trials:
    """Return trials on another database."""
    below = tmp_path_factory.mktemp("elsewhere")
    if request.param == "sqlite":
        return others.Trials(others.Files(below), below)
    return others.Trials(others.Server(request.getfixturevalue("mariadb_server")), below)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(4))
def test_after_a_fault_on_another_database_the_next_run_goes_on(elsewhere: others.Trials, number: int) -> None:
    outcome = elsewhere.run(number, SEED)
    assert outcome.wrong == "", "\n".join([str(outcome.fault.value), *outcome.runs])


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[fleet.Trials]:
    """Return trials on a few databases at once."""
    with throwaway.running(settings=SETTINGS) as server:
        yield fleet.Trials(server, tmp_path_factory.mktemp("fleet"), count=6)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(fleet.Fault)))
def test_after_a_fault_on_many_databases_the_next_run_goes_on(many: fleet.Trials, number: int) -> None:
    outcome = many.run(number, SEED)
    assert outcome.wrong == "", "\n".join([str(outcome.fault.value), *outcome.runs])
