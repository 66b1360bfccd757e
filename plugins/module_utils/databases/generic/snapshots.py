# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Schemas as comparable text, by SQLAlchemy's reflection: partial, and it says so. It is the port Snapshots."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence, Tuple

from ... import deps, errors
from ...schema.snapshot import ObjectKey, Snapshot
from ...schema.unreadable import Unreadable
from .driver_errors import first_words, is_drivers

PARTIAL = (
    "the diff: it shows tables, columns, keys, indexes, checks, views and sequences as SQLAlchemy sees them, and "
    "nothing else"
)


class SchemaReader:
    """Reads the schema of a database, without the tables that are ours."""

    left_out: Tuple[Unreadable, ...] = ()
    version = 3
    name = "SQLAlchemy"

    def __init__(self, exclude: Sequence[str]) -> None:
        self.exclude = frozenset(each.lower() for each in exclude)

    def take(self, target: Any, earlier: Optional[Snapshot] = None) -> Snapshot:
        """Return the snapshot of a database.

        :raises SchemaUnread: when it can't be read.
        """
        sqlalchemy = deps.import_sqlalchemy()
        # Each question has a connection of its own: a dialect may answer with an error, which aborts a transaction.
        engine = sqlalchemy.create_engine(target.url, future=True)
        try:
            return self._of(sqlalchemy.inspect(engine))
        except (sqlalchemy.exc.SQLAlchemyError, OSError) as error:
            message = "The schema of %s can't be read: %s" % (target.address, first_words(error))
            raise errors.SchemaUnread(message) from None
        finally:
            engine.dispose()

    def _of(self, inspector: Any) -> Snapshot:
        objects: Dict[ObjectKey, str] = {}
        for name in inspector.get_table_names():
            if '"%s"' % name.lower() not in self.exclude:
                objects[ObjectKey("TABLE", "", name)] = _table(inspector, name)
        for name in inspector.get_view_names():
            definition = _asked(inspector.get_view_definition, name) or ""
            objects[ObjectKey("VIEW", "", name)] = "VIEW %s AS %s" % (name, definition.strip())
        for name in _asked(inspector.get_sequence_names) or ():
            objects[ObjectKey("SEQUENCE", "", name)] = "SEQUENCE %s" % name
        return Snapshot(MappingProxyType(objects))

    def begin(self, target: Any, earlier: Optional[Snapshot] = None) -> Callable[[], Snapshot]:
        """Look at a database; return what makes the snapshot."""
        snapshot = self.take(target)
        return lambda: snapshot

    def advice(self, connection: Any) -> Optional[str]:
        """Return what to warn of: that the diff is partial is told with the rehearsal."""
        return None


def reader(connection: Any, tools: Any, exclude: Sequence[str], whole: bool = True, patience: int = 3) -> SchemaReader:
    """Return what reads the schema of a database."""
    return SchemaReader(exclude)


def renewed(text: str) -> str:
    """Return an object's statements, kept in the first format, in the present one: it is the same."""
    return text


def of_anybody(kind: str, text: str, role: str) -> str:
    """Return an object's statements without whose it is: they don't say that."""
    return text


def _table(inspector: Any, name: str) -> str:
    """Return a table in words that look like SQL."""
    comment = (_asked(inspector.get_table_comment, name) or {}).get("text")
    lines = ["  " + each for each in (*_columns(inspector, name), *sorted(_constraints(inspector, name)))]
    return "TABLE %s (\n%s\n)%s" % (name, ",\n".join(lines), _commented(comment))


def _columns(inspector: Any, name: str) -> Iterator[str]:
    for column in inspector.get_columns(name):
        words = [column["name"], str(column["type"])]
        words += [] if column.get("nullable", True) else ["NOT NULL"]
        words += ["DEFAULT %s" % column["default"]] if column.get("default") is not None else []
        yield " ".join(words) + _commented(column.get("comment"))


def _constraints(inspector: Any, name: str) -> Iterator[str]:
    key = _asked(inspector.get_pk_constraint, name) or {}
    if key.get("constrained_columns"):
        yield "PRIMARY KEY (%s)" % _list(key["constrained_columns"])
    for each in _asked(inspector.get_foreign_keys, name) or ():
        where = "%s (%s)" % (each["referred_table"], _list(each["referred_columns"]))
        yield "%sFOREIGN KEY (%s) REFERENCES %s" % (_named(each), _list(each["constrained_columns"]), where)
    for each in _asked(inspector.get_unique_constraints, name) or ():
        yield "%sUNIQUE (%s)" % (_named(each), _list(each["column_names"]))
    for each in _asked(inspector.get_check_constraints, name) or ():
        yield "%sCHECK (%s)" % (_named(each), each["sqltext"])
    for each in _asked(inspector.get_indexes, name) or ():
        kind = "UNIQUE INDEX" if each.get("unique") else "INDEX"
        yield "%s %s (%s)" % (kind, each["name"], _list(each["column_names"]))


def _commented(comment: Optional[str]) -> str:
    return " commented %r" % comment if comment else ""


def _list(names: Sequence[Optional[str]]) -> str:
    found: List[str] = [name or "an expression" for name in names]
    return ", ".join(found)


def _named(constraint: Any) -> str:
    return "CONSTRAINT %s " % constraint["name"] if constraint.get("name") else ""


def _asked(question: Callable[..., Any], *values: Any) -> Any:
    """Return what a dialect says; None: it doesn't know, and may say so by an error of the database's."""
    try:
        return question(*values)
    except NotImplementedError:
        return None
    except Exception as error:
        if not is_drivers(getattr(error, "orig", None)):
            raise
        return None
