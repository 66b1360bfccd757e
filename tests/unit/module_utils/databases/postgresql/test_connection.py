# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a URL, a DSN and the login_* options come to, and that no secret of theirs is ever told."""

from __future__ import annotations

import os

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import (
    Target,
    connect,
    parse_url,
)
from ansible_collections.pgops.migrations.plugins.module_utils.errors import ConnectError, OptionInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.task import options
from ansible_collections.pgops.migrations.plugins.module_utils.task.connection import (
    other_database,
    secrets,
    server,
    target,
)

WHOLE = {"user": "ann", "password": "secret", "host": "db", "port": "5433", "dbname": "shop"}


@pytest.mark.parametrize(
    "scheme",
    ["postgresql", "postgres", "postgresql+psycopg2", "postgres+psycopg2", "postgresql+psycopg", "POSTGRESQL+PsycoPG2"],
)
def test_scheme(scheme):
    assert parse_url(scheme + "://ann:secret@db:5433/shop") == WHOLE


@pytest.mark.parametrize(
    "url, expected",
    [
        ("  postgresql://ann:secret@db:5433/shop\n", WHOLE),
        ("host=db port=5433 user=ann password=secret dbname=shop", WHOLE),
        ("host='db' port = 5433 user=ann password='secret' dbname=shop", WHOLE),
        ("postgresql://", {}),
        ("postgresql:///shop", {"dbname": "shop"}),
        ("postgresql://db", {"host": "db"}),
        ("postgresql://ann@/shop", {"user": "ann", "dbname": "shop"}),
        ("postgresql://:5433", {"port": "5433"}),
        ("postgresql://[::1]:5433/shop", {"host": "::1", "port": "5433", "dbname": "shop"}),
        ("postgresql://db1:1,db2:2/shop", {"host": "db1,db2", "port": "1,2", "dbname": "shop"}),
        ("postgresql://db/shop?sslmode=require&connect_timeout=3",
         {"host": "db", "dbname": "shop", "sslmode": "require", "connect_timeout": "3"}),
        ("postgresql://db/shop?options=-c%20role%3Dx", {"host": "db", "dbname": "shop", "options": "-c role=x"}),
        ("postgresql:///shop?host=/run/postgresql&port=5433",
         {"dbname": "shop", "host": "/run/postgresql", "port": "5433"}),
        ("postgresql://%2Frun%2Fpostgresql/shop", {"host": "/run/postgresql", "dbname": "shop"}),
        ("postgresql://a%40b:p%3A%2F%3F%23%25w@db/s%20p",
         {"user": "a@b", "password": "p:/?#%w", "host": "db", "dbname": "s p"}),
        ("postgresql://ann:p+w@db", {"user": "ann", "password": "p+w", "host": "db"}),
        ("postgresql://j%C3%BCrgen@db/%F0%9F%98%80", {"user": "jürgen", "host": "db", "dbname": "😀"}),
        ("postgresql://jürgen@db/😀", {"user": "jürgen", "host": "db", "dbname": "😀"}),
        ("postgresql://db/50%25%3B'%22", {"host": "db", "dbname": "50%;'\""}),
        ("user=ann password='a b\\'c\\\\d' dbname='😀 %'", {"user": "ann", "password": "a b'c\\d", "dbname": "😀 %"}),
        ("service=shop", {"service": "shop"}),
        ("", {}),
    ],
)  # fmt: skip
def test_url(url, expected):
    assert parse_url(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "mysql://ann:secret@db/shop",
        "sqlite:///secret.db",
        "https://ann:secret@db/shop",
        "secret",
        "secret host=db",
        "host=db secret",
        "host=db password='secret",
        "hosst=db password=secret",
        "postgresql://ann:secret%zz@db/shop",
        "postgresql://ann:secret%00@db/shop",
        "postgresql://ann:secret@db:/shop?secret",
        "postgresql://ann:secret@db/shop?secret=1",
        "postgresql://ann:secret@[::1/shop",
        "postgresql://ann:secret@[::1]secret/shop",
        "postgresql://db/shop?password=secret&a",
        "postgresql://db/shop?password=sec=secret",
        "postgresql://ann:secret\x00@db/shop",
        "postgresql+://ann:secret@db/shop",
    ],
)
def test_no_url(url):
    with pytest.raises(ConnectError) as caught:
        parse_url(url)
    assert "url" in caught.value.message
    assert "secret" not in caught.value.sentence()
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__, "a traceback must not show libpq's words, which quote the URL"


