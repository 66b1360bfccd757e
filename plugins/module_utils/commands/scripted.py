# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""state: scripted: the plan is rehearsed, and written into a file for psql; the database itself gets no write."""

from __future__ import annotations

import contextlib
import os
import stat
import tempfile
from typing import Any, List, Optional

from .. import errors
from ..authoring.release import Release
from ..databases.choose import database_of
from ..report.words import harmless
from ..run.session import Session
from .check import check
from .context import Context
from .report import Written
from .view import View, baseline_steps

MODE = 0o600
LARGEST = 512 * 1024 * 1024


def script(context: Context, view: View, connection: Any) -> None:
    """Write the file, if it isn't what it is to be already.

    :raises MigrationError: when the plan fails in the rehearsal, or can't be written.
    """
    request, path = context.request, str(context.request.script_file)
    if view.history.wide:
        raise errors.OptionInvalid(
            "state: scripted can't write the further columns that 0.1.0 has added to %s" % view.history.table,
            hint="Move them into the log first: pg_migration_mark with state: reduced.",
        )
    check(context, view, connection, required=True)
    rehearsal = context.checked.rehearsal if context.checked else None
    ran = {outcome.step: outcome for outcome in rehearsal.progress.done} if rehearsal else {}
    limits = database_of(connection).settings.settings(request.limits, connection)
    session = Session(connection, view.history, request.target, settings=limits)
    release = Release(connection, view.history, session.reset(), request.release)
    text = release.text(
        harmless(request.target.address or ""),
        _applied(view),
        baseline_steps(view.plan),
        [(step, migration) for step, migration in context.jobs if step in ran],
        ran,
    )
    differs = _content(path) != text
    if differs and request.writes_script:
        _write(path, text)
    context.written = Written(path, differs)


def _applied(view: View) -> List[str]:
    """Return the versions that are applied now, as the table spells them."""
    if view.plan.baseline is not None:
        return []  # view.rows has what is to be recorded
    return [spelling for row in view.rows if row.applied is not None for spelling in row.spellings]


def _content(path: str) -> Optional[str]:
    """Return what is in the file; None: there is none.

    :raises OptionInvalid: when it is something else than a file.
    """
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _file_error(path, error.strerror or "it can't be opened") from None
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise _file_error(path, "it is no regular file")
    with os.fdopen(handle, "rb") as stream:
        return stream.read(LARGEST).decode("utf-8", "surrogateescape")


def _write(path: str, text: str) -> None:
    """Write all of it or nothing, for nobody else to read.

    :raises OptionInvalid: when it can't be written.
    """
    made = None
    try:
        handle, made = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".%s." % os.path.basename(path))
        with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
            os.fchmod(handle, MODE)
            stream.write(text)
        os.replace(made, path)
    except OSError as error:
        if made is not None:
            with contextlib.suppress(OSError):
                os.unlink(made)
        raise _file_error(path, error.strerror or "it can't be written") from None


def _file_error(path: str, why: str) -> errors.OptionInvalid:
    return errors.OptionInvalid("script_file: %s: %s" % (path, why), hint="Name a file in a directory that is there.")
