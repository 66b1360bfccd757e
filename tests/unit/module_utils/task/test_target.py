# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which options a database can honour."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import OptionInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.task import connection, options
from ansible_collections.pgops.migrations.plugins.module_utils.task.target import target

FILE = "sqlite:////srv/app.db"


def params(**given: Any) -> dict[str, Any]:
    """Return the parameters of a task."""
    return {name: given.get(name, option.get("default")) for name, option in options.MIGRATE.items()}


@pytest.mark.parametrize("url, kind", [(FILE, "sqlite"), ("postgresql://db/shop", "postgresql"), (None, "postgresql")])
def test_the_kind_is_the_urls(url: str | None, kind: str) -> None:
    assert target(params(url=url)).kind == kind


UNHONOURED = [
    {"login_host": "db"},
    {"login_port": 5432},
    {"login_password": "x"},
    {"session_role": "owner"},
    {"connect_params": {"application_name": "x"}},
    {"rehearsal_url": "postgresql://db/x"},
    {"rehearsal_database_url": "postgresql://db/x"},
    {"rehearsal_on": "cluster"},
    {"rehearsal_on": "empty"},
    {"rehearsal_data": ["all"]},
    {"rehearsal_extensions": ["hstore"]},
    {"allow_hazards": ["rewrite"]},
    {"statement_timeout": 5.0},
]


@pytest.mark.parametrize("given", UNHONOURED, ids=str)
def test_what_a_file_has_no_use_for_is_refused(given: dict[str, Any]) -> None:
    (name,) = given
    with pytest.raises(OptionInvalid, match=f"{name}.* has no meaning for SQLite, which url names"):
        target(params(url=FILE, **given))


def test_users_are_for_servers() -> None:
    with pytest.raises(OptionInvalid, match="url: it leads to no PostgreSQL server, and users"):
        connection.target(params(url=FILE))
