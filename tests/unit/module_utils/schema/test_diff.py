# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What people see of a change: a unified diff that is valid, small and where it should be."""

from __future__ import annotations

import random
import re
import shutil
import subprocess

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.schema.diff import text_diff, unified_diff
from ansible_collections.pgops.migrations.plugins.module_utils.schema.snapshot import ObjectKey, Snapshot

HUNK = re.compile(r"@@ -(\d+),(\d+) \+(\d+),(\d+) @@")


def snapshot(**texts):
    return Snapshot({ObjectKey("TABLE", "public", name): text for name, text in texts.items()})


def canonical(of):
    return "".join(of.pieces())


def applied(diff, text):
    """Apply a diff in the strictest way: each line and each number has to be right."""
    lines, result, position = text.split("\n")[:-1], [], 0
    head, *rest = re.split(r"(?m)^(?=@@)", diff)
    assert head == "--- before\n+++ after\n"
    for hunk in rest:
        header, *body = hunk[:-1].split("\n")
        old, old_count, new, new_count = map(int, HUNK.fullmatch(header).groups())
        start = old - 1 if old_count else old
        result += lines[position:start]
        assert len(result) == (new - 1 if new_count else new)
        assert [line[1:] for line in body if line[0] in " -"] == lines[start : start + old_count]
        added = [line[1:] for line in body if line[0] in " +"]
        assert len(added) == new_count
        result += added
        position = start + old_count
    return "".join(line + "\n" for line in result + lines[position:])


def changed_lines(diff):
    return [line for line in diff.split("\n")[2:] if line.startswith(("-", "+"))]


def random_snapshot(rnd, names):
    """A few tables of a few lines each; many lines are alike, as in a real schema."""
    words = ["", "id integer", "name text", ")", "-- x", "CACHE 1", "\r", "é\u2028"]
    return snapshot(**{name: "\n".join([name, *rnd.choices(words, k=rnd.randrange(6))]) for name in names})


@pytest.mark.parametrize("one", [snapshot(), snapshot(a="x"), snapshot(a="x\n\ny", b="z")])
def test_equal_snapshots_have_no_diff(one):
    assert unified_diff(one, Snapshot(dict(reversed(one.objects.items())))) == ""


@pytest.mark.parametrize(
    "before, after, context, expected",
    [
        ({"a": "one"}, {"a": "two"}, 10, "@@ -1,1 +1,1 @@\n-one\n+two\n"),
        ({}, {"a": "one\ntwo"}, 10, "@@ -0,0 +1,2 @@\n+one\n+two\n"),
        ({"a": "one\ntwo"}, {}, 10, "@@ -1,2 +0,0 @@\n-one\n-two\n"),
        ({"a": "A"}, {"a": "A", "b": "B"}, 10, "@@ -1,1 +1,3 @@\n A\n+\n+B\n"),
        ({"a": "A", "b": "B"}, {"a": "A"}, 10, "@@ -1,3 +1,1 @@\n A\n-\n-B\n"),
        ({"b": "B"}, {"a": "A", "b": "B"}, 10, "@@ -1,1 +1,3 @@\n+A\n+\n B\n"),
        ({"a": "A", "b": "B"}, {"b": "B"}, 10, "@@ -1,3 +1,1 @@\n-A\n-\n B\n"),
        ({"a": "A", "c": "C"}, {"a": "A", "b": "B", "c": "C"}, 1, "@@ -1,2 +1,4 @@\n A\n+\n+B\n \n"),
        ({"a": "A", "c": "C"}, {"a": "A", "b": "B", "c": "C"}, 0, "@@ -1,0 +2,2 @@\n+\n+B\n"),
        ({"a": "A"}, {"b": "B"}, 10, "@@ -1,1 +1,1 @@\n-A\n+B\n"),
        # Neighbours are context, too: the end of one, and the start of the other.
        (
            {"a": "1\n2\n3", "b": "4\n5\n6", "c": "7\n8\n9"},
            {"a": "1\n2\n3", "b": "4\nnew\n6", "c": "7\n8\n9"},
            3,
            "@@ -3,7 +3,7 @@\n 3\n \n 4\n-5\n+new\n 6\n \n 7\n",
        ),
        # Four unchanged lines between two changes: one hunk as long as the two contexts meet.
        (
            {"a": "1\n2\n3\n4\n5\n6"},
            {"a": "x\n2\n3\n4\n5\ny"},
            2,
            "@@ -1,6 +1,6 @@\n-1\n+x\n 2\n 3\n 4\n 5\n-6\n+y\n",
        ),
        (
            {"a": "1\n2\n3\n4\n5"},
            {"a": "x\n2\n3\n4\ny"},
            1,
            "@@ -1,2 +1,2 @@\n-1\n+x\n 2\n@@ -4,2 +4,2 @@\n 4\n-5\n+y\n",
        ),
    ],
)
def test_hunks(before, after, context, expected):
    assert unified_diff(snapshot(**before), snapshot(**after), context) == "--- before\n+++ after\n" + expected


def test_ten_lines_of_context_are_usual():
    lines = ["line %d" % number for number in range(50)]
    diff = unified_diff(snapshot(a="\n".join(lines)), snapshot(a="\n".join([*lines[:25], "new", *lines[26:]])))
    assert diff.split("\n")[2:4] == ["@@ -16,21 +16,21 @@", " line 15"]
    assert diff.endswith(" line 35\n")


