# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pg_migration_mark: parameters in, result out."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Sequence

from .. import errors, model
from ..commands.mark import Mark, MarkRequest, mark
from ..commands.reduce import Reduced, ReduceRequest, reduce
from . import sent
from .parameters import scripts_and_history
from .target import target

# Of the options' states the one that is about the history, and no version's.
REDUCED = "reduced"


def pg_migration_mark(module: Any) -> Dict[str, Any]:
    """Run the task.

    :raises MigrationError: when a version is unknown, or database, lock or history can't be had.
    """
    params = sent.parameters(module)
    if params["state"] == REDUCED:
        return _reduce(module)
    if params["versions"] is None:
        raise errors.OptionInvalid(
            "state: %s needs versions" % params["state"], hint="Name the versions to mark; only reduced has none."
        )
    request = MarkRequest(
        target=target(params),
        **scripts_and_history(params),
        versions=tuple(params["versions"]),
        state=model.State(params["state"]),
        lock_wait=params["lock_wait"],
        checking=module.check_mode,
    )
    if params["databases"] is not None:
        return _on_many(params, request, lambda each: _marked(each, params["state"]))
    return _marked(request, params["state"])


def _marked(request: MarkRequest, state: str) -> Dict[str, Any]:
    """Mark in one database."""
    warnings: List[str] = []
    marks = mark(request, warnings.append)
    changed = [each for each in marks if each.written]
    return {
        "changed": bool(changed),
        "msg": _sentence(changed, state, request.checking),
        "marked": [{"version": each.version, "name": each.name, "before": each.before.value} for each in changed],
        "diff": {"before": _lines(marks, "before"), "after": _lines(marks, "after")},
        "warnings": warnings,
    }


def _on_many(params: Dict[str, Any], request: Any, do: Callable[[Any], Dict[str, Any]]) -> Dict[str, Any]:
    """Run the task on many databases. What does that is imported only for them."""
    from ..report.fleet import listing, sentence
    from . import fleet

    def of_one(each: Any, job: Any) -> Dict[str, Any]:
        result = do(each._replace(lock_wait=request.lock_wait if job.is_patient else 0))
        said = result.pop("msg").rstrip(".")
        return {**result, "said": said, "diff": [result["diff"]]}

    result = fleet.ask(params, request, of_one)
    words = {"changed": "would change" if request.checking else "changed", "ok": "as they should be"}
    return {**result, "msg": sentence(result, words), "summary": listing(result, words)}


def _sentence(changed: List[Mark], state: str, checking: bool) -> str:
    if not changed:
        return "All of them are %s already." % state
    return "%s %s as %s." % ("Would mark" if checking else "Marked", ", ".join(each.version for each in changed), state)


def _reduce(module: Any) -> Dict[str, Any]:
    params = sent.parameters(module)
    if params["versions"] is not None:
        raise errors.OptionInvalid(
            "state: reduced and versions exclude each other",
            hint="It is the history that is reduced, and no version is marked. Leave one out.",
        )
    where = scripts_and_history(params)
    table, repository_id = where["history_table"], where["repository_id"]
    request = ReduceRequest(target(params), table, repository_id, params["lock_wait"], module.check_mode)
    if params["databases"] is not None:
        return _on_many(params, request, _reduced)
    return _reduced(request)


def _reduced(request: ReduceRequest) -> Dict[str, Any]:
    """Reduce the history of one database."""
    found = reduce(request)
    return {
        "changed": bool(found.taken),
        "msg": _of_reduced(found, request.checking),
        "marked": [],
        "columns": list(found.taken),
        "diff": {"before": _columns(found.before), "after": _columns(found.after)},
    }


def _of_reduced(found: Reduced, checking: bool) -> str:
    if not found.before:
        return "There is no history %s." % found.table
    if not found.taken:
        return "The history %s has no further columns." % found.table
    verb = "Would move" if checking else "Moved"
    return "%s the columns %s of %s into its log." % (verb, ", ".join(found.taken), found.table)


def _columns(columns: Sequence[str]) -> str:
    return "".join(each + "\n" for each in columns)


def _lines(marks: List[Mark], when: str) -> str:
    return "".join("%s %s\n" % (each.version, getattr(each, when).value) for each in marks)
