# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which versions are equal, which come first, and what is no version."""

from __future__ import annotations

import itertools
import random

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.model import Script, Version


def version(text):
    return Version.parse(text)


@pytest.mark.parametrize(
    "text, parts",
    [
        ("0", (0,)),
        ("7", (7,)),
        ("007", (7,)),
        ("20151217170514", (20151217170514,)),
        ("2019-02-26-002946", (20190226002946,)),
        ("0-0-1", (1,)),
        ("1-", (1,)),
        ("-1", (1,)),
        ("1.2", (1, 2)),
        ("1_2", (1, 2)),
        ("1.2_3", (1, 2, 3)),
        ("01.02", (1, 2)),
        ("1.0", (1,)),
        ("1.0.0", (1,)),
        ("1.0.2", (1, 0, 2)),
        ("0.0", (0,)),
        ("0.1", (0, 1)),
        ("2019-02.1-0", (201902, 10)),
        ("9" * 60, (int("9" * 60),)),
    ],
)
def test_parts(text, parts):
    assert version(text).parts == parts
    assert str(version(text)) == text


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "1 ", " 1", "1\n", "\n1", "1 2"),
        *("a", "1a", "a1", "v1", "V1", "1e3", "0x10", "1,2", "1/2", "+1", "latest"),
        *(".", "_", "1.", ".1", "1..2", "1__2", "1._2", "_1", "1_"),
        *("-", "--", "1.-", "-.1", "1.-.2"),
        *("\u0661\u0662", "\u00b2", "\uff11", "1\u0660"),
        *("1;", "1'", "1%", "1\x00"),
    ],
)
def test_no_version(text):
    with pytest.raises(ValueError, match="made of digits"):
        version(text)


# Each group is one version in several spellings; the groups are in ascending order.
ASCENDING = [
    ["0", "00", "0.0", "0-0"],
    ["0.0.1"],
    ["0.9"],
    ["0.10", "0_10"],
    ["1", "01", "1.0", "1_0_0", "-1", "1-"],
    ["1.0.1"],
    ["1.1", "1_1", "1.01", "1.1.0"],
    ["1.2"],
    ["1.10"],
    ["2"],
    ["7", "007"],
    ["10", "1-0"],
    ["20151217170514", "2015-12-17-170514", "2015-1217-170514"],
    ["20190226002946", "2019-02-26-002946"],
    ["99999999999999999999999", "9999-9999-9999-9999-9999-999"],
]


@pytest.mark.parametrize("group", ASCENDING, ids=lambda group: group[0])
def test_equal(group):
    for one, other in itertools.product(group, group):
        assert version(one) == version(other)
        assert hash(version(one)) == hash(version(other))
        assert version(one) <= version(other)
        assert (version(one) < version(other)) is False
    assert len({version(text) for text in group}) == 1


@pytest.mark.parametrize("lower, higher", list(itertools.combinations(ASCENDING, 2)), ids=lambda group: group[0])
def test_order(lower, higher):
    for one, other in itertools.product(lower, higher):
        assert version(one) < version(other)
        assert version(other) > version(one)
        assert version(one) != version(other)
        assert version(one) <= version(other)
        assert (version(one) >= version(other)) is False


def test_sort():
    texts = [group[0] for group in ASCENDING]
    for seed in range(20):
        mixed = random.Random(seed).sample(texts, len(texts))
        assert [str(each) for each in sorted(map(version, mixed))] == texts


@pytest.mark.parametrize("other", ["1", 1, (1,), None, 1.0])
def test_equals_only_versions(other):
    assert version("1") != other


@pytest.mark.parametrize(
    "text, name, label",
    [("7", "users", "7_users"), ("2019-02-26-002946", "a b", "2019-02-26-002946_a b"), ("007", "x", "007_x")],
)
def test_label(text, name, label):
    assert Script(version(text), name, "sql", "/x").label == label


TEXTS = [
    ["10", "1", "2"],
    ["20240101000000", "20240102"],
    ["2025-09-19-132648-0000", "2025-10-01-000000"],
    ["007", "1_2", "2"],
    ["20240101000000_a", "20240101000000_b", "20240102_a"],
    ["9", "R__a", "R__b"],
]


@pytest.mark.parametrize("texts", TEXTS, ids=str)
def test_versions_ordered_as_text(texts):
    found = [Version.parse(text, "text") for text in reversed(texts)]
    assert [str(each) for each in sorted(found)] == texts
    assert [each.ordered("numeric").ordered("text") for each in found] == found
    assert [version(text) for text in reversed(texts)] == found, "an identity depends on no order"


def test_one_version_in_two_spellings_has_no_order_in_itself():
    seven, padded = Version.parse("7", "text"), Version.parse("007", "text")
    assert seven == padded and seven >= padded and padded >= seven


NAMES = ["2_b", "10_a", "10_b", "10-b", "11_a.x"]


def test_whole_names_are_ordered_by_number_and_name():
    assert [str(each) for each in sorted(map(version, NAMES))] == ["2_b", "10-b", "10_a", "10_b", "11_a.x"]
    assert all(each.is_whole_name for each in map(version, NAMES))
    assert version("10_a") != version("10_b") and version("10_a") != version("10")
    assert version("10_a").begins_with("10") and not version("10_a").begins_with("1")
    assert not version("10").begins_with("10")


@pytest.mark.parametrize("text", ["10_a\n", "a_10", "10a", "_a", "10_\x00a"])
def test_no_whole_name(text):
    with pytest.raises(ValueError, match="made of digits"):
        version(text)
