# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report says, in the order in which a person wants to know it: a result as values, without any markup."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..module_utils.hazard import Level
from ..module_utils.report.attention import named
from ..module_utils.report.plan import FAILURES, Fate
from ..module_utils.report.words import duration, harmless, size
from ..module_utils.wording import many

Result = Mapping[str, Any]
# The worst first.
LEVELS = [level.value for level in reversed(list(Level))]
HEADLINES = {
    "data_loss": "Rows are lost",
    "breaks_application": "What applications use is gone or renamed",
    "rewrite": "Rows, or whole tables, are written anew",
    "scan": "Whole tables are read while others may wait",
    "instant": "A lock for a moment",
}
FATES = {
    Fate.APPLIED.value: "applied",
    Fate.ROLLED_BACK.value: "rolled back",
    Fate.REHEARSED.value: "rehearsed",
    Fate.FAILED.value: "failed",
    Fate.FAILED_IN_REHEARSAL.value: "failed in the rehearsal",
    Fate.NOT_RUN.value: "not run",
}
STRENGTH = ("RowExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock")
VERDICTS = {"passed": "satisfied", "violated": "violated", "not_checked": "not looked at"}


class Danger(NamedTuple):
    """One hazard, in words.

    :ivar where: the table, and how large it is.
    :ivar does: what it does to others; instead: what to do instead.
    """

    version: str
    kind: str
    where: str
    detail: str
    does: str
    instead: str


class Page(NamedTuple):
    """A report.

    :ivar state: ok, look or failed.
    :ivar verdict: one sentence.
    :ivar facts: what it is about: label and value.
    :ivar expect: what approves it; None: nothing does.
    :ivar error: what went wrong.
    :ivar dangers: by level, the worst first: level, headline and hazards.
    :ivar prechecks: migration, table, what is asked, verdict, reason.
    :ivar migrations: a line of MIGRATION_COLUMNS each.
    :ivar tables: as in the result.
    :ivar objects: the diff of each object, as in the result.
    :ivar scripts: the SQL, as in the result.
    :ivar drift: since when, and the diff.
    """

    state: str
    verdict: str
    facts: Sequence[Tuple[str, str]]
    expect: Optional[str]
    error: Optional[str]
    dangers: Sequence[Tuple[str, str, Sequence[Danger]]]
    prechecks: Sequence[Tuple[str, ...]]
    migrations: Sequence[Tuple[str, ...]]
    tables: Sequence[Mapping[str, Any]]
    tables_left_out: int
    objects: Sequence[Mapping[str, Any]]
    objects_left_out: int
    scripts: Sequence[Mapping[str, Any]]
    scripts_left_out: int
    drift: Optional[Tuple[str, str]]
    cluster_changes: Sequence[str]
    not_proved: Sequence[str]
    versions: Sequence[Tuple[str, str]]


MIGRATION_COLUMNS = (
    "Migration",
    "Name",
    "State",
    "Time",
    "Strongest lock",
    "Rows",
    "Rewritten",
    "Transaction",
    "Way back",
)
PRECHECK_COLUMNS = ("Migration", "Table", "What is asked of its rows", "Verdict", "")


def page_of(result: Result) -> Page:
    """Return what a report says of a result of pg_migrate.

    :raises ValueError: when it is none.
    """
    if not isinstance(result, Mapping) or "plan" not in result and "error" not in result:
        raise ValueError("this is no result of pgops.migrations.pg_migrate")
    plan, more = list(result.get("plan") or ()), result.get("report") or {}
    rehearsal = result.get("rehearsal") or {}
    dangers, error = _dangers(result), result.get("error")
    drift = result.get("drift")
    return Page(
        _state(result, plan),
        _verdict(result, plan),
        _facts(result, plan),
        None if error else result.get("plan_digest"),
        str(error["message"]) if error else None,
        dangers,
        [_precheck(each) for each in result.get("prechecks") or ()],
        [_migration(row, result) for row in plan],
        *(more.get("tables") or (), more.get("tables_left_out") or 0),
        *(more.get("objects") or (), more.get("objects_left_out") or 0),
        *(more.get("scripts") or (), more.get("scripts_left_out") or 0),
        (str(drift["since"]), str(drift["diff"])) if drift else None,
        result.get("cluster_changes") or (),
        rehearsal.get("not_proved") or (),
        _versions(result, more),
    )


def _needs_look(result: Result) -> List[str]:
    """Return the versions that need a person."""
    hazards = [each["version"] for each in result.get("hazards") or () if each["level"] != Level.INSTANT.value]
    violated = [each["version"] for each in result.get("prechecks") or () if each["verdict"] == "violated"]
    return list(dict.fromkeys([*violated, *hazards]))


def _state(result: Result, plan: Sequence[Mapping[str, Any]]) -> str:
    if result.get("error") or any(row["outcome"] in FAILURES for row in plan):
        return "failed"
    return "look" if _needs_look(result) else "ok"


