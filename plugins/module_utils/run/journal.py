# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts outside a transaction: where they are is logged in commits of its own, so that a cut-off one is noticed."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, NamedTuple, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.choose import database_of
from ..databases.values import Entry
from .session import Session


class Unfinished(NamedTuple):
    """A script that was begun outside a transaction, and has no end in the log.

    :ivar statement_index: the statement to go on at, from 0; None: a Python script, which isn't known to have any.
    :ivar total: how many it has.
    :ivar invalid: the indexes (their oids) that were invalid before it began.
    :ivar failed: whether an error ended it; else its run was cut off.
    :ivar built: the indexes (their names) that have become valid since that statement was sent.
    :ivar half_built: the indexes (their names) that are invalid, and weren't before.
    :ivar elsewhere: it was begun in another database, of which this one is a copy: nobody can ask what became of it.
    """

    version: str
    statement_index: Optional[int]
    total: Optional[int]
    invalid: Tuple[int, ...]
    since: str
    who: str
    failed: bool
    built: Tuple[str, ...] = ()
    half_built: Tuple[str, ...] = ()
    elsewhere: bool = False

    @property
    def left_nothing(self) -> bool:
        """Return whether it failed at its very first statement, which the server has undone."""
        return self.failed and self.statement_index == 0 and not (self.half_built or self.built or self.elsewhere)

    @property
    def left_an_index(self) -> bool:
        """Return whether all that it has left is an index that a run may drop: its first statement was to build it."""
        return self.failed and self.statement_index == 0 and bool(self.half_built) and not self.elsewhere


