# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Repeatable migrations: asked ahead of a run, so that a run in which none wants anything costs nothing."""

from __future__ import annotations

from typing import List, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.savepoints import SAVEPOINT
from ..runtimes.capture import Capture
from ..runtimes.pyscript import facade, importing, load
from .failure import explain
from .preparation import Job
from .session import Session


def ask_ahead(session: Session, jobs: Sequence[Job]) -> Tuple[List[Job], Tuple[model.Outcome, ...]]:
    """Ask each repeatable migration, in a read-only transaction that is rolled back, whether it wants to run.

    One that has to write to find out is asked in the run itself. A rehearsal takes the others' answers, for
    its copy may lack the rows that they look at.

    :returns: the jobs that remain, and those that don't want to run.
    :raises MigrationError: when a should_run fails.
    """
    wanted: List[Job] = []
    skipped: List[model.Outcome] = []
    with Capture() as capture:
        for job in jobs:
            step, migration = job
            answer = _ask(session, job)
            output = capture.take()
            if answer is None or answer:
                wanted.append((step._replace(wanted=answer is not None), migration))
            else:
                skipped.append(model.Outcome(step, 0, output, model.Reason.SHOULD_NOT_RUN.value))
    return wanted, tuple(skipped)


def _ask(session: Session, job: Job) -> Optional[bool]:
    """Return the answer; None: it has to write to find out, or might."""
    connection, body = session.connection, job[1].up
    read_only = session.database.settings.READ_ONLY
    if not isinstance(body, model.PythonBody) or read_only is None:
        return None
    own = facade(session.as_super_user)
    module = load(body, own)
    try:
        with connection.cursor() as cursor, importing(body.path, own):
            with connection.scripted():
                cursor.execute(read_only + SAVEPOINT)
            with connection.lent(lambda: None):
                return bool(module.should_run(cursor))
    except (Exception, SystemExit) as error:
        explained = explain(error, job[1], body, connection)
        if isinstance(explained, errors.ReadOnly):
            return None
        raise explained from None
    finally:
        if not connection.closed:
            connection.rollback()
