# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A script outside a transaction that is cut off, before and after each thing that it does: all of it is done once."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.history.record import Recorder
from ansible_collections.pgops.migrations.plugins.module_utils.planning.request import Policies
from ansible_collections.pgops.migrations.plugins.module_utils.run.outside import Journal

from .conftest import Project, done

BEFORE = "CREATE TABLE t (a int, n int); INSERT INTO t VALUES (1, 1); CREATE INDEX old ON t (n); CREATE SCHEMA s"
SCRIPT = """-- no-transaction
INSERT INTO t VALUES (2, 2);
CREATE UNIQUE INDEX CONCURRENTLY t_a ON t (a);
CREATE INDEX CONCURRENTLY ON t (a, n);
DROP INDEX CONCURRENTLY old;
SET search_path = s;
CREATE TABLE in_s (x int);
BEGIN;
UPDATE public.t SET n = n * 10;
INSERT INTO in_s VALUES (1);
COMMIT;
VACUUM public.t;
INSERT INTO public.t VALUES (3, 3);
"""
EXPECTED = {
    "SELECT a, n FROM t ORDER BY a": [(1, 10), (2, 20), (3, 3)],
    "SELECT x FROM s.in_s": [(1,)],
    "SELECT indexrelid::regclass::text, indisvalid FROM pg_index WHERE indrelid = 't'::regclass ORDER BY 1": [
        ("t_a", True),
        ("t_a_n_idx", True),
    ],
    "SELECT version FROM schema_migrations": [("1",)],
}


class Death(BaseException):
    """The run ends here, as if it were killed: nobody catches it, and its connections are gone."""


def die_at(patch: pytest.MonkeyPatch, number: int, late: bool) -> None:
    """Let the run die where it logs a position, or records the end, for the given time (from 0).

    :param late: once that is done; else before it is.
    """
    count = itertools.count()

    def dying(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **kwargs: Any) -> Any:
            dies = next(count) == number
            if dies and not late:
                raise Death
            result = function(*args, **kwargs)
            if dies:
                raise Death
            return result

        return call

    patch.setattr(Journal, "at", dying(Journal.at))
    patch.setattr(Recorder, "record", dying(Recorder.record))


@pytest.mark.slow
@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("place", range(11))
def test_whatever_is_cut_off_is_done_once(project: Project, place: int, late: bool) -> None:
    project.query(BEFORE)
    project.write(v1=SCRIPT)
    quick = {"policies": Policies(drift="ignore")}
    with pytest.MonkeyPatch.context() as patch:
        die_at(patch, place, late)
        with pytest.raises(Death):
            project.migrate(**quick)
    # It dies once more at the very place where it goes on.
    with pytest.MonkeyPatch.context() as patch:
        die_at(patch, 0, late)
        with pytest.raises(Death):
            project.migrate(on_interrupted="retry", **quick)
    assert done(project.migrate(on_interrupted="retry", **quick)) == ["1"]
    assert {query: project.query(query) for query in EXPECTED} == EXPECTED


# What has a transaction, what builds an index without a name, and what drops one, each as the first.
NOT_AGAIN = (
    "INSERT INTO t VALUES (2, 2);\nCREATE INDEX CONCURRENTLY ON t (a, n);\nDROP INDEX CONCURRENTLY old;\n",
    "CREATE INDEX CONCURRENTLY ON t (a, n);\nDROP INDEX CONCURRENTLY old;\nINSERT INTO t VALUES (2, 2);\n",
    "DROP INDEX CONCURRENTLY old;\nINSERT INTO t VALUES (2, 2);\nCREATE INDEX CONCURRENTLY ON t (a, n);\n",
)


