# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.mysql.driver_errors import diagnose

pymysql = pytest.importorskip("pymysql")


@pytest.mark.parametrize(
    "code, said, advice",
    [
        (1305, "SAVEPOINT here does not exist", "the savepoints are gone"),
        (1305, "FUNCTION shop.f does not exist", None),
        (1064, "You have an error in your SQL syntax; … near '' at line 3", "needs DELIMITER"),
        (1064, "You have an error in your SQL syntax; … near 'SELEC 1' at line 1", None),
        (1969, "Query execution was interrupted", "statement_timeout is over"),
        (3024, "Query execution was interrupted", "statement_timeout is over"),
        (1146, "Table 'shop.t' doesn't exist", None),
    ],
)
def test_advice_is_for_what_was_said(code: int, said: str, advice: str | None) -> None:
    found = diagnose(pymysql.err.OperationalError(code, said), None)
    assert found is not None
    assert advice in found.hint if advice else found.hint is None
