# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A whole run as one file for psql: the migrations, each with its row in the history, for who must run it by hand.

It was rehearsed before. What Python scripts sent then is in it as it was sent, if that depends on the schema alone.
"""

from __future__ import annotations

import re
from typing import Any, Iterator, List, Mapping, Optional, Sequence, Tuple

from .. import deps, errors, model
from ..databases.history_rows import detail_of
from ..databases.postgresql.advisory import KEY
from ..databases.postgresql.history import beside_sql, history_sql
from ..databases.postgresql.history.reading import OF_REPOSITORY, History
from ..sql.reads import first_read
from ..version import COLLECTION_VERSION

HEAD = r"""-- Made by pgops.migrations %s for the database %s.
-- It applies %s. Run it as it is, and once:
--     psql -X -f FILE
-- It stops at the first error. Each migration is committed with its row in the history; pg_migrate goes on from there.
\set ON_ERROR_STOP on
\set ON_ERROR_ROLLBACK off
\set AUTOCOMMIT on
"""
PREPARES = "SET client_encoding = 'UTF8'; SET standard_conforming_strings = on;"
BEGIN, COMMIT = "BEGIN;", "COMMIT;"
BY_HAND = "by hand"
# That something is there already is no news.
QUIETLY = "SET LOCAL client_min_messages = warning;"

# In the text of a Python script: what it does that isn't SQL which could be recorded.
NOT_RECORDED = re.compile(r"\b(rollback|copy_expert|copy_from|copy_to|callproc|super_user|connect)\s*\(")
# psql puts the values of these in the place of :NAME, outside of literals.
LITERAL = re.compile(r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/", re.DOTALL)
OF_PSQL = re.compile(
    r"(?<!:):['\"]?(AUTOCOMMIT|DBNAME|ECHO\w*|ENCODING|ERROR|FETCH_COUNT|HIDE_\w+|HIST\w+|HOST|IGNOREEOF|LASTOID"
    r"|LAST_ERROR_\w+|ON_ERROR_\w+|PORT|PROMPT\d|QUIET|ROW_COUNT|SERVER_VERSION_\w+|SHELL_\w+|SHOW_\w+|SINGLELINE"
    r"|SINGLESTEP|SQLSTATE|USER|VERBOSITY|VERSION\w*)\b"
)
BACKSLASH = re.compile(r"\\")


class Release:
    """Puts such a file together.

    :param resets: the statements that undo what a script has SET, and set what holds for each.
    :param release: what the migrations belong to, for the log.
    """

    def __init__(self, connection: Any, history: History, resets: str, release: Optional[str] = None) -> None:
        self._connection, self._history, self._resets = connection, history, resets.strip()
        self._detail = "; ".join(filter(None, [BY_HAND, detail_of(release)]))

    def creates(self) -> str:
        """Return the statements that make the history's tables, or what they lack; '' where they are there."""
        history = self._history
        if history.exists and history.is_tied:
            return ""
        parts = [beside_sql.MAKE_SCHEMA, history_sql.CREATE_TABLES, history_sql.ADD_TO_LOG + ";"]
        if history.repository_id is not None:
            parts.append(beside_sql.REMARK)
        schema = deps.sql.Identifier(str(history.table.schema))
        repository = deps.sql.Literal(OF_REPOSITORY + str(history.repository_id))
        return "\n".join(self._compose(part, schema=schema, repository=repository).strip() for part in parts)

    def text(
        self,
        target: str,
        applied: Sequence[str],
        baseline: Sequence[model.Step],
        jobs: Sequence[Tuple[model.Step, model.Migration]],
        ran: Mapping[model.Step, model.Outcome],
    ) -> str:
        """Return the file.

        :param applied: the versions that are applied now.
        :param ran: what has become of the steps in the rehearsal.
        :raises ScriptInvalid: when a migration can't be part of it.
        """
        creates = self.creates()
        parts = [HEAD % (COLLECTION_VERSION, target, _named(jobs)), PREPARES]
        parts += [BEGIN, self._resets, *([QUIETLY, creates] if creates else []), COMMIT]
        parts.append(self._compose(beside_sql.GUARD, applied=deps.sql.Literal(sorted(applied))))
        for step in baseline:
            parts.append(self._record(step, model.Event.BASELINE))
        for step, migration in jobs:
            parts += ["", *self._migration(step, migration, ran[step])]
        parts += ["", self._compose(beside_sql.UNLOCK)]
        return "\n".join(parts) + "\n"

    def _migration(self, step: model.Step, migration: model.Migration, outcome: model.Outcome) -> Iterator[str]:
        body = migration.body(step.direction)
        around = migration.around or model.Around(step.direction)
        before, statements, after = (
            [text for each in bodies for text in _statements(migration, each, outcome)]
            for bodies in (around.before, (body,), around.after)
        )
        yield "-- %s" % " ".join(step.script.label.split())
        if isinstance(body, model.PythonBody):
            yield "-- What it sent in the rehearsal, as it was recorded."
        if body.transactional or before:
            yield BEGIN
        yield from before
        if before and not body.transactional:
            yield COMMIT
        yield from statements
        if not body.transactional:
            yield BEGIN
        yield from after
        yield self._resets + " " + PREPARES
        for each in step.replaces:
            yield self._record(model.Step(each._replace(checksum="")), model.Event.CHECKPOINT)
        of_checkpoint = step.script.checkpoint is not None
        yield self._record(step, model.Event.CHECKPOINT if of_checkpoint else model.Event.APPLIED)
        yield COMMIT

    def _record(self, step: model.Step, event: model.Event) -> str:
        script = step.script
        values = {"event": event.value, "version": script.version.text}
        values.update(name=script.name, checksum=script.checksum)
        literals = {name: deps.sql.Literal(value) for name, value in values.items()}
        replace = (
            self._compose(beside_sql.REPLACE, spellings=deps.sql.Literal(list(step.spellings)))
            if step.spellings
            else ""
        )
        literals.update(collection=deps.sql.Literal(COLLECTION_VERSION), detail=deps.sql.Literal(self._detail))
        record = self._compose(beside_sql.RECORD_BY_HAND, **literals)
        return "\n".join(filter(None, [replace, record]))

    def _compose(self, statement: str, **parts: Any) -> str:
        composed = self._history.compose(statement, key=deps.sql.Literal(KEY), **parts)
        return str(composed.as_string(self._connection))


