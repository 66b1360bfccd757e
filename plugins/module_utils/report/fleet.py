# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a task on many databases is about, in a few lines: one for those that are alike, and one for each that failed.

Made of a result's own keys, as report/summary.py is.
"""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..wording import many
from .attention import Tone
from .plan import Fate
from .summary import BETWEEN, INDENT, Line, laid_out
from .words import clipped, columns_of, duration, harmless, padded

# More groups, or failures, than that are one line.
MOST_GROUPS = 8
MOST_FAILURES = 8
LONGEST_NAME = 40
LONGEST_ERROR = 200
LEAST_FOR_REST = 3
# Stands for the name of a database where sentences are compared.
ANY = "\0"

PLANNED = (Fate.REHEARSED.value, Fate.NOT_RUN.value)
Result = Mapping[str, Any]


class Alike(NamedTuple):
    """Databases that have failed of the same.

    :ivar who: the first of them, and how many others.
    :ivar version: of the migration that failed, if it was one.
    """

    who: str
    databases: int
    version: Optional[str]
    message: str


def failed_alike(failed: Iterable[Mapping[str, Any]]) -> List[Alike]:
    """Return who has failed, once for all that have failed of the same; the most frequent first.

    :param failed: name and error of each.
    """
    found: Dict[Tuple[Any, str], List[Mapping[str, Any]]] = {}
    for each in failed:
        error = each["error"]
        found.setdefault((error.get("version"), unnamed(error["message"], each["name"])), []).append(each)
    groups = sorted(found.items(), key=lambda item: -len(item[1]))
    return [
        Alike(_who(group[0]["name"], len(group)), len(group), version, group[0]["error"]["message"])
        for (version, dummy), group in groups
    ]


def unnamed(text: str, name: str) -> str:
    """Return a text by which sentences on several databases compare: a database's own name makes no difference.

    Only where the name stands by itself: a database ``shop`` may have a table ``shopping``.
    """
    return re.sub(r"(?<![\w$-])%s(?![\w$-])" % re.escape(name), ANY, text)


def _who(name: str, count: int) -> str:
    others = "" if count == 1 else " and 1 other" if count == 2 else " and %s others" % format(count - 1, ",")
    return clipped(harmless(name), LONGEST_NAME) + others


def whose(example: str, others: int) -> str:
    """Return whose it is that is shown once for several."""
    if not others:
        return harmless(example)
    same = "the same for 1 other" if others == 1 else "the same for %s others" % format(others, ",")
    return "%s, and %s" % (harmless(example), same)


def differing(example: str, others: int, reference: str) -> str:
    """Return whose schema it is that differs from that of most."""
    same = "" if not others else " (and that of 1 other)" if others == 1 else " (and that of %s others)" % others
    return "The schema of %s%s differs from that of %s:" % (harmless(example), same, harmless(reference))


def sentence(result: Result, words: Mapping[str, str] = MappingProxyType({})) -> str:
    """Return what happened, in one sentence.

    :param words: what to say of counts, by their keys, where that isn't what is said of a migration.
    """
    return "%s: %s in %s." % (
        many(_total(result["counts"]), "database"),
        ", ".join(_counted(result, words)),
        duration(result["duration_ms"]),
    )


def summary(result: Result) -> List[str]:
    """Return the lines as text, each as long as it is; [] where nothing was to be done and nothing failed."""
    return [text for text, dummy in laid_out(lines(result))]


def lines(result: Result) -> List[Line]:
    """Return the lines for a result; [] where nothing was to be done and nothing failed.

    :param result: with the keys target, counts, groups, groups_left_out, failed_databases and duration_ms.
    """
    has_news = any(result["counts"][key] for key in ("changed", "failed", "not_reached"))
    return [*_all_lines(result), *_to_approve(result)] if has_news else []


def listing(result: Result, words: Mapping[str, str]) -> List[str]:
    """Return the lines as text, also where there is no news; words as in sentence()."""
    return [text for text, dummy in laid_out(_all_lines(result, words))]


def _all_lines(result: Result, words: Mapping[str, str] = MappingProxyType({})) -> List[Line]:
    return [Line(_headline(result, words), tone=Tone.HEAD), *_of_groups(result), *_of_failures(result)]


def in_one_line(result: Result, columns: int) -> List[Tuple[str, Tone]]:
    """Return one line for a result, cut where it is too long; [] as lines() says."""
    return [(clipped(line.text, columns), line.tone) for line in lines(result)[:1]]


def progress(result: Mapping[str, int], total: int, seconds: float) -> str:
    """Return the line for a run on its way.

    :param result: how many are done, how many of them have failed, and how many only looked at, by these words.
    :param seconds: for how long it has been at work.
    """
    done, failed, looked = result["done"], result["failed"], result.get("looked", 0)
    parts = ["%s/%s databases" % (format(done, ","), format(total, ","))]
    parts += ["%s looked at" % format(done + looked, ",")] if looked else []
    parts += ["failed %s" % format(failed, ",")] if failed else []
    if not looked and done >= LEAST_FOR_REST and done < total:
        parts.append("about %s left" % duration(seconds / done * (total - done) * 1000))
    return INDENT + ", ".join(parts)


def _headline(result: Result, words: Mapping[str, str]) -> str:
    counts = result["counts"]
    parts = [harmless(result["target"] or ""), many(_total(counts), "database"), ", ".join(_counted(result, words))]
    return BETWEEN.join(filter(None, [*parts, duration(result["duration_ms"])]))


def _total(counts: Mapping[str, int]) -> int:
    return sum(counts.values())


def _counted(result: Result, words: Mapping[str, str]) -> List[str]:
    counts = result["counts"]
    said = {"changed": _changed(result["groups"]), "ok": "nothing to do", "failed": "failed"}
    said = {**said, "not_reached": "not reached", **words}
    return ["%s %s" % (format(counts[key], ","), said[key]) for key in said if counts[key]] or ["none was reached"]


def _changed(groups: Sequence[Result]) -> str:
    """Return what has become of those that had something to do."""
    rows = [row for group in groups if group["changed"] for row in group.get("plan") or ()]
    if not rows:
        return "changed"
    if any(row["outcome"] not in PLANNED for row in rows):
        return "rolled back" if any(row["outcome"] == Fate.ROLLED_BACK.value for row in rows) else "migrated"
    return "would change"


def _of_groups(result: Result) -> List[Line]:
    groups = result["groups"]
    shown, rest = groups[:MOST_GROUPS], groups[MOST_GROUPS:]
    cells = [(format(group["databases"], ","), _name(group["example"], group["databases"])) for group in shown]
    widths = [max((columns_of(cell[number]) for cell in cells), default=0) for number in (0, 1)]
    found = []
    for (count, name), group in zip(cells, shown):
        text = INDENT + " " * (widths[0] - columns_of(count)) + count + INDENT + padded(name, widths[1])
        said, tone = _said(group)
        found.append(Line(text, said, tone))
    left = len(rest) + result["groups_left_out"]
    if left:
        count = "" if result["groups_left_out"] else ", %s" % many(sum(each["databases"] for each in rest), "database")
        found.append(Line("%sand %s%s" % (INDENT, many(left, "further group"), count)))
    return found


def _name(example: str, count: int) -> str:
    return clipped(harmless(example), LONGEST_NAME) + (" …" if count > 1 else "")


def _said(group: Result) -> Tuple[str, Tone]:
    """Return what has become of the databases of a group."""
    if "said" in group:
        return harmless(group["said"]), Tone.PLAIN
    plan = group.get("plan") or ()
    at = harmless(group.get("current_version") or "0")
    if not plan:
        return ("changed" if group["changed"] else "nothing to do, at version %s" % at), Tone.PLAIN
    first, last = harmless(plan[0]["version"]), harmless(plan[-1]["version"])
    versions = first if len(plan) == 1 else "%s → %s" % (first, last)
    parts = ["%s, %s" % (many(len(plan), "migration"), versions)]
    hazards = list(dict.fromkeys(each["kind"] for each in group.get("hazards") or () if each["level"] != "instant"))
    parts += ["! " + ", ".join(hazards)] if hazards else []
    if group.get("drift"):
        parts.append("! its schema was changed by hand")
    elif group.get("differs"):
        parts.append("! its schema differs from %s's" % harmless(group["differs"]["example"]))
    return "; ".join(parts), Tone.LOOK if len(parts) > 1 else Tone.PLAIN


def _of_failures(result: Result) -> List[Line]:
    alike = failed_alike(result["failed_databases"])[:MOST_FAILURES]
    found = []
    for each in alike:
        at = " at %s" % harmless(each.version) if each.version else ""
        message = clipped(" ".join(harmless(each.message).split()), LONGEST_ERROR)
        found.append(Line("%s%s  failed%s:" % (INDENT, each.who, at), message, Tone.WRONG))
    left = result["counts"]["failed"] - sum(each.databases for each in alike)
    if left:
        found.append(Line("%sand %s more failed, see failed_databases" % (INDENT, format(left, ",")), "", Tone.WRONG))
    not_reached = result["counts"]["not_reached"]
    if not_reached:
        found.append(Line("%s%s not reached" % (INDENT, many(not_reached, "database")), "", Tone.LOOK))
    return found


def _to_approve(result: Result) -> List[Line]:
    """Return how to approve what was rehearsed, where all of it can be."""
    changed = [group for group in result["groups"] if group["changed"]]
    digests: List[Optional[str]] = list(dict.fromkeys(group.get("plan_digest") for group in changed))
    if not digests or None in digests or result["counts"]["failed"] or result["groups_left_out"]:
        return []
    return [Line(INDENT + "to approve: expect: " + _list(map(str, digests)))]


def _list(digests: Iterable[str]) -> str:
    found = [harmless(each) for each in digests]
    return found[0] if len(found) == 1 else "[%s]" % ", ".join(found)
