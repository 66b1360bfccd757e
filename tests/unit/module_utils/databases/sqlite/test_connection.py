# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which URLs lead to a file."""

from __future__ import annotations

import os

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.sqlite.connection import Target, parse_url
from ansible_collections.pgops.migrations.plugins.module_utils.errors import OptionInvalid

READ = {
    "sqlite:////srv/app/app.db": Target("/srv/app/app.db"),
    "sqlite+pysqlite:////srv/app.db": Target("/srv/app.db"),
    "sqlite:///app.db": Target(os.path.abspath("app.db")),
    "sqlite:///data/app.db": Target(os.path.abspath("data/app.db")),
    "sqlite:////srv/a%20b.db": Target("/srv/a%20b.db"),  # SQLAlchemy doesn't unquote it either
    "sqlite:////srv/app.db?foreign_keys=on": Target("/srv/app.db", foreign_keys=True),
    " sqlite:////srv/app.db ": Target("/srv/app.db"),
}


@pytest.mark.parametrize("url", READ)
def test_read(url: str) -> None:
    assert parse_url(url) == READ[url]


REFUSED = {
    "sqlite://": "an empty path is no file that would outlast the task",
    "sqlite:///": "an empty path is no file",
    "sqlite:///:memory:": ":memory: is no file that would outlast the task",
    "sqlite:///file:x?mode=memory&uri=true": "file:x is no file",
    "sqlite://srv/app.db": "can't be read as the URL of an SQLite file",
    "sqlite+aiosqlite:////srv/app.db": "can't be read as the URL of an SQLite file",
    "sqlite:////srv/app.db?mode=ro": "mode=ro isn't read with SQLite",
    "sqlite:////srv/app.db?foreign_keys=maybe": "foreign_keys=maybe isn't read",
}


@pytest.mark.parametrize("url", REFUSED)
def test_refused(url: str) -> None:
    with pytest.raises(OptionInvalid, match="url.*" + REFUSED[url]):
        parse_url(url)
