# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a Python script says about itself, found without running it."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import ScriptInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.model import Script, Version
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.kinds.dbmigrator import read, survey

UP = "def up(cursor): pass\n"
DOWN = "def down(cursor): pass\n"
SHOULD_RUN = "def should_run(cursor): return True\n"
BOOM = "raise RuntimeError('it was run')\n"


@pytest.fixture
def script(tmp_path):
    path = tmp_path / "1_a.py"

    def write(text):
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return Script(Version.parse("1"), "a", "python", str(path))

    return write


@pytest.mark.parametrize(
    "text, has_down, transactional",
    [
        (UP, False, True),
        (UP + DOWN, True, True),
        (BOOM + UP + DOWN, True, True),
        ("up = lambda cursor: None\n", False, True),
        ("from neighbour import up, down\n", True, True),
        ("from neighbour import apply as up\n", False, True),
        ("from neighbour import *\n", True, True),
        ("try:\n    import x\nexcept ImportError:\n    x = None\n" + UP, False, True),
        ("if True:\n    def up(cursor): pass\n    def down(cursor): pass\n", True, True),
        ("down = up = print\n", True, True),
        ("transactional = False\n" + UP + DOWN, True, False),
        ("transactional = True\n" + UP, False, True),
        ("transactional = 0\n" + UP, False, True),
        ("other = transactional = False\n" + UP, False, False),
        ("def up(cursor):\n    transactional = False\n", False, True),
        ("# transactional = False\n" + UP, False, True),
        ("'''transactional = False'''\n" + UP, False, True),
        ("", None, None),
        (DOWN, None, None),
        ("# def up(cursor): pass\n", None, None),
        ("'''def up(cursor): pass'''\n", None, None),
        ("def upper(cursor): pass\n", None, None),
        ("async def up(cursor): pass\n", None, None),
        ("UP = print\n", None, None),
    ],
)
def test_read(script, text, has_down, transactional):
    written = script(text)
    if has_down is None:
        with pytest.raises(ScriptInvalid, match="has no up"):
            read(written)
        return
    found = read(written)
    assert (found.up.function, found.up.path, found.up.transactional) == ("up", written.path, transactional)
    assert (found.down is not None) is has_down
    if found.down is not None:
        assert (found.down.function, found.down.path, found.down.transactional) == ("down", written.path, transactional)


def test_the_code_is_the_scripts(script):
    written = script("\n\ndef up(cursor):\n    raise RuntimeError\n")
    names = {}
    exec(read(written).up.code, names)
    with pytest.raises(RuntimeError) as caught:
        names["up"](None)
    last = caught.traceback[-1]
    assert (str(last.path), last.lineno + 1) == (written.path, 4)


def test_the_collections_own_future_is_not_the_scripts(script):
    # Compiled with `from __future__ import annotations`, the annotation would be a string.
    names = {}
    exec(read(script("def up(cursor: int): pass\n")).up.code, names)
    assert names["up"].__annotations__ == {"cursor": int}


@pytest.mark.parametrize("text", [UP.replace("\n", "\r\n"), "\ufeff" + UP, "# coding: utf-8\n# naïve 😀\n" + UP])
def test_text_in_all_its_forms(script, text):
    assert read(script(text)).up.function == "up"


@pytest.mark.parametrize(
    "text, line, column, words",
    [
        ("def up(cursor):\n    pass\n  oops\n", 3, None, "1_a.py, line 3"),
        ("def up(cursor)\n    pass\n", 1, 15, "1_a.py, line 1"),
        (UP + "return 1\n", 2, 1, "'return' outside function"),
        (UP + "print 'hello'\n", 2, 1, "line 2"),
        (UP + "x = (1,\n", 2, 5, "was never closed"),
        (UP.encode() + b"# caf\xe9\n", 2, 6, "not UTF-8: byte 0xe9 in line 2"),
        (b"# \xff\xfe\n", 1, 3, "not UTF-8: byte 0xff in line 1"),
        (UP + "\0", None, None, "1_a.py"),
    ],
)
def test_unreadable(script, text, line, column, words):
    with pytest.raises(ScriptInvalid) as caught:
        read(script(text))
    assert words in caught.value.message
    assert caught.value.path.endswith("1_a.py")
    if line is not None:
        assert caught.value.line == line
    if column is not None:
        assert caught.value.column == column


def test_no_file(tmp_path):
    with pytest.raises(ScriptInvalid, match="1_a.py can't be read"):
        read(Script(Version.parse("1"), "a", "python", str(tmp_path / "1_a.py")))


DEFERRED = "from dbmigrator import deferred\n\n@deferred\n" + UP


@pytest.mark.parametrize(
    "text, repeatable, deferred",
    [
        (UP, False, False),
        (BOOM + UP + SHOULD_RUN, True, False),
        (BOOM + DEFERRED, False, True),
        (DEFERRED + SHOULD_RUN, True, True),
        ("import dbmigrator\n\n@dbmigrator.deferred\n" + UP, False, True),
        ("from pgops_migrations import deferred\n\n@deferred\n" + UP, False, True),
        ("from dbmigrator import deferred\n\n@other\n@deferred\n" + UP, False, True),
        ("from dbmigrator import deferred as later\n\n@later\n" + UP, False, True),
        ("from dbmigrator import deferred\n" + UP, False, False),
        ("from dbmigrator import deferred\n" + UP + "\n@deferred\n" + DOWN, False, False),
        ("# @deferred, should_run\n" + UP, False, False),
        ("'''should_run'''\n" + UP, False, False),
        ("from neighbour import should_run\n" + UP, True, False),
        ("from neighbour import wanted as should_run\n" + UP, True, False),
        ("should_run = lambda cursor: True\n" + UP, True, False),
        (UP + "\nshould_run_late = 1\n", False, False),
        ("def up(cursor):\n    if should_run(cursor): pass\n", False, False),
    ],
)
def test_survey(script, text, repeatable, deferred):
    found = survey(script(text))
    assert (found.repeatable, found.deferred) == (repeatable, deferred)
    assert len(found.checksum) == 64


@pytest.mark.parametrize(
    "text", ["def should_run(:\n", b"# should_run caf\xe9\n", "should_run\0", b"\xff\xfe deferred"]
)
def test_survey_of_what_cannot_be_read_waits_for_its_turn(script, text):
    # An applied script that was spoilt later is no reason to stop.
    found = survey(script(text))
    assert (found.repeatable, found.deferred) == (False, False)
