# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which directories src names, and what is refused before anything is sent."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.parsing.dataloader import DataLoader
from ansible_collections.pgops.migrations.plugins.module_utils.errors import OptionInvalid
from ansible_collections.pgops.migrations.plugins.plugin_utils.engine_action import EngineAction


@pytest.fixture
def action(tmp_path: Path) -> EngineAction:
    """Return the action of a task in a playbook with two directories beside it."""
    for name in ("a", "b c"):
        (tmp_path / name).mkdir()
    (tmp_path / "file").touch()
    made: EngineAction = EngineAction.__new__(EngineAction)
    made._loader = DataLoader()
    made._loader.set_basedir(str(tmp_path))
    made._task = SimpleNamespace(get_search_path=lambda: [str(tmp_path)])
    return made


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("a", ["a"]),
        ("a,b c", ["a", "b c"]),
        ("a, b c", ["a", "b c"]),
        (" a ,b c ", ["a", "b c"]),
        (["a", "b c"], ["a", "b c"]),
    ],
)
def test_directories(action: EngineAction, tmp_path: Path, source: Any, names: list[str]) -> None:
    assert action._sources({"src": source}) == [str(tmp_path / name) for name in names]


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere", "src: there is no directory nowhere on the controller"),
        ("a, nowhere", "src: there is no directory nowhere on the controller"),
        ("/nowhere", "src: there is no directory /nowhere on the controller"),
        ("", "src is empty"),
        ("  ", "src is blank"),
        (["a", " "], "src is blank"),
    ],
)
def test_no_directories(action: EngineAction, source: Any, message: str) -> None:
    with pytest.raises(OptionInvalid) as caught:
        action._sources({"src": source})
    assert caught.value.message == message


def test_a_file(action: EngineAction, tmp_path: Path) -> None:
    with pytest.raises(OptionInvalid, match="src: .*/file is no directory"):
        action._sources({"src": "file"})


@pytest.mark.parametrize("name", ["_engine", "_scripts", "_archive"])
def test_what_only_the_action_plugin_hands_over(action: EngineAction, name: str) -> None:
    with pytest.raises(OptionInvalid, match=name):
        action._refuse_internal({"src": "a", name: "x"})
