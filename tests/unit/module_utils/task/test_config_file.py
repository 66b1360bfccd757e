# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The INI file of db-migrator's users: where it says that the database is, and where the scripts are."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.task import options
from ansible_collections.pgops.migrations.plugins.module_utils.task.config_file import ConfigFile
from ansible_collections.pgops.migrations.plugins.module_utils.task.connection import target
from ansible_collections.pgops.migrations.plugins.module_utils.task.parameters import directories

URL = "postgresql://dbuser@localhost/dbname"


def write(directory: Path, text: str | bytes) -> ConfigFile:
    return ConfigFile(str(write_only(directory, text)))


def write_only(directory: Path, text: str | bytes) -> Path:
    path = directory / "development.ini"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


# Text of the file, name of the key (None: the usual one) → connection string
URLS: dict[str, tuple[str, str | None, str]] = {
    "any section": (f"[app:main]\ndb-connection-string = {URL}\n", None, URL),
    "the last of many sections": (f"[a]\nx = 1\n[b]\n[c]\ndb-connection-string={URL}\n", None, URL),
    "the first section that has it": (f"[a]\ndb-connection-string: {URL}\n[b]\ndb-connection-string: no\n", None, URL),
    "what holds for all sections": (f"[DEFAULT]\ndb-connection-string = {URL}\n[a]\nx = 1\n", None, URL),
    "only what holds for all sections": (f"[DEFAULT]\ndb-connection-string = {URL}\n", None, URL),
    "a section overrides it": (f"[DEFAULT]\ndb-connection-string = no\n[a]\ndb-connection-string = {URL}\n", None, URL),
    "capital letters": (f"[a]\nDB-Connection-String = {URL}\n", None, URL),
    "another key": (f"[a]\ndb-connection-string = no\nmain.url = {URL}\n", "main.url", URL),
    "another key in another section": (f"[a]\ndb-connection-string = no\n[b]\nurl = {URL}\n", "url", URL),
    "a DSN": ("[a]\ndb-connection-string = host=localhost dbname=d\n", None, "host=localhost dbname=d"),
    "an interpolation": ("[a]\ndb = shop\ndb-connection-string = postgresql://h/%(db)s\n", None, "postgresql://h/shop"),
    "two percent signs for one": (
        "[a]\ndb-connection-string = postgresql://u:a%%40b@h/d\n",
        None,
        "postgresql://u:a%40b@h/d",
    ),
    "a percent sign of the URL": (
        "[a]\ndb-connection-string = postgresql://u:a%40b@h/d\n",
        None,
        "postgresql://u:a%40b@h/d",
    ),
    "a percent sign at the end": (
        "[a]\ndb-connection-string = dbname=d password=100%\n",
        None,
        "dbname=d password=100%",
    ),
    "what looks like an interpolation": (
        "[a]\ndb-connection-string = dbname=d password=%(no)s\n",
        None,
        "dbname=d password=%(no)s",
    ),
    "a hash sign in a password": (
        "[a]\ndb-connection-string = dbname=d password=a#b;c\n",
        None,
        "dbname=d password=a#b;c",
    ),
    "comments": (f"# one\n[a]\n; two\ndb-connection-string = {URL}\n", None, URL),
    "Windows": (f"[a]\r\ndb-connection-string = {URL}\r\n", None, URL),
    "a byte order mark": (f"\ufeff[a]\ndb-connection-string = {URL}\n", None, URL),
}


@pytest.mark.parametrize("name", URLS)
def test_url(tmp_path: Path, name: str) -> None:
    text, key, url = URLS[name]
    assert write(tmp_path, text).url(key) == url
    parse_url(url)


def test_here_is_the_files_own_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    odd = tmp_path / "100% odd"
    odd.mkdir()
    text = f"[a]\ndb-connection-string = {URL}?sslrootcert=%(here)s/ca.pem\nmigrations-directory = %(here)s/m\n"
    for place, path in ((tmp_path, odd / "x.ini"), (odd, Path("x.ini"))):
        monkeypatch.chdir(place)
        (odd / "x.ini").write_text(text)
        config = ConfigFile(str(path))
        assert config.url(None) == f"{URL}?sslrootcert={odd}/ca.pem"
        assert config.directories() == [f"{odd}/m"]


# Text of the file → directories, of which {here} is the file's own
DIRECTORIES: dict[str, tuple[str, list[str]]] = {
    "none": ("[a]\nx = 1\n", []),
    "empty": ("[a]\nmigrations-directory =\n", []),
    "absolute": ("[a]\nmigrations-directory = /srv/shop/migrations\n", ["/srv/shop/migrations"]),
    "relative": ("[a]\nmigrations-directory = sql/migrations\n", ["{here}/sql/migrations"]),
    "with spaces": ("[a]\nmigrations-directory = my scripts/of 2026\n", ["{here}/my scripts/of 2026"]),
    "several": (
        "[a]\nmigrations-directory = /srv/a\n    b\n\n    %(here)s/c\nx = 1\n",
        ["/srv/a", "{here}/b", "{here}/c"],
    ),
    "several, below the key": ("[a]\nmigrations-directory =\n  a\n  b\n", ["{here}/a", "{here}/b"]),
    "in another section than the database": (
        f"[a]\ndb-connection-string = {URL}\n[b]\nmigrations-directory = m\n",
        ["{here}/m"],
    ),
}


