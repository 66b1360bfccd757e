# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What alembic's scripts find in ``alembic.op`` and ``alembic.context``, on the runner's connection."""

from __future__ import annotations

import importlib
import os
from contextlib import contextmanager
from types import CodeType
from typing import Any, Iterator

from ... import deps, errors
from .dialects import introduce

# Operations that a package adds to alembic's when it is imported. Its users import it in env.py, which isn't read.
PLUGINS = {"sync_enum_values": "alembic_postgresql_enum"}


@contextmanager
def operations_on(engine: Any, path: str) -> Iterator[Any]:
    """Let a script use alembic's operations in one transaction, the migration's; and give alembic's context of it.

    ``op.get_context().autocommit_block()`` commits what was done until then, and goes on outside a transaction.

    :param engine: SQLAlchemy's, on the runner's connection.
    :param path: of the script.
    :raises DependencyError: when there is no alembic.
    """
    alembic = deps.import_alembic()
    config = alembic.config.Config()
    config.set_main_option("script_location", os.path.dirname(path).replace("%", "%%"))
    script = alembic.script.ScriptDirectory(os.path.dirname(path))
    with engine.connect() as connection, alembic.runtime.environment.EnvironmentContext(config, script) as environment:
        introduce(alembic, connection.dialect)
        environment.configure(connection=connection, transaction_per_migration=False)
        context = environment.get_context()
        context.impl.static_output = _refuse_offline
        with alembic.operations.Operations.context(context), context.begin_transaction():
            yield context


def load_plugins(code: CodeType) -> None:
    """Import the packages that bring operations which a script uses; one that isn't there is told of when it is used.

    :param code: the script, compiled.
    """
    for operation in sorted(_names(code) & set(PLUGINS)):
        try:
            importlib.import_module(PLUGINS[operation])
        except ImportError as error:
            raise errors.DependencyError(
                "%s is needed by such a script, for op.%s: %s" % (PLUGINS[operation], operation, error),
                hint=deps.INSTALL,
            ) from None


def _names(code: CodeType) -> "set[str]":
    inner = [_names(each) for each in code.co_consts if isinstance(each, CodeType)]
    return set(code.co_names).union(*inner)


def _refuse_offline(*dummy: Any) -> None:
    raise NotImplementedError(
        "this writes into the script that alembic makes offline (--sql), and here there is a database; op.execute() "
        "sends to it"
    )
