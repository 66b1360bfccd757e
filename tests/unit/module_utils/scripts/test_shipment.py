# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes to the target of a directory on the controller, and what of it others may have written."""

from __future__ import annotations

import json
import os
import socket
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import ScriptInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.scripts import shipment

UP = "def up(cursor): pass\n"


def write(directory: Path, *paths: str) -> None:
    for path in paths:
        (directory / path).parent.mkdir(parents=True, exist_ok=True)
        (directory / path).write_text(UP if path.endswith(".py") else "SELECT 1;\n")


def pack(tmp_path: Path, *directories: Path, **options: Any) -> tuple[dict[str, tarfile.TarInfo], list[str]]:
    """Return what is in the archive, by name, and what was said about it."""
    paths = [str(each) for each in directories or [tmp_path / "m"]]
    described = shipment.describe(paths, None, **options)
    left = shipment.pack(described, paths, str(tmp_path / "archive"), **options)
    with tarfile.open(tmp_path / "archive") as tar:
        return {member.name: member for member in tar.getmembers()}, left


# Scripts, what stands beside them → what goes along. A name that ends in a slash is a folder.
SHIPPED: dict[str, tuple[list[str], list[str], set[str]]] = {
    "SQL reads nothing": (["1_a.up.sql", "1_a.down.sql"], ["README", "data.csv", "helpers.py", "deep/x.csv"], set()),
    "Python may": (["1_a.py"], ["names.py", "data.csv", "1-more.sql"], {"names.py", "data.csv", "1-more.sql"}),
    "packages and folders of data": (
        ["1_a.py"],
        ["p/__init__.py", "p/m.py", "data/x.csv"],
        {"p/", "p/__init__.py", "p/m.py", "data/", "data/x.csv"},
    ),
    "neither a repository nor what is hidden": (["1_a.py"], [".git/config", ".env", ".venv/x.py", "p/.hg/x"], {"p/"}),
    "nor what Python has compiled": (["1_a.py"], ["__pycache__/names.cpython-39.pyc", "names.pyc"], set()),
    "nor a virtual environment": (["1_a.py"], ["env/pyvenv.cfg", "env/lib/x.py"], set()),
    "nor packages of Node": (["1_a.py"], ["node_modules/x/y.js"], set()),
    "what says how a folder of diesel's is run": (
        ["1_a/up.sql", "1_a/down.sql", "2_b/up.sql"],
        ["1_a/metadata.toml", "2_b/README"],
        {"1_a/metadata.toml"},
    ),
    "what says how a script of Flyway's is run": (
        ["V1__a.sql", "deep/V2__b.sql"],
        ["V1__a.sql.conf", "deep/V2__b.sql.conf"],
        {"V1__a.sql.conf", "deep/V2__b.sql.conf"},
    ),
    "what Flyway runs around": (
        ["V1__a.sql"],
        ["afterMigrate.sql", "deep/beforeMigrate__x.sql", "deep/beforeMigrate__x.sql.conf"],
        {"afterMigrate.sql", "deep/beforeMigrate__x.sql", "deep/beforeMigrate__x.sql.conf"},
    ),
    "what verifies": (
        ["1_a.up.sql", "2_b.up.sql"],
        ["1_a.verify.sql"],
        {"1_a.verify.sql"},
    ),
}


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped(tmp_path: Path, name: str) -> None:
    scripts, others, expected = SHIPPED[name]
    write(tmp_path / "m", *scripts, *others)
    members, left = pack(tmp_path)
    packed = {path + "/" * member.isdir() for path, member in members.items()}
    assert packed == {"0/", *("0/" + path for path in [*scripts, *expected])}
    assert left == []
    assert {(member.uid, member.gid, member.mode) for member in members.values()} <= {(0, 0, 0o644), (0, 0, 0o755)}


def test_what_runs_around_goes_along_from_a_directory_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "m", "V1__a.sql")
    write(tmp_path / "hooks", "afterMigrate.sql", "README.md")
    assert set(pack(tmp_path, tmp_path / "m", tmp_path / "hooks")[0]) == {
        *("0", "0/V1__a.sql", "1", "1/afterMigrate.sql")
    }
    paths = [str(tmp_path / "m"), str(tmp_path / "hooks")]
    described = json.loads(json.dumps(shipment.describe(paths, None)))
    (there,) = shipment.at(described, paths, ["/t/0", "/t/1"])
    (here,) = shipment.scripts_of(described)
    assert [(each.event, each.path) for each in there.callbacks] == [("afterMigrate", "/t/1/afterMigrate.sql")]
    assert [each.checksum for each in there.callbacks] == [each.checksum for each in here.callbacks]
    assert here.callbacks[0].checksum


def test_a_repository_goes_along_with_its_configuration(tmp_path: Path) -> None:
    write(tmp_path / "m", "versions/1_default_upgrade.sql", "manage.py", "README")
    (tmp_path / "m/migrate.cfg").write_text("[db_settings]\nrepository_id = x\n")
    assert set(pack(tmp_path)[0]) == {"0", "0/migrate.cfg", "0/versions/1_default_upgrade.sql"}


def test_what_can_t_be_read_like_a_file_is_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path / "m", "1_a.py", "deep/x.csv")
    monkeypatch.chdir(tmp_path / "m")
    os.mkfifo("pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")
    os.symlink("nowhere", "dangling")
    os.symlink("circle", "circle")
    os.symlink("../m", "again")  # would go round in circles
    os.symlink("..", "deep/up")
    assert set(pack(tmp_path)[0]) == {"0", "0/1_a.py", "0/deep", "0/deep/x.csv"}


