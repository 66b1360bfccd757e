# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run is about in a few lines: where, how many migrations, which of them needs a look, how to approve it.

Made of a result's own keys, by the module for the result, and by the action plugin for the terminal.
"""

from __future__ import annotations

from typing import Any, Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..wording import many
from .attention import Notice, Tone, notice_of
from .plan import FAILURES, Fate
from .words import clipped, columns_of, duration, harmless, padded, wrapped

Row = Mapping[str, Any]

# More migrations than that are folded into one line, but for the first of those that need a look.
MOST_LINES = 12
MOST_NOTICES = 9
LONGEST_NAME = 40
LEAST_TIME = len("99 ms")
LONGEST_HEAD = 60
FOLDED_OBJECTS = 4
BETWEEN = " · "
INDENT = "  "
BELOW = "      "
ON = {
    "server": "on a scratch copy",
    "cluster": "in a throwaway cluster",
    "file": "on a copy of the file",
    "empty": "in an empty throwaway cluster",
    "database": "in the database that rehearsal_database_url names",
}


class Line(NamedTuple):
    """One line: what stands in its columns, and behind them what there is to say."""

    text: str
    said: str = ""
    tone: Tone = Tone.PLAIN


def summary(result: Mapping[str, Any]) -> List[str]:
    """Return the lines as text, each as long as it is; [] where nothing was to be done."""
    return [text for text, dummy in laid_out(lines(result))]


def lines(result: Mapping[str, Any]) -> List[Line]:
    """Return the lines for a result of pg_migrate; [] where nothing was to be done.

    :param result: with the keys plan, target, hazards, prechecks, rehearsal, plan_digest, drift, tested and error, as
        far as they are there.
    """
    plan: Sequence[Row] = result.get("plan") or ()
    if not plan:
        return []
    notices = [notice_of(row, result) for row in plan]
    failed = _failed_of(plan)
    if failed is not None:
        notices[failed + 1 :] = [Notice("· not run")] * (len(plan) - failed - 1)
    return [_headline(result, plan, notices), *_rows(plan, notices), *_behind(result, plan)]


def in_one_line(result: Mapping[str, Any], columns: int) -> List[Tuple[str, Tone]]:
    """Return one line for a result, cut where it is too long; [] where nothing was to be done."""
    plan: Sequence[Row] = result.get("plan") or ()
    if not plan:
        return []
    whole = _headline(result, plan, [notice_of(row, result) for row in plan], with_versions=False)
    return [(clipped(whole.text, columns), whole.tone)]


def _headline(
    result: Mapping[str, Any], plan: Sequence[Row], notices: Iterable[Notice], with_versions: bool = True
) -> Line:
    """Return where, what has become of it, how many migrations, and how many of them need a look."""
    first, last = (harmless(plan[number]["version"]) for number in (0, -1))
    versions = "" if not with_versions else ", " + (first if len(plan) == 1 else "%s → %s" % (first, last))
    planned = all(row["outcome"] in (Fate.REHEARSED.value, Fate.NOT_RUN.value) for row in plan)
    looks = sum(notice.needs_look for notice in notices) if planned else 0
    said = [
        harmless(result.get("target") or ""),
        _what_became(result, plan),
        many(len(plan), "migration") + versions,
        "%d need%s a look" % (looks, "s" if looks == 1 else "") if looks else "",
    ]
    return Line(BETWEEN.join(filter(None, said)), tone=Tone.HEAD)


def _failed_of(plan: Sequence[Row]) -> Optional[int]:
    """Return the number of the migration that failed, if one did."""
    return next((number for number, row in enumerate(plan) if row["outcome"] in FAILURES), None)


def _what_became(result: Mapping[str, Any], plan: Sequence[Row]) -> str:
    by_fate: Dict[str, List[Row]] = {}
    for row in plan:
        by_fate.setdefault(row["outcome"], []).append(row)
    done = by_fate.get(Fate.APPLIED.value, []) + by_fate.get(Fate.ROLLED_BACK.value, [])
    if result.get("tested"):
        return "tested " + _where(result)
    failed = _failed_of(plan)
    if failed is not None:
        where = " in the rehearsal" if plan[failed]["outcome"] != Fate.FAILED.value else ""
        return "failed at %s%s, %d applied" % (harmless(plan[failed]["version"]), where, len(done))
    if done:
        verb = "rolled back" if Fate.ROLLED_BACK.value in by_fate else "applied"
        part = "" if len(done) == len(plan) else "%d of %d " % (len(done), len(plan))
        return "%s%s in %s" % (part, verb, duration(sum(row["duration_ms"] for row in done)))
    if result.get("rehearsal"):
        took = result["rehearsal"].get("duration_ms")
        return "rehearsed %s%s" % (_where(result), "" if took is None else " in " + duration(took))
    return "failed" if result.get("error") else "not rehearsed"


def _where(result: Mapping[str, Any]) -> str:
    return ON.get((result.get("rehearsal") or {}).get("on", ""), "")


def _rows(plan: Sequence[Row], notices: Sequence[Notice]) -> List[Line]:
    """Return a line for each migration, or for the first that need a look and one for the rest."""
    numbered = list(zip(plan, notices))
    if len(numbered) <= MOST_LINES:
        return _aligned(numbered)
    worst = sorted(range(len(numbered)), key=lambda number: -notices[number].weight)[:MOST_NOTICES]
    shown = {number for number in worst if notices[number].weight}
    rest = [each for number, each in enumerate(numbered) if number not in shown]
    return [*_aligned([numbered[number] for number in sorted(shown)]), _folded(rest, bool(shown))]


def _aligned(shown: Sequence[Tuple[Row, Notice]]) -> List[Line]:
    if not shown:
        return []
    cells = [_cells(row) for row, dummy in shown]
    widths = [max(map(columns_of, column)) for column in zip(*cells)]
    widths[3] = max(widths[3], LEAST_TIME) if widths[3] else 0
    found = []
    for (version, name, kind, took), (dummy, notice) in zip(cells, shown):
        columns = [padded(version, widths[0]), padded(name, widths[1]), padded(kind, widths[2])]
        columns += [" " * (widths[3] - columns_of(took)) + took] if widths[3] else []
        found.append(Line(INDENT + INDENT.join(columns), notice.said, notice.tone))
    return found


def _cells(row: Row) -> Tuple[str, str, str, str]:
    took = row["duration_ms"]
    name = clipped(harmless(row["name"]), LONGEST_NAME)
    return harmless(row["version"]), name, row["kind"], "" if took is None else duration(took)


def _folded(rest: Sequence[Tuple[Row, Notice]], others: bool) -> Line:
    """Return one line for many migrations: their kinds, their time, and what they make, alter and drop."""
    rows = [row for row, dummy in rest]
    count = "and %s more" % format(len(rows), ",") if others else "%s" % many(len(rows), "migration")
    kinds = ", ".join(dict.fromkeys(str(row["kind"]) for row in rows))
    took = [row["duration_ms"] for row in rows if row["duration_ms"] is not None]
    text = INDENT + INDENT.join(filter(None, [count, kinds, duration(sum(took)) if took else ""]))
    looks = sum(notice.needs_look for dummy, notice in rest)
    said = ["! %s need a look" % format(looks, ",")] if looks else []
    return Line(text, ", ".join([*said, *_counted(rows)]), Tone.LOOK if looks else Tone.PLAIN)


def _counted(rows: Iterable[Row]) -> List[str]:
    """Return how many objects of which kind are made, altered and dropped, the most frequent first."""
    counts: Dict[Tuple[str, str], int] = {}
    for each in (each for row in rows for each in row["objects"]):
        mark, dummy, named = each.partition(" ")
        kind = named.partition(" ")[0]
        counts[mark, kind] = counts.get((mark, kind), 0) + 1
    most = sorted(counts.items(), key=lambda item: -item[1])[:FOLDED_OBJECTS]
    return ["%s %s" % (mark, _plural(count, kind)) for (mark, kind), count in most]


def _plural(count: int, kind: str) -> str:
    ending = {"index": "es", "policy": ""}.get(kind, "s")
    word = "policies" if kind == "policy" and count > 1 else kind + (ending if count > 1 else "")
    return "%s %s" % (format(count, ","), word)


def _behind(result: Mapping[str, Any], plan: Sequence[Row]) -> List[Line]:
    """Return what is to be said of the whole."""
    found = []
    if result.get("drift"):
        since = harmless(result["drift"]["since"])
        found.append(
            Line(INDENT + "drift: the schema was changed by hand since the last run (%s)" % since, "", Tone.LOOK)
        )
    unproved = (result.get("rehearsal") or {}).get("not_proved") or ()
    rehearsed = any(row["outcome"] == Fate.REHEARSED.value for row in plan)
    if unproved and rehearsed:
        heads = [clipped(harmless(each).partition(":")[0], LONGEST_HEAD) for each in unproved]
        found.append(Line(INDENT + "not proved: " + ", ".join(heads)))
    digest = result.get("plan_digest")
    if digest and not result.get("error"):
        found.append(Line(INDENT + "to approve: expect: " + harmless(digest)))
    return found


def laid_out(found: Iterable[Line], columns: Optional[int] = None) -> List[Tuple[str, Tone]]:
    """Return the lines as text; what has no room behind its columns stands below them.

    :param columns: how wide the terminal is; None: as wide as it takes.
    """
    texts: List[Tuple[str, Tone]] = []
    for line in found:
        whole = (line.text + INDENT + line.said).rstrip()
        if columns is None or columns_of(whole) <= columns:
            texts.append((whole, line.tone))
            continue
        texts += [(each, line.tone) for each in _broken(line, columns)]
    return texts


def _broken(line: Line, columns: int) -> List[str]:
    """Return a line that is too long as several: its columns stay in one, for they are to be found by the eye."""
    if line.said:
        return [line.text.rstrip(), *wrapped(line.said, columns, BELOW, BELOW + "  ")]
    text = line.text.lstrip()
    indent = line.text[: len(line.text) - len(text)]
    return wrapped(text, columns, indent, indent + "  ", BETWEEN if line.tone is Tone.HEAD else " ")