def _verdict(result: Result, plan: Sequence[Mapping[str, Any]]) -> str:
    if result.get("error"):
        return "This can't be applied as it is."
    if not plan:
        return "There is nothing to do."
    looks = len(_needs_look(result))
    fates = {row["outcome"] for row in plan}
    what = many(len(plan), "migration")
    if fates <= {Fate.APPLIED.value, Fate.ROLLED_BACK.value}:
        return "%s %s." % (what, FATES[plan[0]["outcome"]])
    passed = "passed the rehearsal" if Fate.NOT_RUN.value not in fates else "would run, not all of them rehearsed"
    look = "%d need%s a look" % (looks, "s" if looks == 1 else "") if looks else "none needs a look"
    return "%s %s; %s." % (what, passed, look)


def _facts(result: Result, plan: Sequence[Mapping[str, Any]]) -> List[Tuple[str, str]]:
    rehearsal = result.get("rehearsal") or {}
    took = rehearsal.get("duration_ms")
    where = rehearsal.get("where")
    versions = " → ".join(dict.fromkeys(str(plan[number]["version"]) for number in (0, -1))) if plan else ""
    facts = [
        ("Database", result.get("target") or ""),
        ("Versions", versions),
        ("Rehearsed", "" if not where else ", as ".join(filter(None, [where, rehearsal.get("role")])) + _took(took)),
        ("Schema", _schema(result.get("schema_changed"))),
    ]
    return [(label, harmless(value)) for label, value in facts if value]


def _schema(changes: Optional[bool]) -> str:
    if changes is None:
        return ""
    return "changes" if changes else "stays as it is"


def _took(milliseconds: Optional[int]) -> str:
    return "" if milliseconds is None else ", in " + duration(milliseconds)


def _dangers(result: Result) -> List[Tuple[str, str, Sequence[Danger]]]:
    by_level: Dict[str, List[Mapping[str, Any]]] = {}
    for each in result.get("hazards") or ():
        by_level.setdefault(each["level"], []).append(each)
    return [
        (level, HEADLINES[level], [_danger(each) for each in sorted(by_level[level], key=_largest)])
        for level in LEVELS
        if level in by_level
    ]


def _largest(hazard: Mapping[str, Any]) -> int:
    return -(hazard["size_bytes"] or 0)


def _danger(hazard: Mapping[str, Any]) -> Danger:
    known = [size(hazard["size_bytes"])] if hazard["size_bytes"] is not None else []
    known += ["about " + many(hazard["row_estimate"], "row")] if hazard["row_estimate"] is not None else []
    table = named(hazard["table"]) if hazard["table"] else "the cluster"
    return Danger(
        str(hazard["version"]),
        hazard["kind"],
        table + (" (%s)" % ", ".join(known) if known else ""),
        hazard["detail"] or "",
        hazard["does"],
        hazard["instead"],
    )


def _precheck(each: Mapping[str, Any]) -> Tuple[str, ...]:
    verdict = VERDICTS.get(each["verdict"], each["verdict"])
    return str(each["version"]), named(each["table"]), each["constraint"], verdict, each["reason"] or ""


def _migration(row: Mapping[str, Any], result: Result) -> Tuple[str, ...]:
    hazards = [each for each in result.get("hazards") or () if each["version"] == row["version"]]
    locks = [each for each in hazards if each["lock"]]
    strongest = max(locks, key=_strength, default=None)
    rewritten = sum(each["size_bytes"] or 0 for each in hazards if each["kind"] == "table_rewrite")
    return (
        str(row["version"]),
        str(row["name"]),
        FATES.get(row["outcome"], row["outcome"]),
        "" if row["duration_ms"] is None else duration(row["duration_ms"]),
        "" if strongest is None else "%s on %s" % (strongest["lock"], named(strongest["table"] or "")),
        "" if row["rows_changed"] is None else format(row["rows_changed"], ","),
        size(rewritten) if rewritten else "",
        _yes(row["transactional"]),
        _yes(row.get("reversible")),
    )


def _strength(hazard: Mapping[str, Any]) -> int:
    return STRENGTH.index(hazard["lock"]) if hazard["lock"] in STRENGTH else -1


def _yes(answer: Optional[bool]) -> str:
    if answer is None:
        return ""
    return "yes" if answer else "no"


def _versions(result: Result, more: Mapping[str, Any]) -> List[Tuple[str, str]]:
    is_ahead = any(row["outcome"] == Fate.REHEARSED.value for row in result.get("plan", ()))
    found = [
        ("pgops.migrations", more.get("collection_version")),
        ("Highest version on disk", result.get("latest_version")),
        ("Highest version that %s applied" % ("would be" if is_ahead else "is"), result.get("current_version")),
    ]
    return [(label, harmless(value)) for label, value in found if value]
