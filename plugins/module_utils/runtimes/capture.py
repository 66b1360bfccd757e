# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What scripts print goes into the result, never into the module's own output."""

from __future__ import annotations

import os
import sys
import tempfile
from typing import Any, List, Tuple

# Of one script; the end is kept, since that is where an error stands.
MAX_OUTPUT_BYTES = 64 * 1024


class Capture:
    """Redirects stdout and stderr, Python's and the process's: programs that a script starts are caught too."""

    def __enter__(self) -> Capture:
        self._file = tempfile.TemporaryFile()
        self._position = 0
        _flush()
        self._streams = sys.stdout, sys.stderr
        self._saved: List[Tuple[int, int]] = [(number, os.dup(number)) for number in (1, 2)]
        for number, dummy in self._saved:
            os.dup2(self._file.fileno(), number)
        self._writer = open(os.dup(self._file.fileno()), "w", buffering=1, encoding="utf-8", errors="replace")
        sys.stdout = sys.stderr = self._writer
        return self

    def __exit__(self, *exc: Any) -> None:
        self._writer.close()
        sys.stdout, sys.stderr = self._streams
        for number, saved in self._saved:
            os.dup2(saved, number)
            os.close(saved)
        self._file.close()

    def take(self) -> str:
        """Return what was written since the last call, its beginning cut where it is too long."""
        _flush()
        end = os.fstat(self._file.fileno()).st_size
        if end == self._position:
            return ""
        start = max(self._position, end - MAX_OUTPUT_BYTES)
        cut = start > self._position
        data = os.pread(self._file.fileno(), end - start, start)
        self._position = end
        return ("[…]\n" if cut else "") + data.decode("utf-8", "replace")


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
