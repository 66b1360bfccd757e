# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run finds, and the plan that follows from it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Callable, FrozenSet, List, NamedTuple, Optional, Sequence, Tuple

from .. import errors, model
from ..databases.choose import database_of
from ..history import beginning
from ..history.retired import retired
from ..planning.checkpoints import with_replaced
from ..planning.integrity import examine, settle
from ..planning.order import in_one_order
from ..planning.plan import plan_baseline, plan_migrate, plan_rollback
from ..planning.releases import after
from ..planning.request import Request
from ..scripts.kinds import reading, sqlalchemy_migrate, sqltext
from ..scripts.kinds.catalogue import read
from ..wording import some
from .context import Context

if TYPE_CHECKING:
    from ..databases.port import Database

# baseline_version: adopt
ADOPT = "adopt"


class View(NamedTuple):
    """What was found: the scripts on disk, the history, and the plan that follows from the two."""

    scripts: Tuple[model.Script, ...]
    history: Any
    rows: Tuple[model.HistoryRow, ...]
    plan: model.Plan
    warnings: Tuple[str, ...] = ()


def read_view(connection: Any, request: Request, scripts: Tuple[model.Script, ...]) -> View:
    """Read the history and plan. Nothing is written.

    :raises MigrationError: what the policies don't let pass, above all.
    """
    store = database_of(connection).history
    history = store.find(connection, request.history_table, request.repository_id)
    rows = store.rows(connection, history)
    begun = beginning.has_begun(connection, history, rows)
    adopted = None if begun else _elsewhere(connection, request, scripts)
    gone, runs = retired(connection, history, scripts, rows), _runs(connection, history, request)
    view = view_of(request, scripts, history, rows, adopted, begun, gone, runs)
    warnings = _look_at_objects(connection, request, view)
    connection.rollback()
    if not view.plan.steps:
        return view
    return view._replace(plan=_resumed(connection, request, view), warnings=(*view.warnings, *warnings))


def _runs(connection: Any, history: Any, request: Request) -> Sequence[Tuple[str, str]]:
    """Return the releases that ran with nothing to apply, where one is to be gone back to."""
    if request.release is None or request.state != "rolled_back" or not history.keeps_log:
        return ()
    return database_of(connection).log.told(connection, history, model.Event.RELEASED.value)


def _look_at_objects(connection: Any, request: Request, view: View) -> Tuple[str, ...]:
    """Look whether everything is about to be applied into what may be the wrong database.

    :raises Nonempty: where the policy says fail.
    """
    first = not view.history.exists and view.plan.baseline is None and bool(view.plan.steps)
    if not first or request.state != "migrated" or request.on_nonempty == "ignore":
        return ()
    what = beginning.objects_there(connection)
    if what is None:
        return ()
    warning = beginning.nonempty(what, request.on_nonempty, database_of(connection).sessions.describe(connection))
    return (warning,) if warning else ()


def _resumed(connection: Any, request: Request, view: View) -> model.Plan:
    """Look for scripts outside a transaction that were cut off. While another run is at work, it may be at one."""
    from ..run import journal

    versions = [str(step.script.version) for step in view.plan.steps]
    found = journal.unfinished(connection, view.history, versions, database_of(connection).sessions.identity)
    connection.rollback()
    if found and database_of(connection).locks.held_by_another(connection):
        return view.plan
    return journal.resume(view.plan, found, request.on_interrupted)


def _elsewhere(
    connection: Any, request: Request, scripts: Tuple[model.Script, ...]
) -> Optional[Tuple[model.Script, ...]]:
    """Look for another tool's history where there is none of ours. Return what is to be adopted from it, if it is."""
    adopting = request.baseline_version == ADOPT
    if not adopting and request.baseline_version is not None:
        return None
    from ..history import foreign

    found = foreign.find(connection, request.repository_id, request.adopt_from if adopting else None, scripts)
    if found is not None and adopting:
        return foreign.adopted(found, with_replaced(scripts))
    if found is not None and (found.rows or found.baseline):
        raise foreign.unadopted_error(found)
    if adopting:
        raise errors.UnknownVersion(
            "baseline_version: there is no table of another tool to adopt from",
            hint="Say with adopt_from where it is, or name a version.",
        )
    return None


def read_all(context: Context, steps: Sequence[model.Step]) -> List[Tuple[model.Step, model.Migration]]:
    """Read and compile every script of a plan, so that a broken one stops the run before anything is touched.

    :param context: gets what was read, and what there is to warn of.
    :raises Irreversible: when one that is to be rolled back has no down.
    :raises ScriptInvalid: what can't be read, or has marks of another tool.
    """
    from .foreign_marks import look_for

    reader, known = _reader(context.request), context.migrations
    new = {step.script: reader(step.script) for step in steps if step.script not in known}
    jobs = [(step, _as_begun(step, known.get(step.script) or new[step.script])) for step in steps]
    one_way = [step.script for step, each in jobs if step.direction is model.Direction.DOWN and each.down is None]
    if one_way:
        raise _irreversible_error(one_way)
    for warning in look_for(context.request, [job for job in jobs if job[0].script in new]):
        context.warn(warning)
    known.update(new)  # what was refused is refused again
    return _with_callbacks(context.request, jobs)


