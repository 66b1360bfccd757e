# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An administrator at a server: what the tests of pg_user_db work with."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import MigrationError
from ansible_collections.pgops.migrations.plugins.module_utils.provision.provision import provision
from ansible_collections.pgops.migrations.plugins.module_utils.provision.request import ProvisionReport
from ansible_collections.pgops.migrations.plugins.module_utils.task.checks import check
from ansible_collections.pgops.migrations.plugins.module_utils.task.options import USER_DB
from ansible_collections.pgops.migrations.plugins.module_utils.task.user_db import user_db_request
from server import Server, identifier

DEFAULTS = {name: spec.get("default") for name, spec in USER_DB.items()}
_number = itertools.count(1)


class Administration:
    """A server with names that nobody else uses; all that bears them is dropped in the end."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.prefix = f"p{os.getpid()}_{next(_number)}"
        self.user, self.db = self.prefix + "_user", self.prefix + "_db"

    def __call__(self, checking: bool = False, **options: Any) -> ProvisionReport:
        """Do what the module would; as the superuser, unless the options say otherwise."""
        if "url" not in options:
            options["url"] = self.server.url().rpartition("/")[0]
        params = {**DEFAULTS, **options}
        check(params, USER_DB)
        return provision(user_db_request(params, checking))

    def query(self, sql: str, database: str = "postgres", **login: str) -> list[tuple[Any, ...]]:
        """Return what the server says."""
        with closing(psycopg2.connect(self.server.url(database, **login))) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else []

    def state(self) -> list[tuple[Any, ...]]:
        """Return everything that the tasks of this test may have changed in the cluster."""
        return self.query(
            "SELECT 'role', to_jsonb(r) - 'oid' FROM pg_authid r WHERE rolname LIKE '%s%%'"
            " UNION ALL SELECT 'member', to_jsonb(array[roleid::regrole::text, member::regrole::text])"
            " FROM pg_auth_members"
            " UNION ALL SELECT 'database', to_jsonb(d) - 'datfrozenxid' FROM pg_database d WHERE datname LIKE '%s%%'"
            " ORDER BY 1, 2" % (self.prefix, self.prefix)
        )

    def administrator(self, attributes: str, password: str = "adm") -> str:
        """Return the URL of a new user with these rights."""
        name = self.prefix + "_admin"
        self.query(f"CREATE ROLE {name} LOGIN PASSWORD '{password}' {attributes}")
        return self.server.url(user=name, password=password).rpartition("/")[0]

    def clean(self) -> None:
        """Drop what is left."""
        for (name,) in self.query("SELECT datname FROM pg_database WHERE datname LIKE '%s%%'" % self.prefix):
            self.server.drop_database(name)
        roles = [row[0] for row in self.query("SELECT rolname FROM pg_roles WHERE rolname LIKE '%s%%'" % self.prefix)]
        for name in roles:
            self.query(f"DROP OWNED BY {identifier(name)} CASCADE")
        for name in roles:
            self.query(f"DROP ROLE {identifier(name)}")


def administration(server: Server) -> Iterator[Administration]:
    """Yield an administration; a generator to make fixtures of."""
    there = Administration(server)
    yield there
    there.clean()


def done(report: ProvisionReport) -> list[tuple[str, str]]:
    """Return what was done, without names."""
    return [(each.kind, each.action.value) for each in report.differences]


def refused(there: Administration, kind: str, **options: Any) -> MigrationError:
    """Have a task refused, in check mode too; nothing may be changed. Return the error."""
    before = there.state()
    for checking in (True, False):
        with pytest.raises(MigrationError) as caught:
            there(checking=checking, **options)
        assert caught.value.kind == kind, caught.value.sentence()
        assert caught.value.hint
        assert there.state() == before
    return caught.value
