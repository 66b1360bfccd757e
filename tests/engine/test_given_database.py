# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A rehearsal in a database that is there already: a clone with rows, used as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.advisory import KEY
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url

from .conftest import Project, done

ROLE = "pgops_g_owner"


class Cloned(Project):
    """A project with a clone of its database."""

    clone_url: str

    @property
    def clone(self) -> Target:
        """Return how to reach the clone."""
        return Target(parse_url(self.clone_url))

    def rehearse(self, **options: Any) -> Any:
        """Check in the clone."""
        return self.check(rehearsal_database=options.pop("clone", self.clone), **options)

    def in_clone(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what the clone says."""
        with closing(psycopg2.connect(self.clone_url)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            rows = cursor.fetchall() if cursor.description else []
            connection.commit()
            return rows


@pytest.fixture
def cloned(project: Project, any_server: Any) -> Iterator[Cloned]:
    """Return a project with one migration applied, rows, and a clone of both."""
    found = Cloned.__new__(Cloned)
    found.__dict__.update(project.__dict__)
    found.write(v1="CREATE TABLE orders (id int, code text); INSERT INTO orders VALUES (1, 'a'), (2, 'a')")
    found.migrate()
    name = parse_url(found.url)["dbname"]
    found.clone_url = found.url.rpartition("/")[0] + f"/{name}_clone"
    with closing(psycopg2.connect(any_server.url())) as connection, connection.cursor() as cursor:
        connection.autocommit = True
        cursor.execute(f"CREATE DATABASE {name}_clone TEMPLATE {name}")
    yield found
    any_server.drop_database(f"{name}_clone")


def test_the_plan_runs_on_its_rows_and_stays_there(cloned: Cloned) -> None:
    cloned.write(v2="CREATE TABLE twice AS SELECT code FROM orders")
    report = cloned.rehearse(rehearsal="required")
    assert report.checked.rehearsal.on == "database"
    assert "_clone on" in report.checked.rehearsal.where
    assert cloned.in_clone("SELECT count(*) FROM twice") == [(2,)]
    assert cloned.in_clone("SELECT version FROM schema_migrations ORDER BY 1") == [("1",), ("2",)]
    assert cloned.applied() == ["1"] and cloned.tables() == ["orders"]
    digest = report.checked.plan_digest
    assert digest == cloned.check().checked.plan_digest, "the digest depends on the place"
    diffs = report.checked.diffs
    assert cloned.migrate(with_diff=True, expect=digest).applied.diffs == diffs


def test_what_the_rows_forbid_fails_there(cloned: Cloned) -> None:
    cloned.write(v2="ALTER TABLE orders ADD UNIQUE (code)")
    where = "^In the rehearsal, in the database that rehearsal_database_url names: "
    with pytest.raises(errors.ScriptFailed, match=where):
        cloned.rehearse()


def test_a_clone_that_was_rehearsed_in_is_no_clone_any_more(cloned: Cloned) -> None:
    cloned.write(v2="CREATE TABLE b ()")
    cloned.rehearse()
    message = r"history .*schema_migrations.* isn't the target's: it has 2 beyond the target's"
    with pytest.raises(errors.RehearsalError, match=message) as caught:
        cloned.rehearse(rehearsal="required")
    assert "anew" in caught.value.hint
    report = cloned.rehearse()
    assert any("Not rehearsed" in each and "it has 2" in each for each in report.warnings)


def test_one_that_lags_behind_is_no_clone(cloned: Cloned) -> None:
    cloned.in_clone("DELETE FROM schema_migrations")
    cloned.write(v2="CREATE TABLE b ()")
    with pytest.raises(errors.RehearsalError, match="it lacks 1"):
        cloned.rehearse(rehearsal="required")
    assert cloned.in_clone("SELECT to_regclass('b')") == [(None,)]


def test_the_target_itself_is_refused(cloned: Cloned) -> None:
    cloned.write(v2="CREATE TABLE b ()")
    params = {**parse_url(cloned.url), "host": "localhost"}
    for clone in (Target(parse_url(cloned.url)), Target(params)):
        with pytest.raises(errors.OptionInvalid, match="is the target itself") as caught:
            cloned.rehearse(clone=clone)
        assert "Nothing was done" in caught.value.hint
    assert cloned.applied() == ["1"]


def test_one_that_is_not_there(cloned: Cloned) -> None:
    cloned.write(v2="CREATE TABLE b ()")
    with pytest.raises(errors.RehearsalError, match="rehearsal_database_url: .*nowhere"):
        cloned.rehearse(clone=Target({**cloned.clone.params, "dbname": "nowhere"}), rehearsal="required")


def test_one_that_takes_no_writes(cloned: Cloned) -> None:
    cloned.write(v2="CREATE TABLE b ()")
    read_only = Target({**cloned.clone.params, "options": "-c default_transaction_read_only=on"})
    with pytest.raises(errors.RehearsalError, match="takes no writes"):
        cloned.rehearse(clone=read_only, rehearsal="required")


def test_where_it_differs_but_not_in_what_changes(cloned: Cloned) -> None:
    cloned.in_clone("CREATE TABLE masked (a int)")
    cloned.write(v2="ALTER TABLE orders ADD note text")
    report = cloned.rehearse(rehearsal="required")
    assert "though not in what the plan changes (table public.masked)" in " ".join(report.checked.rehearsal.unproved)
    assert report.checked.plan_digest == cloned.check().checked.plan_digest


def test_where_it_differs_in_what_changes(cloned: Cloned) -> None:
    cloned.in_clone("ALTER TABLE orders ADD masked boolean")
    cloned.write(v2="ALTER TABLE orders ADD note text")
    report = cloned.rehearse()
    assert report.checked.plan_digest is None
    assert "in what the plan changes too (table public.orders)" in " ".join(report.checked.rehearsal.unproved)


def test_where_that_matters_a_required_rehearsal_fails(cloned: Cloned) -> None:
    cloned.in_clone("ALTER TABLE orders ADD masked boolean")
    cloned.write(v2="ALTER TABLE orders ADD note text")
    with pytest.raises(errors.RehearsalError, match="isn't the target's, in what the plan changes too"):
        cloned.rehearse(rehearsal="required")


def test_what_belongs_to_its_server_ends_the_rehearsal(cloned: Cloned) -> None:
    cloned.write(v2="CREATE ROLE pgops_g_new")
    report = cloned.rehearse()
    assert report.checked.rehearsal.stopped
    assert cloned.query("SELECT 1 FROM pg_roles WHERE rolname = 'pgops_g_new'") == []


def test_another_run_there_is_waited_for(cloned: Cloned) -> None:
    cloned.write(v2="CREATE TABLE b ()")
    with closing(psycopg2.connect(cloned.clone_url)) as other, other.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [KEY])
        with pytest.raises(errors.LockHeld):
            cloned.rehearse(lock_wait=0)


def test_the_steps_run_as_the_targets_role(cloned: Cloned) -> None:
    cloned.execute(f"CREATE ROLE {ROLE} LOGIN")
    try:
        for query in (cloned.query, cloned.in_clone):
            query(f"GRANT ALL ON SCHEMA public TO {ROLE}")
            for table in ("orders", "schema_migrations", "schema_migrations_log", "schema_migrations_snapshot"):
                query(f"ALTER TABLE {table} OWNER TO {ROLE}")
        cloned.write(v2="CREATE TABLE b ()")
        report = cloned.rehearse(target=Target({**parse_url(cloned.url), "user": ROLE}))
        assert report.checked.rehearsal.role == ROLE
        assert cloned.in_clone("SELECT tableowner FROM pg_tables WHERE tablename = 'b'") == [(ROLE,)]
        assert done(report) == ["2"]
    finally:
        for query in (cloned.query, cloned.in_clone):
            query(f"REASSIGN OWNED BY {ROLE} TO CURRENT_USER; DROP OWNED BY {ROLE}")
        cloned.execute(f"DROP ROLE {ROLE}")


def test_a_database_that_is_no_clone_gets_nothing(cloned: Cloned) -> None:
    """Neither a history nor a migration: it may be anybody's."""
    cloned.in_clone("DROP TABLE schema_migrations, schema_migrations_log, schema_migrations_snapshot")
    cloned.write(v2="CREATE TABLE b ()")
    with pytest.raises(errors.RehearsalError, match="it lacks 1"):
        cloned.rehearse(rehearsal="required")
    assert cloned.in_clone("SELECT tablename FROM pg_tables WHERE schemaname = 'public'") == [("orders",)]


def test_where_nothing_is_applied_the_schema_has_to_say_that_it_is_a_clone(cloned: Cloned) -> None:
    for query in (cloned.query, cloned.in_clone):
        query("DROP TABLE schema_migrations, schema_migrations_log, schema_migrations_snapshot")
    cloned.file("1_v1.up.sql", "CREATE TABLE b ()")
    assert done(cloned.rehearse(rehearsal="required")) == ["1"]
    cloned.in_clone("DROP TABLE b, schema_migrations, schema_migrations_log, schema_migrations_snapshot")
    cloned.in_clone("CREATE TABLE of_somebody_else ()")
    with pytest.raises(
        errors.RehearsalError, match=r"nothing says .* a clone .*table public\.of_somebody_else"
    ) as caught:
        cloned.rehearse(rehearsal="required")
    assert "Nothing was touched" in caught.value.hint
    assert cloned.in_clone("SELECT to_regclass('b')") == [(None,)]


def test_rows_of_the_clone_are_counted(cloned: Cloned) -> None:
    cloned.write(v2="UPDATE orders SET code = 'b'")
    (hazard,) = cloned.rehearse().checked.hazards
    assert (hazard.kind.value, hazard.rows_changed) == ("rows_changed", 2)
