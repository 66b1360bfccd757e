# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From an empty server to a migrated database and again to nothing to do, with playbooks/migrate.yml.

The servers ask for SCRAM on TCP, and let in over their Unix socket whom the system knows by the same name (peer), which
is what Debian's do. The administrator comes by TCP with a password, or as the system's user postgres over the socket.
"""

from __future__ import annotations

import functools
import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import server as throwaway
from pg_programs import account

from .test_targets import ROOT
from .test_targets import _environment as bare_environment

pytestmark = pytest.mark.slow

HBA = "local all all peer\nhost all all 127.0.0.1/32 scram-sha-256\n"
PASSWORD = "p:a\\s's \"w%rd/@?#&=🐘"
SHOP = [ROOT / "examples" / "shop" / "migrations" / kind for kind in ("sql", "python")]
MIGRATIONS = 17 + 1
RECAP = re.compile(r"^localhost +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=0 ", re.MULTILINE)


@functools.cache
def python_of_the_account() -> str | None:
    """Return an interpreter that the system's user postgres can run, with this environment's psycopg2."""
    version = "python%d.%d" % sys.version_info[:2]
    for path in filter(None, [sys.executable, shutil.which(version, path="/usr/bin:/usr/local/bin")]):
        command = ["su", "postgres", "-c", f"PYTHONPATH={sysconfig.get_path('purelib')} {path} -c 'import psycopg2'"]
        if subprocess.run(command, check=False, capture_output=True, stdin=subprocess.DEVNULL).returncode == 0:
            return str(path)
    return None


def why_no_become() -> str | None:
    """Return why nobody here can become the system's user postgres, or None."""
    other = account()
    if other is None or other.pw_name != "postgres" or not shutil.which("su"):
        return "becoming the system's user postgres without a password takes root, su, and such a user"
    return None if python_of_the_account() else "no interpreter that the user postgres can run has psycopg2"


@dataclass(frozen=True)
class Site:
    """A server, and how the playbook's administrator gets there."""

    server: throwaway.Server
    variables: dict[str, object]
    work: Path

    def play(self, *options: str, expect: int = 0, **variables: object) -> str:
        """Run the playbook; return what it said."""
        file = self.work / "variables.json"
        file.write_text(json.dumps({**self.variables, **variables}))
        program = str(Path(sys.executable).with_name("ansible-playbook"))
        done = subprocess.run(
            [program, str(ROOT / "playbooks" / "migrate.yml"), "-e", f"@{file}", *options],
            check=False,
            cwd=ROOT,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=600,
        )
        assert done.returncode == expect, done.stdout
        return done.stdout

    def environment(self) -> dict[str, str]:
        """Return an environment in which the server's own client programs come first."""
        environment = bare_environment(self.work)
        environment["PATH"] = self.server.bindir + os.pathsep + environment["PATH"]
        environment["PYTHONPATH"] = sysconfig.get_path("purelib")  # for an interpreter that isn't this environment's
        environment.pop("PGPASSFILE")
        return environment

    def query(self, sql: str, database: str = "postgres") -> str:
        """Return what the server says, over TCP."""
        command = [self.server.program("psql"), "-XAtc", sql, self.server.url(database)]
        return subprocess.run(command, capture_output=True, check=True, encoding="utf-8").stdout.strip()

    def users_and_databases(self) -> str:
        """Return what there is of both."""
        return self.query("SELECT rolname FROM pg_roles WHERE oid > 16383 UNION ALL SELECT datname FROM pg_database")


@pytest.fixture(params=["tcp", "become"])
def site(request: pytest.FixtureRequest, any_server: throwaway.Server, tmp_path: Path) -> Iterator[Site]:
    reason = why_no_become() if request.param == "become" else None
    if reason is not None:
        pytest.skip(reason)
    with throwaway.running(any_server.bindir, auth="scram", password="adm: in\\istrator") as running:
        running.psql("SELECT 1")
        (Path(running.directory) / "data" / "pg_hba.conf").write_text(HBA)
        running.psql("SELECT pg_reload_conf()")
        yield Site(running, {**_of_the_shop(running), **_login(running, request.param)}, tmp_path)


def _of_the_shop(running: throwaway.Server) -> dict[str, object]:
    return {
        "database_user": "shop user",
        "database_password": PASSWORD,
        "database_role_attributes": ["CREATEDB"],
        "database_name": "shop: db",
        "database_extensions": ["citext"],
        "database_host": running.host,
        "database_port": running.port,
    }


def _login(running: throwaway.Server, way: str) -> dict[str, object]:
    if way == "tcp":
        return {
            "database_login_host": running.host,
            "database_login_port": running.port,
            "database_login_user": running.superuser,
            "database_login_password": running.password,
        }
    return {
        "database_login_unix_socket": running.socket_dir,
        "database_login_port": running.port,
        "database_become_user": "postgres",
        "ansible_become_method": "su",
        "ansible_python_interpreter": _place_of_the_account(running),
    }


