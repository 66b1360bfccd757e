# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Turn two snapshots into the unified diff that people read, at a cost linear in the size of the schema."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, deque
from difflib import SequenceMatcher
from typing import Deque, Iterator, List, Optional, Sequence, Tuple

from .snapshot import Snapshot

# difflib compares a line with every line equal to it: fine for what people write, not for 20,000 times `NULL;`.
# Where the product of the lengths is beyond this, lines that occur once on both sides first cut the texts.
_SMALL = 200 * 200
_CUTS = 16

_Pair = Tuple[Optional[str], Optional[str]]
_Span = Tuple[int, int, int, int]


def unified_diff(before: Snapshot, after: Snapshot, context: int = 10) -> str:
    """Return the unified diff of the canonical texts of two snapshots, or '' where they are equal.

    `context` is the number of unchanged lines to show around a change, those of neighbouring objects included.
    The text ends with a newline, and nothing in it depends on when it was made. Nothing is raised.
    """
    if before.objects == after.objects:
        return ""
    hunks = _Hunks(context)
    # The blank line between two objects belongs to the second one; a first one has none.
    old_gap = new_gap = ""
    for old, new in _pairs(before, after):
        if old == new and old_gap == new_gap:
            hunks.keep("%s%s" % (old_gap, old))
        else:
            _compare(hunks, None if old is None else old_gap + old, None if new is None else new_gap + new)
        old_gap = old_gap if old is None else "\n"
        new_gap = new_gap if new is None else "\n"
    return hunks.text()


def text_diff(before: str, after: str, context: int = 10) -> str:
    """Return the same for two texts of which nobody knows where their objects begin."""
    if before == after:
        return ""
    hunks = _Hunks(context)
    _compare(hunks, before[:-1] if before.endswith("\n") else before, after[:-1] if after.endswith("\n") else after)
    return hunks.text()


def _pairs(before: Snapshot, after: Snapshot) -> Iterator[_Pair]:
    """Yield the text of each object in both snapshots, in canonical order; None where it isn't."""
    olds, news = before.canonical(), after.canonical()
    i = j = 0
    while i < len(olds) and j < len(news):
        old, new = olds[i], news[j]
        if old == new:
            yield before.objects[old], after.objects[new]
            i, j = i + 1, j + 1
        elif before.place(old) < after.place(new):
            yield before.objects[old], None
            i += 1
        else:
            yield None, after.objects[new]
            j += 1
    for old in olds[i:]:
        yield before.objects[old], None
    for new in news[j:]:
        yield None, after.objects[new]


def _compare(hunks: _Hunks, old: Optional[str], new: Optional[str]) -> None:
    removed = [] if old is None else old.split("\n")
    added = [] if new is None else new.split("\n")
    done = 0
    for i1, i2, j1, j2 in _changes(removed, added):
        if done < i1:
            hunks.keep("\n".join(removed[done:i1]))
        hunks.change(removed[i1:i2], added[j1:j2])
        done = i2
    if done < len(removed):
        hunks.keep("\n".join(removed[done:]))


