# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What 2.x took away: engines that execute, and connections that commit by themselves."""

from __future__ import annotations

from contextlib import contextmanager
from typing import Any, Callable, Iterator

from ...sql import glance
from .patches import Patches

# Where a connection holds its transaction if nobody asked for it; its pool's record notes that there is one.
AUTOMATIC = "_pgops_automatic"
BEGINNING = "_pgops_beginning"

# A failed statement of such a transaction takes only itself back, as in 1.x, where each was a transaction.
SET = "SAVEPOINT pgops_statement"
RELEASE = "RELEASE SAVEPOINT pgops_statement"
UNDO = "ROLLBACK TO SAVEPOINT pgops_statement; RELEASE SAVEPOINT pgops_statement"


def is_automatic(record: Any) -> bool:
    """Return whether the transaction of a pool's record was begun by the mere use of the connection."""
    return bool(record.info.get(AUTOMATIC))


def give_back(sqlalchemy: Any, patches: Patches) -> None:
    """Let engines and connections of 2.x be used as those of 1.x, until the patches end."""
    _transactions(sqlalchemy.engine.Connection, patches)
    _statements(sqlalchemy, patches)
    _engines(sqlalchemy, patches)


class _Inner:
    """What begin() within begin() returns: the outer one commits."""

    def __init__(self, outer: Any) -> None:
        self._outer = outer

    @property
    def is_active(self) -> bool:
        """Return whether the outer one still is."""
        return bool(self._outer.is_active)

    def commit(self) -> None:
        """Leave it to the outer one."""

    def close(self) -> None:
        """Leave it to the outer one."""

    def rollback(self) -> None:
        """Undo everything, the outer one's work too."""
        self._outer.rollback()

    def __enter__(self) -> _Inner:
        return self

    def __exit__(self, kind: Any, *dummy: Any) -> None:
        if kind is not None:
            self.rollback()


def _transactions(connection: Any, patches: Patches) -> None:
    """Keep what is done without begin(), and let begin() come after it."""
    original = {name: vars(connection)[name] for name in ("_autobegin", "begin", "close")}

    def autobegin(self: Any) -> None:
        setattr(self, BEGINNING, True)  # begin() is called next, by this and not by the script
        try:
            original["_autobegin"](self)
        finally:
            delattr(self, BEGINNING)
        if self._transaction is not None:
            self.info[AUTOMATIC] = True
            setattr(self, AUTOMATIC, self._transaction)

    def begin(self: Any) -> Any:
        if hasattr(self, BEGINNING):
            return original["begin"](self)
        if _automatic(self):
            self._transaction.commit()
        self.info.pop(AUTOMATIC, None)
        return original["begin"](self) if self._transaction is None else _Inner(self._transaction)

    def close(self: Any) -> None:
        if not self.closed and _automatic(self):
            self._transaction.commit()
        original["close"](self)

    patches.add(connection, _autobegin=autobegin, begin=begin, close=close)


def _automatic(connection: Any) -> bool:
    """Return whether a connection's open transaction is one that nobody asked for."""
    transaction = connection._transaction
    return transaction is not None and getattr(connection, AUTOMATIC, None) is transaction


def _statements(sqlalchemy: Any, patches: Patches) -> None:
    """Let connections execute strings, with parameters in all the forms of 1.x."""
    connection = sqlalchemy.engine.Connection
    compiled = sqlalchemy.engine.Compiled
    original = {name: vars(connection)[name] for name in ("execute", "_execute_context")}

    def execute(self: Any, statement: Any, *multiparams: Any, **params: Any) -> Any:
        options = {"execution_options": params.pop("execution_options", None)}
        if "parameters" in params:
            multiparams = (params.pop("parameters"),)
        parameters = _parameters(multiparams, params)
        if isinstance(statement, str):
            return self.exec_driver_sql(statement, parameters, **options)
        return original["execute"](self, statement, parameters, **options)

    def scalar(self: Any, statement: Any, *multiparams: Any, **params: Any) -> Any:
        return execute(self, statement, *multiparams, **params).scalar()

    def execute_context(self: Any, *arguments: Any, **options: Any) -> Any:
        # What a script's own COMMIT or ROLLBACK does isn't to be undone.
        if any(_controls(str(each)) for each in arguments if isinstance(each, (str, compiled))):
            return original["_execute_context"](self, *arguments, **options)
        with _alone(self):
            return original["_execute_context"](self, *arguments, **options)

    patches.add(connection, execute=execute, scalar=scalar, _execute_context=execute_context)


@contextmanager
def _alone(connection: Any) -> Iterator[None]:
    """Undo only the statement in here, if it fails in a transaction that nobody asked for."""
    if connection._transaction is None and connection._allow_autobegin:
        connection._autobegin()
    lent: Any = getattr(connection.connection, "dbapi_connection", None)
    if not _automatic(connection) or not getattr(lent, "held", False):
        yield
        return
    _send(lent, SET)
    try:
        yield
    except BaseException:
        if lent.held:
            _send(lent, UNDO)
        raise
    if lent.held:
        _send(lent, RELEASE)


def _send(lent: Any, statement: str) -> None:
    with lent.cursor() as cursor:
        cursor.execute(statement)


def _controls(text: str) -> bool:
    """Return whether a text has transaction control in it."""
    from ...databases.postgresql.gate import has_control

    return glance.may_control(text) and has_control(text)


def _parameters(multiparams: Any, params: Any) -> Any:
    """Return what 2.x takes for the parameters that 1.x took: one mapping or tuple, or a list of them."""
    if not multiparams:
        return params or None
    first = multiparams[0]
    if len(multiparams) > 1:
        return list(multiparams) if isinstance(first, (list, tuple, dict)) else tuple(multiparams)
    if isinstance(first, (list, tuple)):
        many = not first or isinstance(first[0], (list, tuple, dict)) or hasattr(first[0], "keys")
        return (list(first) or None) if many else tuple(first)
    return first if first is None or hasattr(first, "keys") else (first,)


def _engines(sqlalchemy: Any, patches: Patches) -> None:
    """Let engines execute."""

    def execute(self: Any, statement: Any, *multiparams: Any, **params: Any) -> Any:
        # Rows are on this side already, so the result can be read after the connection is gone.
        with self.connect() as connection:
            return connection.execute(statement, *multiparams, **params)

    def scalar(self: Any, statement: Any, *multiparams: Any, **params: Any) -> Any:
        return execute(self, statement, *multiparams, **params).scalar()

    def table_names(self: Any, schema: Any = None) -> Any:
        return sqlalchemy.inspect(self).get_table_names(schema=schema)

    def has_table(self: Any, name: str, schema: Any = None) -> bool:
        return bool(sqlalchemy.inspect(self).has_table(name, schema=schema))

    def run_callable(self: Any, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        with self.connect() as connection:
            return function(connection, *arguments, **options)

    def transaction(self: Any, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        with self.begin() as connection:
            return function(connection, *arguments, **options)

    patches.add(
        sqlalchemy.engine.Engine,
        execute=execute,
        scalar=scalar,
        table_names=table_names,
        has_table=has_table,
        run_callable=run_callable,
        transaction=transaction,
        contextual_connect=lambda self, **dummy: self.connect(),
    )
