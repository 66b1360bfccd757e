# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migrations directories that installed packages name."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.discovery import discover
from ansible_collections.pgops.migrations.plugins.module_utils.scripts.entry_points import directories_of
from ansible_collections.pgops.migrations.plugins.module_utils.task.parameters import directories


class Site:
    """A directory on sys.path, with packages that were installed into it."""

    def __init__(self, place: Path) -> None:
        self.place = place

    def install(self, name: str, entry_points: str | None, module: str = "") -> None:
        """Put a distribution there, and a module <name>_main beside it."""
        info = self.place / f"{name}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        if entry_points is not None:
            (info / "entry_points.txt").write_text(entry_points)
        (self.place / f"{name}_main.py").write_text(module)

    def install_context(self, name: str, module: str) -> None:
        """Put a distribution there whose entry point is ``where`` in its module."""
        self.install(name, f"[dbmigrator]\nmigrations_directory = {name}_main:where\n", module)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    place = tmp_path / "site-packages"
    place.mkdir()
    monkeypatch.syspath_prepend(place)
    before = set(sys.modules)
    yield Site(place)
    for name in set(sys.modules) - before:
        del sys.modules[name]


# Module of the package → the directories that it names
WHERE: dict[str, tuple[str, list[str]]] = {
    "a string": ("where = '/srv/shop/sql'", ["/srv/shop/sql"]),
    "a function": ("def where():\n    return '/srv/shop/sql'", ["/srv/shop/sql"]),
    "a path": ("import pathlib\nwhere = pathlib.Path('/srv/shop/sql')", ["/srv/shop/sql"]),
    "a list": ("where = ['/srv/b', '/srv/a']", ["/srv/b", "/srv/a"]),
    "a tuple of a function": ("def where():\n    return ('/srv/a', '/srv/b')", ["/srv/a", "/srv/b"]),
    "an object that can be called": ("class W:\n    def __call__(self):\n        return '/w'\nwhere = W()", ["/w"]),
    "beside itself": ("import os\nwhere = os.path.join(os.path.dirname(__file__), 'sql')", ["{site}/sql"]),
}


@pytest.mark.parametrize("name", WHERE)
def test_where(site: Site, name: str) -> None:
    module, directories = WHERE[name]
    site.install_context("shop", module)
    assert directories_of("shop") == [each.format(site=site.place) for each in directories]


def test_names_of_packages_are_as_pip_takes_them(site: Site) -> None:
    site.install_context("My_Shop", "where = '/srv'")
    for spelling in ("My_Shop", "my-shop", "MY_SHOP"):
        assert directories_of(spelling) == ["/srv"]


def test_other_entry_points_are_none_of_ours(site: Site) -> None:
    site.install(
        "shop",
        "[console_scripts]\nmigrations_directory = shop_main:no\n\n"
        "[dbmigrator]\nother = shop_main:no\nmigrations_directory = shop_main:where\n",
        "where = '/srv'",
    )
    assert directories_of("shop") == ["/srv"]


def test_an_attribute_of_an_attribute(site: Site) -> None:
    site.install(
        "shop", "[dbmigrator]\nmigrations_directory = shop_main:Settings.sql\n", "class Settings:\n    sql = '/srv'\n"
    )
    assert directories_of("shop") == ["/srv"]


# Entry points, module → what the message says
WRONG: dict[str, tuple[str | None, str, list[str]]] = {
    "no entry points": (None, "", ["the package shop has no entry point migrations_directory in the group dbmigrator"]),
    "another group": ("[migrator]\nmigrations_directory = shop_main:where\n", "", ["no entry point"]),
    "another name": ("[dbmigrator]\nmigrations = shop_main:where\n", "", ["no entry point"]),
    "no such module": (
        "[dbmigrator]\nmigrations_directory = of_no_such:where\n",
        "",
        ["of_no_such:where", "ModuleNotFoundError"],
    ),
    "no such attribute": (
        "[dbmigrator]\nmigrations_directory = shop_main:where\n",
        "",
        ["shop_main:where", "AttributeError"],
    ),
    "a syntax error": ("[dbmigrator]\nmigrations_directory = shop_main:where\n", "def where(:\n", ["SyntaxError"]),
    "a module that raises": (
        "[dbmigrator]\nmigrations_directory = shop_main:where\n",
        "raise RuntimeError('out of order')\n",
        ["RuntimeError: out of order"],
    ),
    "a function that raises": (
        "[dbmigrator]\nmigrations_directory = shop_main:where\n",
        "def where():\n    raise KeyError('HOME_OF_SHOP')\n",
        ["shop_main:where", "KeyError: 'HOME_OF_SHOP'"],
    ),
    "a function that exits": (
        "[dbmigrator]\nmigrations_directory = shop_main:where\n",
        "import sys\ndef where():\n    sys.exit('no')\n",
        ["SystemExit: no"],
    ),
    "a function that wants something": (
        "[dbmigrator]\nmigrations_directory = shop_main:where\n",
        "def where(settings):\n    return settings\n",
        ["TypeError"],
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_is_told(site: Site, name: str) -> None:
    entry_points, module, words = WRONG[name]
    site.install("shop", entry_points, module)
    with pytest.raises(MigrationError) as caught:
        directories_of("shop")
    assert caught.value.kind == "script_invalid"
    assert caught.value.message.startswith("context: ")
    for word in words:
        assert word in caught.value.message
    assert caught.value.hint


@pytest.mark.parametrize("name", ["of_no_such_package", "", "a/b", "../shop"])
def test_what_is_not_installed(name: str) -> None:
    with pytest.raises(MigrationError) as caught:
        directories_of(name)
    assert caught.value.kind == "script_invalid"
    assert sys.executable in caught.value.message
    assert "ansible_python_interpreter" in str(caught.value.hint)


# Several contexts, as the task has them


def of_task(**given: object) -> tuple[str, ...]:
    return directories({"migrations_dir": None, "context": None, "config_file": None, **given})


def directory(site: Site, name: str, *file_names: str) -> str:
    place = site.place / name / "migrations"
    place.mkdir(parents=True)
    for file_name in file_names:
        (place / file_name).write_text("def up(cursor):\n    pass\n")
    site.install_context(name, f"where = {str(place)!r}")
    return str(place)


def test_two_contexts_are_one_sequence(site: Site) -> None:
    shop = directory(site, "shop", "1_a.py", "3_c.py")
    bank = directory(site, "bank", "2_b.py")
    found = of_task(context=["shop", "bank"])
    assert found == (shop, bank)
    assert [script.label for script in discover(found)] == ["1_a", "2_b", "3_c"]


def test_a_directory_beside_a_context(site: Site) -> None:
    shop = directory(site, "shop", "1_a.py")
    assert of_task(context=["shop"], migrations_dir=["/srv"]) == ("/srv", shop)
    assert of_task(context=["shop", "shop"], migrations_dir=[shop]) == (shop,)


def test_two_contexts_with_the_same_version(site: Site) -> None:
    shop = directory(site, "shop", "1_a.py")
    bank = directory(site, "bank", "001_a.py")
    with pytest.raises(MigrationError) as caught:
        discover(of_task(context=["shop", "bank"]))
    assert caught.value.kind == "duplicate_version"
    assert f"{shop}/1_a.py" in caught.value.message
    assert f"{bank}/001_a.py" in caught.value.message
