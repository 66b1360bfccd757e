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


class Work:
    """What was executed and is committed, while the task goes on.

    :ivar undo: takes it back, the last one first.
    """

    def __init__(self, site: Site) -> None:
        self.site = site
        self.executed: List[Difference] = []
        self.undo: List[Statement] = []

    def drop(self, gone: Sequence[Difference]) -> None:
        """Drop what is to go.

        :raises MigrationError: when the server refuses something.
        """
        inside = [each for each in gone if each.database is not None]
        for each in inside:
            # What is dropped in one database stays dropped when the next one refuses, so all are asked first.
            self._execute_in(each, keep=False)
        for each in gone:
            self._drop(each)

    def roll_back(self) -> None:
        """Give up what isn't committed."""
        with suppress(deps.psycopg2.Error):
            self.site.connection.rollback()
            self.site.connection.autocommit = True

    def take_back(self, error: BaseException) -> None:
        """Undo what was executed, after an error; it says so where that fails."""
        self.roll_back()
        for statement in self.undo:
            try:
                execute(self.site.connection, statement)
            except errors.MigrationError as failure:
                if isinstance(error, errors.MigrationError):
                    error.message += ". Afterwards this failed, too: " + failure.message

    def _drop(self, difference: Difference) -> None:
        if difference.database is not None:
            self._execute_in(difference, keep=True)
        else:
            for statement in difference.statements:
                execute(self.site.connection, statement)
        self.executed.append(difference)

    def _execute_in(self, difference: Difference, keep: bool) -> None:
        with closing(connect(self.site.target.with_database(str(difference.database)), PROGRAM)) as connection:
            for statement in difference.statements:
                execute(connection, statement)
            if keep:
                connection.commit()

    def create(self, made: Sequence[Difference]) -> None:
        """Create user and database at once: the one has to be there for the other, and no database is rolled back.

        :raises MigrationError: when the server refuses something.
        """
        for each in made:
            if each.undo is not None:
                first, *rest = each.statements
                execute(self.site.connection, first)
                self.executed.append(each)
                self.undo.insert(0, each.undo)
                for statement in rest:
                    execute(self.site.connection, statement)

    def change(self, made: Sequence[Difference], edit: Optional[Edit]) -> None:
        """Do all else, and commit it when nothing more can be refused.

        :raises MigrationError: when the server refuses something; what was changed is rolled back then.
        """
        with ExitStack() as stack:
            connections: Dict[Optional[str], Any] = {None: self.site.connection}
            self.site.connection.autocommit = False
            for each in made:
                if each.undo is not None:
                    continue
                if each.database not in connections:
                    opened = connect(self.site.target.with_database(str(each.database)), PROGRAM)
                    connections[each.database] = stack.enter_context(closing(opened))
                for statement in each.statements:
                    execute(connections[each.database], statement)
            if edit is not None:
                pgpass.write(edit.file)
            for connection in connections.values():
                connection.commit()