def _named(jobs: Sequence[Tuple[model.Step, model.Migration]]) -> str:
    versions = [str(step.script.version) for step, dummy in jobs]
    if not versions:
        return "no migration, and begins the history"
    return (
        "migration %s" % versions[0]
        if len(versions) == 1
        else "%d migrations, %s to %s" % (*(len(versions), versions[0], versions[-1]),)
    )


def _statements(migration: model.Migration, body: model.Body, outcome: model.Outcome) -> List[str]:
    """Return what to send for a migration, each statement with its end.

    :raises ScriptInvalid: when that can't be told, or psql would send something else.
    """
    if isinstance(body, model.SqlBody):
        texts = [message.text for message in body.messages] if not body.transactional else [body.text]
    else:
        texts = _recorded(migration, body, outcome)
    for text in texts:
        _refuse_of_psql(migration, text)
    return ["%s\n;" % text.strip().rstrip(";").rstrip() for text in texts if text.strip().rstrip(";").strip()]


def _recorded(migration: model.Migration, body: model.PythonBody, outcome: model.Outcome) -> List[str]:
    sent = outcome.sent
    if sent is None or not sent.is_whole:
        raise _unscriptable_error(migration, "it sent too much in the rehearsal to be recorded")
    if not body.transactional or outcome.note is not None:
        raise _unscriptable_error(migration, "it is in Python, and runs outside a transaction, or leaves its own")
    try:
        with open(body.path, encoding="utf-8", errors="replace") as stream:
            found = NOT_RECORDED.search(stream.read())
    except OSError as error:
        raise _unscriptable_error(migration, "its file can't be read (%s)" % error.strerror) from None
    if found is not None:
        raise _unscriptable_error(migration, "it uses %s(), which isn't recorded" % found[1])
    for text in sent.texts:
        read = first_read(text)
        if read is not None:
            raise _unscriptable_error(migration, "it reads rows (%s), and what it does may depend on them" % read)
    return list(sent.texts)


def _refuse_of_psql(migration: model.Migration, text: str) -> None:
    bare = LITERAL.sub(" ", text)
    variable = OF_PSQL.search(bare)
    if variable is not None:
        raise _unscriptable_error(migration, "psql would put a value in the place of :%s" % variable[1])
    if BACKSLASH.search(bare):
        raise _unscriptable_error(migration, "psql would take a backslash for a command of its own")


def _unscriptable_error(migration: model.Migration, why: str) -> errors.ScriptInvalid:
    return errors.ScriptInvalid(
        "%s can't be written into a file for psql: %s" % (migration.script.label, why),
        hint="Nothing was written. Apply it with pg_migrate, up to its version, and write the rest; or make it SQL.",
        version=str(migration.script.version),
        path=migration.script.path,
    )
