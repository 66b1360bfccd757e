# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Check mode: rehearse the plan as far as the user and the server let us, and say what stays unproved."""

from __future__ import annotations

from typing import Any, Sequence, Tuple

from .. import errors, model
from ..databases.choose import database_of
from ..databases.postgresql.copies.facts import Facts, facts_of
from ..databases.postgresql.copies.place import RehearsalImpossible
from ..hazard import Hazard
from ..history import drift
from ..planning import digest
from ..planning.request import Request
from ..precheck import Precheck
from ..rehearsal.copier import ALL
from ..rehearsal.rehearse import Rehearsal, rehearse
from ..rehearsal.scratch_copy import Original, ScratchCopy, Wishes, rows_sentence
from ..run.hazard_words import refuse, sized, warnings, without_rows
from ..run.hazards import cluster_wide
from ..schema.series import differences
from . import prechecks
from .context import Context
from .report import Checked
from .schema_watch import moved_sentence
from .view import View, read_all

UNWATCHED = "Changes by hand can't be noticed (on_drift): %s."

ON_COPY, IN_NAMED = "on a scratch copy", "in the database that rehearsal_database_url names"

# rehearsal_on: there is no target
EMPTY = "empty"


def check(context: Context, view: View, connection: Any, required: bool = False) -> None:
    """Rehearse the plan; the target gets no write.

    :param connection: to the target; None: it doesn't exist yet.
    :param required: whatever the request says, a plan that can't be rehearsed is an error.
    :raises MigrationError: when a migration fails on the copy, or a required rehearsal can't be made.
    """
    request, left = context.request, model.Progress(left=view.plan.steps)
    # What nobody has rehearsed in an empty cluster would be a green check of nothing.
    required = required or request.rehearsal == "required" or request.rehearsal_on == EMPTY
    jobs = context.jobs = read_all(context, view.plan.steps)
    if jobs and connection is not None:
        _warn_of_refusals(context, connection)
        database_of(connection).settings.let_last(connection)
    if not jobs or (request.rehearsal == "off" and not required):
        context.progress = left
        return
    try:
        original, wishes = _original(request, view, connection), _wishes(context)
        rehearsal = rehearse(original, wishes, context.tools, jobs, lambda copy: _look(context, view, connection, copy))
    except (RehearsalImpossible, errors.SchemaUnread) as error:
        if required:
            raise
        if request.prechecks == "required" and connection is not None:
            raise prechecks.not_rehearsed_error(error.message) from None
        context.progress = left
        context.warnings.append("Not rehearsed: %s. The plan is listed only." % error.message.rstrip("."))
        return
    except errors.Drift:
        raise
    except errors.MigrationError as error:
        raise _on_copy_error(error, context, left) from None
    if rehearsal.stopped and required:
        raise _incomplete_error(rehearsal)
    context.progress = rehearsal.progress
    try:
        _judge(context, view, connection, rehearsal)
    except errors.MigrationError:
        context.progress = rehearsal.progress._replace(done=(), left=view.plan.steps)
        raise


def _warn_of_refusals(context: Context, connection: Any) -> None:
    """Say what a real run would stop at, though no copy shows it."""
    database = database_of(connection)
    reason = database.sessions.takes_no_writes(connection)
    if reason is not None:
        where = database.sessions.describe(connection)
        context.warnings.append("A real run would fail: %s takes no writes (%s)." % (where, reason))
    try:
        database.locks.require_own_session(connection, context.request.target)
    except errors.ConnectError as error:
        context.warnings.append("A real run would fail. %s." % error.message)


def _look(context: Context, view: View, connection: Any, copy: ScratchCopy) -> None:
    """Look, before anything is rehearsed, for drift: a script may fail because of it. And at the program that looks.

    :raises Drift: where the policy says fail.
    """
    if connection is None or copy.base is None:
        return
    context.warn(copy.reader.advice(connection))
    if context.request.policies.drift == "ignore":
        return
    try:
        found = drift.look_for_last(connection, view.history, view.rows, copy.reader.version)
    except connection.Error as error:
        if context.request.policies.drift == "fail":
            raise
        connection.rollback()
        context.warn(UNWATCHED % database_of(connection).errors.first_words(error))
        return
    context.warn(moved_sentence(found))
    last = found if isinstance(found, drift.LastSnapshot) else None
    try:
        context.note_drift(drift.compare(last, copy.base, copy.reader.left_out, context.request.diff_context))
    except errors.Drift:
        context.progress = model.Progress(left=view.plan.steps)
        raise


def _judge(context: Context, view: View, connection: Any, rehearsal: Rehearsal) -> None:
    """Say what the rehearsal has shown of hazards, and of what was expected.
    :raises MigrationError: when one of them isn't allowed.
    """
    context.live.enters("looks at what the rehearsal has shown")
    request, steps = context.request, view.plan.steps
    before, after = rehearsal.snapshots[0], rehearsal.snapshots[-1]
    has_rows = tuple(_wishes(context).data) == ALL or request.rehearsal_database is not None
    hazards = _hazards(rehearsal, connection, has_rows)
    context.checked = Checked(
        rehearsal,
        differences(rehearsal.snapshots, request.diff_context),
        hazards,
        digest.digest_of(before, steps, after, request.variables) if rehearsal.is_exact else None,
    )
    context.warnings += warnings(hazards)
    refuse(hazards, request.allow_hazards)
    if request.expect is not None:
        context.warn(digest.expect(request.expect, before, steps, after, request.variables))
    # Where the copy has all rows, the rehearsal itself has shown whether they will do.
    asks = request.prechecks != "off" and not database_of(request.target).abilities.makes_copies
    if connection is not None and asks:
        _look_at_rows(context, connection, context.checked)


