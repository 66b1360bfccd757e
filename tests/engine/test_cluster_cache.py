# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of a throwaway cluster, for the next rehearsal of the same schema."""

from __future__ import annotations

import os
import pwd
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies import (
    at_once,
    cluster_cache,
    cluster_maker,
    load,
)

from .conftest import Project

OWNER = "pgops_k_owner"
SCHEMA = """
CREATE TABLE shops (id int PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id int PRIMARY KEY, shop int REFERENCES shops, total numeric DEFAULT 0);
CREATE VIEW totals AS SELECT shop, sum(total) FROM orders GROUP BY shop;
CREATE MATERIALIZED VIEW names AS SELECT name FROM shops;
COMMENT ON TABLE shops IS 'where we sell';
INSERT INTO shops VALUES (1, 'secret of a row');
REFRESH MATERIALIZED VIEW names;
"""


class Kept(Project):
    """A project whose owner rehearses in a throwaway cluster, with a cache."""

    cache: Path
    loads: int

    def rehearse(self, **options: Any) -> tuple[Any, int]:
        """Check in a cluster; return what came out, and how many messages of a dump were loaded."""
        self.loads = 0
        target = Target({**parse_url(self.url), "user": OWNER})
        report = self.check(target=target, rehearsal_on="cluster", rehearsal="required", **options)
        return report.checked, self.loads

    def entries(self) -> list[Path]:
        """Return what is kept, without the clusters that are empty still."""
        kept = self.cache.glob("pgops.migrations/clusters/*/known.json")
        return [path.parent for path in kept if "loader" in path.read_text()]


@pytest.fixture
def kept(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Kept]:
    """Return the same project with a cache of its own, in which clusters of any size are kept."""
    found = Kept.__new__(Kept)
    found.__dict__.update(project.__dict__)
    found.cache, found.cache_size = tmp_path / "cache", 1 << 30
    monkeypatch.setenv("XDG_CACHE_HOME", str(found.cache))
    monkeypatch.setattr(cluster_maker, "KEPT_FROM", 0)
    send = load.send

    def counted(connection: Any, text: bytes) -> None:
        found.loads += b"CREATE TABLE" in text
        send(connection, text)

    monkeypatch.setattr(load, "send", counted)
    name = parse_url(found.url)["dbname"]
    found.execute(f"CREATE ROLE {OWNER} LOGIN")
    found.execute(f"ALTER DATABASE {name} OWNER TO {OWNER}")
    found.query(f"GRANT ALL ON SCHEMA public TO {OWNER}; SET ROLE {OWNER};" + SCHEMA)
    found.write(v1="ALTER TABLE orders ADD note text; CREATE INDEX ON orders (shop)")
    yield found
    found.execute(f"ALTER DATABASE {name} OWNER TO CURRENT_USER")
    found.query(f"DROP OWNED BY {OWNER} CASCADE")
    found.execute(f"DROP ROLE {OWNER}")


def test_the_second_rehearsal_of_a_schema_loads_nothing(kept: Kept) -> None:
    first, loaded = kept.rehearse()
    second, again = kept.rehearse()
    assert loaded and not again
    changing = {"progress": None, "duration_ms": None}
    assert first.rehearsal._replace(**changing) == second.rehearsal._replace(**changing)
    assert (first.diffs, first.plan_digest) == (second.diffs, second.plan_digest)
    assert "+    note text" in first.diffs[0] and "CREATE INDEX orders_shop_idx" in first.diffs[0]


def test_what_the_steps_do_is_not_kept(kept: Kept) -> None:
    kept.rehearse()
    kept.write(v2="CREATE TABLE another ()")
    third, again = kept.rehearse()
    assert not again
    assert "CREATE TABLE public.another" in third.diffs[0] and "+    note text" in third.diffs[0]


CHANGES = {
    "a column": "ALTER TABLE shops ADD street text",
    "a comment": "COMMENT ON TABLE shops IS 'where we sold'",
    "a right": "GRANT SELECT ON shops TO PUBLIC",
    "a right on the database": "GRANT CREATE ON DATABASE {database} TO PUBLIC",
    "a setting": "ALTER DATABASE {database} SET search_path = public",
    "a role": "CREATE ROLE pgops_k_other",
    "a default privilege": "ALTER DEFAULT PRIVILEGES FOR ROLE {owner} GRANT SELECT ON TABLES TO PUBLIC",
}


@pytest.mark.parametrize("change", CHANGES)
def test_whatever_has_changed_is_made_anew(kept: Kept, change: str) -> None:
    kept.rehearse()
    try:
        kept.query(CHANGES[change].format(database=parse_url(kept.url)["dbname"], owner=OWNER))
        checked, loaded = kept.rehearse()
        assert loaded, "an old copy was taken"
        kept.migrate(target=Target({**parse_url(kept.url), "user": OWNER}), with_diff=True)
        assert kept.report.applied.diffs == checked.diffs
    finally:
        kept.execute("DROP ROLE IF EXISTS pgops_k_other")


def test_no_row_is_kept(kept: Kept) -> None:
    kept.rehearse(rehearsal_data=("all",))
    assert kept.entries() == []
    kept.rehearse()
    assert all(b"secret of a row" not in (path / "data").read_bytes() for path in kept.entries())


def test_nobody_else_gets_at_it(kept: Kept) -> None:
    kept.rehearse()
    directory = kept.cache / "pgops.migrations" / "clusters"
    assert [path.stat().st_mode & 0o077 for path in (directory, *kept.entries())] == [0, 0]
    directory.chmod(0o755)
    assert kept.rehearse()[1], "a directory was trusted that others can enter"


