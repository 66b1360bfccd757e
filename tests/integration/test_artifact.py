# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The collection as people get it: built, listed, installed where nothing else is."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest
import yaml
from server import Server

from .test_targets import ROOT
from .test_targets import _environment as bare_environment

pytestmark = pytest.mark.slow

BELONGS = {
    *("LICENSE", "README.md", "CONTRIBUTING.md", "CODE_OF_CONDUCT.md", "MAINTAINERS.md", "SECURITY.md"),
    *("bindep.txt", "requirements.txt", ".yamllint"),
    *("changelogs", "docs", "examples", "meta", "playbooks", "plugins", "roles", "tests"),
}
MADE_BY_GALAXY = {"FILES.json", "MANIFEST.json"}
MADE_BY_A_RELEASE = {"CHANGELOG.rst"}
RECAP = re.compile(r"^localhost +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=0 ", re.MULTILINE)


def run(command: list[str], work: Path, **environment: str) -> str:
    """Run a program of this environment in a directory where nothing is; return what it said."""
    done = subprocess.run(
        [str(Path(sys.executable).with_name(command[0])), *command[1:]],
        check=False,
        cwd=work,
        env={**{key: value for key, value in bare_environment(work).items() if key != "ANSIBLE_CONFIG"}, **environment},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def artifact(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the collection, built."""
    work = tmp_path_factory.mktemp("build")
    run(["ansible-galaxy", "collection", "build", str(ROOT), "--output-path", str(work)], work)
    return next(work.glob("pgops-migrations-*.tar.gz"))


@pytest.fixture(scope="module")
def installed(artifact: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with nothing but the installed collection."""
    place = tmp_path_factory.mktemp("collections")
    run(["ansible-galaxy", "collection", "install", "--offline", "-p", str(place), str(artifact)], artifact.parent)
    return place


def test_only_what_belongs_there_is_in_it(artifact: Path) -> None:
    with tarfile.open(artifact) as archive:
        names = {member.name for member in archive if member.isfile()} - MADE_BY_GALAXY
    assert {name.split("/")[0] for name in names} - MADE_BY_A_RELEASE == BELONGS
    listed = subprocess.run(
        ["git", "ls-files", "-z", "-co", "--exclude-standard"], check=True, cwd=ROOT, capture_output=True, text=True
    )
    assert {name for name in names if name.startswith("tests/")} == {"tests/config.yml"}
    assert names <= set(listed.stdout.split("\0"))
    assert {name for name in listed.stdout.split("\0") if name.startswith(("plugins/", "roles/"))} <= names


def test_linters_pass_by_itself(installed: Path) -> None:
    place = installed / "ansible_collections" / "pgops" / "migrations"
    run(["yamllint", "-s", "."], place)
    run(["ansible-lint", "--offline", "--profile", "production"], place, ANSIBLE_COLLECTIONS_PATH=str(installed))


def test_an_execution_environment_gets_what_the_modules_need(artifact: Path, tmp_path: Path) -> None:
    definition = {"version": 3, "dependencies": {"galaxy": {"collections": [{"name": str(artifact), "type": "file"}]}}}
    (tmp_path / "execution-environment.yml").write_text(yaml.safe_dump(definition))
    run(["ansible-builder", "create"], tmp_path)
    assert (tmp_path / "context" / "_build" / "requirements.yml").is_file()


def test_its_requirements_are_found(installed: Path, tmp_path: Path) -> None:
    found = yaml.safe_load(run(["ansible-builder", "introspect", str(installed)], tmp_path))
    assert "psycopg2-binary>=2.9" in str(found["python"])
    assert "postgresql-client [platform:dpkg]" in str(found["system"])


def test_the_task_of_the_readme(installed: Path, server: Server, tmp_path: Path) -> None:
    block = re.search(r"^## A task\n\n((?:    .*\n)+)", (ROOT / "README.md").read_text(), re.MULTILINE)
    assert block is not None
    (task,) = yaml.safe_load(block[1])
    url = server.create_database("readme")
    shop = ROOT / "examples" / "shop" / "migrations"
    task["pgops.migrations.pg_migrate"] |= {"url": url, "migrations_dir": [str(shop / "sql"), str(shop / "python")]}
    play = [{"hosts": "localhost", "gather_facts": False, "tasks": [task]}]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    said = []
    for options in (["--check", "--diff"], ["--diff"], ["--diff"]):
        python = {
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "PATH": f"{server.bindir}{os.pathsep}{os.environ['PATH']}",
        }
        command = ["ansible-playbook", "play.yml", *options]
        said.append(run(command, tmp_path, ANSIBLE_COLLECTIONS_PATH=str(installed), **python))
    server.drop_database("readme")
    assert [RECAP.findall(each) for each in said] == [["1"], ["1"], ["0"]]
    foretold, real = ([line for line in each.splitlines() if line[:1] in ("+", "-")] for each in said[:2])
    assert foretold == real
    assert "+CREATE TABLE public.orders (" in foretold
