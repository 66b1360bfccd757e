# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The one gate that everything passes which a script sends: what of it is transaction control, the connection obeys.

A script has many ways to say COMMIT: several statements in one text, bytes, composed SQL, comments, executemany, a
class of cursors of its own. What is sent is looked at as it goes to the server, values and all.
"""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence, Tuple, Type

from ... import deps
from ...model import Statement
from ...sql import glance

# Until the end of the transaction. pg_temp is named, and last: else it would come first. Names come as they are.
CATALOG_ONLY = "SET LOCAL search_path = pg_catalog, pg_temp; SET LOCAL quote_all_identifiers = off; "
LOOKS = (b"SELECT", b"WITH", b"INSERT", b"UPDATE", b"DELETE")

OWN_SCHEMAS = "SELECT pg_catalog.current_schemas(false)::pg_catalog.text[]"
OWN_PATH = "SELECT pg_catalog.current_setting('search_path')"

# What the server's encodings have in common is ASCII; all else only has to come out as it went in.
ENCODING = ("utf-8", "surrogateescape")


class MigrationCursor(deps.BaseCursor):  # type: ignore[misc]
    """A cursor whose statements go where its connection says; what it does is psycopg2's."""

    def execute(self, query: Any, vars: Any = None) -> Any:
        """Execute as psycopg2 does; a script's transaction control is the connection's to obey."""
        if self.connection.is_ours:
            return self._as_ours(query, vars)
        if self.name is not None:
            return super().execute(query, vars)
        return self._through_gate(self.mogrify(query, vars))

    def executemany(self, query: Any, vars_list: Any) -> Any:
        """Execute as psycopg2 does, once for each of the values."""
        connection, vars_list = self.connection, list(vars_list)
        looked_at = [] if connection.is_ours else [self.mogrify(query, vars) for vars in vars_list]
        texts = [sent.decode(*ENCODING) for sent in looked_at]
        if not any(connection.is_watched(text) or glance.may_control(text) for text in texts):
            for text in texts:
                connection.look_at(text)
            return super().executemany(query, vars_list)
        for sent in looked_at:
            self._through_gate(sent)
        return None

    def callproc(self, procname: Any, parameters: Any = ()) -> Any:
        """Call a function as psycopg2 does."""
        return self._guarded("SELECT", lambda: super(MigrationCursor, self).callproc(procname, parameters))

    def copy_expert(self, sql: Any, file: Any, size: int = 8192) -> Any:
        """Copy as psycopg2 does."""
        return self._guarded("COPY", lambda: super(MigrationCursor, self).copy_expert(sql, file, size))

    def copy_from(self, *arguments: Any, **options: Any) -> Any:
        """Copy as psycopg2 does."""
        return self._guarded("COPY", lambda: super(MigrationCursor, self).copy_from(*arguments, **options))

    def copy_to(self, *arguments: Any, **options: Any) -> Any:
        """Copy as psycopg2 does."""
        return self._guarded("COPY", lambda: super(MigrationCursor, self).copy_to(*arguments, **options))

    def _as_ours(self, query: Any, vars: Any) -> Any:
        """Send a statement of our own; nothing that stands in the database is found by its names and operators."""
        if self.connection.info.transaction_status != deps.psycopg2.extensions.TRANSACTION_STATUS_IDLE:
            return super().execute(query, vars)  # what began the transaction has seen to it
        sent = self.mogrify(query, vars)
        # Outside a transaction both statements of the message are one. What can't be in any has no names to be found.
        alone = self.connection.autocommit and not sent.lstrip().startswith(LOOKS)
        return super().execute(sent if alone else CATALOG_ONLY.encode() + sent)

    def _through_gate(self, sent: bytes) -> Any:
        """Send a text as it is, or in the pieces between its transaction control.

        :param sent: as it goes to the server.
        """
        connection, text = self.connection, sent.decode(*ENCODING)
        connection.look_at(text)
        may_control = connection.obeys and (connection.has_committed or glance.may_control(text))
        if not may_control and not connection.is_watched(text):
            return super().execute(sent)
        for piece, statements in pieces(text):
            if connection.obeys and connection.control(statements[0]):
                continue
            connection.may_leave_for(statements)
            self._send(piece, statements)
        return None

    def _send(self, piece: str, statements: Sequence[Statement]) -> None:
        def send() -> Any:
            return super(MigrationCursor, self).execute(piece.encode(*ENCODING))

        self.connection.run_guarded(send, statements)

    def _guarded(self, keyword: str, send: Callable[[], Any]) -> Any:
        if self.connection.is_ours or self.connection.guard is None:
            return send()
        return self.connection.run_guarded(send, [Statement("", keyword=keyword)])


def pieces(text: str) -> List[Tuple[str, Sequence[Statement]]]:
    """Cut a text at its transaction control: each such statement is a piece, and so is what stands between two of them.

    A text without any is one piece, with all of its statements; so is one that can't be read, and the server says why.
    """
    from ...sql.statements import CONTROL, SplitError, split

    try:
        statements = split(text)
    except SplitError:
        return [(text, [Statement(text)])]
    if not any(statement.keyword in CONTROL for statement in statements):
        return [(text, statements or [Statement(text)])]
    groups: List[List[Statement]] = []
    for statement in statements:
        if statement.keyword in CONTROL or not groups or groups[-1][0].keyword in CONTROL:
            groups.append([])
        groups[-1].append(statement)
    return [(text[group[0].offset : group[-1].offset + len(group[-1].text)], group) for group in groups]


def has_control(text: str) -> bool:
    """Return whether a text has transaction control in it."""
    from ...sql.statements import CONTROL

    return any(statements[0].keyword in CONTROL for dummy, statements in pieces(text))


def gated(factory: Type[Any], known: Dict[Type[Any], Type[Any]]) -> Type[Any]:
    """Return a class of cursors that is the one that a script asks for, and passes the gate.

    :param known: those that were made before.
    """
    if issubclass(factory, MigrationCursor):
        return factory
    if factory not in known:
        known[factory] = type(factory.__name__, (MigrationCursor, factory), {})
    return known[factory]


def own_schemas(connection: Any) -> List[str]:
    """Return the schemas of the session's search_path that are there, in its order. It ends what only was read."""
    return list(_as_script(connection, OWN_SCHEMAS))


def own_path(connection: Any) -> str:
    """Return the session's search_path as the server writes it. It ends what only was read."""
    return str(_as_script(connection, OWN_PATH))


def _as_script(connection: Any, question: str) -> Any:
    connection.rollback()
    with connection.scripted(), connection.cursor() as cursor:
        cursor.execute(question)
        answer = cursor.fetchone()[0]
    connection.rollback()
    return answer
