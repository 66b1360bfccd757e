# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of a database as text for SQLAlchemy, written by sqlacodegen, as far as it can write them."""

from __future__ import annotations

import ast
import warnings
from typing import Any, Collection, Dict, NamedTuple, Sequence

from .. import deps
from ..runtimes.alchemy.tables import remove_foreign_key
from ..schema.snapshot import ObjectKey

# Enums stay the server's: as Python's own classes they would lose their names.
OPTIONS = ("nonativeenums", "nosyntheticenums")

# What descriptions of tables are made of. An expression of the database's must not get here as anything but a string.
DESCRIBING = (ast.Module, ast.ImportFrom, ast.alias, ast.Assign, ast.Call, ast.keyword, ast.Name, ast.Load, ast.Store,
              ast.Constant, ast.List, ast.Tuple, ast.Dict, ast.UnaryOp, ast.USub)  # fmt: skip


class Model(NamedTuple):
    """Tables for SQLAlchemy.

    :ivar text: the top of a Python module; it defines ``metadata``.
    :ivar metadata: what it defines.
    """

    text: str
    metadata: Any

    def tables(self) -> Dict[ObjectKey, Any]:
        """Return the tables by the names that they have in a snapshot."""
        return {ObjectKey("TABLE", table.schema or "", table.name): table for table in self.metadata.tables.values()}


def write_model(engine: Any, tables: Sequence[ObjectKey], without: Collection[ObjectKey]) -> Model:
    """Write tables of a database; those that can't be written are left out.

    :param engine: SQLAlchemy's, with an empty search_path, so that all names come with their schema.
    :param tables: their names in a snapshot.
    :param without: what of them to leave out: tables, indexes and foreign keys.
    :raises DependencyError: when there is no sqlacodegen, or none that goes with SQLAlchemy.
    """
    generator = _generator()
    tables = [table for table in tables if table not in without]
    try:
        return _write(generator, engine, tables, without)
    except Exception:  # what another's code makes of whatever a database may hold
        alone = [table for table in tables if _can_be_written(generator, engine, table, without)]
        return _write(generator, engine, alone if len(alone) < len(tables) else [], without)


def _can_be_written(generator: Any, engine: Any, table: ObjectKey, without: Collection[ObjectKey]) -> bool:
    try:
        return bool(_write(generator, engine, [table], without).text)
    except Exception:
        return False


def _write(generator: Any, engine: Any, tables: Sequence[ObjectKey], without: Collection[ObjectKey]) -> Model:
    options = [option for option in OPTIONS if option in generator.valid_options]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of types that SQLAlchemy doesn't know; their tables are left out
        text = str(generator(_reflect(engine, tables, without), engine, options).generate())
        names: Dict[str, Any] = {}
        exec(compile(_only_describing(text), "tables", "exec"), names)
    return Model(text, names["metadata"])


def _generator() -> Any:
    class Generator(deps.import_sqlacodegen().TablesGenerator):  # type: ignore[misc]
        """Writes also of a key that nothing counts up that it is so: SQLAlchemy would give it a sequence."""

        def render_column(self, column: Any, *arguments: Any, **options: Any) -> str:
            text = str(super().render_column(column, *arguments, **options))
            counted = column.autoincrement is not False or column.server_default or column.foreign_keys
            if column.primary_key and not counted and issubclass(column.type.python_type, int):
                return text[: -len(")")] + ", autoincrement=False)"
            return text

    return Generator


def _reflect(engine: Any, tables: Sequence[ObjectKey], without: Collection[ObjectKey]) -> Any:
    metadata = deps.import_sqlalchemy().MetaData()
    for schema in sorted({table.schema for table in tables}):
        names = [table.name for table in tables if table.schema == schema]
        metadata.reflect(engine, schema=schema or None, only=names, resolve_fks=False)
    for table in metadata.tables.values():
        for index in list(table.indexes):
            if not _is_plain(index) or ObjectKey("INDEX", table.schema or "", index.name) in without:
                table.indexes.discard(index)
        for key in list(table.foreign_key_constraints):
            name = "%s %s" % (table.name, key.name)
            if not _is_satisfied(key) or ObjectKey("FK CONSTRAINT", table.schema or "", name) in without:
                remove_foreign_key(table, key)
    return metadata


def _is_plain(index: Any) -> bool:
    """Return whether an index is on columns alone: sqlacodegen drops expressions, and writes conditions as code."""
    options = [value for value in index.dialect_kwargs.values() if value is not None]
    usual = all(isinstance(value, (bool, list, dict)) and not value for value in options)
    return usual and all(hasattr(each, "name") for each in index.expressions)


def _is_satisfied(key: Any) -> bool:
    """Return whether what a foreign key refers to comes with its table: an index is made only later."""
    sqlalchemy = deps.import_sqlalchemy()
    try:
        constraints = key.referred_table.constraints
    except sqlalchemy.exc.InvalidRequestError:
        return False
    columns = {element.column.name for element in key.elements}
    kinds = (sqlalchemy.PrimaryKeyConstraint, sqlalchemy.UniqueConstraint)
    return any({column.name for column in each.columns} == columns for each in constraints if isinstance(each, kinds))


def _only_describing(text: str) -> ast.Module:
    """Return the text as Python.

    :raises ValueError: when it does more than to call what it has imported from SQLAlchemy.
    """
    tree = ast.parse(text)
    imports = [node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    imported = {alias.name for node in imports for alias in node.names}
    called = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    if (
        not all(isinstance(node, DESCRIBING) for node in ast.walk(tree))
        or not all(str(node.module).partition(".")[0] == "sqlalchemy" for node in imports)
        or not all(isinstance(function, ast.Name) and function.id in imported for function in called)
    ):
        raise ValueError("more than a description of tables")
    return tree
