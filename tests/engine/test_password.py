"""A server that wants a password: it reaches the server and nobody else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import server as throwaway
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from pg_programs import embedded_bindir

from .conftest import Project, done

PASSWORD = "p:a\\s's \"w%rd/@?#&=🐘"


@pytest.fixture(scope="module")
def guarded() -> Iterator[throwaway.Server]:
    with throwaway.running(embedded_bindir(), auth="scram", password=PASSWORD) as running:
        yield running


@pytest.fixture
def locked(guarded: throwaway.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    monkeypatch.setenv("PATH", guarded.bindir, prepend=":")
    (tmp_path / "migrations").mkdir()
    yield Project(guarded.create_database("locked"), tmp_path / "migrations", guarded.bindir)
    guarded.drop_database("locked")


def test_the_password_opens_connection_and_client_programs_and_is_in_no_argv(
    locked: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    run = locked._run
    monkeypatch.setattr(locked, "_run", lambda argv, environment: seen.extend(argv) or run(argv, environment))
    locked.write(v1="CREATE TABLE a (x int)")
    checked = locked.check()
    assert done(checked) == ["1"]
    assert checked.diffs == locked.migrate(with_diff=True).diffs
    assert any(word.startswith("--dbname=") for word in seen)
    assert not [word for word in seen if "w%rd" in word]


def test_a_wrong_password_is_an_error_that_keeps_it(locked: Project) -> None:
    locked.write(v1="CREATE TABLE a (x int)")
    target = Target({**parse_url(locked.url), "password": "s3cret-and-wrong"})
    with pytest.raises(MigrationError, match="password authentication failed for user") as caught:
        locked.migrate(target=target)
    assert caught.value.kind == "connection"
    assert "s3cret" not in caught.value.sentence()
    assert "s3cret" not in repr(target)
