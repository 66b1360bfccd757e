# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a session holds, as the server's text → values."""

from __future__ import annotations

import json

from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.observing.eyes import (
    held_of,
    sight_of,
)
from ansible_collections.pgops.migrations.plugins.module_utils.databases.sight import (
    Column,
    Details,
    Held,
    Key,
    Relation,
    Sight,
    Survey,
)

ALL, WRITE = "AccessExclusiveLock", "RowExclusiveLock"
COLUMNS = [[2, "name", True], [3, "", False]]
CONSTRAINTS = [[80, False, True, True, "c"], [81, False, False, True, "d"], [90, True, True, False, "k"]]
SEEN = [
    4,
    [True, ["public.v"]],
    [
        [1, [WRITE], True, "public.a", 10, "0 p 2", False, 1, 2, 3, 4, None],
        [2, [ALL, WRITE], True, "public.b", 11, "0 p 2", True, 0, 0, 0, 1, [COLUMNS, [2, True, 5, [70]], CONSTRAINTS]],
        [3, [ALL], True, "public.d", 12, "0 p 2", False, 0, 0, 0, 0, [None, [0, None, None, None], None]],
        [4, [ALL], False, None, None, None, None, 0, 0, 0, 0, None],
    ],
]
DETAILS = Details(
    (Column(2, "name", True), Column(3, "", False)),
    clustered=True,
    index_count=2,
    index_scans=5,
    indexes=frozenset([70]),
    checks=frozenset([80]),
    keys=(Key(90, True, False, "k"),),
)


def test_sight_of() -> None:
    assert sight_of(json.dumps(SEEN)) == Sight(
        (
            Held(1, frozenset([WRITE]), True, "public.a", 10, "0 p 2", False, 1, 2, 3, 4),
            Held(2, frozenset([ALL, WRITE]), True, "public.b", 11, "0 p 2", True, 0, 0, 0, 1, DETAILS),
            Held(3, frozenset([ALL]), True, "public.d", 12, "0 p 2", details=Details()),
            Held(4, frozenset([ALL]), exists=False),
        ),
        4,
        True,
        frozenset(["public.v"]),
    )


def test_nothing_is_held() -> None:
    assert sight_of(None) == sight_of("") == sight_of("null") == Sight()
    assert sight_of(json.dumps([None, None, SEEN[2][:1]])) == Sight((sight_of(json.dumps(SEEN)).held[0],))


def test_names_without_an_encoding_are_escaped() -> None:
    texts = [str(held_of(Survey({1: Relation("a")}, 1, (2, None, 3), any_bytes))) for any_bytes in (False, True)]
    assert ["SQL_ASCII" in text for text in texts] == [False, True]
