# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Notices are kept, and what had to go is told."""

from __future__ import annotations

from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.notices import MOST, Notices


def test_all_are_kept_up_to_a_bound() -> None:
    notices = Notices()
    for number in range(MOST):
        notices.append("NOTICE:  %d\n" % number)
    text = notices.take()
    assert text.count("\n") == MOST and text.startswith("NOTICE:  0\n")
    assert not notices and notices.take() == ""


def test_what_is_left_out_is_told() -> None:
    notices = Notices()
    for number in range(MOST + 1234):
        notices.append("%d\n" % number)
    lines = notices.take().splitlines()
    assert lines[0] == "(1,234 earlier notices are left out; the last 1,000 are kept)"
    assert (lines[1], lines[-1], len(lines)) == ("1234", str(MOST + 1233), MOST + 1)
    notices.append("next\n")
    assert notices.take() == "next\n"
