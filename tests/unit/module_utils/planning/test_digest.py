# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Digests of plans, of this release and of earlier ones: what is accepted, refused, or can't be compared."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import ExpectationFailed
from ansible_collections.pgops.migrations.plugins.module_utils.model import Script, Step, Version
from ansible_collections.pgops.migrations.plugins.module_utils.planning import digest
from ansible_collections.pgops.migrations.plugins.module_utils.schema.snapshot import ObjectKey, Snapshot

KEY = ObjectKey("TABLE", "public", "t")


def plain(text: str) -> Snapshot:
    """Return a schema that is the same in both formats."""
    return Snapshot({KEY: text})


def marked(text: str) -> Snapshot:
    """Return one in which the server has marked a column."""
    return Snapshot({KEY: text}, {KEY: text + " marked"})


def steps(checksum: str = "x") -> list[Step]:
    return [Step(Script(Version.parse("1"), "m", "sql", "/m/1", checksum=checksum))]


def of_the_first_release(before: Snapshot, after: Snapshot) -> str:
    """Return what 0.1.0 would have said of a plan."""
    return digest.digest_of(before.in_first_format(), steps(), after.in_first_format())


def test_without_a_number_where_both_formats_are_the_same() -> None:
    found = digest.digest_of(plain("a"), steps(), plain("b"))
    assert [len(part) for part in found.split("-")] == [16, 16, 16]
    assert found == of_the_first_release(plain("a"), plain("b"))


@pytest.mark.parametrize("before, after", [(marked("a"), plain("b")), (plain("a"), marked("b"))])
def test_with_a_number_where_they_are_not(before: Snapshot, after: Snapshot) -> None:
    found = digest.digest_of(before, steps(), after)
    assert found.startswith("2-")
    assert found[2:] == digest.digest_of(plain("a"), steps(), plain("b"))


# name: the digest, the schema now, what comes out of the plan → what differs; None: nothing; "?": it can't be told
ACCEPTED = {
    "of now, as it was": (digest.digest_of(plain("a"), steps(), plain("b")), plain("a"), plain("b"), None),
    "of now, another schema": (digest.digest_of(plain("a"), steps(), plain("b")), plain("x"), plain("b"), "the schema"),
    "of now, other": (digest.digest_of(plain("a"), steps(), plain("b")), plain("a"), plain("x"), "that comes out"),
    "numbered": (digest.digest_of(marked("a"), steps(), marked("b")), marked("a"), marked("b"), None),
    "numbered, marked otherwise": (digest.digest_of(marked("a"), steps(), plain("b")), plain("a"), marked("b"), None),
    "numbered, other": (digest.digest_of(marked("a"), steps(), plain("b")), marked("a"), plain("x"), "that comes out"),
    "old, on a marked schema": (of_the_first_release(marked("a"), marked("b")), marked("a"), marked("b"), None),
    "old, the copy isn't marked": (of_the_first_release(marked("a"), plain("b")), marked("a"), marked("b"), None),
    "old, marked since": (of_the_first_release(plain("a"), plain("b")), marked("a"), marked("b"), None),
    "old, another schema": (of_the_first_release(marked("a"), marked("b")), marked("x"), marked("b"), "the schema"),
    "old, nobody can say": (of_the_first_release(marked("a"), marked("x")), marked("a"), marked("b"), "?"),
    "old, unmarked, other": (of_the_first_release(plain("a"), plain("x")), plain("a"), plain("b"), "that comes out"),
}


@pytest.mark.parametrize("name", ACCEPTED)
def test_expect_and_confirm(name: str) -> None:
    expected, before, after, differs = ACCEPTED[name]
    if differs is None or differs == "?":
        assert (digest.expect([expected], before, steps(), after) is not None) == (differs == "?")
        assert (digest.confirm([expected], after) is not None) == (differs == "?")
    else:
        with pytest.raises(ExpectationFailed, match=differs):
            digest.expect([expected], before, steps(), after)
    with pytest.raises(ExpectationFailed, match="the scripts"):
        digest.expect([expected], before, steps("y"), after)


@pytest.mark.parametrize("text", ["", "a-b", "a-b-c-d", "1-2-3-4-5", "x-a-b-c"])
def test_what_is_no_digest(text: str) -> None:
    with pytest.raises(ExpectationFailed, match="is no plan_digest"):
        digest.expect([text], plain("a"), steps())


def test_a_later_releases_digest_is_refused_as_what_it_is() -> None:
    with pytest.raises(ExpectationFailed, match="of a later release"):
        digest.expect(["3-" + digest.digest_of(plain("a"), steps(), plain("b"))], plain("a"), steps())


def reviewed(before: str, after: str) -> str:
    return digest.digest_of(plain(before), steps(), plain(after))


def test_of_several_digests_it_has_to_be_one() -> None:
    several = [reviewed("a", "b"), reviewed("c", "d")]
    assert digest.expect(several, plain("c"), steps(), plain("d")) is None
    nearest = r"each of the 2 .* To the nearest, changed: the schema that comes out$"
    with pytest.raises(ExpectationFailed, match=nearest):
        digest.expect(several, plain("c"), steps(), plain("x"))


def test_what_comes_out_is_compared_with_the_digest_that_was_meant() -> None:
    several = [reviewed("a", "b"), reviewed("c", "d")]
    meant = digest.meant(several, plain("c"), steps())
    assert meant == (several[1],)
    with pytest.raises(ExpectationFailed, match="Everything was applied, but"):
        digest.confirm(meant, plain("b"))
