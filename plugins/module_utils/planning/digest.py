# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The digest of a plan: what is there, what would run, what would come out. A reviewed one can be asked for again.

Before one whose schemas aren't the same in format 1 stands the number of their format, see formats.py.
"""

from __future__ import annotations

import hashlib
from typing import List, NamedTuple, Optional, Sequence, Tuple

from .. import errors, formats, model
from ..schema.snapshot import Snapshot
from .variables import Variables

DIGITS = 16
HINT = "Nothing was touched. Rehearse again (check mode), review what comes out, and expect the plan_digest of that."
UNCOMPARED = (
    "expect: an earlier release has made this plan_digest, and here it can't tell whether the schema that comes out is "
    "the one that was rehearsed; the next one can"
)
SCRIPTS, OF_VARIABLES = "the scripts or what is pending", ", or the values of variables"


class Reviewed(NamedTuple):
    """A digest, taken apart.

    :ivar number: the format of the schemas.
    """

    number: int
    before: str
    scripts: str
    after: str

    def was(self, snapshot: Snapshot) -> bool:
        """Return whether the schema is the one that was there."""
        return self.before in _texts(snapshot, self.number)

    def becomes(self, snapshot: Snapshot) -> bool:
        """Return whether the schema is the one that came out of the rehearsal."""
        return self.after in _texts(snapshot, self.number)

    def may_become(self, snapshot: Snapshot) -> bool:
        """Return whether nobody can say that it isn't: what the first format would have had of a copy is lost."""
        return self.number == formats.FIRST and snapshot.number != formats.FIRST


def digest_of(
    before: Snapshot, steps: Sequence[model.Step], after: Snapshot, variables: Optional[Variables] = None
) -> str:
    """Return the digest: sixteen hexadecimal digits each of the schema, the scripts and the resulting schema.

    :param variables: count as a part of the scripts.
    """
    number = max(before.number, after.number)
    parts = [each[:DIGITS] for each in (before.digest(), _scripts(steps, variables), after.digest())]
    return "-".join(parts if number == formats.FIRST else [str(number), *parts])


def expect(
    expected: Sequence[str],
    before: Snapshot,
    steps: Sequence[model.Step],
    after: Optional[Snapshot] = None,
    variables: Optional[Variables] = None,
) -> Optional[str]:
    """Compare with reviewed digests, before anything is touched: it has to be one of them.

    :param after: the schema that comes out; None: it isn't known yet.
    :returns: what can't be compared, as a sentence.
    :raises ExpectationFailed: names what differs from the nearest of them.
    """
    scripts = _scripts(steps, variables)[:DIGITS]
    reviews = [read(each) for each in expected]
    found = min((_compared(each, before, scripts, after) for each in reviews), key=lambda each: len(each[0]))
    differing, uncompared = found
    if not differing:
        return uncompared
    names = {SCRIPTS: SCRIPTS + (OF_VARIABLES if variables is not None else "")}
    changed = "; ".join(names.get(each, each) for each in differing)
    if len(reviews) > 1:
        each = "The plan differs from each of the %d that were reviewed (expect). To the nearest, changed: %s"
        raise errors.ExpectationFailed(each % (len(reviews), changed), hint=HINT)
    raise errors.ExpectationFailed(
        "The plan differs from the one that was reviewed (expect). Changed: %s" % changed, hint=HINT
    )


def _compared(
    reviewed: Reviewed, before: Snapshot, scripts: str, after: Optional[Snapshot]
) -> Tuple[List[str], Optional[str]]:
    """Return what differs from a digest, and what can't be compared with it, as a sentence."""
    differing = [] if reviewed.was(before) else ["the schema"]
    differing += [] if reviewed.scripts == scripts else [SCRIPTS]
    if after is None or reviewed.becomes(after):
        return differing, None
    if reviewed.may_become(after):
        return differing, UNCOMPARED + "."
    return [*differing, "the schema that comes out"], None


def meant(
    expected: Sequence[str], before: Snapshot, steps: Sequence[model.Step], variables: Optional[Variables] = None
) -> Tuple[str, ...]:
    """Return those of the reviewed digests that are of this schema and of these scripts."""
    scripts = _scripts(steps, variables)[:DIGITS]
    return tuple(each for each in expected if not _compared(read(each), before, scripts, None)[0])


def confirm(expected: Sequence[str], after: Snapshot) -> Optional[str]:
    """Compare what came out with what was rehearsed.

    :param expected: what meant() has returned.
    :returns: that it can't be compared, as a sentence.
    :raises ExpectationFailed: it stands all the same.
    """
    reviews = [read(each) for each in expected]
    if any(each.becomes(after) for each in reviews):
        return None
    if any(each.may_become(after) for each in reviews):
        return UNCOMPARED + "."
    raise errors.ExpectationFailed(
        "Everything was applied, but the schema that came out isn't the one that was rehearsed",
        hint="Look at the diff: something else has changed the schema meanwhile, or a script depends on rows.",
    )


def read(expected: str) -> Reviewed:
    """Take a digest apart.

    :raises ExpectationFailed: when it is none, or a later release has made it.
    """
    parts = expected.strip().split("-")
    numbered = len(parts) == 4 and parts[0].isdecimal()
    if len(parts) != 3 and not numbered:
        raise errors.ExpectationFailed("expect: %s is no plan_digest" % expected, hint="It is what check mode returns.")
    number = int(parts[0]) if numbered else formats.FIRST
    if number > formats.SCHEMA:
        raise errors.ExpectationFailed(
            "expect: %s is the plan_digest of a later release, which this one can't compare" % expected, hint=HINT
        )
    return Reviewed(number, *parts[-3:])


def _texts(snapshot: Snapshot, number: int) -> Sequence[str]:
    """Return what may stand for a schema: in format 1 also what is there if the server has marked nothing yet."""
    own = snapshot.digest()[:DIGITS]
    return [own, snapshot.in_first_format().digest()[:DIGITS]] if number == formats.FIRST and snapshot.first else [own]


def _scripts(steps: Sequence[model.Step], variables: Optional[Variables]) -> str:
    lines = ["%s %s %s" % (step.direction.value, step.script.version, step.script.checksum) for step in steps]
    around = dict.fromkeys(each for step in steps for each in step.script.callbacks)
    lines += ["around %s %s" % (each.event, each.checksum) for each in around]
    lines += variables.lines() if variables is not None else []
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
