# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How many workers there are."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.fleet.run import Schedule

# workers, connections left, databases: workers that there is room for
ROOM = [
    (8, 100, 60, 8),
    (8, 100, 3, 3),
    (8, 32, 60, 8),
    (8, 31, 60, 7),
    (8, 9, 60, 2),
    (8, 3, 60, 1),
    (8, 0, 60, 1),
    (8, -2, 60, 1),
    (1, 3, 60, 1),
]


@pytest.mark.parametrize("workers, room, databases, expected", ROOM)
def test_never_more_than_the_server_has_connections_for(workers, room, databases, expected):
    count, warning = Schedule(workers=workers).within(room, databases)
    assert count == expected
    assert (warning is not None) == (count < min(workers, databases))


def test_fewer_are_said():
    assert Schedule().within(9, 60)[1] == (
        "2 workers instead of 8: the server has 9 connections left for this user, and a run takes up to 4."
    )
