# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where links lead, step by step and in the end."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.files import links

# Links to be made (name → target; {here} is where they are), the path, and whether it leads out of the directory m.
CASES: dict[str, tuple[dict[str, str], str, bool]] = {
    "a file": ({}, "m/file", False),
    "the directory itself": ({}, "m/.", False),
    "what isn't there": ({}, "m/nothing", False),
    "a file beside the directory": ({}, "other/file", True),
    "a directory whose name begins like it": ({}, "more/file", True),
    "a relative link inside": ({"m/a": "file"}, "m/a", False),
    "an absolute link inside": ({"m/a": "{here}/m/file"}, "m/a", False),
    "a way out and in again": ({"m/a": "../m/file"}, "m/a", False),
    "a link out": ({"m/a": "../other/file"}, "m/a", True),
    "a chain that ends outside": ({"m/a": "b", "m/b": "c", "m/c": "../other/file"}, "m/a", True),
    "below a link out": ({"m/a": "../other"}, "m/a/file", True),
    "below a link inside, as Kubernetes mounts": ({"m/..data": "deep", "m/a": "..data/file"}, "m/a", False),
    "through a link to the directory": ({"current": "m", "m/a": "{here}/current/file"}, "current/a", False),
    "a link that leads nowhere outside": ({"m/a": "../nowhere"}, "m/a", True),
}


@pytest.mark.parametrize("name", CASES)
def test_leads_out(tmp_path: Path, name: str) -> None:
    made, path, expected = CASES[name]
    for file in ("m/file", "m/deep/file", "other/file", "more/file"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    for link, target in made.items():
        (tmp_path / link).symlink_to(target.format(here=tmp_path))
    home = "current" if path.startswith("current") else "m"
    assert links.leads_out(str(tmp_path / path), str(tmp_path / home)) is expected


def test_nothing_leads_out_of_the_root() -> None:
    assert not links.leads_out("/etc", "/")


@pytest.mark.parametrize("path", ["file", "./file", "deep/../file", "a", "d/e/file", "d/../file", "d/e/.."])
def test_each_step_is_told_by_where_it_really_is(tmp_path: Path, path: str) -> None:
    (tmp_path / "deep/e").mkdir(parents=True)
    (tmp_path / "deep/e/file").touch()
    (tmp_path / "file").touch()
    (tmp_path / "deep/file").touch()
    (tmp_path / "a").symlink_to("d/e/file")
    (tmp_path / "d").symlink_to(tmp_path / "deep")
    steps = list(links.walk(str(tmp_path / path)))
    if not path.endswith(".."):
        assert steps[-1][0] == os.path.realpath(tmp_path / path)
    for entry, status in steps:
        assert os.path.dirname(entry) == os.path.realpath(os.path.dirname(entry))
        assert os.path.samestat(status, os.lstat(entry))
    made = {str(tmp_path / link) for link in ("a", "d")}
    met = {entry for entry, status in steps if os.path.islink(entry)}
    assert met == {link for link in made if os.path.basename(link) in path.split("/") or path == "a"}


def test_a_path_that_is_relative(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    assert [entry for entry, dummy in links.walk("file")][-1] == os.path.realpath(tmp_path / "file")


def test_a_circle_ends(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    with pytest.raises(OSError, match="Too many levels"):
        list(links.walk(str(tmp_path / "a")))
