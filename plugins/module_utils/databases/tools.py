# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the engine borrows from its caller."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Tuple


class Tools(NamedTuple):
    """The means that only the caller has.

    :ivar run: runs a client program: (argv, additions to the environment) → (exit code, stdout, stderr).
    :ivar directory: a private place for temporary files.
    :ivar bin_dir: where the database's own programs are; None: wherever they are found.
    :ivar cache_size: how much of a disk may be taken by what makes later tasks quicker, in bytes; 0: nothing.
    """

    run: Callable[[List[str], Dict[str, str]], Tuple[int, str, str]]
    directory: str
    bin_dir: Optional[str] = None
    cache_size: int = 0

    @contextmanager
    def file(self) -> Iterator[str]:
        """Lend the path of an empty file that only this user can read; it is removed afterwards."""
        handle, path = tempfile.mkstemp(prefix="pg_migrate_", suffix=".sql", dir=self.directory)
        os.close(handle)
        try:
            yield path
        finally:
            os.unlink(path)
