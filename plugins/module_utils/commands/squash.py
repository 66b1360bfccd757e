# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a checkpoint: one script that gives what all scripts up to a version give, proved by running both."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .. import errors, model
from ..authoring import checkpoint_script
from ..databases.names import QualifiedName
from ..databases.postgresql.copies.containment import NotProved
from ..databases.postgresql.copies.facts import Facts
from ..databases.tools import Tools
from ..planning.checkpoints import apart, changed_since, with_replaced
from ..planning.plan import find_version, plan_migrate
from ..planning.request import Request
from ..rehearsal.copier import Original, Wishes
from ..rehearsal.scratch_copy import ScratchCopy, scratch_copy, session_on
from ..run import runner
from ..run.preparation import Job, prepare
from ..schema.diff import unified_diff
from ..scripts import trust
from ..scripts.discovery import discover
from ..scripts.kinds import alembic, flyway
from ..scripts.kinds.checkpoint import head
from ..scripts.kinds.claim import CHECKPOINT, Listing
from ..scripts.kinds.sqltext import message
from ..scripts.repository import find as repository_of
from ..wording import many, some
from .context import Context
from .view import read_all

TABLES_LEFT_OUT = (
    "The checkpoint has none of the rows that the scripts leave in these tables: %s. If a new database needs them, "
    "name the tables in squash_tables; a checkpoint that is there already has to be removed first."
)
NOT_IN_IT = "The scripts change what is outside of the database, and the checkpoint doesn't: %s."
NOT_IN_A_DUMP = "A dump of the schema doesn't have what a script makes there: squash to a version below that script's."


class SquashRequest(NamedTuple):
    """What to squash.

    :ivar target: a server to make scratch databases on, unless on is empty.
    :ivar name: of the checkpoint, as it stands in the file's name.
    :ivar up_to: the last version that it takes the place of.
    :ivar tables: those whose rows are to be in it.
    :ivar on: where the scratch databases are: auto, server, cluster or empty.
    :ivar extensions: what a new database has before any script.
    """

    target: Any
    directory: str
    history_table: QualifiedName
    name: str
    up_to: str
    tables: Tuple[str, ...] = ()
    kind: Optional[str] = None
    follow: bool = False
    on: str = "auto"
    extensions: Tuple[str, ...] = ()
    super_user: str = "postgres"


class Squashed(NamedTuple):
    """A checkpoint.

    :ivar text: None: it was there already.
    :ivar replaces: the migrations that it takes the place of.
    :ivar where: where it was proved.
    :ivar left_out: tables with rows that aren't in it, and how many.
    """

    version: str
    path: str
    text: Optional[str]
    replaces: Tuple[model.Replaced, ...]
    where: Optional[str] = None
    left_out: Tuple[Tuple[str, int], ...] = ()
    warnings: Tuple[str, ...] = ()


def squash(request: SquashRequest, tools: Tools) -> Squashed:
    """Return the checkpoint; nothing is written.

    :raises UnknownVersion: when no script has the version.
    :raises RehearsalError: when it gives something else than the scripts; it has the difference.
    :raises MigrationError: when a script fails, or no scratch database can be made.
    """
    warnings: List[str] = []
    _refuse_alembic(request)
    scripts = discover([request.directory], request.kind, request.follow, "fail", None, warnings.append)
    plain, checkpoints = apart(scripts)
    base = find_version(request.up_to, with_replaced(scripts))
    there = next((each for each in checkpoints if each.version.base == base), None)
    if there is not None:
        return _is_there(there, plain)
    _refuse_repeatable(base)
    context = Context(_request_of(request, base), tools)
    steps = plan_migrate(scripts, (), str(base)).steps
    trust.refuse_writable([request.directory], [step.script for step in steps])
    jobs = read_all(context, steps)
    replaced = _replaced(steps)
    path = _path(request, plain, base)
    with _replayed(request, tools, jobs, "the scripts") as copy:
        written = checkpoint_script.write(copy.runner, request.history_table, tools, request.tables)
        changes = [each.sentence for each in copy.scratch.changes]
        text = head(base.text, replaced) + "\n" + written.text
        proof = _jobs_with(context, scripts, base, _script(request.name, base, path, replaced), text)
        with _replayed(request, tools, proof, "the checkpoint") as other:
            _compare(copy, other, written, request.history_table)
    warnings += [TABLES_LEFT_OUT % _listed(written.left_out)] if written.left_out else []
    warnings += [NOT_IN_IT % "; ".join(changes)] if changes else []
    where = copy.scratch.place
    return Squashed(base.text, path, text, replaced, where, written.left_out, (*warnings, *context.warnings))


def _is_there(checkpoint: model.Script, plain: Sequence[model.Script]) -> Squashed:
    """Return a checkpoint that was made before.

    :raises Modified: when a script has changed since.
    """
    changed = changed_since(checkpoint, plain)
    if changed:
        raise errors.Modified(
            "There is a checkpoint for this version (%s), and %s was changed after it was made"
            % (checkpoint.path, changed[0].path),
            hint="Nothing was written. Restore the script; or remove the checkpoint, and squash again.",
            version=str(checkpoint.version),
            path=changed[0].path,
        )
    listed = checkpoint.checkpoint.replaces if checkpoint.checkpoint is not None else None
    return Squashed(str(checkpoint.version), checkpoint.path, None, listed or ())


def _refuse_alembic(request: SquashRequest) -> None:
    """Refuse alembic's revisions, before any of them is read: whatever is wrong with them, none can be squashed."""
    listing = Listing.of(request.directory, None if request.follow else request.directory)
    if request.kind == alembic.KIND or (request.kind is None and alembic.is_among(listing)):
        raise errors.OptionInvalid(
            "squash_to: no checkpoint can be made of alembic's revisions, which are a graph (%s)" % request.directory,
            hint="Leave squash_to out. A revision that makes the whole schema has to be written by hand.",
        )


