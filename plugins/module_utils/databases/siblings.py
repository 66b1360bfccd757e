# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Other histories in the same database, found by their logs' names and what find() says of them."""

from __future__ import annotations

from typing import Any, Callable, Iterable, List

from .. import errors
from .names import QualifiedName

LOG_SUFFIX = "_log"


def among(tables: Iterable[str], find: Callable[[QualifiedName], Any], own: str = "") -> List[Any]:
    """Return the histories whose tables are among these.

    :param find: the port's, for a connection.
    :param own: the name of the history that isn't to be in it.
    """
    found = []
    for name in sorted(tables):
        base = name[: -len(LOG_SUFFIX)]
        if not name.endswith(LOG_SUFFIX) or base.lower() in ("", own.lower()):
            continue
        try:
            history = find(QualifiedName(base))
        except errors.HistoryForeign:  # an application's own log
            continue
        if history.exists and history.keeps_log:
            found.append(history)
    return found