def _look_at_rows(context: Context, connection: Any, checked: Checked) -> None:
    """Look in the real rows for what the plan asks of them.

    :raises PrecheckFailed: where they don't satisfy it.
    """
    request, rehearsal = context.request, checked.rehearsal
    found = prechecks.look(request, connection, rehearsal)
    before = rows_sentence(_wishes(context))
    after = said_of_rows(context, found, rehearsal)
    unproved = tuple(after if each == before else each for each in rehearsal.unproved)
    context.checked = checked._replace(rehearsal=rehearsal._replace(unproved=unproved), prechecks=found)
    context.warnings += prechecks.warnings(found, rehearsal)
    prechecks.judge(found, rehearsal, request.prechecks == "required")


def said_of_rows(context: Context, found: Sequence[Precheck], rehearsal: Rehearsal) -> str:
    """Return what isn't proved of rows, now that the real ones were asked."""
    return prechecks.told(rows_sentence(_wishes(context)), found, rehearsal)


def _hazards(rehearsal: Rehearsal, connection: Any, has_rows: bool) -> Tuple[Hazard, ...]:
    progress = rehearsal.progress
    found = tuple(hazard for outcome in progress.done for hazard in outcome.hazards)
    found += tuple(map(cluster_wide, dict.fromkeys(version for version, dummy in rehearsal.changes)))
    if rehearsal.stopped is not None and not rehearsal.lacks:
        found += (cluster_wide(str(progress.left[0].script.version)),)
    found = found if has_rows else without_rows(found)
    return found if connection is None else sized(found, connection, same_database=False)


def prove_all(context: Context, view: View, connection: Any) -> None:
    """Prove on a scratch copy that what is pending can be rolled back; the target gets no write.

    :raises RehearsalError: when one can't, or no copy can be made.
    :raises MigrationError: when a migration fails on the copy, up or down.
    """
    from ..rehearsal.proof import Verdict, prove

    request, left = context.request, model.Progress(left=view.plan.steps)
    original, jobs = _original(request, view, connection), read_all(context, view.plan.steps)
    context.jobs = jobs
    try:
        context.live.enters("goes up, down and up again on a copy")
        wishes = _wishes(context)._replace(live=None)
        context.proved = prove(original, wishes, context.tools, jobs, request.diff_context)
    except RehearsalImpossible:
        raise
    except errors.MigrationError as error:
        raise _on_copy_error(error, context, left) from None
    context.progress = left._replace(skipped=context.proved.skipped)
    if context.proved.failed is not None:
        raise _on_copy_error(context.proved.failed, context, context.progress)
    failed = [each for each in context.proved.proofs if each.verdict is Verdict.NOT_REVERSIBLE]
    if failed:
        raise errors.RehearsalError(
            "Not reversible: down fails, or after it, or after up again, the schema isn't what it was (%s)"
            % ", ".join(each.script.label for each in failed),
            hint="See tested: the error or the diff of each says what its down leaves behind or takes away too much.",
        )


def _on_copy_error(error: errors.MigrationError, context: Context, left: model.Progress) -> errors.MigrationError:
    """Say of an error of a run that it happened on a copy: on the target nothing was done."""
    context.progress = (error.progress or left)._replace(done=())
    if error.progress is not None:
        named = context.request.rehearsal_database is not None
        error.message = "In the rehearsal, %s: %s" % (IN_NAMED if named else ON_COPY, error.message)
    return error


def _original(request: Request, view: View, connection: Any) -> Original:
    if connection is None:
        return Original(None, Facts(), (), request.history_table, 0)
    if database_of(request.target).abilities.makes_copies:
        return Original(request.target, Facts(), view.rows, view.history.table, 0)
    facts = facts_of(connection)
    connection.rollback()
    return Original(
        request.target, facts, view.rows, view.history.table, connection.server_version, bool(view.history.wide)
    )


def _wishes(context: Context) -> Wishes:
    request = context.request
    server = request.rehearsal_server or request.rehearsal_database or request.target
    return Wishes(
        server,
        ALL if database_of(request.target).abilities.copies_rows else request.rehearsal_data,
        request.super_user,
        request.single_transaction,
        request.per_migration,
        request.rehearsal_extensions,
        server is not request.target,
        request.rehearsal == "required" or request.expect is not None or request.policies.drift == "fail",
        request.limits,
        request.rehearsal_on,
        request.rehearsal_database,
        request.lock_wait,
        context.live,
    )


def _incomplete_error(rehearsal: Rehearsal) -> errors.RehearsalError:
    hint = "Apply that migration by itself, up to its version, with rehearsal: auto; then rehearse the rest."
    if rehearsal.on == EMPTY:
        hint = "Let an administrator do that part (pg_user_db, for example), or rehearse on a server: rehearsal_url."
    return errors.RehearsalError("The rehearsal stopped before its end: %s" % rehearsal.stopped, hint=hint)