class _Hunks:
    """Collect a diff from what is kept and what is changed, in the order of the text."""

    def __init__(self, context: int) -> None:
        self._context = context
        self._finished: List[str] = []
        self._old = self._new = 0  # lines passed on either side
        self._from = (0, 0)  # what these were at the start of the open hunk
        self._body: List[str] = []  # of the open hunk; empty where none is open
        self._kept: List[str] = []  # lines kept since its last change
        # The end of what was kept before the next hunk. A piece has at least one line, so no more can be needed.
        self._recent: Deque[str] = deque(maxlen=context)

    def keep(self, piece: str) -> None:
        """Pass one or more unchanged lines."""
        count = piece.count("\n") + 1
        self._old += count
        self._new += count
        if not self._body:
            self._recent.append(piece)
            return
        self._kept += piece.split("\n")
        if len(self._kept) > 2 * self._context:
            self._close()

    def change(self, removed: Sequence[str], added: Sequence[str]) -> None:
        """Pass lines that are only on the old side, and lines that are only on the new one."""
        if not self._body:
            lines = "\n".join(self._recent).split("\n")[-self._context :] if self._recent else []
            self._from = (self._old - len(lines), self._new - len(lines))
            self._kept = lines
        self._body += [" " + line for line in self._kept]
        self._body += ["-" + line for line in removed]
        self._body += ["+" + line for line in added]
        self._kept = []
        self._old += len(removed)
        self._new += len(added)

    def text(self) -> str:
        """Return the diff, or '' if nothing was changed."""
        if self._body:
            self._close()
        return "\n".join(["--- before", "+++ after", *self._finished, ""]) if self._finished else ""

    def _close(self) -> None:
        shown = self._kept[: self._context]
        beyond = len(self._kept) - len(shown)
        old, new = self._from
        ranges = _range(old, self._old - beyond), _range(new, self._new - beyond)
        self._finished.append("@@ -%s +%s @@" % ranges)
        self._finished += self._body
        self._finished += [" " + line for line in shown]
        self._recent.extend(self._kept)
        self._body, self._kept = [], []


def _range(start: int, end: int) -> str:
    # Lines count from 1; an empty range is named by the line before it.
    return "%d,%d" % (start + 1 if end > start else start, end - start)


def _changes(old: Sequence[str], new: Sequence[str], cuts: int = _CUTS) -> Iterator[_Span]:
    """Yield where two lists of lines differ, as old start and end, new start and end."""
    head = _common(old, new)
    tail = _common(old[head:][::-1], new[head:][::-1])
    old, new = old[head : len(old) - tail], new[head : len(new) - tail]
    if len(old) * len(new) > _SMALL:
        spans = _cut(old, new, cuts)
    else:
        codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        spans = ((i1, i2, j1, j2) for tag, i1, i2, j1, j2 in codes if tag != "equal")
    for i1, i2, j1, j2 in spans:
        yield head + i1, head + i2, head + j1, head + j2


def _cut(old: Sequence[str], new: Sequence[str], cuts: int) -> Iterator[_Span]:
    """Yield the same for long lists: between lines that occur once in each; without such, all of it differs."""
    anchors = _anchors(old, new) if cuts else []
    if not anchors:
        yield 0, len(old), 0, len(new)
        return
    i = j = 0
    for x, y in [*anchors, (len(old), len(new))]:
        for i1, i2, j1, j2 in _changes(old[i:x], new[j:y], cuts - 1):
            yield i + i1, i + i2, j + j1, j + j2
        i, j = x + 1, y + 1


def _anchors(old: Sequence[str], new: Sequence[str]) -> List[Tuple[int, int]]:
    """Return where the lines are that occur once in each list, the most that have the same order in both."""
    in_old, in_new = Counter(old), Counter(new)
    place = {line: j for j, line in enumerate(new) if in_new[line] == 1}
    pairs = [(i, place[line]) for i, line in enumerate(old) if in_old[line] == 1 and line in place]
    # The longest increasing subsequence: `ends` are the places where one of each length ends, as low as can be.
    ends: List[int] = []
    last: List[int] = []
    previous: List[int] = []
    for index, (_i, j) in enumerate(pairs):
        length = bisect_left(ends, j)
        ends[length : length + 1] = [j]
        last[length : length + 1] = [index]
        previous.append(last[length - 1] if length else -1)
    chain: List[Tuple[int, int]] = []
    index = last[-1] if last else -1
    while index >= 0:
        chain.append(pairs[index])
        index = previous[index]
    return chain[::-1]


def _common(old: Sequence[str], new: Sequence[str]) -> int:
    """Count the lines at the start that are the same."""
    count = 0
    for one, other in zip(old, new):
        if one != other:
            break
        count += 1
    return count