def _place_of_the_account(running: throwaway.Server) -> str:
    """Return an interpreter with the server's client programs beside it: su sets PATH anew, so they aren't on that."""
    process = (Path(running.directory) / "data" / "postmaster.pid").read_text().splitlines()[0]
    programs = Path(os.readlink(f"/proc/{process}/exe")).parent
    place = Path(running.directory) / "bin"
    place.mkdir()
    place.chmod(0o755)
    for name in ("pg_dump", "psql"):
        (place / name).symlink_to(programs / name)
    (place / "python3").symlink_to(str(python_of_the_account()))
    return str(place / "python3")


def changed(said: str) -> int:
    """Return how many tasks the recap counts as changed."""
    found = RECAP.search(said)
    assert found, said
    return int(found.group(1))


def test_from_nothing_to_a_migrated_database_and_again_to_nothing_to_do(site: Site) -> None:
    before = site.users_and_databases()
    migration = Path(site.server.directory) / "migrations" / "99990101000000_needs_the_extension.up.sql"
    migration.parent.mkdir()
    migration.parent.chmod(0o755)  # whom the administrator becomes has to be able to read it
    migration.write_text("CREATE TABLE needs_it (x citext)")
    site.variables["migrations_dir"] = [*map(str, SHOP), str(migration.parent)]

    foretold = site.play("--check", "--diff")
    assert changed(foretold) == 2
    assert site.users_and_databases() == before
    assert not (site.work / ".pgpass").exists()
    for line in ("+user shop user:", "+database shop: db:", "+extension citext", "+CREATE TABLE public.order_lines ("):
        assert line in foretold.splitlines()

    site.play("--tags", "provision")
    assert site.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", "shop: db") == "0"
    assert len((site.work / ".pgpass").read_text().splitlines()) == 1

    rehearsed = site.play("--tags", "migrate", "--check", "--diff")
    real = site.play("--diff")
    assert (changed(rehearsed), changed(real)) == (1, 1)
    assert schema(rehearsed) == schema(real)
    # While the owner isn't there, the one who rehearses in its place is.
    assert schema(foretold) == [line.replace('OWNER TO "shop user"', "OWNER TO postgres") for line in schema(real)]
    assert site.query("SELECT count(*) FROM schema_migrations", "shop: db") == str(MIGRATIONS)
    assert (
        site.query("SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'", "shop: db") == "shop user"
    )

    assert changed(site.play("--check", "--diff")) == 0
    assert changed(site.play("--diff")) == 0


def schema(said: str) -> list[str]:
    """Return the lines that the schema gets."""
    return re.findall(
        r"^\+(?!\+|user |database |extension |file |  (?:login|createdb|password|owner|line|mode): ).*",
        said,
        re.MULTILINE,
    )


def test_an_extension_that_is_not_there(site: Site) -> None:
    before = site.users_and_databases()
    assert "the server has no of_no_such_name" in site.play(expect=2, database_extensions=["of_no_such_name"])
    assert site.users_and_databases() == before


USERS: list[dict[str, object]] = [
    {"name": "shop user", "password": PASSWORD, "role_attributes": ["CREATEDB"], "comment": "owns"},
    {
        "name": "shop app",
        "password": "app: in\\s't",
        "grants_exact": True,
        "grants": {
            "database": ["CONNECT"],
            "tables": [{"schemas": ["public"], "privileges": ["SELECT", "INSERT"]}],
            "default_privileges": [{"on": "tables", "privileges": ["SELECT", "INSERT"]}],
        },
    },
    {
        "name": "shop reader",
        "password": "reads",
        "member_of": ["pg_read_all_data"],
        "grants": {"database": ["CONNECT"]},
    },
]


def test_several_users_with_their_rights(site: Site, tmp_path: Path) -> None:
    migrations = Path(site.server.directory) / "migrations"
    migrations.mkdir()
    migrations.chmod(0o755)
    (migrations / "1_orders.up.sql").write_text("CREATE TABLE orders (note text)")
    one = {
        name: site.variables.pop(name) for name in list(site.variables) if re.match("database_(user|pass|role)", name)
    }
    assert one
    site.variables.update(
        database_users=USERS,
        database_revoke_public=["CONNECT", "TEMPORARY", "CREATE"],
        database_settings=[{"role": "shop app", "name": "statement_timeout", "value": "5s"}],
        migrations_dir=str(migrations),
    )
    before = site.users_and_databases()
    foretold = site.play("--check", "--diff")
    assert "What the other users may do" in foretold
    assert "+user shop app:" in foretold
    assert site.users_and_databases() == before
    real = site.play("--diff")
    for user in USERS:
        assert str(user["password"]) not in foretold + real
    assert changed(site.play("--diff")) == 0
    rights = "SELECT has_table_privilege('%s', 'orders', 'INSERT'), has_table_privilege('%s', 'orders', 'SELECT')"
    assert site.query(rights % ("shop app", "shop app"), "shop: db") == "t|t"
    assert site.query(rights % ("shop reader", "shop reader"), "shop: db") == "f|t"
    assert site.query("SELECT tableowner FROM pg_tables WHERE tablename = 'orders'", "shop: db") == "shop user"


def test_one_user_beside_several(site: Site) -> None:
    said = site.play(expect=2, database_users=USERS)
    assert "database_user and database_users exclude each other" in said
    assert site.query("SELECT count(*) FROM pg_database WHERE datname = 'shop: db'") == "0"
