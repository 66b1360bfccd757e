# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pg_migration_mark: parameters in, result out."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from .. import errors, model
from ..commands.mark import Mark, MarkRequest, mark
from ..commands.retire import retire
from ..commands.upkeep import Reduced, UpkeepRequest, rebuild, reduce, trim
from ..databases.tools import Tools
from ..wording import many
from . import sent
from .entry import run_program
from .parameters import scripts_and_history
from .target import target

# Of the options' states those that a version may be marked as; the others are about the history, or about files.
STATES = ("applied", "pending", "deferred")
RETIRED, REDUCED, TRIMMED, REBUILT = "retired", "reduced", "trimmed", "rebuilt"


def pg_migration_mark(module: Any) -> Dict[str, Any]:
    """Run the task.

    :raises MigrationError: when a version is unknown, or database, lock or history can't be had.
    """
    params = sent.parameters(module)
    _check(params)
    if params["state"] == REDUCED:
        return _do(params, _upkeep(module, params), _reduced)
    if params["state"] == TRIMMED:
        return _do(params, _upkeep(module, params), _trimmed)
    if params["state"] == REBUILT:
        return _do(params, _upkeep(module, params), lambda each: _rebuilt(each, params["versions"]))
    request = MarkRequest(
        target=target(params),
        **scripts_and_history(params),
        versions=tuple(params["versions"] or ()),
        state=model.State(params["state"]) if params["state"] != RETIRED else model.State.APPLIED,
        lock_wait=params["lock_wait"],
        checking=module.check_mode,
    )
    if params["state"] == RETIRED:
        return _do(params, request, _retired)
    accepting = _accepting(module, params)
    return _do(params, request, lambda each: _marked(each, params["state"], accepting))


def _do(params: Dict[str, Any], request: Any, do: Callable[[Any], Dict[str, Any]]) -> Dict[str, Any]:
    """Do it in one database, or in many. What does that in many is imported only for them."""
    if params["databases"] is None:
        return do(request)
    from ..report.fleet import listing, sentence
    from . import fleet

    def of_one(each: Any, job: Any) -> Dict[str, Any]:
        result = do(each._replace(lock_wait=request.lock_wait if job.is_patient else 0))
        said = result.pop("msg").rstrip(".")
        return {**result, "said": said, "diff": [result["diff"]]}

    result = fleet.ask(params, request, of_one)
    words = {"changed": "would change" if request.checking else "changed", "ok": "as they should be"}
    return {**result, "msg": sentence(result, words), "summary": listing(result, words)}


def _check(params: Mapping[str, Any]) -> None:
    """Refuse options that exclude each other, or that one lacks.

    :raises OptionInvalid: names them.
    """
    state = params["state"]
    if params["databases"] is not None and params["accept_drift"] is not None:
        raise errors.OptionInvalid(
            "databases and accept_drift exclude each other",
            hint="Look at the drift of each database, and accept it there.",
        )
    both = ("versions", "accept_drift")
    wrong = {REDUCED: both, TRIMMED: both, RETIRED: both[1:], REBUILT: both[1:]}
    for name in wrong.get(state, ()):
        if params[name] is not None:
            raise errors.OptionInvalid(
                "state: %s and %s exclude each other" % (state, name),
                hint="With state: %s that has no meaning. Leave one out." % state,
            )
    if (state == TRIMMED) != (params["log_retention"] is not None):
        raise errors.OptionInvalid(
            "state: trimmed and log_retention belong together",
            hint="log_retention says how many days of the log stay with state: trimmed. Set both, or none of them.",
        )
    if state in STATES and params["versions"] is None and params["accept_drift"] is None:
        raise errors.OptionInvalid(
            "state: %s needs versions" % state,
            hint="Name the versions to mark. Only the other states, and accept_drift, can do without.",
        )


def _accepting(module: Any, params: Mapping[str, Any]) -> Any:
    """Return what takes the live schema as known; None: nobody has asked for it."""
    if params["accept_drift"] is None:
        return None
    from ..commands.accept_drift import Accepting

    return Accepting(params["accept_drift"], Tools(run_program(module), module.tmpdir, params["postgresql_bin_dir"]))


