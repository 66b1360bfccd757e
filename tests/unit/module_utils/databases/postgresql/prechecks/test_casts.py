# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which types a plan gives to a column take every value, in a table."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.prechecks.casts import Cast

HARMLESS = [
    *(("integer", "bigint"), ("smallint", "numeric"), ("bigint", "numeric"), ("text", "character varying")),
    *(("character varying(3)", "text"), ("character varying(3)", "character varying")),
    *(("character varying(3)", "character varying(9)"), ("numeric(4,2)", "numeric(6,2)"), ("numeric(4,2)", "numeric")),
    ("bit varying(3)", "bit varying(4)"),
]
RISKY = [
    *(("bigint", "integer"), ("numeric", "bigint"), ("text", "integer"), ("text", "character varying(3)")),
    *(("character varying(9)", "character varying(3)"), ("character(3)", "character(9)"), ("bit(3)", "bit(4)")),
    *(("numeric(6,2)", "numeric(4,2)"), ("numeric(4,2)", "numeric(6,3)"), ("text", "public.mood"), ("integer", "text")),
    *(("numeric", "numeric(4,2)"), ("bigint", "numeric(4)")),
]


@pytest.mark.parametrize(("old", "new"), HARMLESS)
def test_every_value_passes(old: str, new: str) -> None:
    assert Cast(old, new).harmless


@pytest.mark.parametrize(("old", "new"), RISKY)
def test_a_value_may_not_pass(old: str, new: str) -> None:
    assert not Cast(old, new).harmless
