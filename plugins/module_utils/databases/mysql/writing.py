# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A schema as a script: what SHOW CREATE says. It is the port Writing of databases/port_schema.py."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import Any, Iterator, List, Mapping, Sequence, Tuple

from ... import errors
from ...schema.snapshot import ObjectKey
from ..tools import Tools
from .composed import composed
from .connection import Target, connect
from .copies import MAY_MAKE, NO_SCRATCH, ORDER, scratch
from .driver_errors import first_words
from .snapshots import Shown, objects_of, properties_of

# Tables may refer to each other in a circle.
HEAD = "SET foreign_key_checks = 0;\n"
TAIL = "SET foreign_key_checks = 1;\n"
ROUTINE = "SET sql_mode = '%s';\nDELIMITER %s\n%s\n%s\nDELIMITER ;"
DROPS = {
    "SEQUENCE": "DROP SEQUENCE {name};",
    "TABLE": "DROP TABLE {name};",
    "FUNCTION": "DROP FUNCTION {name};",
    "PROCEDURE": "DROP PROCEDURE {name};",
    "PACKAGE": "DROP PACKAGE {name};",
    "PACKAGE BODY": "DROP PACKAGE BODY {name};",
    "VIEW": "DROP VIEW {name};",
    "TRIGGER": "DROP TRIGGER {name};",
    "EVENT": "DROP EVENT {name};",
}
MARKS = ("//", ";;", "$$", "//end//")


def pieces(target: Target, connection: Any, exclude: Sequence[str]) -> List[Tuple[ObjectKey, str]]:
    """Return the statements that make the schema, without the tables that are ours.

    :raises SchemaUnread: when this user may not see one of them.
    """
    shown = sorted(objects_of(connection, frozenset(exclude)), key=lambda each: ORDER.index(each.kind))
    hidden = ["%s %s" % (each.kind.lower(), each.name) for each in shown if each.text is None]
    if hidden:
        raise errors.SchemaUnread("This user may not see what makes the %s" % ", the ".join(hidden))
    return [(each.key, _text(each)) for each in shown]


def facts(target: Target, connection: Any, exclude: Sequence[str]) -> Mapping[ObjectKey, str]:
    """Return the statements: SHOW CREATE writes what is the same in the same way."""
    return {each.key: each.text or "" for each in objects_of(connection, frozenset(exclude))}


def drop(key: ObjectKey) -> str:
    """Return the statement that drops an object."""
    return composed(DROPS[key.type], name=key.name)


@contextmanager
def empty(target: Target, tools: Tools, connection: Any) -> Iterator[Target]:
    """Lend an empty database, with the character set and collation of the connection's.

    :raises RehearsalError: when none can be made.
    """
    admin = connect(target.with_database(None), "pg_migration_generate")
    with ExitStack() as stack:
        stack.callback(admin.close)
        try:
            name = stack.enter_context(scratch(admin, properties_of(connection)))
        except admin.Error as error:
            said = "The schema isn't tried out: " + NO_SCRATCH % first_words(error)
            raise errors.RehearsalError(said, hint=MAY_MAKE) from None
        yield target.with_database(name)


def _text(shown: Shown) -> str:
    """Return the statement as the server's own client reads it."""
    text = shown.text or ""
    if shown.mode is None:
        return text + ";"
    mark = next(each for each in MARKS if each not in text)
    return ROUTINE % (shown.mode, mark, text, mark)
