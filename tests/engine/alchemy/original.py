# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migrates with sqlalchemy-migrate itself: a program of its own, with .venv/sqlalchemy-migrate in front of its path.

Its arguments are a URL and a repository. Each line that it reads is a version to go to, and is answered with where the
database is.
"""

from __future__ import annotations

import sys
import warnings

warnings.simplefilter("ignore")


def main() -> None:
    """Go where standard input says."""
    from migrate.versioning import api  # type: ignore[import-not-found]

    url, repository = sys.argv[1:]
    api.version_control(url, repository)
    for line in sys.stdin:
        version = int(line)
        go = api.upgrade if version >= api.db_version(url, repository) else api.downgrade
        go(url, repository, version)
        print("at", api.db_version(url, repository), flush=True)


if __name__ == "__main__":
    main()
