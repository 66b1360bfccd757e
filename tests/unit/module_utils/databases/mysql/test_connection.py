# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a URL of MariaDB or MySQL says."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.databases.mysql.connection import parse_url

URLS = {
    "mysql+pymysql://me:p%40ss@db:3307/shop": ({"user": "me", "password": "p@ss", "host": "db", "port": 3307}, "shop"),
    "mysql://db/shop": ({"host": "db"}, "shop"),
    "mariadb+pymysql://db": ({"host": "db"}, None),
    "mariadb://me@/shop?unix_socket=/run/s&connect_timeout=3": (
        {"user": "me", "unix_socket": "/run/s", "connect_timeout": 3},
        "shop",
    ),
    "mysql://db/shop?read_default_file=/etc/app/my.cnf&ssl_ca=/ca.pem&ssl_verify_identity=true": (
        {"host": "db", "read_default_file": "/etc/app/my.cnf", "ssl_ca": "/ca.pem", "ssl_verify_identity": True},
        "shop",
    ),
}


@pytest.mark.parametrize("url", URLS)
def test_a_url_is_read(url: str) -> None:
    target = parse_url(url)
    assert (target.arguments, target.database) == URLS[url]


REFUSED = {
    "mysql+mysqlconnector://db/shop": "names the driver mysqlconnector; PyMySQL is the one used here",
    "mysql:db": "can't be read as the URL",
    "mysql://db/shop?nope=1": "the parameter nope isn't read",
    "mysql://db/shop?connect_timeout=soon": "connect_timeout=soon is no number",
}


@pytest.mark.parametrize("url", REFUSED)
def test_a_url_is_refused(url: str) -> None:
    with pytest.raises(errors.OptionInvalid, match=REFUSED[url]):
        parse_url(url)


def test_a_password_is_a_secret_and_not_shown() -> None:
    target = parse_url("mysql://me:secret@db/shop")
    assert target.secrets == {"secret"}
    assert "secret" not in repr(target)
    assert target.address == "me@db:3306/shop"
    assert "password" not in target.as_user("root").arguments