class Journal:
    """Logs what a script outside a transaction has come to.

    Its own connection writes the positions: the script's session may be another role by then, or in a state of its own.

    :ivar invalid: the indexes (their oids) that were invalid before.
    """

    def __init__(self, session: Session, step: model.Step, total: Optional[int]) -> None:
        self.session, self.step, self.total = session, step, total
        self.invalid: Tuple[int, ...] = ()
        self._id: Optional[int] = None
        self._started_at: Optional[int] = None
        self._connection: Any = None
        self._unlogged: Optional[str] = None  # what it was about to log

    def start(self, cursor: Any, position: int) -> None:
        """Log the start, in the open transaction."""
        self._started_at = position
        database = self.session.database
        with database.transactions.ours(cursor):
            self.invalid = tuple(number for number, dummy in database.remains.remains(cursor))
            detail = self._detail(position, built=list(self.step.resume.built if self.step.resume else ()))
            database.log.log(cursor, self.session.history, Entry(model.Event.STARTED, self.step), detail)
            self._id = cursor.fetchone()[0]

    def at(self, number: int, following: int, transaction: Any) -> None:
        """Log that a statement is about to be sent. The first one's start is the script's.

        :param following: the statement to go on at, once the transaction is committed.
        :param transaction: tells the database, later, what became of it: the number of its transaction, say; None: it
            is in none.
        """
        if transaction is None and number == self._started_at:
            return
        self._started_at = None
        database = self.session.database
        self._unlogged = detail = self._detail(number, following=following, transaction=transaction)
        if database.abilities.logs_inside:
            self.settle(self.session.connection.cursor())
            self._unlogged = None
            return
        if self._connection is None:
            self._connection = database.sessions.connect(self.session.target, "pg_migrate log")
            database.settings.let_last(self._connection)
        with self._connection.cursor() as cursor:
            database.log.log_position(cursor, self.session.history, self._id, detail)
        self._connection.commit()
        self._unlogged = None

    def settle(self, cursor: Any) -> None:
        """Log, in the open transaction, the position that its own connection could not: that one was lost, perhaps.

        The statement of that position was never sent, and the one before it is done.
        """
        if self._unlogged is not None:
            self.session.database.log.log_position(cursor, self.session.history, self._id, self._unlogged)

    def stopped(self, cursor: Any, position: int) -> None:
        """Log, in the open transaction, that an error ended it at a statement, which so has done nothing.

        What somebody changes until the next run must not look as if the statement had done it.
        """
        self.session.database.log.log_position(cursor, self.session.history, self._id, self._detail(position))

    def close(self) -> None:
        """Close what it has opened."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def _detail(self, position: int, **more: Any) -> str:
        statement = None if self.total is None else position
        where = {} if self.session.home is None else {"home": self.session.home}
        return json.dumps({"statement": statement, "total": self.total, "invalid": list(self.invalid), **where, **more})


def unfinished(
    connection: Any, history: Any, versions: Sequence[str], home: Callable[[Any], Optional[str]] = lambda dummy: None
) -> Dict[str, Unfinished]:
    """Return what the log says was begun and not ended, of these versions.

    :param home: tells which database this is; what was begun in another one can't be asked after.
    """
    if not history.keeps_log:
        return {}
    with connection.cursor() as cursor:
        logged = database_of(connection).log.unfinished(cursor, history, versions)
        here = home(connection) if logged else None
        found = [_read(cursor, here, *row) for row in logged]
    return {each.version: each for each in found if not each.left_nothing}


def resume(plan: model.Plan, found: Dict[str, Unfinished], policy: str) -> model.Plan:
    """Return the plan that goes on where scripts were cut off.

    :param policy: fail or retry.
    :raises Interrupted: when there are any and the policy is fail; says what stands.
    """
    if not found:
        return plan
    if any(each.elsewhere for each in found.values()):
        raise _elsewhere_error(plan, found)
    if policy == "fail" and not all(each.left_an_index for each in found.values()):
        raise _interrupted_error(plan, {version: each for version, each in found.items() if not each.left_an_index})
    return plan._replace(steps=tuple(_resumed(step, found.get(str(step.script.version))) for step in plan.steps))


def _read(
    cursor: Any, home: Optional[str], version: str, detail: Optional[str], since: str, who: str, failed: bool, mark: str
) -> Unfinished:
    """Read what was logged, and ask the database what became of it."""
    known = json.loads(detail) if detail and detail.startswith("{") else {}
    database = database_of(cursor.connection)
    if home is not None and known.get("home", home) != home:
        return Unfinished(version, known.get("statement"), known.get("total"), (), since, who, failed, elsewhere=True)
    statement, built = database.outside.became(cursor, known, mark)
    invalid = tuple(known.get("invalid", ()))
    half_built = tuple(name for number, name in database.remains.remains(cursor) if number not in invalid)
    return Unfinished(version, statement, known.get("total"), invalid, since, who, failed, built, half_built)


def _resumed(step: model.Step, each: Optional[Unfinished]) -> model.Step:
    if each is None:
        return step
    return step._replace(resume=model.Resume(each.statement_index or 0, each.invalid, each.built))


def _elsewhere_error(plan: model.Plan, found: Dict[str, Unfinished]) -> errors.Interrupted:
    moved = {version: each for version, each in found.items() if each.elsewhere}
    step = next(step for step in plan.steps if str(step.script.version) in moved)
    each = moved[str(step.script.version)]
    return errors.Interrupted(
        "The migration %s was cut off outside a transaction (begun %s by %s) in another database, of which this one is "
        "a copy: what of it is here can't be told" % (step.script.label, each.since, each.who),
        hint="Nothing was touched. Look what of it is here; finish it by hand and mark it as applied, or undo it by "
        "hand and mark it as pending, with pg_migration_mark.",
        version=str(step.script.version),
        path=step.script.path,
    )


def _interrupted_error(plan: model.Plan, found: Dict[str, Unfinished]) -> errors.Interrupted:
    step = next(step for step in plan.steps if str(step.script.version) in found)
    each = found[str(step.script.version)]
    if each.statement_index is None:
        where = "somewhere in its Python code"
    elif each.statement_index == each.total:
        where = "behind its last statement; all of it stands, and only its end isn't recorded"
    else:
        where = "at statement %d of %s; those before it stand" % (each.statement_index + 1, each.total)
    return errors.Interrupted(
        "The migration %s runs outside a transaction, and was %s %s (begun %s by %s)%s"
        % (
            step.script.label,
            "ended by an error" if each.failed else "cut off",
            where,
            each.since,
            each.who,
            "; invalid, and only half built: the index %s" % ", ".join(each.half_built) if each.half_built else "",
        ),
        hint="Nothing was touched. Set on_interrupted: retry to go on at that statement; or finish it by hand and mark "
        "it as applied, or undo it by hand and mark it as pending, with pg_migration_mark.",
        version=str(step.script.version),
        path=step.script.path,
    )
