# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The whole life of migrations on MariaDB: what it does otherwise than the other databases."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import mariadb
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.mysql.connection import Target, parse_url

from .conftest import Project

NUMBERS = itertools.count(1)


class MariaProject(Project):
    """Scripts, and a database on a MariaDB server."""

    is_atomic = False

    def __init__(self, directory: Path, server: mariadb.MariaDB, name: str) -> None:
        super().__init__(server.url(name), directory, "")
        self.server, self.name = server, name

    @property
    def target(self) -> Target:
        """Where it is."""
        return parse_url(self.url)

    def connect(self) -> Any:
        """Open a connection of the test's own."""
        import pymysql

        return pymysql.connect(host=self.server.host, port=self.server.port, user="root", database=self.name)

    def query(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        """Return what the database says."""
        with closing(self.connect()) as connection, connection.cursor() as cursor:
            cursor.execute(statement, values or None)
            rows = list(cursor.fetchall())
            connection.commit()
            return rows

    def execute(self, statement: str) -> None:
        """Have it do several things."""
        self.server.sql(statement, self.name)

    def tables(self) -> list[str]:
        """Return the tables, without the history's."""
        rows = self.query("SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE() ORDER BY 1")
        return [name for (name,) in rows if not name.startswith("schema_migrations")]

    def applied(self) -> list[str]:
        """Return the recorded versions."""
        return [row[0] for row in self.query("SELECT version FROM schema_migrations ORDER BY applied, version")]


@pytest.fixture
def project(mariadb_server: mariadb.MariaDB, tmp_path: Path) -> Iterator[MariaProject]:
    """Return an empty project on an empty database."""
    directory, name = tmp_path / "migrations", f"life_{os.getpid()}_{next(NUMBERS)}"
    directory.mkdir()
    mariadb_server.create_database(name)
    yield MariaProject(directory, mariadb_server, name)
    mariadb_server.drop_database(name)
