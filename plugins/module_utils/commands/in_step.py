# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""keep_in_step: alembic's own table says what is applied, too, for applications that look there."""

from __future__ import annotations

from typing import Any, Sequence

from .. import errors, model, revisions
from ..databases.choose import database_of
from ..databases.names import QualifiedName
from ..planning.plan import revisions_of
from ..planning.request import Request

TABLE = QualifiedName("alembic_version")


class InStep:
    """Alembic's table, and what it has to say.

    :ivar table: its name; whole, once it is there.
    """

    def __init__(self, table: QualifiedName, graph: revisions.Revisions, applied: Sequence[model.Version]) -> None:
        self.table = table
        self._graph = graph
        self._applied = {version.text for version in applied}

    def begin(self, connection: Any) -> None:
        """Make the table if it isn't there, and have it say what is applied before the first step; committed.

        :raises MigrationError: when this role may not.
        """
        from ..runtimes.alchemy.version_table import connected, make

        with connected(connection) as bound:
            make(bound, self.table.name, self.table.schema)
            self._write(bound)
        there = database_of(connection).beside.other_tables(connection, [self.table])
        connection.rollback()
        self.table = there[self.table][0] if self.table in there else self.table

    def after(self, step: model.Step, bound: Any) -> None:
        """Write what is applied with a step, in the step's own transaction.

        :param bound: SQLAlchemy's connection that it runs on.
        """
        change = self._applied.add if step.direction is model.Direction.UP else self._applied.discard
        change(step.script.version.text)
        self._write(bound)

    def _write(self, bound: Any) -> None:
        from ..runtimes.alchemy.version_table import write

        write(bound, self.table.name, self.table.schema, revisions.heads(self._graph, self._applied))


def in_step(request: Request, scripts: Sequence[model.Script], plan: model.Plan) -> InStep:
    """Return what keeps alembic's table.

    :raises OptionInvalid: when the scripts aren't alembic's.
    """
    graph = revisions_of(scripts)
    if scripts and not graph:
        raise errors.OptionInvalid(
            "keep_in_step: the scripts are of kind %s, and only alembic's table can be kept" % scripts[0].kind,
            hint="Leave it out.",
        )
    return InStep(request.adopt_from or TABLE, graph, plan.applied)
