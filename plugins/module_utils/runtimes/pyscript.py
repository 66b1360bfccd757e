# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Python scripts as modules: imported from their files, with what they expect to import."""

from __future__ import annotations

import logging
import os
import sys
import types
from contextlib import contextmanager
from typing import Any, Callable, ContextManager, Dict, Iterator, Optional, Tuple

from .. import errors, model

# What scripts import from: db-migrator's name, and the modern one.
FACADES = ("dbmigrator", "pgops_migrations")


def load(body: model.PythonBody, with_facade: types.ModuleType) -> types.ModuleType:
    """Run a script's top level and return it as a module.

    :param with_facade: what it gets for ``from dbmigrator import …``.
    :raises ScriptInvalid: when that raises, or the body's function isn't there.
    """
    module = types.ModuleType(os.path.splitext(os.path.basename(body.path))[0])
    module.__file__ = body.path
    with importing(body.path, with_facade), _surroundings(body):
        try:
            exec(body.code, module.__dict__)
        except errors.MigrationError:
            raise
        except (Exception, SystemExit) as error:
            raise _unloadable_error(body, error) from None
    if not callable(getattr(module, body.function, None)):
        raise errors.ScriptInvalid(
            "%s has no %s(%s)" % (body.path, body.function, body.takes.value),
            hint="Define it as a function.",
            path=body.path,
        )
    return module


@contextmanager
def arguments_for(
    body: model.PythonBody, cursor: Any, after: Optional[Callable[[Any], None]] = None
) -> Iterator[Tuple[Any, ...]]:
    """Lend what the body's function is called with, in a tuple: the cursor, or an SQLAlchemy engine on its connection.

    :param after: is called with alembic's connection, when a script of alembic's has done its work.
    :raises DependencyError: when it wants an engine and there is no SQLAlchemy, or operations and there is no alembic.
    """
    if body.takes is model.Takes.CURSOR:
        yield (cursor,)
        return
    from .alchemy.engine import engine_on

    with _surroundings(body), engine_on(cursor.connection) as engine:
        if body.takes is model.Takes.ENGINE:
            yield (engine,)
            return
        from .alchemy.operations import operations_on

        with operations_on(engine, body.path) as context:
            yield ()
            if after is not None:
                after(context.connection)


@contextmanager
def _surroundings(body: model.PythonBody) -> Iterator[None]:
    """Give a script for SQLAlchemy the one that it was written for, while it runs."""
    if body.takes is model.Takes.CURSOR:
        yield
        return
    from .alchemy.engine import legacy

    with legacy(with_changeset=body.takes is model.Takes.ENGINE):
        if body.takes is model.Takes.NOTHING:
            from .alchemy.operations import load_plugins

            load_plugins(body.code)
        yield


@contextmanager
def importing(path: str, with_facade: types.ModuleType) -> Iterator[None]:
    """Let a script import its neighbours and the facade, and forget them after it.

    Another directory's script may have a neighbour of the same name, so none is left behind; nor is a
    change of the working directory.
    """
    directory = os.path.dirname(os.path.abspath(path))
    before = dict(sys.modules)
    sys.modules.update(dict.fromkeys(FACADES, with_facade))
    workplace = _workplace()
    sys.path.insert(0, directory)
    # A bytecode cache beside the scripts would be a write into a checkout that may belong to somebody else.
    dont_write, sys.dont_write_bytecode = sys.dont_write_bytecode, True
    try:
        yield
    finally:
        if workplace is not None and _workplace() != workplace:
            os.chdir(workplace)
        sys.dont_write_bytecode = dont_write
        sys.path.remove(directory)
        _forget(directory, before)


def _workplace() -> Optional[str]:
    """Return the working directory, or None where it is gone: that must not hide what a script has raised."""
    try:
        return os.getcwd()
    except OSError:
        return None


def line_of(error: BaseException, path: str) -> "int | None":
    """Return the line of the script at which an exception passed through it last."""
    line = None
    frame = error.__traceback__
    while frame is not None:
        if frame.tb_frame.f_code.co_filename == path:
            line = frame.tb_lineno
        frame = frame.tb_next
    return line


def facade(super_user: Callable[[], ContextManager[Any]]) -> types.ModuleType:
    """Return what scripts get for ``from dbmigrator import …`` and ``from pgops_migrations import …``.

    :param super_user: gives a cursor on a connection of the superuser's.
    """
    module = types.ModuleType("pgops_migrations")
    module.super_user = super_user  # type: ignore[attr-defined]
    module.deferred = _deferred  # type: ignore[attr-defined]
    module.logger = _logger()  # type: ignore[attr-defined]
    return module


def _deferred(function: Any) -> Any:
    """Mark a migration as deferred; the reader has seen the decorator's name, so nothing is left to do."""
    return function


class _StdoutHandler(logging.Handler):
    """Writes to what stdout is at that moment: a script is loaded before its output is captured."""

    def emit(self, record: logging.LogRecord) -> None:
        sys.stdout.write(self.format(record) + "\n")


def _logger() -> logging.Logger:
    """Return a logger that writes to stdout, which is captured."""
    logger = logging.Logger("dbmigrator", logging.DEBUG)
    handler = _StdoutHandler()
    handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
    logger.addHandler(handler)
    return logger


def _forget(directory: str, before: Dict[str, types.ModuleType]) -> None:
    for name, module in list(sys.modules.items()):
        origin = getattr(module, "__file__", None) or ""
        if name in FACADES or (name not in before and os.path.abspath(origin).startswith(directory + os.sep)):
            del sys.modules[name]
    sys.modules.update({name: before[name] for name in FACADES if name in before})


def _unloadable_error(body: model.PythonBody, error: BaseException) -> errors.ScriptInvalid:
    line = line_of(error, body.path)
    hint = "Nothing has been run. Fix it, or set ansible_python_interpreter to one that has what it imports."
    return errors.ScriptInvalid(
        "%s can't be loaded: %s: %s" % (body.path, type(error).__name__, error), hint=hint, path=body.path, line=line
    )
