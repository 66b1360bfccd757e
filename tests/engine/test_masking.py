"""Whichever way a secret is said to a module: it isn't in the result, and not in what the module logs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import server as throwaway
from module_runner import MODULES, Answer, Modules
from secret_ways import CORE, ODD, OTHERS, REFUSED, RIGHT, Place, besides

ADMIN = ODD[1]
# A few in each run, all of them in bin/test.
ODDITIES = [pytest.param(ODD[1:3], id="some"), pytest.param(ODD, id="all", marks=pytest.mark.slow)]


@pytest.fixture(scope="module")
def place(server: throwaway.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    with throwaway.running(server.bindir, auth="scram", password=ADMIN) as running:
        running.create_database("shop")
        yield Place(running, "shop", tmp_path_factory.mktemp("masking"))


@pytest.fixture(scope="module")
def modules(place: Place) -> Iterator[Modules]:
    found = Modules(place.directory, place.server.bindir)
    yield found
    found.close()


def require_hidden(answer: Answer) -> None:
    """Require that the task has come to an answer without a secret; see test_it_would_be_seen."""
    assert not answer.hangs and "Traceback" not in answer.output, answer
    assert "invocation" in answer.result
    for text in (answer.output, answer.log):
        # Not in any letters: neither as it is, nor as JSON, a URL or Python would write it.
        assert CORE not in text, text


def run(modules: Modules, place: Place, module: str, given: Any, check: bool = False) -> Answer:
    """Run a task that needs a database. What is written stays, and would be there the next time."""
    return modules.run(module, {**besides(module, place), **given}, check or module == "pg_migration_generate")


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("way", RIGHT)
@pytest.mark.parametrize("secrets", ODDITIES)
def test_a_password(modules: Modules, place: Place, module: str, way: str, secrets: tuple[str, ...]) -> None:
    for check in (True, False):
        answer = run(modules, place, module, RIGHT[way](place, ADMIN), check)
        require_hidden(answer)
        assert answer.kind == "ok", answer.output
        assert answer.log
    for wrong in secrets:
        if wrong != ADMIN and not (way == "config_file" and "\n" in wrong):
            answer = run(modules, place, module, RIGHT[way](place, wrong))
            require_hidden(answer)
            assert answer.kind == "connection"
            assert answer.log


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("way", OTHERS)
@pytest.mark.parametrize("secrets", ODDITIES)
def test_other_secrets(modules: Modules, place: Place, module: str, way: str, secrets: tuple[str, ...]) -> None:
    for secret in secrets:
        given = {"login_password": ADMIN, **place.login, **OTHERS[way](place, secret)}
        require_hidden(run(modules, place, module, given, check=True))


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("way", REFUSED)
@pytest.mark.parametrize("secrets", ODDITIES)
def test_a_secret_where_it_would_be_seen(
    modules: Modules, place: Place, module: str, way: str, secrets: tuple[str, ...]
) -> None:
    for secret in secrets:
        given = {"login_password": ADMIN, **place.login, **REFUSED[way](place, secret)}
        answer = run(modules, place, module, given)
        require_hidden(answer)
        assert answer.kind == "option"
        assert answer.result["error"]["message"]


@pytest.mark.parametrize("secret", ODD)
def test_the_rehearsals_server(modules: Modules, place: Place, secret: str) -> None:
    urls = [
        f"postgresql://{place.server.superuser}:{{}}@{place.authority}",
        f"postgresql://{place.authority}?password={{}}",
    ]
    for url in urls:
        given = {**place.login, "login_password": ADMIN, "rehearsal": "required"}
        given["rehearsal_url"] = url.format(throwaway.quote(secret, safe=""))
        given["version"] = "1"
        answer = run(modules, place, "pg_migrate", given, check=True)
        require_hidden(answer)


@pytest.mark.parametrize("secret", ODD)
def test_the_password_of_a_user(modules: Modules, place: Place, secret: str) -> None:
    for more in ({}, {"collate": "of_no_such_name", "db": "eve"}, {"valid_until": "never"}, {"pgpass": True}):
        given = {**place.login, "login_password": ADMIN, "password": secret, **more}
        require_hidden(run(modules, place, "pg_user_db", given))


def test_it_would_be_seen(modules: Modules, place: Place) -> None:
    answer = run(modules, place, "pg_migration_info", {**place.login, "login_user": f"{CORE}'s", "context": [CORE]})
    assert answer.output.count(CORE) >= 3
    assert answer.log.count(CORE) >= 2


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("password", ["1", "o", "True"])
def test_a_password_that_is_a_part_of_everything(modules: Modules, place: Place, module: str, password: str) -> None:
    for way in RIGHT:
        answer = run(modules, place, module, RIGHT[way](place, password))
        assert "Traceback" not in answer.output
        assert answer.result["failed"] is True


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"login_password": ""}, "login_password is empty or contains a NUL character"),
        ({"login_password": "a\0b"}, "login_password is empty or contains a NUL character"),
        ({"connect_params": {"password": ""}}, "connect_params: password is empty or contains a NUL character"),
        ({"url": "host=db password=''"}, "url: password is empty"),
        ({"url": "postgresql://db/shop?password="}, "url: password is empty"),
        ({"login_db": "dbname=x password=y"}, "login_db holds a password, which logs and output would show"),
        ({"connect_params": {"options": "-c a.password=y"}},
         "connect_params: options holds a password, which logs and output would show"),
        ({"ssl_key": "-----BEGIN RSA PRIVATE KEY-----"},
         "ssl_key holds a private key, which logs and output would show"),
    ],
)  # fmt: skip
def test_what_is_refused(modules: Modules, place: Place, given: dict[str, Any], message: str) -> None:
    result = run(modules, place, "pg_migration_info", given).result
    assert result["error"]["kind"] == "option"
    assert result["error"]["message"] == message
    assert result["error"]["hint"]


def test_a_password_of_spaces_is_one(modules: Modules, place: Place) -> None:
    assert run(modules, place, "pg_migration_info", {**place.login, "login_password": "   "}).kind == "connection"


def test_an_unknown_keyword_is_told_what_there_is(modules: Modules, place: Place) -> None:
    result = run(modules, place, "pg_migration_info", {"connect_params": {"new": 1}}).result
    assert "connect_params.new" in result["msg"] and "connect_timeout" in result["msg"]
    assert result["error"]["hint"] == "What a newer libpq has beside these can be written into url (…?keyword=value)."


def test_a_path_with_an_equals_sign_is_no_password(modules: Modules, place: Place, tmp_path: Path) -> None:
    directory = tmp_path / "password=reset"
    directory.mkdir()
    given = {**place.login, "login_password": ADMIN, "migrations_dir": [str(directory)]}
    assert modules.run("pg_migration_info", given).kind == "ok"
    given["connect_params"] = {"options": "-c password_encryption=scram-sha-256"}
    assert modules.run("pg_migration_info", given).kind == "ok"
