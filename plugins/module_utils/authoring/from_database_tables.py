# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes the live schema as a script for an SQLAlchemy engine: its tables in Python, and what they can't say as SQL.

What they can't say is found by trying. The tables are made on a scratch database, and its snapshot is compared with the
source's, object by object: what is missing is written as SQL, and so is a table that comes out different.
"""

from __future__ import annotations

import re
from contextlib import closing, contextmanager
from typing import Any, Dict, Iterator, List, Mapping, NamedTuple, Optional, Set, Tuple

from .. import deps
from ..databases.names import QualifiedName
from ..databases.postgresql.connection import Target, connect
from ..databases.postgresql.copies.scratch import Scratch, scratch_database
from ..databases.tools import Tools
from ..runtimes.alchemy.engine import engine_on, legacy
from ..schema.snapshot import ObjectKey
from .from_database import NO_SUBSCRIPTIONS, SETTINGS, Schema, as_text, prove, read_schema
from .model_script import Model, write_model
from .same import APPLICATION

TOP = "# The schema of a database. Its tables are as sqlacodegen wrote them; what they don't say is below, as SQL.\n"

UPGRADE = '''


# Before the tables: what they are made of.
BEFORE = """
%s"""

# After the tables: what is made of them.
AFTER = """
%s"""


def upgrade(migrate_engine):
    with migrate_engine.begin() as connection:
        _execute(connection, BEFORE)
        metadata.create_all(connection)
        _execute(connection, AFTER)


def _execute(connection, statements):
    if statements.strip():
        # As they stand: a percent sign in them is no parameter.
        connection.exec_driver_sql(statements, None, {"no_parameters": True})
'''

DOWNGRADE = '''

# Everything, in an order in which nothing needs what is dropped.
DROPS = """
%s"""


def downgrade(migrate_engine):
    with migrate_engine.begin() as connection:
        _execute(connection, DROPS)
'''

NO_DOWNGRADE = "\n\n# There is no downgrade: not all of this can be dropped again.\n"

# All names then come with their schema.
EMPTY_SEARCH_PATH = "SELECT pg_catalog.set_config('search_path', '', false)"

OWNER = re.compile(r"^ALTER (?:TABLE|SEQUENCE) [^\n]* OWNER TO [^\n]*;\n*", re.MULTILINE)

# What pg_dump --clean writes between its settings and its first entry.
DROPS = re.compile(r"^SET row_security = off;\n(.*?)^--\n-- ", re.MULTILINE | re.DOTALL)

# What can be left out of a table in Python, and be made as SQL behind it.
SEPARABLE = ("INDEX", "FK CONSTRAINT")


class Trial(NamedTuple):
    """What came of a model on a scratch database.

    :ivar before: SQL that the tables need, or could need.
    :ivar after: SQL that needs them, or was missing.
    :ivar blamed: what of the model is not as it should be; while there is any, the rest has no meaning.
    """

    before: Tuple[str, ...] = ()
    after: Tuple[str, ...] = ()
    blamed: Tuple[ObjectKey, ...] = ()


def schema_as_script(source_target: Target, history_table: QualifiedName, tools: Tools) -> str:
    """Return the schema as a script with upgrade(), and with downgrade() where all of it can be dropped again.

    On an empty database it gives the same snapshot.

    :raises DependencyError: when there is no SQLAlchemy, or no sqlacodegen.
    :raises RehearsalError: when it doesn't; its report has the diff.
    :raises MigrationError: when the database can't be read, or no scratch database can be made.
    """
    with closing(connect(source_target, APPLICATION)) as connection:
        schema = read_schema(connection, source_target, history_table, tools)
        with connection.cursor() as cursor:
            cursor.execute(EMPTY_SEARCH_PATH)
        connection.commit()
        with scratch_database(schema.target, schema.facts) as scratch, engine_on(connection) as engine:
            schema = schema.tried_on(scratch)
            text = _script(engine, schema, scratch)
            scratch.recreate()
            prove(schema, scratch, lambda empty: _call(empty, text, "upgrade"))
            whole = text + DOWNGRADE % _quoted(_drops(schema))
            return whole if _is_taken_back(schema, scratch, whole) else text + NO_DOWNGRADE


def _script(engine: Any, schema: Schema, scratch: Scratch) -> str:
    tables = [key for key in schema.snapshot.objects if key.type == "TABLE"]
    blamed: Set[ObjectKey] = set()
    while True:
        model = write_model(engine, tables, blamed)
        trial = _try(model, schema, scratch)
        if not trial.blamed:
            return (
                TOP + model.text.rstrip() + UPGRADE % (_quoted(SETTINGS.rstrip(), *trial.before), _quoted(*trial.after))
            )
        # What is blamed once more isn't the cause.
        blamed.update(tables if blamed.issuperset(trial.blamed) else trial.blamed)
        scratch.recreate()


def _try(model: Model, schema: Schema, scratch: Scratch) -> Trial:
    """Make what a model could need, and then its tables; look what came of it."""
    wanted, tables = schema.snapshot.objects, model.tables()
    with _engine(scratch) as engine, engine.begin() as connection:
        connection.exec_driver_sql(SETTINGS)
        before = [wanted[key] for key in _ahead(wanted, tables) if _works(connection, wanted[key])]
        blamed = [key for key, table in tables.items() if not _works(connection, table)]
        if not blamed and not _works(connection, model.metadata):
            blamed = list(tables)
    if blamed:
        return Trial(blamed=tuple(blamed))
    made, expected = schema.reader.take(scratch.target).objects, (schema.expected or schema.snapshot).objects
    unlike = [key for key, text in made.items() if _without_owner(text) != _without_owner(expected.get(key))]
    after = [_missing(text, expected.get(key), made.get(key)) for key, text in wanted.items()]
    # A table that is another than it should be may be why the rest is, too.
    unlike = [key for key in unlike if key in tables] or [each for key in unlike for each in _blame(key, tables)]
    return Trial(tuple(before), tuple(filter(None, after)), tuple(unlike))


def _ahead(wanted: Mapping[ObjectKey, str], tables: Mapping[ObjectKey, Any]) -> List[ObjectKey]:
    """Return what comes before the last of these tables, in the order of the dump, which is that of dependency.

    A column's own sequence comes with its table.
    """
    keys = list(wanted)
    last = max((number for number, key in enumerate(keys) if key in tables), default=0)
    return [key for key in keys[:last] if key not in tables and key._replace(type="SEQUENCE OWNED BY") not in wanted]


def _works(connection: Any, item: Any) -> bool:
    """Execute SQL, or make the tables of a MetaData, and say whether that works; of a Table, look whether it would."""
    sqlalchemy = deps.import_sqlalchemy()
    attempt = connection.begin_nested()
    try:
        if isinstance(item, str):
            connection.exec_driver_sql(item, None, {"no_parameters": True})
        elif isinstance(item, sqlalchemy.MetaData):
            item.create_all(connection)
        else:
            connection.execute(sqlalchemy.schema.CreateTable(item, include_foreign_key_constraints=[]))
            attempt.rollback()
            return True
    except sqlalchemy.exc.SQLAlchemyError:
        attempt.rollback()
        return False
    attempt.commit()
    return True


def _without_owner(text: Optional[str]) -> Optional[str]:
    return text and OWNER.sub("", text)


def _missing(wanted: str, expected: Optional[str], made: Optional[str]) -> str:
    """Return what of an object is still to be said: nothing, all of it or whose it is."""
    if made is None:
        return wanted
    return "" if made == expected else "\n".join(OWNER.findall(wanted))


def _blame(key: ObjectKey, tables: Mapping[ObjectKey, Any]) -> List[ObjectKey]:
    """Return what to leave out of a model, since this came out different: it, its table, or all if that is unclear."""
    if key.type in SEPARABLE:
        return [key]
    name = key.name.partition(" ")[2] if key.type == "COMMENT" else key.name
    found = [each for each, table in tables.items() if each.schema == key.schema and _is_part(name, table)]
    return found or list(tables)


def _is_part(name: str, table: Any) -> bool:
    """Return whether something is named after a table, as in "users users_pkey", "users.id" or "users_id_seq"."""
    sequences = {getattr(column.default, "name", None) for column in table.columns}
    return name in sequences or bool(re.match(re.escape(table.name) + "(?![^ ._])", name))


def _drops(schema: Schema) -> str:
    """Return the statements that drop all that is in the schema."""
    text = schema.reader.dump(schema.target, options=[NO_SUBSCRIPTIONS, "--clean", "--if-exists"])
    found = DROPS.search(text.decode("utf-8", "backslashreplace"))
    return found.group(1).strip() if found else ""


def _is_taken_back(schema: Schema, scratch: Scratch, text: str) -> bool:
    """Return whether downgrade() leaves nothing."""
    try:
        with closing(connect(scratch.loader, APPLICATION)) as connection:
            _call(connection, text, "downgrade")
    except deps.DatabaseError:
        return False
    return not schema.reader.take(scratch.target).objects


def _call(connection: Any, text: str, function: str) -> None:
    """Call a function of the script as a run would."""
    names: Dict[str, Any] = {}
    try:
        with legacy(with_changeset=True), connection.scripted(), engine_on(connection) as engine:
            exec(compile(text, APPLICATION, "exec"), names)
            names[function](engine)
    except deps.import_sqlalchemy().exc.DBAPIError as error:
        raise error.orig from None


@contextmanager
def _engine(scratch: Scratch) -> Iterator[Any]:
    with closing(connect(scratch.loader, APPLICATION)) as connection, engine_on(connection) as engine:
        yield engine


def _quoted(*statements: str) -> str:
    """Return SQL as the inside of a string in Python, whose lines it keeps."""
    text = as_text(statements).replace("\\", "\\\\").replace('"""', '\\"\\"\\"')
    return text.replace("\r", "\\r")
