# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a migration runs: SQL, or a function in Python. These words are model.py's too."""

from __future__ import annotations

from enum import Enum
from types import CodeType
from typing import NamedTuple, Optional, Tuple, Union


class Statement(NamedTuple):
    """SQL that is sent as one message: one statement, or the whole text of a script that is one transaction.

    :ivar offset: where it begins in the text of its file, in characters.
    :ivar line: its first line there, from 1.
    :ivar keyword: what it does: INSERT, CREATE INDEX for a unique one too, COMMIT for COMMIT WORK; '' for a whole text.
    """

    text: str
    offset: int = 0
    line: int = 1
    keyword: str = ""


class SqlBody(NamedTuple):
    """SQL to send. ``text`` has the lines of the file, so that positions in it are the file's.

    :ivar messages: what to send one by one.
    :ivar note: what a person should know about how it runs.
    :ivar whole: the text with the BEGIN and the COMMIT that were taken off; None: none were.
    :ivar secrets: what was filled in and must not be told.
    """

    path: str
    text: str
    messages: Tuple[Statement, ...]
    transactional: bool = True
    note: Optional[str] = None
    whole: Optional[str] = None
    secrets: Tuple[str, ...] = ()


class Callback(NamedTuple):
    """SQL that runs at an event of each run, as Flyway has it.

    :ivar event: its name, such as afterMigrate.
    """

    event: str
    path: str
    checksum: str


class Takes(Enum):
    """What a function of a script is called with, by its parameter's name; NOTHING: it uses ``alembic.op``."""

    CURSOR = "cursor"
    ENGINE = "migrate_engine"
    NOTHING = ""


class PythonBody(NamedTuple):
    """A function of a Python script. ``code`` is the whole file, compiled."""

    path: str
    code: CodeType
    function: str
    transactional: bool = True
    takes: Takes = Takes.CURSOR


Body = Union[SqlBody, PythonBody]
