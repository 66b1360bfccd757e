# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Executes what leads to the wanted state. When one of its steps fails, what was created is dropped again."""

from __future__ import annotations

from contextlib import ExitStack, closing, suppress
from typing import Any, Dict, List, Optional, Sequence

from .. import deps, errors
from ..databases.postgresql.connection import connect
from . import pgpass
from .administrator import PROGRAM, execute
from .passfile import Edit
from .request import Site
from .statement import Difference, Statement


def apply(site: Site, gone: Sequence[Difference], made: Sequence[Difference], edit: Optional[Edit]) -> None:
    """Drop what is to go, then create and change.

    :raises MigrationError: when the server refuses something; what was created until then is dropped again, and what
        was changed is rolled back.
    """
    inside = [each for each in gone if each.database is not None]
    for each in inside:
        # What is dropped in one database stays dropped when the next one refuses, so all are asked first.
        _execute_in(site, each, keep=False)
    for each in gone:
        _drop(site, each)
    undo: List[Statement] = []
    try:
        _create(site, made, undo)
        _change(site, [each for each in made if each.undo is None], edit)
    except BaseException as error:
        _take_back(site.connection, undo, error)
        raise


def _drop(site: Site, difference: Difference) -> None:
    if difference.database is not None:
        _execute_in(site, difference, keep=True)
        return
    for statement in difference.statements:
        execute(site.connection, statement)


def _execute_in(site: Site, difference: Difference, keep: bool) -> None:
    with closing(connect(site.target.with_database(str(difference.database)), PROGRAM)) as connection:
        for statement in difference.statements:
            execute(connection, statement)
        if keep:
            connection.commit()


def _create(site: Site, made: Sequence[Difference], undo: List[Statement]) -> None:
    """Create user and database at once: the one has to be there for the other, and a database can't be rolled back."""
    for each in made:
        if each.undo is not None:
            for statement in each.statements:
                execute(site.connection, statement)
            undo.insert(0, each.undo)


def _change(site: Site, made: Sequence[Difference], edit: Optional[Edit]) -> None:
    """Do all else, and commit it when nothing more can be refused."""
    with ExitStack() as stack:
        connections: Dict[Optional[str], Any] = {None: site.connection}
        site.connection.autocommit = False
        for each in made:
            if each.database not in connections:
                opened = connect(site.target.with_database(str(each.database)), PROGRAM)
                connections[each.database] = stack.enter_context(closing(opened))
            for statement in each.statements:
                execute(connections[each.database], statement)
        if edit is not None:
            pgpass.write(edit.file)
        for connection in connections.values():
            connection.commit()


def _take_back(connection: Any, undo: Sequence[Statement], error: BaseException) -> None:
    with suppress(deps.psycopg2.Error):
        connection.rollback()
        connection.autocommit = True
    for statement in undo:
        try:
            execute(connection, statement)
        except errors.MigrationError as failure:
            if isinstance(error, errors.MigrationError):
                error.message += ". Afterwards this failed, too: " + failure.message
