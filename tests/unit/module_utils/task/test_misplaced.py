# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the parameters is a secret where it would be logged, and what only looks a bit like one."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.task import options
from ansible_collections.pgops.migrations.plugins.module_utils.task.misplaced import misplaced
from ansible_collections.pgops.migrations.plugins.module_utils.task.options import USER_DB

SECRETS: list[tuple[dict[str, Any], tuple[str, ...]]] = [
    ({"login_db": "postgresql://ann:x@db/shop"}, ("login_db",)),
    ({"login_db": "postgresql://:x@db/shop"}, ("login_db",)),
    ({"login_db": "postgresql://ann:a/b@c@db/shop"}, ("login_db",)),
    ({"login_db": "postgresql://db/shop?password=x"}, ("login_db",)),
    ({"login_db": "postgresql://db/shop?sslmode=disable&sslpassword=x"}, ("login_db",)),
    ({"login_db": "dbname=shop password=x"}, ("login_db",)),
    ({"login_db": "dbname=shop password = 'x y'"}, ("login_db",)),
    ({"login_db": "PASSWORD=x"}, ("login_db",)),
    ({"login_host": "ann:x@db"}, ("login_host",)),
    ({"login_host": "x@db"}, ("login_host",)),
    ({"login_user": "PGPASSWORD=x"}, ("login_user",)),
    ({"session_role": "oauth_client_secret=x"}, ("session_role",)),
    ({"config_file": "postgresql://ann:x@db/shop"}, ("config_file",)),
    ({"ssl_key": "-----BEGIN PRIVATE KEY-----\nx"}, ("ssl_key",)),
    ({"ssl_key": "-----BEGIN EC PRIVATE KEY-----\nx"}, ("ssl_key",)),
    ({"ssl_rootcert": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nx"}, ("ca_cert",)),
    ({"connect_params": {"options": "-c app.password=x"}}, ("connect_params", "options")),
    ({"connect_params": {"options": "-c db_password=x"}}, ("connect_params", "options")),
    ({"connect_params": {"options": "-c app.passwd=x"}}, ("connect_params", "options")),
    ({"connect_params": {"dbname": "password=x"}}, ("connect_params", "dbname")),
    ({"connect_params": {"host": "ann:x@db"}}, ("connect_params", "host")),
    ({"connect_params": "{password: x, scram_client_key=y"}, ("connect_params",)),
    ({"versions": ["1", "password=x"]}, ("versions",)),
]
NONE: list[dict[str, Any]] = [
    {"url": "postgresql://ann:x@db/shop"},
    {"login_password": "password=x"},
    {"connect_params": {"password": "password=x", "sslpassword": "x", "passfile": "/home/ann/.pgpass"}},
    {"connect_params": {"options": "-c password_encryption=scram-sha-256"}},
    {"connect_params": {"options": "-c search_path=passwords"}},
    {"login_db": "password"},
    {"login_db": "shop@home"},
    {"login_host": "@abstract"},
    {"login_host": "/run/x@y"},
    {"login_host": "::1"},
    {"login_unix_socket": "/run/x@y"},
    {"config_file": "/srv/password=reset/x.ini"},
    {"migrations_dir": ["/srv/password=reset", "/srv/a:b@c"]},
    {"ca_cert": "-----BEGIN CERTIFICATE-----"},
    {"connect_params": {"oauth_issuer": "https://id.example.com/x:y@z"}},
    {"versions": None, "connect_params": None},
]


@pytest.mark.parametrize(
    ("settings", "option"),
    [
        ({"app.password": "x"}, ("settings", "app.password")),
        ([{"role": "ann", "name": "app.db_password", "value": "x"}], ("settings", "app.db_password")),
        ({"app.upstream": "postgresql://ann:x@db/shop"}, ("settings", "app.upstream")),
        ({"password_encryption": "md5", "app.tenant": "x"}, None),
        ([{"role": "ann", "name": "password_encryption", "value": "md5"}], None),
    ],
)
def test_a_secret_among_settings(settings: Any, option: tuple[str, ...] | None) -> None:
    assert next((each.option for each in misplaced({"settings": settings}, USER_DB)), None) == option


@pytest.mark.parametrize(("params", "option"), SECRETS)
def test_a_secret(params: dict[str, Any], option: tuple[str, ...]) -> None:
    (found,) = misplaced(params, options.MARK)
    assert found.option == option
    assert found.what == ("a private key" if "BEGIN" in found.text else "a password")


@pytest.mark.parametrize("params", NONE)
def test_no_secret(params: dict[str, Any]) -> None:
    assert list(misplaced(params, options.MARK)) == []