def test_without_a_size_nothing_is_kept(kept: Kept) -> None:
    kept.cache_size = 0
    assert kept.rehearse()[1] and kept.rehearse()[1]
    assert not kept.cache.exists()


def test_what_is_too_large_is_not_kept(kept: Kept) -> None:
    kept.cache_size = 1 << 20
    kept.rehearse()
    assert list(kept.cache.glob("pgops.migrations/clusters/*")) == []


def test_the_one_that_was_of_no_use_for_longest_makes_room(kept: Kept) -> None:
    kept.rehearse()
    (first,) = kept.entries()
    os.utime(first / "known.json", (0, 0))
    kept.cache_size = sum(path.stat().st_size for path in kept.cache.rglob("data")) + (1 << 20)
    kept.query(f"SET ROLE {OWNER}; CREATE TABLE more ()")
    kept.rehearse()
    assert len(kept.entries()) == 1 and first not in kept.entries()


def test_one_that_is_damaged_is_made_anew(kept: Kept) -> None:
    kept.rehearse()
    for path in kept.cache.rglob("data"):
        path.write_bytes(path.read_bytes()[: 1 << 20])
    assert kept.rehearse()[1]
    for path in kept.cache.rglob("known.json"):
        path.write_text("[]")
    assert kept.rehearse()[1]


def test_one_that_does_not_start_is_made_anew(kept: Kept, tmp_path: Path) -> None:
    kept.rehearse()
    (tmp_path / "empty").mkdir()
    for path in kept.entries():
        os.system(f"tar -C {tmp_path / 'empty'} -cf {path / 'data'} .")
    assert kept.rehearse()[1]
    assert not kept.rehearse()[1], "it wasn't kept again"


def test_what_a_killed_task_has_left_half_made_is_swept(kept: Kept) -> None:
    kept.rehearse()
    left = kept.entries()[0].parent / f"new_{'0' * 64}_{'0' * 8}"
    left.mkdir()
    kept.query(f"SET ROLE {OWNER}; CREATE TABLE more ()")
    kept.rehearse()
    assert not left.exists()


def test_what_the_copy_lacks_is_told_again(kept: Kept) -> None:
    kept.query("CREATE FUNCTION nothing() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END'")
    kept.execute("CREATE EVENT TRIGGER pgops_k ON ddl_command_end EXECUTE FUNCTION nothing()")
    first, loaded = kept.rehearse()
    second, again = kept.rehearse()
    assert loaded and not again
    assert any("pgops_k" in each for each in first.rehearsal.unproved)
    assert first.rehearsal.unproved == second.rehearsal.unproved


def test_a_proof_with_several_copies_loads_once(kept: Kept) -> None:
    kept.write(v2="CREATE TABLE b ()", v3="CREATE TABLE c ()")
    for name in ("1_v1", "2_v2"):
        kept.file(f"{name}.down.sql", "SELECT 1/0")
    kept.file("3_v3.down.sql", "DROP TABLE c")
    kept.loads = 0
    with pytest.raises(Exception, match="Not reversible"):
        kept.migrate(target=Target({**parse_url(kept.url), "user": OWNER}), state="tested", rehearsal_on="cluster")
    assert [proof.verdict.value for proof in kept.report.proved.proofs] == ["not_reversible"] * 2 + ["reversible"]
    assert kept.loads == 1


def test_the_place_has_to_be_this_users(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "a"))
    assert cluster_cache._home() == str(tmp_path / "a" / "pgops.migrations" / "clusters")
    (tmp_path / "b").symlink_to(tmp_path / "nowhere")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "b"))
    assert cluster_cache._home() is None
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    assert cluster_cache._home() is None
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cluster_cache._home() == str(tmp_path / ".cache" / "pgops.migrations" / "clusters")


def test_a_home_of_somebody_elses_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/nowhere")
    own = cluster_cache._users_home()
    assert own == os.path.expanduser(f"~{pwd.getpwuid(os.geteuid()).pw_name}")
    if os.geteuid() == 0:
        os.chown(tmp_path, 1, 1)
        monkeypatch.setenv("HOME", str(tmp_path))
        assert cluster_cache._users_home() == own


@pytest.mark.parametrize("breaks", [False, True])
def test_many_tables_are_loaded_on_two_connections(kept: Kept, monkeypatch: pytest.MonkeyPatch, breaks: bool) -> None:
    """Children, which need their parents, and views between the tables come out as in the original."""
    monkeypatch.setattr(at_once, "FEWEST", 10)
    monkeypatch.setattr(load, "ENTRIES_A_MESSAGE", 3)
    shared = []
    share = at_once._share

    def sharing(one: Any, other: Any, waiting: Any) -> Any:
        shared.append(1)
        if breaks:
            other.close()  # as if the server had ended it
        return share(one, other, waiting)

    monkeypatch.setattr(at_once, "_share", sharing)
    kept.query(
        f"SET ROLE {OWNER};"
        "DO $$ BEGIN FOR i IN 1..60 LOOP"
        "  EXECUTE format('CREATE TABLE p%s (id int PRIMARY KEY, a int, b int UNIQUE)', i);"
        "  EXECUTE format('CREATE TABLE a%s (c int) INHERITS (p%s)', 61 - i, i);"
        "  EXECUTE format('CREATE INDEX ON p%s (a)', i);"
        "  EXECUTE format('CREATE VIEW v%s AS SELECT id, a FROM p%s GROUP BY id', i, i);"
        "END LOOP; END $$"
    )
    checked, dummy = kept.rehearse()
    assert shared
    assert checked.rehearsal.snapshots[0].objects
    kept.migrate(target=Target({**parse_url(kept.url), "user": OWNER}), with_diff=True)
    assert kept.report.applied.diffs == checked.diffs