def test_what_is_too_big_is_left_behind_and_named(tmp_path: Path) -> None:
    write(tmp_path / "m", "1_a.py")
    (tmp_path / "m/big.img").touch()
    os.truncate(tmp_path / "m/big.img", 3 * 2**30)
    members, left = pack(tmp_path)
    assert set(members) == {"0", "0/1_a.py"}
    assert left == [
        f"src: {tmp_path}/m/big.img wasn't taken along: it has 3 GiB, and 100 MiB is the most. If a script reads it, "
        "have it on the host and read it there."
    ]


@pytest.mark.parametrize("script", ["1_a.py", "1_a.up.sql"])
@pytest.mark.parametrize("link, target", [("private", "private"), ("names.py", "names.py"), ("folder", "folder")])
def test_a_link_that_leads_out_is_refused_or_followed(tmp_path: Path, script: str, link: str, target: str) -> None:
    write(tmp_path / "m", script)
    write(tmp_path / "elsewhere", "private", "names.py", "folder/x.csv")
    (tmp_path / "m" / link).symlink_to(f"../elsewhere/{target}")
    with pytest.raises(ScriptInvalid, match=f"{link} is a link that leads out of .*/m, to .*/{target}") as caught:
        pack(tmp_path)
    assert caught.value.path == str(tmp_path / "m" / link)
    assert "follow: true" in str(caught.value.hint)
    below = {f"0/{link}", *(["0/folder/x.csv"] if link == "folder" else [])} if script.endswith(".py") else set()
    assert set(pack(tmp_path, follow=True)[0]) == {"0", f"0/{script}", *below}


def test_what_a_link_leads_to_goes_in_its_place(tmp_path: Path) -> None:
    write(tmp_path / "m", "1_a.py", "deep/real.py")
    (tmp_path / "m/2_b.py").symlink_to("deep/real.py")
    members, dummy = pack(tmp_path)
    assert members["0/2_b.py"].isfile() and members["0/2_b.py"].size == len(UP)


@pytest.mark.parametrize("limit, most", [("MOST_FILES", 3), ("MOST_BYTES", len(UP) + 2 * len("SELECT 1;\n"))])
def test_too_much_of_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, most: int) -> None:
    write(tmp_path / "m", "1_a.py", "b.csv", "c.csv")
    monkeypatch.setattr(shipment, limit, most)
    pack(tmp_path)
    monkeypatch.setattr(shipment, limit, most - 1)
    with pytest.raises(ScriptInvalid, match="src: .*/m holds too much to be taken along; .* are the most") as caught:
        pack(tmp_path)
    assert caught.value.path == str(tmp_path / "m") and caught.value.hint


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_named(tmp_path: Path) -> None:
    write(tmp_path / "m", "1_a.py", "data.csv")
    (tmp_path / "m/data.csv").chmod(0)
    with pytest.raises(ScriptInvalid, match=r"data.csv can't be read: Permission denied"):
        pack(tmp_path)
    (tmp_path / "m/data.csv").chmod(0o600)
    (tmp_path / "m/deep").mkdir(mode=0)
    with pytest.raises(ScriptInvalid, match=r"src: .*/deep can't be packed: Permission denied"):
        pack(tmp_path)


def test_it_comes_out_as_it_was(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    write(one, "1_a.up.sql")
    write(two, "2_b.py", "data/x.csv")
    pack(tmp_path, one, two)
    places = shipment.unpack(str(tmp_path / "archive"), str(tmp_path / "there"), 2)
    found = [path.relative_to(tmp_path / "there").as_posix() for path in (tmp_path / "there").rglob("*.*")]
    assert sorted(found) == ["0/1_a.up.sql", "1/2_b.py", "1/data/x.csv"]
    assert places == tuple(str(tmp_path / "there" / name) for name in "01")


def test_who_may_write_what_is_to_be_run_is_looked_at(tmp_path: Path) -> None:
    write(tmp_path / "m", "1_a.py", "2_b.py")
    (tmp_path / "m/2_b.py").chmod(0o666)
    paths = [str(tmp_path / "m")]
    described = shipment.describe(paths, None)
    shipment.refuse_writable(described, paths, ["1"])
    with pytest.raises(ScriptInvalid, match="Everybody on this host may write .*/2_b.py"):
        shipment.refuse_writable(described, paths, ["1", "2"])


def test_scripts_are_known_where_they_were_unpacked(tmp_path: Path) -> None:
    one, two = tmp_path / "one" / "supabase" / "migrations", tmp_path / "one" / "more"
    write(one, "20240101_a.sql", "20240101_a.verify.sql", "1_b.sql")
    write(two, "2_c/migration.sql", "2_c/down.sql", "2_c/verify.sql")
    paths = [str(one), str(two)]
    described = json.loads(json.dumps(shipment.describe(paths, None)))
    shipment.pack(described, paths, str(tmp_path / "archive"))
    places = shipment.unpack(str(tmp_path / "archive"), str(tmp_path / "there"), 2)
    scripts = shipment.at(described, paths, places)
    assert [(str(each.version), each.kind, each.version.order) for each in scripts] == [
        ("1", "supabase", "text"),
        ("20240101", "supabase", "text"),
        ("2_c", "prisma", "text"),
    ]
    for script in scripts:
        for path in filter(None, (script.path, script.down_path, script.verify_path)):
            assert path.startswith(str(tmp_path / "there")) and Path(path).is_file()
    assert scripts[1].verify_path and scripts[2].verify_path and scripts[2].down_path