def _marked(request: MarkRequest, state: str, accepting: Any) -> Dict[str, Any]:
    """Mark in one database."""
    warnings: List[str] = []
    marks, checking = mark(request, warnings.append, accepting), request.checking
    changed = [each for each in marks if each.written]
    told = [_sentence(changed, state, checking)] if marks or accepting is None else []
    diff: Any = {"before": _lines(marks, "before"), "after": _lines(marks, "after")}
    result = {
        "changed": bool(changed),
        "marked": [{"version": each.version, "name": each.name, "before": each.before.value} for each in changed],
    }
    if accepting is not None:
        from ..report.drift import drift_sentence, drift_shown

        shown = drift_shown(accepting.found)
        diff = [*([diff] if marks else []), *shown.pop("diff", [])]
        verb = "Would take" if checking else "Took"
        told.append(("%s the live schema as known; " % verb if accepting.written else "Nothing to accept: ") + "%s.")
        told[-1] %= drift_sentence(accepting.found)
        result.update(shown, changed=bool(changed) or accepting.written)
    return {**result, "msg": " ".join(told), "diff": diff, "warnings": warnings}


def _sentence(changed: List[Mark], state: str, checking: bool) -> str:
    if not changed:
        return "All of them are %s already." % state
    return "%s %s as %s." % ("Would mark" if checking else "Marked", ", ".join(each.version for each in changed), state)


def _upkeep(module: Any, params: Mapping[str, Any]) -> UpkeepRequest:
    where = scripts_and_history(params)
    place = (target(params), where["history_table"], where["repository_id"])
    return UpkeepRequest(*place, params["lock_wait"], module.check_mode, params["log_retention"] or 0)


def _reduced(request: UpkeepRequest) -> Dict[str, Any]:
    """Reduce the history of one database."""
    found = reduce(request)
    return {
        "changed": bool(found.taken),
        "msg": _of_reduced(found, request.checking),
        "marked": [],
        "columns": list(found.taken),
        "diff": {"before": _columns(found.before), "after": _columns(found.after)},
    }


def _trimmed(request: UpkeepRequest) -> Dict[str, Any]:
    """Trim the log of one database."""
    found = trim(request)
    verb = "Would take" if request.checking else "Took"
    gone, stay = many(found.gone, "event"), "%s stay%s" % (format(found.left, ","), "s" if found.left == 1 else "")
    what = "%s %s out of the log %s; %s." % (verb, gone, found.log, stay)
    nothing = "The log %s has nothing that may go." % found.log
    lines = [many(count, "event") + "\n" for count in (found.gone + found.left, found.left)]
    return {
        "changed": bool(found.gone),
        "msg": what if found.gone else nothing,
        "marked": [],
        "diff": {"before": lines[0], "after": lines[1]},
    }


def _rebuilt(request: UpkeepRequest, versions: Optional[Sequence[str]]) -> Dict[str, Any]:
    """Give the history of one database back what its log tells of."""
    found = rebuild(request, versions)
    verb = "Would give" if request.checking else "Gave"
    what = "%s %s back to the history %s, from its log." % (verb, many(len(found.rows), "row"), found.table)
    return {
        "changed": bool(found.rows),
        "msg": what if found.rows else "The history %s has all that its log tells of." % found.table,
        "marked": [{"version": row[0], "name": row[1], "before": "lost"} for row in found.rows],
        "diff": {
            "before": "",
            "after": "".join("%s %s\n" % (row[0], " ".join(filter(None, row[2:]))) for row in found.rows),
        },
    }


def _retired(request: MarkRequest) -> Dict[str, Any]:
    """Retire the migrations of one database whose files are gone."""
    warnings: List[str] = []
    found = retire(request, warnings.append)
    versions = [str(row.version) for row in found.anew]
    verb = "Would retire" if request.checking else "Retired"
    nothing = "No file of an applied migration is gone, but of those that are retired already."
    every = [(str(row.version), "missing") for row in found.anew] + [
        (str(row.version), "retired") for row in found.before
    ]
    return {
        "changed": bool(versions),
        "msg": "%s %s." % (verb, ", ".join(versions)) if versions else nothing,
        "marked": [{"version": str(row.version), "name": row.name, "before": "applied"} for row in found.anew],
        "diff": {
            "before": "".join("%s %s\n" % each for each in every),
            "after": "".join("%s retired\n" % version for version, dummy in every),
        },
        "warnings": warnings,
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


def _lines(marks: Sequence[Mark], when: str) -> str:
    return "".join("%s %s\n" % (each.version, getattr(each, when).value) for each in marks)
