# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What only many databases can fail of."""

from __future__ import annotations

import os
import traceback
from typing import Any, Callable, Optional, Tuple

from .. import errors
from ..run.signals import obeyed

FAULT_HINT = "This is a fault of the collection's, or of a script that disturbs it. Please report it, with %s."


class DatabasesFailed(errors.MigrationError):
    """Of many databases, some have failed."""

    kind = "databases"


class WorkerLost(errors.MigrationError):
    """The process that worked on one of many databases ended before it could say what became of it."""

    kind = "worker"


def tried(run: Callable[[], Any]) -> Tuple[Any, Optional[errors.MigrationError], bool]:
    """Return what came of a run, or its error; and whether a signal has ended it."""
    try:
        with obeyed():
            return run(), None, False
    except errors.MigrationError as caught:
        return None, caught, False
    except errors.Stop as stop:
        return None, errors.Signal.of(stop), True
    except Exception as fault:  # noqa: BLE001
        return None, _as_error(fault), False


def _as_error(fault: Exception) -> errors.MigrationError:
    """Return the error for what nobody has foreseen: it ends the run on one database, and not those on others."""
    last = traceback.extract_tb(fault.__traceback__)[-1]
    place = "%s:%s" % (os.path.basename(last.filename), last.lineno)
    return WorkerLost("%s: %s (%s)" % (type(fault).__name__, fault, place), hint=FAULT_HINT % place)
