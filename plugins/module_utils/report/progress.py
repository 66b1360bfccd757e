# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The lines that show a run on its way: what has ended, what is at work, and what it waits for."""

from __future__ import annotations

from typing import Any, Iterable, Mapping, NamedTuple, Optional, Sequence, Tuple

from ..wording import many
from .words import duration, harmless

# Seconds between two lines on the same state: longer each time, for who waits for an hour wants no 3,600 lines.
PAUSES = (2.0, 5.0, 10.0, 20.0, 30.0)


class Work(NamedTuple):
    """A migration that is at work, and what is known of it.

    :ivar number: which it is, from 1, of so many.
    :ivar seconds: for how long it has been at work.
    :ivar sent: how many statements it has sent, where it is in Python.
    :ivar statement: which statement it is, from 1, of how many, and what that does.
    :ivar blockers: the sessions that it waits for: pid, user, application, state of each.
    :ivar waited: for how many seconds.
    :ivar doing: the command and its phase, in the server's words, and how far that is in percent.
    """

    number: int
    total: int
    version: str
    name: str
    seconds: float
    sent: Optional[int] = None
    statement: Optional[Tuple[int, int, str]] = None
    blockers: Sequence[Mapping[str, Any]] = ()
    waited: float = 0
    doing: Optional[str] = None
    percent: Optional[int] = None

    @property
    def state(self) -> Tuple[Any, ...]:
        """Return what is worth a line at once when it changes."""
        return self.number, [blocker["pid"] for blocker in self.blockers], self.statement, self.doing


class Pace:
    """Decides when there is something to say, so that a long wait doesn't fill the screen."""

    def __init__(self) -> None:
        self._state: Any = None
        self._next = 0.0
        self._said = 0

    def is_due(self, state: Any, now: float) -> bool:
        """Return whether to say something of this state now.

        :param now: in seconds, on any clock that doesn't go back.
        """
        if state != self._state:
            self._state, self._said = state, 0
        elif now < self._next:
            return False
        self._next = now + PAUSES[min(self._said, len(PAUSES) - 1)]
        self._said += 1
        return True


def beginning(target: Optional[str], total: int, on_copy: bool) -> str:
    """Return the line in front of the others."""
    what = "rehearsing" if on_copy else "running"
    return " · ".join(filter(None, [harmless(target or ""), "%s %s" % (what, many(total, "migration"))]))


def phase(what: str, seconds: float) -> str:
    """Return the line for what is done beside the migrations."""
    return "  %s, for %s" % (harmless(what), duration(seconds * 1000))


def ended(number: int, total: int, outcomes: Sequence[Mapping[str, Any]]) -> str:
    """Return the line for migrations that have ended since the last one.

    :param number: of the last of them, from 1.
    :param outcomes: version, name and duration_ms of each.
    """
    last = outcomes[-1]
    took = duration(sum(each["duration_ms"] for each in outcomes))
    what = "%s  %s" % (harmless(last["version"]), harmless(last["name"]))
    if len(outcomes) > 1:
        what = "%s migrations, the last %s" % (format(len(outcomes), ","), what)
    return "  [%d/%d] %s  %s" % (number, total, what, took)


def at_work(work: Work) -> str:
    """Return the line for the migration that is at work."""
    head = "  [%d/%d] %s  %s, for %s" % (
        *(work.number, work.total),
        *(harmless(work.version), harmless(work.name), duration(work.seconds * 1000)),
    )
    doing = _waiting(work.blockers, work.waited) or _doing(work.doing, work.percent)
    said = ", ".join(filter(None, [_statement(work, with_keyword=not doing), doing]))
    return head + (": " + said if said else "")


def at_work_elsewhere(running: Mapping[str, Any]) -> str:
    """Return what a session is at that somebody else runs, as a part of a sentence.

    :param running: its application, the sessions that it waits_for, what it is doing, and how far that is in percent.
    """
    doing = _waiting(running["waits_for"]) or _doing(running["doing"], running["percent"])
    return harmless(running["application"]) + " is at work" + (": " + doing if doing else "")


def _statement(work: Work, with_keyword: bool) -> str:
    if work.statement is not None:
        index, total, keyword = work.statement
        return "statement %d of %d" % (index, total) + (" (%s)" % keyword if keyword and with_keyword else "")
    return "statement %s" % format(work.sent, ",") if work.sent else ""


def _doing(doing: Optional[str], percent: Optional[int]) -> str:
    return harmless(doing or "") + (" %d %%" % percent if doing and percent is not None else "")


def _waiting(blockers: Iterable[Mapping[str, Any]], waited: Optional[float] = None) -> str:
    """Return for whom it waits, and for how many seconds if that is known."""
    who = [_session(each) for each in blockers]
    if not who:
        return ""
    more = " and %s" % many(len(who) - 1, "other session") if len(who) > 1 else ""
    how_long = "" if waited is None else ", for %s" % duration(waited * 1000)
    return "waits for a lock held by %s%s%s" % (who[0], more, how_long)


def _session(blocker: Mapping[str, Any]) -> str:
    named = ("user", blocker.get("user")), ("application", blocker.get("application")), ("", blocker.get("state"))
    known = ", ".join(("%s %s" % (what, harmless(value))).strip() for what, value in named if value)
    return "pid %s" % blocker["pid"] + (" (%s)" % known if known else "")
