# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository of sqlalchemy-migrate: a directory with migrate.cfg, and its scripts in versions/."""

from __future__ import annotations

import os
from typing import NamedTuple, Optional, Sequence

from .. import errors
from .kinds import reading
from .kinds.claim import refuse_leading_out

CONFIG = "migrate.cfg"
VERSIONS = "versions"
SECTION = "db_settings"


class Repository(NamedTuple):
    """What migrate.cfg says: the repository's name, and the table where the old tool kept its version."""

    directory: str
    repository_id: str
    version_table: str

    @property
    def versions(self) -> str:
        """Return the directory of the scripts."""
        return os.path.join(self.directory, VERSIONS)


def find(directory: str, follow: bool = False) -> Optional[Repository]:
    """Return the repository that a directory is, if it is one.

    :param follow: its migrate.cfg may be a link that leads out.
    :raises ScriptInvalid: when its migrate.cfg can't be read, or names no repository.
    """
    path = os.path.join(directory, CONFIG)
    if not os.path.lexists(path):
        return None
    if not follow:
        refuse_leading_out(path, directory)
    import configparser  # few directories are repositories, and it would cost every run

    parser = configparser.RawConfigParser()
    try:
        parser.read_string(reading.decode(reading.read_bytes(path), path))
        name = parser.get(SECTION, "repository_id")
    except configparser.Error as error:
        # A parser's message may quote a line, which is nobody's business if this is another file by mistake.
        lacks = isinstance(error, (configparser.NoSectionError, configparser.NoOptionError))
        raise errors.ScriptInvalid(
            "%s can't be read: %s" % (path, "it names no repository" if lacks else "it is no INI file"),
            hint="It needs a section [db_settings] with repository_id.",
            path=path,
        ) from None
    return Repository(directory, name, parser.get(SECTION, "version_table", fallback="migrate_version"))


def repository_of_all(directories: Sequence[str], follow: bool = False) -> Optional[str]:
    """Return the name of the repository that these directories are, if they are one.

    :raises OptionInvalid: when they are several: each has a history of its own.
    """
    found = [find(directory, follow) for directory in directories]
    names = list(dict.fromkeys(each.repository_id for each in found if each is not None))
    if len(names) > 1:
        raise errors.OptionInvalid(
            "migrations_dir: %s are different repositories" % " and ".join(names),
            hint="Each has a history of its own. Give each a task of its own.",
        )
    return names[0] if names else None
