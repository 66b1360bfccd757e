# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to each of many databases besides migrating it: where its migrations stand, and marking them."""

from __future__ import annotations

import json
from typing import Any, Callable, Dict, List, Mapping, Tuple

from ..databases.choose import database_of
from ..scripts.discovery import scripts_of
from .failures import tried
from .run import Job
from .tally import Fate, Outcome
from .workers import Answer


def with_scripts(request: Any) -> Tuple[Any, List[str]]:
    """Return a request with its scripts, which are found once for all databases, and what there is to say of them.

    :param request: an InfoRequest, a MarkRequest, or an UpkeepRequest, which has none.
    :raises MigrationError: when they can't be read.
    """
    if not hasattr(request, "described"):  # what is asked of the history alone
        return request, []
    said: List[str] = []
    described = scripts_of(request, database_of(request.target).abilities.dialects, said.append)
    return request._replace(described=described, said=()), said


def member(request: Any, name: str) -> Any:
    """Return a request for one of the databases."""
    return request._replace(target=database_of(request.target).fleet.member(request.target, name))


class Asking:
    """What a worker does: the task of a module on one database."""

    def __init__(self, do: Callable[[Job], Mapping[str, Any]]) -> None:
        """Take what is done.

        :param do: returns what can be told of several databases, with ``changed`` and ``warnings``.
        """
        self._do = do

    def __call__(self, job: Job) -> Answer:
        """Return the Outcome of a job."""
        result, error, stopped = tried(lambda: self._do(job))
        if error is not None:
            failed = {"error": error.to_result()}
            return Answer(Outcome(Fate.FAILED, {}, error=failed, sentence=error.sentence()), stopped)
        told: Dict[str, Any] = {key: result[key] for key in result if key not in ("changed", "warnings")}
        fate = Fate.CHANGED if result["changed"] else Fate.OK
        alike = json.dumps(told, sort_keys=True, default=str)
        return Answer(Outcome(fate, told, alike, warnings=tuple(result.get("warnings", ()))))