@pytest.mark.parametrize("url", ["ann:secret/shop", "ann:p/secret@db/shop", "ann:p@secret@db/shop", "ann:secret"])
def test_a_password_in_the_wrong_place(url):
    # libpq takes it for a part of the host or the port, and quotes that when it can't connect.
    with pytest.raises(ConnectError) as caught:
        parse_url("postgresql://" + url)
    assert "secret" not in caught.value.sentence()


NOTHING = {name: spec.get("default") for name, spec in options.CONNECTION.items()}
URL = "postgresql://ann:secret@db:5433/shop?sslmode=require"


@pytest.mark.parametrize(
    "given, expected",
    [
        ({}, {}),
        ({"url": URL}, {**WHOLE, "sslmode": "require"}),
        ({"url": URL, "login_host": "other"}, {**WHOLE, "sslmode": "require", "host": "other"}),
        ({"url": URL, "login_port": 1}, {**WHOLE, "sslmode": "require", "port": "1"}),
        ({"url": URL, "login_user": "bob"}, {**WHOLE, "sslmode": "require", "user": "bob"}),
        ({"url": URL, "login_password": "x"}, {**WHOLE, "sslmode": "require", "password": "x"}),
        ({"url": URL, "login_db": "x y"}, {**WHOLE, "sslmode": "require", "dbname": "x y"}),
        ({"url": URL, "login_unix_socket": "/run"}, {**WHOLE, "sslmode": "require", "host": "/run"}),
        ({"url": URL, "ssl_mode": "verify-full"}, {**WHOLE, "sslmode": "verify-full"}),
        ({"login_host": "db", "login_port": 5433, "login_user": "ann", "login_password": "secret", "login_db": "shop"},
         WHOLE),
        ({"login_host": "db", "login_unix_socket": "/run"}, {"host": "/run"}),
        ({"ca_cert": "/a", "ssl_cert": "/b", "ssl_key": "/c"}, {"sslrootcert": "/a", "sslcert": "/b", "sslkey": "/c"}),
        ({"url": URL, "connect_params": {"connect_timeout": 3, "sslmode": "disable"}},
         {**WHOLE, "sslmode": "disable", "connect_timeout": "3"}),
        ({"login_db": "a", "connect_params": {"dbname": "b"}}, {"dbname": "b"}),
        ({"connect_params": {"keepalives": True, "sslsni": False, "host": None}}, {"keepalives": "1", "sslsni": "0"}),
        ({"url": "postgresql://db/", "login_db": "shop"}, {"host": "db", "dbname": "shop"}),
        ({"url": "postgresql://db/?dbname=shop"}, {"host": "db", "dbname": "shop"}),
        ({"url": "postgresql://db"}, {"host": "db"}),
        ({"url": "host=db"}, {"host": "db"}),
    ],
)  # fmt: skip
def test_precedence(given, expected):
    assert target({**NOTHING, **given}).params == expected


# What a template leaves that gave nothing.
@pytest.mark.parametrize(
    "url, part",
    [
        ("postgresql://ann@db/", "dbname"),
        ("postgresql+psycopg2://ann@db:5433/", "dbname"),
        ("postgresql://db/?sslmode=require", "dbname"),
        ("postgresql:///?host=/run", "dbname"),
        ("postgresql:///", "dbname"),
        ("postgresql://db?dbname=", "dbname"),
        ("host=db dbname=", "dbname"),
        ("host=db dbname=''", "dbname"),
        ("host=db dbname='  '", "dbname"),
        ("host= dbname=shop", "host"),
        ("dbname= password=secret", "dbname"),
        ("postgresql://db/shop?user=", "user"),
        ("dbname=shop password=''", "password"),
    ],
)
def test_an_empty_part(url, part):
    with pytest.raises(OptionInvalid, match="^url: %s is empty$" % part):
        target({**NOTHING, "url": url})