@pytest.mark.parametrize("name", DIRECTORIES)
def test_directories(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    text, directories = DIRECTORIES[name]
    monkeypatch.chdir("/")
    assert write(tmp_path, text).directories() == [each.format(here=tmp_path) for each in directories]


@pytest.mark.parametrize("key", [None, "main.url"])
def test_a_missing_key(tmp_path: Path, key: str | None) -> None:
    config = write(tmp_path, "[a]\npassword = s3cret\nother-connection-string = postgresql://u:s3cret@h/d\n")
    with pytest.raises(MigrationError) as caught:
        config.url(key)
    assert caught.value.kind == "option"
    assert (
        f"{tmp_path}/development.ini has no key {key or 'db-connection-string'} in any section" in caught.value.message
    )
    assert caught.value.hint
    assert "s3cret" not in caught.value.sentence()


# Files that can't be read; each holds a password in a line that a parser might quote.
BROKEN: dict[str, str | bytes] = {
    "no section": "db-connection-string = postgresql://u:s3cret@h/d\n",
    "a line that is none": "[a]\ns3cret\n",
    "a section twice": "[s3cret]\nx = 1\n[s3cret]\ny = 1\n",
    "a key twice": "[a]\ns3cret = 1\ns3cret = 2\n",
    "YAML": "---\n- password: s3cret\n",
    "not UTF-8": b"[a]\nx = s3cret\xe9\n",
}


@pytest.mark.parametrize("name", BROKEN)
def test_no_ini_file(tmp_path: Path, name: str) -> None:
    with pytest.raises(MigrationError) as caught:
        write(tmp_path, BROKEN[name])
    assert caught.value.kind == "option"
    assert f"config_file: {tmp_path}/development.ini can't be read" in caught.value.message
    assert caught.value.hint
    assert "s3cret" not in caught.value.sentence()
    assert caught.value.__cause__ is None


@pytest.mark.parametrize("place, reason", [("absent.ini", "No such file or directory"), (".", "Is a directory")])
def test_no_file(tmp_path: Path, place: str, reason: str) -> None:
    with pytest.raises(MigrationError, match=f"can't be read: {reason}") as caught:
        ConfigFile(str(tmp_path / place))
    assert caught.value.kind == "option"


def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name, what in (("pipe", "a FIFO"), ("endless", "a character device")):
        with pytest.raises(MigrationError, match=f"config_file: .*/{name} can't be read: it is {what}, and") as caught:
            ConfigFile(str(tmp_path / name))
        assert caught.value.kind == "option" and caught.value.hint


# What the task says beside it


def parameters(**given: object) -> dict[str, object]:
    names = [*options.CONNECTION, *options.MIGRATIONS]
    return {**dict.fromkeys(names), "history_table": "schema_migrations", **given}


@pytest.fixture
def shop(tmp_path: Path) -> str:
    text = (
        "[a]\ndb-connection-string = postgresql://dbuser@dbhost:5433/shop\nmigrations-directory = m\nother = dbname=o\n"
    )
    return str(write_only(tmp_path, text))


# Options of the task → libpq's keywords
CONNECTIONS: dict[str, tuple[dict[str, object], dict[str, str]]] = {
    "the file alone": ({}, {"user": "dbuser", "host": "dbhost", "port": "5433", "dbname": "shop"}),
    "login_* overrides its part": (
        {"login_db": "test", "login_port": 5432},
        {"user": "dbuser", "host": "dbhost", "port": "5432", "dbname": "test"},
    ),
    "url overrides it whole": ({"url": "postgresql://h/d"}, {"host": "h", "dbname": "d"}),
    "another key": ({"config_key": "other"}, {"dbname": "o"}),
}


@pytest.mark.parametrize("name", CONNECTIONS)
def test_options_override_the_file(shop: str, name: str) -> None:
    given, keywords = CONNECTIONS[name]
    assert target(parameters(config_file=shop, **given)).params == keywords


@pytest.mark.parametrize("value", ["", "  ", "\n  "])
def test_an_empty_connection_string_is_no_default(tmp_path: Path, value: str) -> None:
    path = write_only(tmp_path, f"[a]\ndb-connection-string ={value}\nmigrations-directory = m\n")
    for given in ({}, {"login_host": "db"}):
        with pytest.raises(MigrationError, match="config_file: the key db-connection-string in .* is empty") as caught:
            target(parameters(config_file=str(path), **given))
        assert caught.value.kind == "option"


def test_migrations_dir_overrides_the_file(shop: str) -> None:
    assert directories(parameters(config_file=shop)) == (os.path.join(os.path.dirname(shop), "m"),)
    assert directories(parameters(config_file=shop, migrations_dir=["/a", "/b"])) == ("/a", "/b")


def test_nothing_says_where_the_migrations_are(tmp_path: Path) -> None:
    path = write_only(tmp_path, f"[a]\ndb-connection-string = {URL}\n")
    for given in ({}, {"config_file": str(path)}):
        with pytest.raises(MigrationError, match="Nothing says where the migrations are") as caught:
            directories(parameters(**given))
        assert caught.value.kind == "option"
