# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of psql's own input."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.sql.psql import hint

CASES = {
    # The place of the error is marked with a caret, which isn't part of the text.
    "a command": ("SELECT 1;\n^\\i other.sql", "\\i is a command"),
    "a command with a mark": ("^\\! ls", "\\! is a command"),
    "a dump's": ("^\\restrict abc", "\\restrict is a command"),
    "a variable": ("SELECT ^:x", ":x is a variable"),
    "a quoted variable": ("SELECT ^:'x'", ":'x' is a variable"),
    "rows": ("COPY a (x) FROM stdin;\n^1\n\\.\n", "Rows behind COPY"),
    "rows, in other letters": ("select 1; copy a from STDIN WITH (FORMAT csv);\n^1,2\n", "Rows behind COPY"),
    "a statement behind COPY": ("COPY a FROM 'file';\n^SELEC 1", None),
    "a cast": ("SELECT 1^::int", None),
    "a mistake": ("SELECT 1; ^SELEC 2", None),
}


@pytest.mark.parametrize("name", CASES)
def test_hint(name: str) -> None:
    marked, expected = CASES[name]
    found = hint(marked.replace("^", "", 1), marked.index("^"))
    assert found is None if expected is None else expected in str(found)
