# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Python script imports and names, of what stands beside it."""

from __future__ import annotations

import importlib.machinery
from pathlib import Path

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.imports import beside

EXTENSION = importlib.machinery.EXTENSION_SUFFIXES[0]

# Files beside the script, what it says → what is found.
CASES: dict[str, tuple[list[str], str, list[str]]] = {
    "a module": (["names.py", "other.py"], "import names", ["names.py"]),
    "a module of the library": ([], "import json, os.path", []),
    "a module of the library's name": (["json.py"], "import json", ["json.py"]),
    "inside a function": (["names.py"], "def up(cursor):\n    import names as n", ["names.py"]),
    "names of a module": (["names.py"], "from names import A, B", ["names.py"]),
    "all names of a module": (["names.py"], "from names import *", ["names.py"]),
    "a compiled module": (["names.pyc"], "import names", ["names.pyc"]),
    "an extension": ([f"names{EXTENSION}"], "import names", [f"names{EXTENSION}"]),
    "what Python has compiled of it": (
        ["names.py", "__pycache__/names.cpython-399.pyc", "__pycache__/other.cpython-399.pyc"],
        "import names",
        ["names.py", "__pycache__", "__pycache__/names.cpython-399.pyc"],
    ),
    "a package": (["p/__init__.py", "p/other.py"], "import p", ["p", "p/__init__.py"]),
    "a module of a package": (["p/__init__.py", "p/m.py"], "import p.m", ["p", "p/__init__.py", "p/m.py"]),
    "a module from a package": (["p/__init__.py", "p/m.py"], "from p import m", ["p", "p/__init__.py", "p/m.py"]),
    "a package without a file of its own": (["p/m.py"], "from p.m import x", ["p", "p/m.py"]),
    "a module beside a package of its name": (["p.py", "p/__init__.py"], "import p", ["p.py", "p", "p/__init__.py"]),
    "by its name as text": (["names.py"], "import importlib\nimportlib.import_module('names')", ["names.py"]),
    "by its name as text, in the old way": (["names.py"], "__import__('names')", ["names.py"]),
    "by a name that nobody knows yet": (["names.py"], "__import__('na' + 'mes')", []),
    "SQL that is named": (
        ["data.sql", "sql/more.sql", "other.sql"],
        "open(os.path.join(os.path.dirname(__file__), 'data.sql'))\nread('sql/more.sql')",
        ["data.sql", "sql/more.sql"],
    ),
    "SQL in the text": ([], "x = 'SELECT 1; -- see gone.sql'", []),
    "what isn't there": ([], "import of_no_such_name\nopen('of_no_such_name.sql')", []),
    "a syntax error": (["names.py"], "import names\ndef", []),
    "a relative import, which a script can't have": (["names.py"], "from . import names", ["names.py"]),
}


@pytest.mark.parametrize("name", CASES)
def test_beside(tmp_path: Path, name: str) -> None:
    files, text, expected = CASES[name]
    for each in files:
        (tmp_path / each).parent.mkdir(exist_ok=True)
        (tmp_path / each).touch()
    (tmp_path / "1_a.py").write_text(text)
    found = beside(str(tmp_path / "1_a.py"))
    assert sorted(found) == sorted(str(tmp_path / each) for each in expected)


def test_what_is_imported_imports_in_turn(tmp_path: Path) -> None:
    texts = {
        "1_a.py": "import p.one",
        "p/__init__.py": "from . import two",
        "p/one.py": "from .q import three\nimport top",
        "p/two.py": "import p.one\nfrom ...far import away",
        "p/q/__init__.py": "",
        "p/q/three.py": "from ..four import x",
        "p/four.py": "open('four.sql')",
        "p/four.sql": "",
        "top.py": "import top",
        "unused.py": "",
    }
    for path, text in texts.items():
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).write_text(text)
    found = {Path(each).relative_to(tmp_path).as_posix() for each in beside(str(tmp_path / "1_a.py"))}
    assert found == set(texts) - {"1_a.py", "unused.py"} | {"p", "p/q"}
