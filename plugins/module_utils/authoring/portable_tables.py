# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The schema of any database with the port Writing as a script for an SQLAlchemy engine.

Its tables are in Python. What they can't say is found by trying, and is SQL.
"""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Dict, List, Mapping, Sequence, Set

from .. import deps, errors
from ..databases.choose import database_of
from ..databases.names import QualifiedName
from ..databases.tools import Tools
from ..runtimes.alchemy.engine import engine_on, legacy
from ..schema.snapshot import ObjectKey, Snapshot
from ..wording import some
from .model_script import Model, write_model
from .portable import Source, as_text, connected, in_order, read, statements, writing_of
from .same import APPLICATION, require_same

Facts = Mapping[ObjectKey, str]

TOP = "# The schema of a database. Its tables are as sqlacodegen wrote them; what they don't say is below, as SQL.\n"

UPGRADE = """

# Before the tables.
BEFORE = %s

# After the tables.
AFTER = %s


def upgrade(migrate_engine):
    with migrate_engine.begin() as connection:
        _execute(connection, BEFORE)
        metadata.create_all(connection)
        _execute(connection, AFTER)


def _execute(connection, statements):
    for statement in statements:
        # As it stands: a percent sign in it is no parameter.
        connection.exec_driver_sql(statement, None, {"no_parameters": True})
"""

DOWNGRADE = """

# What the tables aren't, and then these.
DROPS = %s


def downgrade(migrate_engine):
    with migrate_engine.begin() as connection:
        _execute(connection, DROPS)
"""

# What tables may be made of.
AHEAD = ("DATABASE PROPERTIES", "SEQUENCE")


def schema_as_script(target: Any, history_table: QualifiedName, tools: Tools) -> str:
    """Return the schema as a script with upgrade() and downgrade(). On an empty database it gives the same schema.

    :raises DependencyError: when there is no SQLAlchemy, or no sqlacodegen.
    :raises RehearsalError: when it doesn't; it has the diff.
    :raises MigrationError: when the database can't be read, or no empty one can be made.
    """
    with read(target, history_table, tools) as source:
        ordered = in_order(source)
        facts = writing_of(target).facts(target, source.connection, source.own)
        with source.connection.outside(None), engine_on(source.connection) as engine:
            text = _script(engine, source, facts, ordered)
        text += DOWNGRADE % _listed(target, [writing_of(target).drop(key) for key in reversed(ordered)])
        with source.scratch() as scratch:
            _call(scratch, text, "upgrade")
            require_same(Snapshot(facts), Snapshot(_facts(scratch, source)))
            _call(scratch, text, "downgrade")
            require_same(Snapshot({}), Snapshot(_facts(scratch, source)))
        return text


def _script(engine: Any, source: Source, facts: Facts, ordered: Sequence[ObjectKey]) -> str:
    tables = [key for key in ordered if key.type == "TABLE"]
    blamed: Set[ObjectKey] = set()
    while True:  # until nothing is left in Python that isn't as it should be
        model = write_model(engine, tables, blamed)
        written = model.tables()
        before = [key for key in ordered if key.type in (*AHEAD, "TABLE") and key not in written]
        try:
            made = _try(_text(source, model, before, ()), source)
            unlike = [key for key, each in made.items() if each != facts.get(key)]
        except errors.Unwritable:
            unlike = _impossible(source, written) or tables
        if not unlike:
            return _text(source, model, before, [key for key in ordered if key not in made])
        if blamed.issuperset(tables):
            raise _unlike_error(unlike)
        # What is blamed once more isn't the cause.
        blamed.update(tables if blamed.issuperset(unlike) else unlike)


def _unlike_error(unlike: Sequence[ObjectKey]) -> errors.Unwritable:
    return errors.Unwritable(
        "In an empty database these come out otherwise than they are: %s" % some([str(key) for key in unlike]),
        hint="Nothing was written. Ask for it as SQL instead (kind: sql), or leave these out.",
    )


def _text(source: Source, model: Model, before: Sequence[ObjectKey], after: Sequence[ObjectKey]) -> str:
    lists = [_listed(source.target, [source.pieces[key] for key in keys]) for keys in (before, after)]
    return TOP + model.text.rstrip() + "\n" + UPGRADE % tuple(lists)


def _try(text: str, source: Source) -> Facts:
    """Return what a script makes of an empty database."""
    with source.scratch() as scratch:
        _call(scratch, text, "upgrade")
        return _facts(scratch, source)


def _impossible(source: Source, tables: Mapping[ObjectKey, Any]) -> List[ObjectKey]:
    """Return the tables that can't be made at all."""
    sqlalchemy = deps.import_sqlalchemy()
    found = []
    with ExitStack() as stack:
        connection = stack.enter_context(connected(stack.enter_context(source.scratch())))
        stack.enter_context(connection.outside(None))
        bound = stack.enter_context(stack.enter_context(engine_on(connection)).connect())
        for key, table in tables.items():
            try:
                bound.execute(sqlalchemy.schema.CreateTable(table, include_foreign_key_constraints=[]))
            except sqlalchemy.exc.SQLAlchemyError:
                found.append(key)
    return found


def _facts(target: Any, source: Source) -> Facts:
    with connected(target) as connection:
        return writing_of(target).facts(target, connection, source.own)


def _call(target: Any, text: str, function: str) -> None:
    """Call a function of the script, as a run would.

    :raises Unwritable: when the database refuses something in it.
    """
    names: Dict[str, Any] = {}
    sqlalchemy = deps.import_sqlalchemy()
    with connected(target) as connection:
        try:
            with legacy(with_changeset=True), connection.outside(None), engine_on(connection) as engine:
                exec(compile(text, APPLICATION, "exec"), names)
                names[function](engine)
        except sqlalchemy.exc.SQLAlchemyError as error:
            raise errors.Unwritable(
                "The schema can't be written as a migration: on an empty database it fails with: %s"
                % database_of(target).errors.first_words(getattr(error, "orig", error)),
                hint="Nothing was written.",
            ) from None


def _listed(target: Any, pieces: Sequence[str]) -> str:
    """Return the statements of pieces as a list in Python, whose lines they keep."""
    found = statements(target, as_text(target, pieces)) if pieces else []
    lines = ['    """%s""",\n' % _escaped(each) for each in found]
    return "[\n%s]" % "".join(lines) if found else "[]"


def _escaped(statement: str) -> str:
    text = statement.replace("\\", "\\\\").replace('"""', '\\"\\"\\"').replace("\r", "\\r")
    return text[:-1] + '\\"' if text.endswith('"') and not text.endswith('\\"') else text