def test_a_server_needs_no_database():
    assert server("rehearsal_url", "postgresql://db/", "ann").params == {"host": "db"}
    assert server("rehearsal_url", None, "ann") is None
    with pytest.raises(OptionInvalid, match="^rehearsal_url: host is empty$"):
        server("rehearsal_url", "host=", None)
    with pytest.raises(ConnectError, match="^rehearsal_url can't be read as"):
        server("rehearsal_url", "mysql://db", None)


@pytest.mark.parametrize("url", ["postgresql://db", "host=db"])
def test_another_database_has_to_be_named(url):
    with pytest.raises(OptionInvalid, match="rehearsal_database_url: .*"):
        other_database("rehearsal_database_url", url, None)
    assert other_database("rehearsal_database_url", None, None) is None
    found = other_database("rehearsal_database_url", "postgresql://db/clone", "ann")
    assert (found.params["dbname"], found.session_role) == ("clone", "ann")


@pytest.mark.parametrize(
    "given, expected",
    [
        ({}, set()),
        ({"url": URL}, {"secret"}),
        ({"url": URL + "&sslpassword=x%2Fy"}, {"secret", "x/y"}),
        ({"url": URL, "rehearsal_url": "postgresql://bob:s2@db"}, {"secret", "s2"}),
        ({"url": "postgresql://ann:secret%zz@db", "rehearsal_url": "postgresql://bob:s2@db"}, {"s2"}),
        ({"login_password": "p", "connect_params": {"sslpassword": "q", "connect_timeout": 3}}, {"p", "q"}),
    ],
)
def test_secrets_of_parameters(given, expected):
    assert secrets({**NOTHING, **given}) == expected


@pytest.mark.parametrize("role", [None, "owner", "odd role"])
def test_session_role(role):
    assert target({**NOTHING, "session_role": role}).session_role == role


def test_secrets_are_not_public():
    target = Target({**WHOLE, "sslpassword": "key's secret"})
    assert target.public_params() == {"user": "ann", "host": "db", "port": "5433", "dbname": "shop"}
    assert target.password == "secret"
    assert "secret" not in repr(target)


def test_no_password():
    assert Target({"host": "db"}).password is None


def test_with_database():
    target = Target(WHOLE, "role")
    other = target.with_database("postgres")
    assert other == Target({**WHOLE, "dbname": "postgres"}, "role")
    assert target.params["dbname"] == "shop"


@pytest.mark.parametrize(
    "keyword, option",
    [
        *(("sslrootcert", "ca_cert"), ("sslcert", "ssl_cert"), ("sslkey", "ssl_key")),
        *(("sslcrl", "connect_params: sslcrl"), ("servicefile", "connect_params: servicefile")),
    ],
)
def test_files_that_libpq_would_wait_for_are_refused(tmp_path, keyword, option):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OptionInvalid) as caught:
        connect(Target({"host": str(tmp_path), keyword: str(tmp_path / "pipe")}), "test")
    assert caught.value.message.startswith("%s: %s/pipe can't be read: it is a FIFO" % (option, tmp_path))
    assert caught.value.hint


def test_a_file_that_is_not_there_is_libpq_s_business(tmp_path):
    with pytest.raises(ConnectError):
        connect(Target({"host": str(tmp_path), "sslrootcert": str(tmp_path / "none")}), "test")


ADDRESSES = [
    ({"dbname": "shop", "user": "shop", "host": "db1", "port": "5432"}, "shop@db1:5432/shop"),
    ({"dbname": "shop", "host": "db1"}, "db1/shop"),
    ({"dbname": "shop", "user": "shop", "host": "/run/postgresql", "port": "5433"}, "shop@[local]:5433/shop"),
    ({"dbname": "shop", "user": "shop", "host": "@abstract"}, "shop@[local]/shop"),
    ({"dbname": "shop"}, "[local]/shop"),
    ({"dbname": "shop", "host": "fe80::1", "port": 5432}, "[fe80::1]:5432/shop"),
    ({"dbname": "shop", "password": "secret", "user": "shop", "host": "db1"}, "shop@db1/shop"),
    ({"user": "shop"}, None),
]


@pytest.mark.parametrize("parameters, expected", ADDRESSES)
def test_address(parameters, expected):
    assert Target(parameters).address == expected
