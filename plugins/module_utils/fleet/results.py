# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task on many databases returns: a few numbers, what is alike once, and who has failed."""

from __future__ import annotations

from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence

from ..report import fleet as report
from .failures import DatabasesFailed
from .tally import MOST_GROUPS, Fate, Group, Tally

MOST_NAMED = 3
AGAIN = "Run the task again when that is corrected: what is done stays done. Each error is in failed_databases."


def result_of(
    tally: Tally, address: str, seconds: float, shown: Optional[Callable[[Group], Dict[str, Any]]] = None
) -> Dict[str, Any]:
    """Return the result, with its lines for people.

    :param address: of the server.
    :param seconds: how long all of it took.
    :param shown: returns a group as it is in the result; None: as pg_migrate's.
    """
    groups = tally.groups()
    counts = {fate.value: tally.counts[fate] for fate in Fate}
    result: Dict[str, Any] = {
        "changed": bool(tally.counts[Fate.CHANGED]) or any(_has_applied(each[1].error) for each in tally.failures),
        "target": address,
        "duration_ms": round(seconds * 1000),
        "counts": {**counts, "not_reached": tally.total - tally.reached},
        "groups": [(shown or _group)(group) for group in groups[:MOST_GROUPS]],
        "groups_left_out": max(0, len(groups) - MOST_GROUPS),
        "failed_databases": [{"name": name, **(outcome.error or {})} for name, outcome in tally.failures],
        "warnings": tally.warnings(),
    }
    if any("pending_count" in group.told for group in groups):
        result["pending_databases"] = sum(group.count for group in groups if group.told.get("pending_count"))
    diffs = _diffs(groups[:MOST_GROUPS])
    if diffs is not None:
        result["diff"] = diffs
    return {**result, "msg": report.sentence(result), "summary": report.summary(result)}


def error_of(tally: Tally) -> Optional[DatabasesFailed]:
    """Return the error of a task in which databases have failed; None: none has."""
    if not tally.failed:
        return None
    alike = report.failed_alike([{"name": name, **(outcome.error or {})} for name, outcome in tally.failures])
    said = ["%s: %s" % (each.who, each.message.rstrip(".")) for each in alike[:MOST_NAMED]]
    more = tally.failed - sum(each.databases for each in alike[:MOST_NAMED])
    said += ["and %s more" % format(more, ",")] if more else []
    left = tally.total - tally.reached
    said += ["%s weren't reached" % format(left, ",")] if left else []
    counted = "%s of %s databases failed" % (format(tally.failed, ","), format(tally.total, ","))
    return DatabasesFailed("%s. %s" % (counted, "; ".join(said)), hint=_hint(tally))


def _hint(tally: Tally) -> str:
    """Return what to do; where all failures have one hint, that too."""
    hints = {(outcome.error or {}).get("error", {}).get("hint") for dummy, outcome in tally.failures}
    return " ".join(filter(None, [*(hints if len(hints) == 1 else ()), AGAIN]))


def _has_applied(error: Optional[Mapping[str, Any]]) -> bool:
    return bool(error and (error.get("applied") or error.get("rolled_back")))


def plainly(group: Group) -> Dict[str, Any]:
    """Return a group with all that is told of it."""
    return {**_counted(group), **{key: value for key, value in group.told.items() if key != "diff"}}


def _counted(group: Group) -> Dict[str, Any]:
    return {
        "databases": group.count,
        "example": group.names[0],
        "names": list(group.names),
        "changed": group.fate is Fate.CHANGED,
    }


def _group(group: Group) -> Dict[str, Any]:
    told = group.told
    plan = told.get("plan", ())
    digest = told.get("plan_digest")
    shown: Dict[str, Any] = {
        **_counted(group),
        "current_version": told.get("current_version"),
        "migrations": [row["version"] for row in plan],
        "plan": list(plan),
        "hazards": list(told.get("hazards", ())),
        "plan_digest": digest,
        "schema_digest": digest.rsplit("-", 3)[-3] if digest else None,
        "diff": "".join(each["prepared"] for each in told.get("diff", ())),
    }
    further = ("differs", "drift", "rehearsal", "cluster_changes", "prechecks")
    return {**shown, **{key: told[key] for key in further if key in told}}


def _diffs(groups: Sequence[Group]) -> Optional[List[Dict[str, str]]]:
    """Return the diff of each group, with whose it is in front; None: nobody has looked."""
    if not any("diff" in group.told for group in groups):
        return None
    found: List[Dict[str, str]] = []
    for group in groups:
        differs = group.told.get("differs")
        if differs and "drift" not in group.told:  # which says the same, and more
            head = report.differing(group.names[0], group.others, differs["example"])
            found.append({"prepared": "%s\n%s" % (head, differs["diff"])})
        diffs = group.told.get("diff") if group.fate is Fate.CHANGED else None
        if diffs:
            found += [{"prepared": report.whose(group.names[0], group.others) + "\n"}, *diffs]
    return found
