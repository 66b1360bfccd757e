# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pg_migration_mark: parameters in, result out."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Sequence

from .. import errors, model
from ..commands.mark import Mark, MarkRequest, mark
from ..commands.reduce import Reduced, ReduceRequest, reduce
from ..databases.tools import Tools
from . import sent
from .entry import run_program
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
    accepting = _accepting(module, params)
    if params["versions"] is None and accepting is None:
        raise errors.OptionInvalid(
            "state: %s needs versions" % params["state"],
            hint="Name the versions to mark; only with reduced, and with accept_drift, there need be none.",
        )
    warnings: List[str] = []
    marks = mark(
        MarkRequest(
            target=target(params),
            **scripts_and_history(params),
            versions=tuple(params["versions"] or ()),
            state=model.State(params["state"]),
            lock_wait=params["lock_wait"],
            checking=module.check_mode,
        ),
        warnings.append,
        accepting,
    )
    return {**_result(marks, params["state"], module.check_mode, accepting), "warnings": warnings}


def _accepting(module: Any, params: Mapping[str, Any]) -> Any:
    """Return what takes the live schema as known; None: nobody has asked for it."""
    if params["accept_drift"] is None:
        return None
    from ..commands.accept_drift import Accepting

    return Accepting(params["accept_drift"], Tools(run_program(module), module.tmpdir, params["postgresql_bin_dir"]))


def _result(marks: Sequence[Mark], state: str, checking: bool, accepting: Any) -> Dict[str, Any]:
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
    return {**result, "msg": " ".join(told), "diff": diff}


def _sentence(changed: List[Mark], state: str, checking: bool) -> str:
    if not changed:
        return "All of them are %s already." % state
    return "%s %s as %s." % ("Would mark" if checking else "Marked", ", ".join(each.version for each in changed), state)


def _reduce(module: Any) -> Dict[str, Any]:
    params = sent.parameters(module)
    for name in ("versions", "accept_drift"):
        if params[name] is not None:
            raise errors.OptionInvalid(
                "state: reduced and %s exclude each other" % name,
                hint="It is the history that is reduced, and no version is marked. Leave one out.",
            )
    where = scripts_and_history(params)
    table, repository_id = where["history_table"], where["repository_id"]
    request = ReduceRequest(target(params), table, repository_id, params["lock_wait"], module.check_mode)
    found = reduce(request)
    return {
        "changed": bool(found.taken),
        "msg": _of_reduced(found, module.check_mode),
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


def _lines(marks: Sequence[Mark], when: str) -> str:
    return "".join("%s %s\n" % (each.version, getattr(each, when).value) for each in marks)