def test_an_added_column():
    before = snapshot(users="CREATE TABLE public.users (\n    id integer NOT NULL\n);")
    after = snapshot(users="CREATE TABLE public.users (\n    id integer NOT NULL,\n    karen text\n);")
    assert unified_diff(before, after) == (
        "--- before\n+++ after\n@@ -1,3 +1,4 @@\n CREATE TABLE public.users (\n-    id integer NOT NULL\n"
        "+    id integer NOT NULL,\n+    karen text\n );\n"
    )


@pytest.mark.parametrize("context", [0, 1, 3, 10, 1000])
@pytest.mark.parametrize("seed", range(40))
def test_any_diff_applies(seed, context):
    rnd = random.Random(seed)
    names = ["t%02d" % number for number in range(30)]
    before = random_snapshot(rnd, rnd.sample(names, rnd.randrange(30)))
    changes = random_snapshot(rnd, rnd.sample(names, 4))
    after = dict(before.objects)
    after.update(changes.objects)
    for key in rnd.sample(sorted(after), 2):
        del after[key]
    diff = unified_diff(before, Snapshot(after), context)
    assert applied(diff, canonical(before)) == canonical(Snapshot(after))


@pytest.mark.skipif(shutil.which("patch") is None, reason="no patch program on this machine")
@pytest.mark.parametrize("context", [0, 3, 10])
def test_patch_takes_it(tmp_path, context):
    before = snapshot(**{"t%03d" % number: "CREATE TABLE t%03d (\n    id integer\n);" % number for number in range(99)})
    after = {key: text.replace("2 (\n", "2 (\n    new text,\n") for key, text in before.objects.items()}
    after[ObjectKey("TABLE", "public", "t0500")] = "CREATE TABLE t0500 ();"
    del after[ObjectKey("TABLE", "public", "t000")]
    text = tmp_path / "text"
    text.write_text(canonical(before))
    diff = unified_diff(before, Snapshot(after), context)
    run = subprocess.run(["patch", str(text)], input=diff, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout
    assert "offset" not in run.stdout and "fuzz" not in run.stdout
    assert text.read_text() == canonical(Snapshot(after))


def test_a_comment_whose_place_moves():
    """The same entry may have its place elsewhere when what it is about became something else."""
    comment = ObjectKey("COMMENT", "public", "COLUMN pair.a")
    table, kind, other = (ObjectKey(*key, "pair") for key in (("TABLE", "public"), ("TYPE", "public"), ("VIEW", "a")))
    before = Snapshot({table: "table", comment: "comment", other: "other"})
    after = Snapshot({kind: "type", comment: "comment", other: "other"})
    assert applied(unified_diff(before, after), canonical(before)) == canonical(after)


class TestHugeObjects:
    """Each is done in a fraction of a second, however many of its lines are alike."""

    UNIQUE = ["line %d" % number for number in range(20000)]
    ALIKE = ["begin", "  null;", "end;"] * 7000

    @staticmethod
    def difference(old, new):
        before, after = snapshot(f="\n".join(old)), snapshot(f="\n".join(new))
        diff = unified_diff(before, after, 3)
        assert applied(diff, canonical(before)) == canonical(after)
        return changed_lines(diff)

    def test_edits_far_apart_stay_small(self):
        new = list(self.UNIQUE)
        new[10], new[19990] = "first", "last"
        del new[10000]
        assert self.difference(self.UNIQUE, new) == [
            "-line 10", "+first", "-line 10000", "-line 19990", "+last",
        ]  # fmt: skip

    def test_every_tenth_line(self):
        new = [line + "!" if number % 10 == 5 else line for number, line in enumerate(self.UNIQUE)]
        assert len(self.difference(self.UNIQUE, new)) == 2 * 2000

    def test_a_block_that_moved(self):
        moved = self.UNIQUE[:5000] + self.UNIQUE[6000:] + self.UNIQUE[5000:6000]
        assert len(self.difference(self.UNIQUE, moved)) == 2 * 1000

    def test_edits_between_lines_that_repeat(self):
        old = [*self.ALIKE, "anchor", *self.ALIKE]
        new = [*self.ALIKE, "here", "anchor", *self.ALIKE, "there"]
        assert self.difference(old, new) == ["+here", "+there"]

    def test_nothing_but_lines_that_repeat(self):
        new = ["declare", *self.ALIKE[3:9000], "x", "x", *self.ALIKE[9000:], "x"]
        assert {"+declare", "+x"} <= set(self.difference([*self.ALIKE, "end"], new))

    def test_all_different(self):
        new = ["other %d" % number for number in range(20000)]
        assert len(self.difference(self.UNIQUE, new)) == 40000

    @pytest.mark.parametrize("seed", range(5))
    def test_as_many_lines_as_can_be_stay(self, seed):
        numbers = random.Random(seed).sample(range(400), 400)
        longest = []
        for index, number in enumerate(numbers):
            longest.append(1 + max((longest[i] for i in range(index) if numbers[i] < number), default=0))
        new = [self.UNIQUE[number] for number in numbers]
        assert len(self.difference(self.UNIQUE[:400], new)) == 2 * (400 - max(longest))

    def test_reversed(self):
        assert len(self.difference(self.UNIQUE, self.UNIQUE[::-1])) == 2 * 19999


@pytest.mark.parametrize("seed", range(50))
def test_a_diff_of_texts_leads_from_one_to_the_other(seed):
    rnd = random.Random(seed)
    before, after = canonical(random_snapshot(rnd, "abcd")), canonical(random_snapshot(rnd, "bcde"))
    assert applied(text_diff(before, after, rnd.randrange(4)), before) == after


def test_equal_texts_have_no_diff():
    assert text_diff("a\n", "a\n") == ""
