# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which options a database can honour."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import OptionInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.task import connection, options
from ansible_collections.pgops.migrations.plugins.module_utils.task.target import target

FILE = "sqlite:////srv/app.db"
SERVER = "mariadb+pymysql://app@db/shop"


def params(**given: Any) -> dict[str, Any]:
    """Return the parameters of a task."""
    return {name: given.get(name, option.get("default")) for name, option in options.MIGRATE.items()}


KINDS = {
    FILE: "sqlite",
    SERVER: "mysql",
    "duckdb:///x": "generic",
    "postgresql://db/shop": "postgresql",
    "host=db": "postgresql",
    None: "postgresql",
}


@pytest.mark.parametrize("url, kind", KINDS.items())
def test_the_kind_is_the_urls(url: str | None, kind: str) -> None:
    assert target(params(url=url)).kind == kind


UNHONOURED = [
    {"login_host": "db"},
    {"login_port": 5432},
    {"login_password": "x"},
    {"session_role": "owner"},
    {"connect_params": {"application_name": "x"}},
    {"rehearsal_url": "postgresql://db/x"},
    {"rehearsal_database_url": "postgresql://db/x"},
    {"rehearsal_on": "cluster"},
    {"rehearsal_on": "empty"},
    {"rehearsal_data": ["all"]},
    {"rehearsal_extensions": ["hstore"]},
    {"allow_hazards": ["rewrite"]},
    {"allow_hazards": []},
    {"statement_timeout": 5.0},
]


@pytest.mark.parametrize("given", UNHONOURED, ids=str)
def test_what_a_file_has_no_use_for_is_refused(given: dict[str, Any]) -> None:
    (name,) = given
    with pytest.raises(OptionInvalid, match=f"{name}.* has no meaning for SQLite, which url names"):
        target(params(url=FILE, **given))


OF_OTHERS = [
    {"session_role": "owner"},
    {"ssl_mode": "require"},
    {"statement_timeout": 5.0},
    {"single_transaction": True},
    {"rehearsal_data": ["all"]},
    {"rehearsal_on": "cluster"},
    {"prechecks": "required"},
]


@pytest.mark.parametrize("given", OF_OTHERS, ids=str)
def test_what_other_databases_have_no_use_for_is_refused(given: dict[str, Any]) -> None:
    (name,) = given
    with pytest.raises(OptionInvalid, match=f"{name}.* has no meaning for duckdb, which url names"):
        target(params(url="duckdb:///x", **given))


def test_the_login_of_another_database_is_put_together() -> None:
    found = target(params(url="duckdb://host/x", login_user="me", login_password="s:e", login_db="y"))
    assert (found.name, found.role, found.secrets) == ("y", "me", {"s:e"})
    assert found.address == "duckdb me@host/y"


def test_users_are_for_servers() -> None:
    with pytest.raises(OptionInvalid, match="url: it leads to no PostgreSQL server, and users"):
        connection.target(params(url=FILE))


OF_POSTGRESQL = [
    {"session_role": "owner"},
    {"connect_params": {"application_name": "x"}},
    {"rehearsal_url": "postgresql://db/x"},
    {"rehearsal_database_url": "postgresql://db/x"},
    {"rehearsal_on": "cluster"},
    {"rehearsal_extensions": ["hstore"]},
    {"prechecks": "required"},
    {"state": "scripted"},
]


@pytest.mark.parametrize("given", OF_POSTGRESQL, ids=str)
def test_what_mariadb_has_no_use_for_is_refused(given: dict[str, Any]) -> None:
    (name,) = given
    with pytest.raises(OptionInvalid, match=f"{name}.* has no meaning for MariaDB and MySQL, which url names"):
        target(params(url=SERVER, **given))


def test_the_login_of_mariadb_is_put_together() -> None:
    given = {
        "login_user": "me",
        "login_password": "x",
        "login_port": 3307,
        "login_unix_socket": "/run/s",
        "login_db": "b",
    }
    found = target(params(url=SERVER, ssl_mode="verify-full", ca_cert="/ca.pem", **given))
    assert found.name == "b"
    assert found.role == "me"
    assert found.arguments == {  # type: ignore[attr-defined]
        "user": "me",
        "password": "x",
        "host": "db",
        "port": 3307,
        "unix_socket": "/run/s",
        "ssl_ca": "/ca.pem",
        "ssl_verify_cert": True,
        "ssl_verify_identity": True,
    }


@pytest.mark.parametrize(
    ("url", "given", "said"),
    [
        ("mysql://db", {}, "url: no database is named"),
        (SERVER, {"ssl_mode": "prefer"}, "ssl_mode: prefer has no meaning for MariaDB and MySQL"),
        ("mysql+aiomysql://db/x", {}, "names the driver aiomysql"),
    ],
)
def test_where_mariadb_isnt_to_be_found(url: str, given: dict[str, Any], said: str) -> None:
    with pytest.raises(OptionInvalid, match=said):
        target(params(url=url, **given))
