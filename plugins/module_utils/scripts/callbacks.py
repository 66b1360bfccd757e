# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Flyway's callbacks: SQL that a run has before or after its migrations, in the transaction of the one beside it.

Which event comes when is Flyway's rule (its page "Callback events"). Unlike there, a run with nothing to do has none.
"""

from __future__ import annotations

import os
import re
from typing import Callable, Iterable, Iterator, List, Sequence, Tuple

from .. import errors, model
from .kinds import flyway, reading
from .kinds.claim import Listing

UP, DOWN = model.Direction.UP, model.Direction.DOWN
# Before the first step of a run, before each; after each, after the last.
BEFORE = {UP: ("beforeMigrate", "beforeEachMigrate"), DOWN: ("beforeUndo", "beforeEachUndo")}
AFTER = {UP: ("afterEachMigrate", "afterMigrateApplied", "afterMigrate"), DOWN: ("afterEachUndo", "afterUndo")}
# Before the first script that is repeated, when those with versions are done.
BETWEEN = ("afterVersioned", "beforeRepeatables")
EVENTS = (*BETWEEN, *(event for each in (BEFORE, AFTER) for events in each.values() for event in events))
FILE = re.compile(r"(?P<event>%s)(?:__.+)?\.sql" % "|".join(EVENTS))

Job = Tuple[model.Step, model.Migration]


def find(listing: Listing, above: str = "") -> Iterator[str]:
    """Yield the paths of the callbacks in a directory and its folders, relative to it.

    :raises ScriptInvalid: when a folder can't be read.
    """
    for name in listing.ending(".sql"):
        if FILE.fullmatch(name):
            yield os.path.join(above, name)
    for inner in listing.inner():
        yield from find(inner, os.path.join(above, os.path.basename(inner.directory)))


def survey(paths: Sequence[str]) -> Tuple[model.Callback, ...]:
    """Look at callbacks. They run in the order of their names, wherever they are.

    :raises ScriptInvalid: when one can't be read, or two have one name.
    """
    by_name = {os.path.basename(path): path for path in paths}
    twice = next((path for path in paths if by_name[os.path.basename(path)] != path), None)
    if twice is not None:
        raise errors.ScriptInvalid(
            "Two callbacks have one name: %s and %s" % (twice, by_name[os.path.basename(twice)]),
            hint="Give each a description of its own: afterMigrate__grants.sql.",
            path=twice,
        )
    return tuple(
        model.Callback(FILE.fullmatch(name)["event"], path, reading.checksum(reading.read_bytes(path)))  # type: ignore
        for name, path in sorted(by_name.items())
    )


def with_callbacks(scripts: Sequence[model.Script], callbacks: Tuple[model.Callback, ...]) -> Tuple[model.Script, ...]:
    """Let what runs around Flyway's scripts be known of each, in whichever of the directories it is."""
    if not callbacks:
        return tuple(scripts)
    return tuple(each._replace(callbacks=callbacks) if each.kind == flyway.KIND else each for each in scripts)


def as_scripts(scripts: Iterable[model.Script]) -> Tuple[model.Script, ...]:
    """Return the callbacks of scripts as if they were scripts too, for whoever looks at files."""
    found = {callback.path: script for script in scripts for callback in script.callbacks}
    return tuple(
        script._replace(path=path, down_path=None, verify_path=None, callbacks=()) for path, script in found.items()
    )


def around(jobs: Sequence[Job], read: Callable[[str], model.SqlBody], as_run: bool = True) -> List[Job]:
    """Return jobs with what runs around each of them.

    :param read: reads a callback by its path.
    :param as_run: the jobs are a run; else each is looked at by itself, and nothing begins or ends one.
    :raises ScriptInvalid: when one can't be read, or can't be in a transaction.
    """
    concerned = [number for number, (step, dummy) in enumerate(jobs) if step.script.callbacks]
    repeated = [number for number in concerned if jobs[number][0].script.version.is_repeatable]
    found = list(jobs)
    for number in concerned:
        step, migration = jobs[number]
        moments = (number == concerned[0], number == concerned[-1], number in repeated[:1])
        before, after = _events(step.direction, *(as_run and each for each in moments))
        bodies = [tuple(_bodies(step.script, events, read)) for events in (before, after)]
        found[number] = step, migration._replace(around=model.Around(step.direction, *bodies))
    return found


def _events(direction: model.Direction, first: bool, last: bool, begins: bool) -> Tuple[Sequence[str], Sequence[str]]:
    """Return what happens before and after a step.

    :param first: the step is the first of the run; last: the last.
    :param begins: it is the first that is repeated.
    """
    of_run, of_each = BEFORE[direction]
    before = [*([of_run] if first else []), *(BETWEEN if begins and direction is UP else ()), of_each]
    after = AFTER[direction] if last else AFTER[direction][:1]
    return before, after


def _bodies(
    script: model.Script, events: Sequence[str], read: Callable[[str], model.SqlBody]
) -> Iterator[model.SqlBody]:
    for event in events:
        for callback in script.callbacks:
            if callback.event == event:
                yield _inside(read(callback.path))


def body(path: str, source: reading.Source) -> model.SqlBody:
    """Read a callback.

    :raises ScriptInvalid: as for a script of Flyway's.
    """
    return flyway.body(path, source)


def _inside(found: model.SqlBody) -> model.SqlBody:
    if found.transactional:
        return found
    raise errors.ScriptInvalid(
        "The callback %s can't be in the transaction of a migration, and here it would be" % found.path,
        hint="Run what it does (VACUUM, an index CONCURRENTLY, transaction control) in a task of its own, or in an R__ "
        "script.",
        path=found.path,
    )
