# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The digest of a plan: what is there, what would run, what would come out. A reviewed one can be asked for again."""

from __future__ import annotations

import hashlib
from typing import Optional, Sequence

from .. import errors, model
from ..schema.snapshot import Snapshot

DIGITS = 16
HINT = "Nothing was touched. Rehearse again (check mode), review what comes out, and expect the plan_digest of that."


def digest_of(before: Snapshot, steps: Sequence[model.Step], after: Snapshot) -> str:
    """Return the digest: sixteen hexadecimal digits each of the schema, the scripts and the resulting schema."""
    return "-".join(each[:DIGITS] for each in (before.digest(), _scripts(steps), after.digest()))


def expect(expected: str, before: Snapshot, steps: Sequence[model.Step], after: Optional[Snapshot] = None) -> None:
    """Compare with a reviewed digest, before anything is touched.

    :param after: the schema that comes out; None: it isn't known yet.
    :raises ExpectationFailed: names what differs.
    """
    parts = expected.strip().split("-")
    if len(parts) != 3:
        raise errors.ExpectationFailed("expect: %s is no plan_digest" % expected, hint="It is what check mode returns.")
    found = {"the schema": before.digest(), "the scripts or what is pending": _scripts(steps)}
    if after is not None:
        found["the schema that comes out"] = after.digest()
    differing = [name for part, (name, digest) in zip(parts, found.items()) if part != digest[:DIGITS]]
    if differing:
        changed = "The plan differs from the one that was reviewed (expect). Changed: %s" % "; ".join(differing)
        raise errors.ExpectationFailed(changed, hint=HINT)


def confirm(expected: str, after: Snapshot) -> None:
    """Compare what came out with what was rehearsed.

    :raises ExpectationFailed: it stands all the same.
    """
    if expected.strip().rpartition("-")[2] != after.digest()[:DIGITS]:
        raise errors.ExpectationFailed(
            "Everything was applied, but the schema that came out isn't the one that was rehearsed",
            hint="Look at the diff: something else has changed the schema meanwhile, or a script depends on rows.",
        )


def _scripts(steps: Sequence[model.Step]) -> str:
    lines = ["%s %s %s" % (step.direction.value, step.script.version, step.script.checksum) for step in steps]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