def _with_callbacks(
    request: Request, jobs: List[Tuple[model.Step, model.Migration]]
) -> List[Tuple[model.Step, model.Migration]]:
    """Return jobs with what runs around them, if anything does."""
    if not any(step.script.callbacks for step, dummy in jobs):
        return jobs
    from ..scripts import callbacks
    from ..scripts.variables import filled

    grammar, variables = database_of(request.target).grammar, request.variables
    source, secrets = reading.text if variables is None else filled(variables.all()), _secrets(request)

    def read(path: str) -> model.SqlBody:
        return grammar.adapted(callbacks.body(path, source)._replace(secrets=secrets))

    return callbacks.around(jobs, read, request.state != "tested")


def _irreversible_error(scripts: Sequence[model.Script]) -> errors.MigrationError:
    first = scripts[0]
    if len(scripts) == 1:
        what = "The migration %s has no down (%s)" % (first.label, first.path)
    else:
        what = "%d of the migrations have no down: %s" % (len(scripts), some([each.label for each in scripts]))
    return errors.Irreversible(
        what,
        hint="Nothing was rolled back. Add one, or roll back by hand and mark it as pending.",
        version=str(first.version),
        path=first.path,
    )


def _reader(request: Request) -> Callable[[model.Script], model.Migration]:
    """Return what reads a script as its database does: with its variables filled in, if there are some."""
    database, as_written = database_of(request.target), _as_written(request)
    dialects = database.abilities.dialects

    def reader(script: model.Script) -> model.Migration:
        if script.kind == sqlalchemy_migrate.KIND:
            sqlalchemy_migrate.refuse_other(script, dialects)
        migration = as_written(script)
        down = migration.down
        return migration._replace(up=_adapted(migration.up, database), down=down and _adapted(down, database))

    return reader


def _adapted(body: model.Body, database: Database) -> model.Body:
    """Return a body as its database reads it. Where that commits at each ALTER, a Python script has no transaction."""
    if isinstance(body, model.SqlBody):
        return database.grammar.adapted(body)
    if isinstance(body, model.PythonBody) and not database.abilities.transactional_ddl:
        return body._replace(transactional=False)
    return body


def _as_written(request: Request) -> Callable[[model.Script], model.Migration]:
    if request.variables is None:
        return read
    from ..scripts.variables import reader

    return reader(request.variables.all(), _secrets(request))


def _secrets(request: Request) -> Tuple[str, ...]:
    """Return the values that must not be told."""
    return tuple(filter(None, request.variables.secret.values())) if request.variables is not None else ()


def _as_begun(step: model.Step, migration: model.Migration) -> model.Migration:
    """Return a script that was cut off as it has to go on."""
    if step.resume is None:
        return migration
    up, down = migration.up, migration.down
    if step.direction is model.Direction.UP and isinstance(up, model.SqlBody):
        return migration._replace(up=sqltext.as_begun(up))
    if step.direction is model.Direction.DOWN and isinstance(down, model.SqlBody):
        return migration._replace(down=sqltext.as_begun(down))
    return migration


def baseline_steps(plan: model.Plan) -> Tuple[model.Step, ...]:
    """Return what is to be recorded without being run."""
    return tuple(model.Step(script, reason=model.Reason.BASELINE) for script in plan.baseline or ())


def view_of(
    request: Request,
    scripts: Tuple[model.Script, ...],
    history: Any,
    rows: Tuple[model.HistoryRow, ...],
    adopted: Optional[Tuple[model.Script, ...]] = None,
    begun: bool = False,
    gone: FrozenSet[model.Version] = frozenset(),
    runs: Sequence[Tuple[str, str]] = (),
) -> View:
    """Plan. A baseline is planned as if it were recorded already; it is, before the first step.

    :param begun: the history tells of something, so that there is no baseline any more.
    :param gone: what has no file any more, on purpose.
    :param runs: the releases that ran with nothing to apply.
    """
    scripts, rows = in_one_order(scripts, rows, request.order)
    if request.state == "rolled_back":
        later = None if request.release is None else after(request.release, rows, runs)
        return View(scripts, history, rows, plan_rollback(scripts, rows, request.version, request.steps, later))
    baseline = adopted
    if adopted is not None:
        rows = tuple(_as_recorded(script) for script in adopted)
    elif request.baseline_version is not None and not begun:
        baseline = plan_baseline(scripts, request.baseline_version)
        rows = tuple(_as_recorded(script) for script in baseline)
    plan = plan_migrate(scripts, rows, request.version, request.run_deferred)
    plan = plan._replace(baseline=baseline, findings=examine(scripts, rows, plan, gone))
    plan, warnings = settle(plan, request.policies)
    return View(scripts, history, rows, plan, tuple(warnings))


def _as_recorded(script: model.Script) -> model.HistoryRow:
    text = script.version.text
    return model.HistoryRow(script.version, "now", script.name, script.checksum, model.Reason.BASELINE.value, (text,))