def _refuse_repeatable(base: model.Version) -> None:
    if base.is_repeatable:
        raise errors.OptionInvalid(
            "squash_to: %s has no version, and runs again whenever it changes" % base,
            hint="Name the last version that the checkpoint is to take the place of.",
        )


def _request_of(request: SquashRequest, base: model.Version) -> Request:
    return Request(
        target=request.target,
        directories=(request.directory,),
        history_table=request.history_table,
        kind=request.kind,
        version=str(base),
        super_user=request.super_user,
        rehearsal_on=request.on,
    )


def _replaced(steps: Sequence[model.Step]) -> Tuple[model.Replaced, ...]:
    """Return what a checkpoint takes the place of: all that runs once, what an earlier one has taken included."""
    found: List[model.Replaced] = []
    for step in steps:
        if step.reason is model.Reason.CHECKPOINT:
            listed = step.script.checkpoint.replaces if step.script.checkpoint is not None else None
            found += listed or [_as_replaced(each) for each in (*step.replaces, step.script)]
        elif step.reason is model.Reason.PENDING:
            found.append(_as_replaced(step.script))
    return tuple(found)


def _as_replaced(script: model.Script) -> model.Replaced:
    return model.Replaced(script.version.text, script.checksum if script.checkpoint is None else "", script.name)


def _path(request: SquashRequest, plain: Sequence[model.Script], base: model.Version) -> str:
    repository = repository_of(request.directory, request.follow)
    directory = repository.versions if repository else request.directory
    is_flyway = any(script.kind == flyway.KIND for script in plain)
    name = "B%s__%s.sql" % (base, request.name) if is_flyway else "%s_%s%s" % (base, request.name, CHECKPOINT)
    return os.path.join(directory, name)


def _script(name: str, base: model.Version, path: str, replaced: Tuple[model.Replaced, ...]) -> model.Script:
    version = model.Version.checkpoint(base.text, base.order)
    return model.Script(version, name, "checkpoint", path, checkpoint=model.Checkpoint(replaced))


def _jobs_with(
    context: Context, scripts: Sequence[model.Script], base: model.Version, checkpoint: model.Script, text: str
) -> List[Job]:
    """Return what a new database runs that begins with the checkpoint; its file isn't there yet."""
    found = tuple(sorted([*scripts, checkpoint], key=lambda script: script.version))
    context.migrations[checkpoint] = model.Migration(checkpoint, message(checkpoint.path, text))
    return read_all(context, plan_migrate(found, (), str(base)).steps)


@contextmanager
def _replayed(request: SquashRequest, tools: Tools, jobs: Sequence[Job], what: str) -> Iterator[ScratchCopy]:
    """Lend a scratch database in which all of this has run, in a new one's stead."""
    original = Original(None, Facts(), (), request.history_table, 0)
    wishes = Wishes(request.target, (), request.super_user, extensions=request.extensions, on=request.on)
    with scratch_copy(original, wishes, tools) as copy:
        with session_on(copy, original, wishes) as session:
            try:
                runner.run(session, prepare(jobs))
            except NotProved as error:
                raise _beyond_error(what, error) from None
            except errors.MigrationError as error:
                error.message = "On a scratch database, %s: %s" % (what, error.message)
                raise
        yield copy


def _beyond_error(what: str, error: errors.MigrationError) -> errors.RehearsalError:
    return errors.RehearsalError(
        "On a scratch database, %s can't be run to their end: %s" % (what, error.message),
        hint="Nothing was written. Let them run in a throwaway cluster: rehearsal_on: empty.",
        version=error.version,
        path=error.path,
    )


def _compare(
    copy: ScratchCopy, other: ScratchCopy, written: checkpoint_script.Written, history_table: QualifiedName
) -> None:
    """Compare what the scripts have given with what the checkpoint has.

    :raises RehearsalError: when it isn't the same; it has the difference.
    """
    found = other.reader.take(other.scratch.dumps_as)
    diffs = [unified_diff(expected, found) for expected in written.snapshots]
    if all(diffs):
        raise _other_error("its schema is different", diffs[-1], NOT_IN_A_DUMP)
    digests: Dict[str, str] = checkpoint_script.digests_of(other.runner, list(written.digests))
    for table, digest in written.digests.items():
        if digests[table] != digest:
            ours, theirs = (checkpoint_script.sample_of(each.runner, table) for each in (copy, other))
            advice = "Leave this table out of squash_tables, or squash to a version below the script that fills it."
            raise _other_error("the rows of %s are different" % table, _difference(ours, theirs), advice)
    places = checkpoint_script.moved_in(other.runner, history_table)
    if places != written.sequences:
        ours, theirs = (["%s %s" % item for item in each.items()] for each in (written.sequences, places))
        raise _other_error("its sequences stand elsewhere", _difference(ours, theirs), NOT_IN_A_DUMP)


def _difference(ours: Sequence[str], theirs: Sequence[str]) -> str:
    lines = ["-" + each for each in ours if each not in theirs] + ["+" + each for each in theirs if each not in ours]
    return "\n".join(lines[:100])


def _other_error(what: str, diff: str, advice: str) -> errors.RehearsalError:
    error = errors.RehearsalError(
        "The checkpoint doesn't give what the scripts give: %s" % what,
        hint="Nothing was written. Run with -vvv to see the diff: - is what the scripts give, + what the checkpoint "
        "gives. %s" % advice,
    )
    error.diff = diff
    return error


def _listed(left_out: Sequence[Tuple[str, int]]) -> str:
    return some(["%s (%s)" % (table, many(count, "row")) for table, count in left_out])
