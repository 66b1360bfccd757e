# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the files that decide what runs are looked at for who may write them, and in whose eyes."""

from __future__ import annotations

import os
import pwd
from pathlib import Path

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import ScriptInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.discovery import discover
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.trust import refuse_writable

DAEMON, BIN = pwd.getpwnam("daemon"), pwd.getpwnam("bin")
UP = "import names\nfrom p import m\nSQL = '1_data.sql'\ndef up(cursor): pass\n"
PYTHON = {"1_a.py": UP, "names.py": "", "p/__init__.py": "", "p/m.py": "import deep", "deep.py": "", "1_data.sql": ""}
SQL = {"1_a.up.sql": "SELECT 1", "1_a.down.sql": "SELECT 1", "names.py": ""}
DIESEL = {"1_a/up.sql": "SELECT 1", "1_a/down.sql": "SELECT 1", "1_a/metadata.toml": ""}
REPOSITORY = {"migrate.cfg": "[db_settings]\nrepository_id=x\n", "versions/1_a.py": "import y\ndef upgrade(e): pass\n"}

# Files of a directory, and which of them everybody may write → whether that is refused.
CASES: dict[str, tuple[dict[str, str], str, bool]] = {
    "the way up": (SQL, "1_a.up.sql", True),
    "the way back": (SQL, "1_a.down.sql", True),
    "the directory": (SQL, ".", True),
    "the directory above it": (SQL, "..", True),
    "a module beside SQL": (SQL, "names.py", False),
    "a Python script": (PYTHON, "1_a.py", True),
    "a module that it imports": (PYTHON, "names.py", True),
    "a package": (PYTHON, "p", True),
    "a file of a package": (PYTHON, "p/__init__.py", True),
    "a module of a package": (PYTHON, "p/m.py", True),
    "a module that a module imports": (PYTHON, "deep.py", True),
    "SQL that a script names": (PYTHON, "1_data.sql", True),
    "a module that nobody imports": ({**PYTHON, "other.py": ""}, "other.py", False),
    "data": ({**PYTHON, "data.csv": ""}, "data.csv", False),
    "what Python has compiled": ({**PYTHON, "__pycache__/names.cpython-39.pyc": ""}, "__pycache__", True),
    "how a folder of diesel's is run": (DIESEL, "1_a/metadata.toml", True),
    "a folder of diesel's": (DIESEL, "1_a", True),
    "a repository's configuration": (REPOSITORY, "migrate.cfg", True),
    "a repository's scripts": (REPOSITORY, "versions", True),
}


def fill(top: Path, files: dict[str, str]) -> str:
    """Write files into a directory of a directory; nobody else may write any of them."""
    for name, text in files.items():
        path = top / "up/m" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    for path in [top / "up", *(top / "up").rglob("*")]:
        path.chmod(0o755 if path.is_dir() else 0o644)
    return str(top / "up/m")


def look(*directories: str) -> None:
    refuse_writable(directories, discover(directories))


@pytest.mark.parametrize("name", CASES)
def test_what_is_looked_at(tmp_path: Path, name: str) -> None:
    files, path, refused = CASES[name]
    directory = fill(tmp_path, files)
    look(directory)
    open_to_all = os.path.normpath(os.path.join(directory, path))
    os.chmod(open_to_all, 0o777)
    if not refused:
        look(directory)
        return
    with pytest.raises(ScriptInvalid) as caught:
        look(directory)
    assert caught.value.message == (
        "Everybody on this host may write %s, and what stands there would run with the database's rights" % open_to_all
    )
    assert caught.value.hint == ("chmod o-w it; or set allow_writable_scripts: true, if that is as it has to be.")
    assert caught.value.path == open_to_all


def test_a_script_that_a_link_leads_to(tmp_path: Path) -> None:
    directory = fill(tmp_path, {"deep/real.sql": "SELECT 1", "2_b.up.sql": "SELECT 1"})
    os.symlink("deep/real.sql", tmp_path / "up/m/1_a.up.sql")
    look(directory)
    (tmp_path / "up/m/deep").chmod(0o777)
    with pytest.raises(ScriptInvalid, match="may write .*/up/m/deep, and"):
        look(directory)


def test_what_flyway_runs_around(tmp_path: Path) -> None:
    directory = fill(tmp_path, {"V1__a.sql": "SELECT 1", "deep/afterMigrate.sql": "SELECT 1"})
    look(directory)
    os.chmod(os.path.join(directory, "deep/afterMigrate.sql"), 0o666)
    with pytest.raises(ScriptInvalid, match="may write .*/deep/afterMigrate.sql, and"):
        look(directory)


def test_nothing_to_run_is_nothing_to_refuse(tmp_path: Path) -> None:
    directory = fill(tmp_path, SQL)
    os.chmod(directory, 0o777)
    refuse_writable([directory], [])


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a file away")
class TestOwners:
    """Each directory has an owner of its own."""

    def test_a_checkout_of_somebody_else_run_as_root(self, tmp_path: Path) -> None:
        directory = fill(tmp_path, PYTHON)
        for path in [tmp_path / "up", *(tmp_path / "up").rglob("*")]:
            os.chown(path, DAEMON.pw_uid, DAEMON.pw_gid)
            path.chmod(0o775 if path.is_dir() else 0o664)
        look(directory)

    def test_what_another_may_write_in_it(self, tmp_path: Path) -> None:
        directory = fill(tmp_path, PYTHON)
        for path in [tmp_path / "up", *(tmp_path / "up").rglob("*")]:
            os.chown(path, DAEMON.pw_uid, DAEMON.pw_gid)
        os.chown(tmp_path / "up/m/names.py", BIN.pw_uid, BIN.pw_gid)
        with pytest.raises(ScriptInvalid, match="bin may write .*/names.py, and what stands there would") as caught:
            look(directory)
        assert "chown it to daemon, the owner of %s; or" % directory in str(caught.value.hint)

    def test_the_owner_of_one_directory_has_no_say_in_another(self, tmp_path: Path) -> None:
        one, two = fill(tmp_path / "one", SQL), fill(tmp_path / "two", {"2_b.up.sql": "SELECT 1"})
        os.chown(one, DAEMON.pw_uid, DAEMON.pw_gid)
        look(one, two)
        os.chown(os.path.join(two, "2_b.up.sql"), DAEMON.pw_uid, DAEMON.pw_gid)
        with pytest.raises(ScriptInvalid, match="daemon may write .*/2_b.up.sql") as caught:
            look(one, two)
        assert "chown it to root; or" in str(caught.value.hint)

    def test_a_group(self, tmp_path: Path) -> None:
        directory = fill(tmp_path, SQL)
        os.chown(directory, 0, DAEMON.pw_gid)
        os.chmod(directory, 0o2775)
        with pytest.raises(ScriptInvalid, match="daemon, who is in the group daemon, may write .*/m, and") as caught:
            look(directory)
        assert str(caught.value.hint).startswith("chmod g-w it; or")
