# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""schema_file on the controller: where it is looked for, and who may write it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.pgops.migrations.plugins.module_utils.errors import OptionInvalid
from ansible_collections.pgops.migrations.plugins.plugin_utils.schema_file import SchemaFile

ONE = {"ansible_play_hosts_all": ["db1"], "inventory_hostname": "db1"}
TWO = {"ansible_play_hosts_all": ["db1", "db2"], "inventory_hostname": "db1"}


def action(place: Path, transport: str = "ssh", run_once: bool = False, in_background: bool = False) -> Any:
    loader = DataLoader()
    loader.set_basedir(str(place))
    task = SimpleNamespace(get_search_path=lambda: [str(place)], run_once=run_once, check_mode=False)
    connection = SimpleNamespace(transport=transport)
    return SimpleNamespace(_loader=loader, _task=task, _connection=connection, in_background=in_background)


def src(place: Path, path: str) -> dict[str, Any]:
    return {"src": [str(place)], "schema_file": path}


@pytest.mark.parametrize(
    ("path", "there", "found"),
    [
        ("schema.sql", None, "schema.sql"),
        ("db/schema.sql", None, "db/schema.sql"),
        ("db/schema.sql", "db/schema.sql", "db/schema.sql"),
        ("db/../schema.sql", None, "schema.sql"),
    ],
)
def test_where_it_is(tmp_path: Path, path: str, there: str | None, found: str) -> None:
    (tmp_path / "db").mkdir()
    if there is not None:
        (tmp_path / there).touch()
    kept = SchemaFile(action(tmp_path), src(tmp_path, path), ONE)
    assert kept.arguments == {"schema_file": str(tmp_path / found)}
    assert kept.internal == {"_makes_schema_file": there is None}


def test_an_absolute_path(tmp_path: Path) -> None:
    kept = SchemaFile(action(tmp_path), src(tmp_path, str(tmp_path / "x.sql")), ONE)
    assert kept.arguments == {"schema_file": str(tmp_path / "x.sql")}


def test_nowhere(tmp_path: Path) -> None:
    with pytest.raises(
        OptionInvalid, match="schema_file: there is no directory for nowhere/schema.sql on the controller"
    ):
        SchemaFile(action(tmp_path), src(tmp_path, "nowhere/schema.sql"), ONE)


@pytest.mark.parametrize("transport", ["ssh", "local"])
def test_one_of_several_hosts(tmp_path: Path, transport: str) -> None:
    message = "schema_file: schema.sql would be written by each of the 2 hosts of this play"
    with pytest.raises(OptionInvalid, match=message) as caught:
        SchemaFile(action(tmp_path, transport), src(tmp_path, "schema.sql"), TWO)
    assert "run_once" in str(caught.value.hint)


def test_several_hosts_on_the_controller_itself(tmp_path: Path) -> None:
    given = {"migrations_dir": [str(tmp_path)], "schema_file": "/srv/schema.sql"}
    with pytest.raises(OptionInvalid, match="each of the 2 hosts"):
        SchemaFile(action(tmp_path, "local"), given, TWO)
    assert SchemaFile(action(tmp_path, "ssh"), given, TWO).arguments == {}


def test_each_its_own(tmp_path: Path) -> None:
    SchemaFile(action(tmp_path), src(tmp_path, "db1.sql"), TWO)


def test_run_once(tmp_path: Path) -> None:
    SchemaFile(action(tmp_path, run_once=True), src(tmp_path, "schema.sql"), TWO)


def test_nobody_is_there_to_write_it(tmp_path: Path) -> None:
    with pytest.raises(OptionInvalid, match="exclude each other in an asynchronous task"):
        SchemaFile(action(tmp_path, in_background=True), src(tmp_path, "schema.sql"), ONE)


@pytest.mark.parametrize("blank", ["", " "])
def test_what_is_blank_the_module_refuses(tmp_path: Path, blank: str) -> None:
    assert SchemaFile(action(tmp_path), src(tmp_path, blank), TWO).arguments == {}
