# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How differences are shown, and statements put together."""

from __future__ import annotations

from ansible_collections.pgops.migrations.plugins.module_utils.provision.statement import (
    Action,
    Attribute,
    Difference,
    shown,
)

LIMIT = Attribute("limit", "1", "2")
DIFFERENCES = [
    Difference("user", "shop", Action.CREATED, (Attribute("login", None, "true"),)),
    Difference("database", "shop", Action.CHANGED, (LIMIT, Attribute("owner", None, "shop"))),
    Difference("extension", "citext", Action.CREATED),
    Difference("user", "old", Action.DROPPED),
]


def test_before():
    assert shown(DIFFERENCES, after=False) == "database shop:\n  limit: 1\nuser old\n"


def test_after():
    assert shown(DIFFERENCES, after=True) == (
        "user shop:\n  login: true\ndatabase shop:\n  limit: 2\n  owner: shop\nextension citext\n"
    )


def test_nothing():
    assert shown([], after=True) == ""
