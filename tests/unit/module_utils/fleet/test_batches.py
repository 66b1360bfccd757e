# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Batches: the numbers are what ansible-playbook makes of the same serial."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.fleet.batches import batches, read_serial, too_many

SIZES = [
    ((), 5, [5]),
    (("2",), 5, [2, 2, 1]),
    (("1", "2"), 6, [1, 2, 2, 1]),
    (("1", "10%", "100%"), 40, [1, 4, 35]),
    (("30%",), 10, [3, 3, 3, 1]),
    (("1%",), 3, [1, 1, 1]),
    (("0",), 4, [4]),
    (("1", "0"), 4, [1, 3]),
    (("10",), 4, [4]),
]


@pytest.mark.parametrize("serial, total, expected", SIZES)
def test_sizes(serial, total, expected):
    names = ["d%d" % number for number in range(total)]
    found = batches(names, serial)
    assert [len(batch) for batch in found] == expected
    assert [name for batch in found for name in batch] == names


@pytest.mark.parametrize("written", ["x", "-1", "1.5", "%", "10 %", "1e2", "١"])
def test_what_is_no_size(written):
    with pytest.raises(errors.OptionInvalid, match="serial: .* is no size of a batch"):
        read_serial(["1", written])


@pytest.mark.parametrize(
    "failed, size, most, expected",
    [(0, 10, 0, False), (1, 10, 0, True), (1, 10, 10, False), (2, 10, 10, True), (10, 10, 100, False)],
)
def test_more_than_may_fail(failed, size, most, expected):
    # As with Ansible's plays, the share has to be exceeded.
    assert too_many(failed, size, most) is expected
