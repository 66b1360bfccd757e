# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Stop a throwaway server in the middle of its work, and start it again on the same data."""

from __future__ import annotations

import os
from pathlib import Path

import server as throwaway
from pg_directory import postmaster
from pg_programs import account, run_program

MOST_SECONDS = "60"
ULIMIT_UNIT = 512  # bytes


class Power:
    """The switch of a server."""

    def __init__(self, server: throwaway.Server) -> None:
        """Take the running server."""
        self.directory = Path(server.directory)
        self.data = self.directory / "data"
        # Where its own account can run the programs from.
        process = postmaster(self.directory)
        self.bindir = os.path.dirname(os.readlink(f"/proc/{process}/exe")) if account() else server.bindir

    def off(self, mode: str = "immediate") -> None:
        """Stop the server; immediate: as a crash would, without writing down what is in memory."""
        self._control("-m", mode, "stop")

    def on(self, largest_file: int | None = None) -> None:
        """Start it, and wait until it has recovered.

        `largest_file`: in bytes; no file of the server's can grow beyond it, as on a disk that is full.
        """
        self._control("-l", str(self.data / "server.log"), "start", largest_file=largest_file)

    def become_standby(self) -> None:
        """Start again as a server that only follows another one, and takes no writes."""
        self.off("fast")
        signal = self.data / "standby.signal"
        signal.touch()
        os.chown(signal, self.data.stat().st_uid, self.data.stat().st_gid)
        self.on()

    def _control(self, *words: str, largest_file: int | None = None) -> None:
        command = [os.path.join(self.bindir, "pg_ctl"), "-D", str(self.data), "-w", "-s", "-t", MOST_SECONDS, *words]
        if largest_file is not None:
            command = ["sh", "-c", 'ulimit -f "$0" && exec "$@"', str(largest_file // ULIMIT_UNIT), *command]
        done = run_program(command, self.directory)
        if done.returncode != 0:
            raise throwaway.ServerError(f"pg_ctl {words[-1]}: {done.stdout}")