def lose_journal_at(project: Project, patch: pytest.MonkeyPatch, number: int) -> None:
    """Let the server end the connection that logs positions, or refuse to make one, at the given time (from 0)."""
    count, at = itertools.count(), Journal.at
    server = Project.__new__(Project)
    server.url, name = project.url.rpartition("/")[0] + "/postgres", project.url.rpartition("/")[2]

    def losing(journal: Journal, *args: Any) -> None:
        if next(count) != number:
            return at(journal, *args)
        server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
        server.query(
            "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity"
            " WHERE application_name = 'pg_migrate log' AND datname = %s",
            name,
        )
        try:
            return at(journal, *args)
        finally:
            server.execute(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')

    patch.setattr(Journal, "at", losing)


@pytest.mark.parametrize("place", range(1, 3))
@pytest.mark.parametrize("script", NOT_AGAIN, ids=["insert", "create index", "drop index"])
def test_a_position_that_could_not_be_logged_is_logged_with_the_failure(
    project: Project, script: str, place: int
) -> None:
    project.query(BEFORE)
    project.write(v1="-- no-transaction\n" + script)
    with pytest.MonkeyPatch.context() as patch:
        lose_journal_at(project, patch, place)
        with pytest.raises(errors.MigrationError):
            project.migrate()
    assert done(project.migrate(on_interrupted="retry")) == ["1"]
    assert project.query("SELECT a, n FROM t ORDER BY a") == [(1, 1), (2, 2)]
    indexes = "SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 't'::regclass ORDER BY 1"
    assert project.query(indexes) == [("t_a_n_idx",)]


def test_a_procedure_that_commits_is_not_put_into_a_transaction(project: Project) -> None:
    project.query("CREATE TABLE batches (n int)")
    project.query(
        "CREATE PROCEDURE fill() LANGUAGE plpgsql AS"
        " 'BEGIN FOR i IN 1 .. 3 LOOP INSERT INTO batches VALUES (i); COMMIT; END LOOP; END'"
    )
    project.write(v1="-- no-transaction\nCALL fill();\n")
    assert done(project.migrate()) == ["1"]
    assert project.query("SELECT n FROM batches ORDER BY n") == [(1,), (2,), (3,)]


def test_a_script_that_has_done_everything_but_its_record(project: Project) -> None:
    project.write(v1="-- no-transaction\nCREATE TABLE a (x int);\n")
    with pytest.MonkeyPatch.context() as patch:
        die_at(patch, 1, False)
        with pytest.raises(Death):
            project.migrate()
    with pytest.raises(Exception, match="all of it stands, and only its end isn't recorded"):
        project.migrate()
    assert done(project.migrate(on_interrupted="retry")) == ["1"]


# A script that fails outside a transaction → the same, mended so that it could be a transaction.
MENDED = {
    "a block of its own, and a statement behind it": (
        "BEGIN;\nCREATE TABLE b (a int);\nINSERT INTO t VALUES (2, 2);\nCOMMIT;\nSELECT 1 / 0;\n",
        "BEGIN;\nCREATE TABLE b (a int);\nINSERT INTO t VALUES (2, 2);\nCOMMIT;\n",
    ),
    "the mark is taken out": (
        "-- no-transaction\nCREATE TABLE b (a int);\nINSERT INTO t VALUES (2, 2);\nSELECT 1 / 0;\n",
        "\nCREATE TABLE b (a int);\nINSERT INTO t VALUES (2, 2);\nSELECT 1;\n",
    ),
    "the block is taken out too": (
        "CREATE TABLE b (a int);\nINSERT INTO t VALUES (2, 2);\nCOMMIT;\nSELECT 1 / 0;\n",
        "CREATE TABLE b (a int);\nINSERT INTO t VALUES (2, 2);\n",
    ),
}


@pytest.mark.parametrize("kind", ["sql", "dbmate", "goose"])
@pytest.mark.parametrize("name", MENDED)
def test_a_mended_script_goes_on_outside_a_transaction_where_it_was_begun(
    project: Project, name: str, kind: str
) -> None:
    files = {
        "sql": ("1_x.up.sql", "{}"),
        "dbmate": ("1_x.sql", "-- migrate:up\n{}\n-- migrate:down\n"),
        "goose": ("1_x.sql", "-- +goose Up\n{}"),
    }
    project.query("CREATE TABLE t (a int, n int)")
    file, template = files[kind]
    failing, mended = (template.format(each) for each in MENDED[name])
    if kind != "sql" and "no-transaction" in failing:
        failing = (
            "-- +goose NO TRANSACTION\n" + failing
            if kind == "goose"
            else failing.replace("migrate:up", "migrate:up transaction:false")
        )
    project.file(file, failing)
    with pytest.raises(errors.ScriptFailed, match="division by zero"):
        project.migrate()
    project.file(file, mended)
    with pytest.raises(errors.Interrupted, match="those before it stand"):
        project.migrate()
    assert done(project.check(on_interrupted="retry")) == ["1"]
    assert done(project.migrate(on_interrupted="retry")) == ["1"]
    assert project.query("SELECT a FROM t") == [(2,)]
    assert project.applied() == ["1"]
