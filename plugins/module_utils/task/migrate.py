# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pg_migrate: parameters in, result out."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from typing import Any, Dict, Iterator, Optional

from .. import errors
from ..commands.context import Context
from ..commands.migrate import migrate
from ..commands.report import SchemaText
from ..databases.tools import Tools
from ..planning.request import Request
from ..run.live import Live
from . import sent
from .entry import Failed, run_program
from .parameters import migrate_request
from .results import failure, migrate_result

CUT_OFF = "the run ended before anybody could look at the schema"
FOLLOWED_AFTER, MOST_SECONDS = 2.0, 1.0


def pg_migrate(module: Any) -> Dict[str, Any]:
    """Run the task.

    :raises Failed: with the result until then.
    """
    params = sent.parameters(module)
    request = migrate_request(params, module.check_mode, module._diff)
    checking = request.checking
    shown = sent.unpack(module)
    if shown:
        # Who may write them was looked at on the controller, and no link is left in them.
        found = sent.scripts_at(module, shown)
        request = request._replace(directories=tuple(shown), allow_writable_scripts=True, found=found)
    tools = Tools(run_program(module), module.tmpdir, params["postgresql_bin_dir"], params["rehearsal_cache_size"])
    if params["databases"] is not None:
        return _on_many(params, request, tools, shown)
    if request.schema_file is not None:
        request = request._replace(makes_schema_file=_makes_schema_file(params, request))
    context = Context(request, tools)
    try:
        with _followed(params["_progress"], context.live):
            migrate(context)
    except (errors.MigrationError, errors.Stop) as caught:
        error = errors.Signal.of(caught) if isinstance(caught, errors.Stop) else caught
        error.message, error.path = sent.shown_as(error.message, shown), sent.shown_as(error.path, shown)
        known = failure(context.report(), checking, error) if context.progress is not None else {}
        raise Failed(error, sent.shown_as(_with_schema_file(known, params, context), shown)) from None
    if context.wants_scripts:
        wanted = [str(step.script.version) for step in context.plan.steps] if context.plan else []
        return {"changed": False, "_wants_scripts": wanted}
    result = _with_schema_file(migrate_result(context.report(), checking), params, context)
    return dict(sent.shown_as(result, shown))


def _makes_schema_file(params: Dict[str, Any], request: Request) -> bool:
    """Return whether schema_file isn't there yet; with src, the action plugin has looked.

    :raises OptionInvalid: when it can't be written.
    """
    if params["src"] is not None:
        return bool(params["_makes_schema_file"])
    from ..keeping.schema_file import look_before

    return look_before(str(request.schema_file), request.directories)


def _with_schema_file(result: Dict[str, Any], params: Dict[str, Any], context: Context) -> Dict[str, Any]:
    """Return a result with what became of schema_file; with src, with what the action plugin needs for that."""
    request, plan, schema = context.request, context.plan, context.schema
    if schema is None and request.schema_file is not None and context.progress is not None and context.progress.done:
        schema = SchemaText(reason=CUT_OFF)
    if schema is None:
        return result
    from ..keeping.schema_file import Wanted, handed_over, settled

    is_pending = plan is not None and not plan.idle
    wanted = Wanted(schema.text, schema.reason, request.diff_context, is_pending)
    if params["src"] is not None:
        return {**result, **handed_over(wanted)}
    return settled(result, str(request.schema_file), wanted, request.checking)


def _on_many(params: Dict[str, Any], request: Request, tools: Tools, shown: Dict[str, str]) -> Dict[str, Any]:
    """Run the task on many databases. What does that is imported only for them."""
    from . import fleet

    try:
        return dict(sent.shown_as(fleet.migrate(params, request, tools), shown))
    except Failed as failed:
        failed.error.message = sent.shown_as(failed.error.message, shown)
        failed.result = sent.shown_as(failed.result, shown)
        raise
    except errors.MigrationError as error:
        error.message, error.path = sent.shown_as(error.message, shown), sent.shown_as(error.path, shown)
        raise


@contextmanager
def _followed(path: Optional[str], live: Live) -> Iterator[None]:
    """Let what lasts be followed in a file; what is short has none, and hasn't imported what it takes.

    :param path: of the file; None: nobody reads it.
    """
    if path is None:
        yield
        return
    stop = threading.Event()

    def follow() -> None:
        if not stop.wait(FOLLOWED_AFTER):
            from .progress_file import ProgressFile

            ProgressFile(live).write(path, stop)

    thread = threading.Thread(target=follow, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(MOST_SECONDS)
        if thread.is_alive():  # it waits for a server that doesn't answer
            with suppress(OSError):
                os.unlink(path)
