# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A repository of sqlalchemy-migrate: a directory with migrate.cfg, and its scripts in versions/."""

from __future__ import annotations

import os
from typing import NamedTuple, Optional, Sequence

from .. import errors

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


def find(directory: str) -> Optional[Repository]:
    """Return the repository that a directory is, if it is one.

    :raises ScriptInvalid: when its migrate.cfg can't be read, or names no repository.
    """
    path = os.path.join(directory, CONFIG)
    if not os.path.isfile(path):
        return None
    import configparser  # few directories are repositories, and it would cost every run

    parser = configparser.RawConfigParser()
    try:
        with open(path, encoding="utf-8") as stream:
            parser.read_file(stream)
        name = parser.get(SECTION, "repository_id")
    except (OSError, UnicodeDecodeError, configparser.Error) as error:
        raise errors.ScriptInvalid(
            "%s can't be read: %s" % (path, " ".join(str(error).split())),
            hint="It needs a section [db_settings] with repository_id.",
            path=path,
        ) from None
    return Repository(directory, name, parser.get(SECTION, "version_table", fallback="migrate_version"))


def repository_of_all(directories: Sequence[str]) -> Optional[str]:
    """Return the name of the repository that these directories are, if they are one.

    :raises OptionInvalid: when they are several: each has a history of its own.
    """
    names = list(dict.fromkeys(each.repository_id for each in map(find, directories) if each is not None))
    if len(names) > 1:
        raise errors.OptionInvalid(
            "migrations_dir: %s are different repositories" % " and ".join(names),
            hint="Each has a history of its own. Give each a task of its own.",
        )
    return names[0] if names else None
