# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks in the real rows for what a rehearsed plan asks of them, and says what came out."""

from __future__ import annotations

from typing import Any, Dict, List, Sequence, Tuple

from .. import deps, errors
from ..databases.postgresql.copies.foreign_code import powers
from ..databases.postgresql.prechecks.rows_against import Patience, ask
from ..databases.postgresql.server_errors import first_words
from ..planning.request import Request
from ..precheck import MOST_ROWS, Answer, Precheck, Verdict
from ..rehearsal.prechecks import Added
from ..rehearsal.rehearse import Rehearsal
from ..wording import many

REPAIR = (
    "Nothing was touched. Correct these rows first, or in a migration before it; prechecks has all that was asked. "
    "If the migration itself corrects them in a way that a copy without rows can't show, set prechecks: off."
)
INSIST = (
    "Nothing was touched. Where the reason is what an earlier migration does, apply that first, with version; else "
    "remove the reason, or set prechecks: auto."
)
UNWATCHED = "what the plan asks of rows couldn't be read from the copy (%s)"
MOST_NAMED = 3


def look(request: Request, connection: Any, rehearsal: Rehearsal) -> Tuple[Precheck, ...]:
    """Return what the plan asks of rows that are there, and whether they satisfy it. The target is only read.

    :param connection: to the target.
    """
    questions = [each.question for each in rehearsal.added if each.question is not None]
    answers = iter(_ask(request, connection, questions) if questions else ())
    return tuple(_answered(each, answers) for each in rehearsal.added)


def _ask(request: Request, connection: Any, questions: Sequence[Any]) -> List[Answer]:
    try:
        powerful = bool(powers(connection))
        connection.rollback()
    except deps.DatabaseError as error:
        return [_not_checked(first_words(error), odd=True)] * len(questions)
    return ask(connection, questions, Patience(request.precheck_timeout, request.limits.lock_timeout), powerful)


def _answered(each: Added, answers: Any) -> Precheck:
    answer = _not_checked(each.reason or "") if each.question is None else next(answers)
    if answer.verdict is Verdict.VIOLATED:
        answer = answer._replace(reason=_in_words(answer))
    return Precheck(each.ran.version, each.ran.label, each.table, each.constraint, answer)


def _not_checked(reason: str, odd: bool = False) -> Answer:
    return Answer(Verdict.NOT_CHECKED, None, (), reason, odd)


def _in_words(answer: Answer) -> str:
    """Return how many rows violate it, and which."""
    if answer.rows is None:
        return str(answer.reason)
    rows = "{:,} or more rows".format(answer.rows) if answer.rows >= MOST_ROWS else many(answer.rows, "row")
    return rows + (", for example %s %s" % (answer.key, ", ".join(answer.sample)) if answer.sample else "")


def judge(found: Sequence[Precheck], rehearsal: Rehearsal, required: bool) -> None:
    """Stop a plan that the real rows don't satisfy.

    :param required: also one of which that couldn't be looked at.
    :raises PrecheckFailed: names the migration, the table, what it asks, and which rows violate it.
    """
    violated = [each for each in found if each.answer.verdict is Verdict.VIOLATED]
    if violated:
        said = "; ".join(
            "migration %s asks for %s on %s, and %s" % (each.label, each.constraint, each.table, _violate(each.answer))
            for each in violated
        )
        raise errors.PrecheckFailed(said[0].upper() + said[1:], hint=REPAIR, version=violated[0].version)
    if not required:
        return
    unknown = _unknown(found)
    if rehearsal.unwatched is not None:
        unknown.append(UNWATCHED % rehearsal.unwatched)
    if unknown:
        raise errors.PrecheckFailed(
            "Not looked for in the real rows (prechecks: required): " + "; ".join(unknown), hint=INSIST
        )


def _violate(answer: Answer) -> str:
    if answer.rows is None:
        return str(answer.reason)
    verb = "violates" if answer.rows == 1 else "violate"
    rows, comma, keys = str(answer.reason).partition(", ")
    return "%s %s it%s%s" % (rows, verb, comma, keys) if answer.rows < MOST_ROWS else "%s violate it" % answer.reason


def not_rehearsed_error(reason: str) -> errors.PrecheckFailed:
    """Return the error for prechecks that are required, where there was no rehearsal to tell what to look for."""
    return errors.PrecheckFailed(
        "Not rehearsed, so nothing could be looked for in the real rows (prechecks: required): %s" % reason,
        hint="Nothing was touched. Remove the reason, or set prechecks: auto.",
    )


def warnings(found: Sequence[Precheck], rehearsal: Rehearsal) -> List[str]:
    """Return one sentence on what something got in the way of that isn't the plan's."""
    unknown = _unknown([each for each in found if each.answer.odd])
    if rehearsal.unwatched is not None:
        unknown.append(UNWATCHED % rehearsal.unwatched)
    return ["Not looked for in the real rows: %s." % "; ".join(unknown)] if unknown else []


def _unknown(found: Sequence[Precheck]) -> List[str]:
    return [
        "%s on %s in %s (%s)" % (each.constraint, each.table, each.label, each.answer.reason)
        for each in found
        if each.answer.verdict is Verdict.NOT_CHECKED
    ]


def told(sentence: str, found: Sequence[Precheck], rehearsal: Rehearsal) -> str:
    """Return what isn't proved of rows, now that the real ones were asked.

    :param sentence: what was said before.
    """
    if rehearsal.unwatched is not None:
        return "%s; %s" % (sentence, UNWATCHED % rehearsal.unwatched)
    begin, separator, dummy = sentence.partition(" and constraints")
    counts: Dict[Verdict, int] = dict.fromkeys(Verdict, 0)
    for each in found:
        counts[each.answer.verdict] += 1
    parts = [begin.rstrip(",") if separator else sentence]
    if not found:
        parts.append("the plan adds no constraint to rows that are there")
    if counts[Verdict.PASSED]:
        parts.append(_counted(counts[Verdict.PASSED], "holds", "hold"))
    if counts[Verdict.VIOLATED]:
        parts.append(_counted(counts[Verdict.VIOLATED], "doesn't hold", "don't hold"))
    unknown = _unknown(found)
    if unknown:
        more = "; and %d more, see prechecks" % (len(unknown) - MOST_NAMED) if len(unknown) > MOST_NAMED else ""
        parts.append("not looked for in the real rows: " + "; ".join(unknown[:MOST_NAMED]) + more)
    return "; ".join(parts)


def _counted(count: int, one: str, many: str) -> str:
    what = "1 constraint" if count == 1 else "%d constraints" % count
    return "%s that the plan adds %s for the real rows of that moment" % (what, one if count == 1 else many)
