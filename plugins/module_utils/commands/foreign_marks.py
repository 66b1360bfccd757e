# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Marks of other tools in scripts that are about to run: to their kind they are comments, and all of the file runs."""

from __future__ import annotations

from typing import Iterable, List, Tuple

from .. import errors, model
from ..planning.request import Request
from ..sql import marks

MOST_SHOWN = 60
MOST_NAMED = 5

BOTH_RUN = "%s. To kind %s that is a comment: the way up and the way down would both run"
UNHEEDED = "%s. It says how the file is to be run, and kind %s doesn't read it"
TWO_FILES = "put the way up and the way down into two files, <version>_<name>.up.sql and .down.sql"
NO_TRANSACTION = "take the line out; -- no-transaction as the first line runs the file without a transaction"
OVERRIDE = "or, if all of the file is to run as it is, set kind: %s"


def look_for(request: Request, jobs: Iterable[Tuple[model.Step, model.Migration]]) -> List[str]:
    """Refuse scripts with marks of other tools.

    :param jobs: the scripts that are about to run.
    :returns: what to warn of, where the kind is given: then they are comments.
    :raises ScriptInvalid: where the kind was found by looking; names file, line and tool.
    """
    passed: List[str] = []
    for step, migration in jobs:
        if step.script.checkpoint is not None:
            continue  # its own mark was read; what else is a comment in it, is one
        ways = [migration.body(step.direction)]
        if request.state == "tested" and migration.down is not None:
            ways.append(migration.down)
        for body in ways:
            found = marks.find(body.text, step.script.kind) if isinstance(body, model.SqlBody) else None
            if found is None:
                continue
            if request.kind is None:
                raise _refusal(body.path, step.script.kind, found)
            passed.append("%s, %s" % (body.path, _seen(found)))
    if not passed:
        return []
    more = "; and %d more" % (len(passed) - MOST_NAMED) if len(passed) > MOST_NAMED else ""
    return [
        "With kind: %s, marks of other tools are comments, and what stands below them runs too: %s%s."
        % (request.kind, "; ".join(passed[:MOST_NAMED]), more)
    ]


def _refusal(path: str, kind: str, found: marks.Found) -> errors.ScriptInvalid:
    mark = found.mark
    what = (BOTH_RUN if mark is None or mark.cuts else UNHEEDED) % (_seen(found), kind)
    if mark is not None and mark.kind is not None:
        remedy = "if the scripts are %s's, set kind: %s" % (mark.tool, mark.kind)
    else:
        remedy = TWO_FILES if mark is None or mark.cuts else NO_TRANSACTION
        remedy = "no kind reads %s's scripts: %s" % (mark.tool, remedy) if mark is not None else remedy
    return errors.ScriptInvalid(
        "%s, %s" % (path, what),
        hint="Nothing has been run. %s%s; %s." % (remedy[0].upper(), remedy[1:], OVERRIDE % kind),
        path=path,
        line=found.line,
    )


def _seen(found: marks.Found) -> str:
    """Return what stands there, and where."""
    if found.mark is not None:
        return "line %d: %s is a mark of %s" % (found.line, _quoted(found.text), found.mark.tool)
    if found.other is not None:
        line, text = found.other
        return "lines %d and %d: %s and %s part a way up from a way down" % (
            *(found.line, line),
            *(_quoted(found.text), _quoted(text)),
        )
    return "line %d: %s parts a way up from a way down" % (found.line, _quoted(found.text))


def _quoted(comment: str) -> str:
    line = " ".join(comment.split())
    return '"%s"' % (line if len(line) <= MOST_SHOWN else line[:MOST_SHOWN] + "…")
