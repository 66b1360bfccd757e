"""The private directory of a throwaway server, and whom it belongs to. Standard library only.

In it are `data`, `socket`, `owner`, and `programs` where the server's account can't read them in their own place.
`owner` is locked for as long as the process lives that started the server, and may name a state file for afterwards.
A directory with neither the process nor the state file was left over by a crash.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
import signal
import stat
import tempfile
import time
from pathlib import Path

from pg_programs import account

PREFIX = "pgops-pg-"
SIGNATURE = b"A throwaway PostgreSQL server of pgops.migrations\n"  # nothing without it is ever removed
SOCKET_PATH_LIMIT = 100  # sun_path holds 108 bytes, 104 on some systems
MEMORY = Path("/dev/shm")
ROOM = 2 << 30  # in bytes: a server of the tests needs a fifth of it


def make_directory(in_memory: bool = False) -> Path:
    """Make the directory, with a data and a socket directory that belong to the server's account.

    `in_memory`: on a file system in memory, if the machine has one with enough room; a database is made there in a
    fraction of the time.
    """
    other = account()
    base = Path(tempfile.gettempdir()).resolve()
    if in_memory and _is_roomy(MEMORY):
        base = MEMORY
    closed = other and not all(path.stat().st_mode & stat.S_IXOTH for path in (base, *base.parents))
    if closed or len(os.fsencode(base)) + len(PREFIX) + 40 > SOCKET_PATH_LIMIT:
        base = Path("/tmp").resolve()
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=base))
    directory.chmod(0o711 if other else 0o700)
    for name in ("data", "socket"):
        path = directory / name
        path.mkdir()
        path.chmod(0o700)
        if other:
            os.chown(path, other.pw_uid, other.pw_gid)
    return directory


def _is_roomy(directory: Path) -> bool:
    """Tell whether a server can live in a directory; copies of its programs may have to run there."""
    if not os.access(directory, os.W_OK | os.X_OK):
        return False
    room = os.statvfs(directory)
    return room.f_bavail * room.f_frsize > ROOM and not room.f_flag & os.ST_NOEXEC


_claims: dict[str, int] = {}


def claim(directory: Path, state_file: Path | None) -> None:
    """Write down whom the server belongs to: a state file, or this process, by a lock that ends with it."""
    unlocked = directory / "owner.new"  # nobody may see it before it is locked
    owner = os.open(unlocked, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    fcntl.flock(owner, fcntl.LOCK_EX)
    os.write(owner, SIGNATURE + (os.fsencode(state_file.resolve()) if state_file else b""))
    unlocked.rename(directory / "owner")
    _claims[str(directory)] = owner


def _left_over(directory: Path) -> bool:
    """Tell whether a directory is a server's of this user, and neither its process nor its state file is there."""
    status = directory.lstat()
    if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
        return False
    try:
        owner = os.open(directory / "owner", os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(owner, fcntl.LOCK_EX | fcntl.LOCK_NB)
        said = os.read(owner, 8192)
        state_file = os.fsdecode(said[len(SIGNATURE) :])
        return said.startswith(SIGNATURE) and not (state_file and _names(Path(state_file), directory))
    except BlockingIOError:
        return False
    finally:
        os.close(owner)


def belongs_to(directory: Path, state_file: Path) -> bool:
    """Tell whether a directory was made for this state file, and not for another checkout that this is a copy of."""
    try:
        return (directory / "owner").read_bytes() == SIGNATURE + os.fsencode(state_file.resolve())
    except OSError:
        return False


def _names(state_file: Path, directory: Path) -> bool:
    try:
        return bool(json.loads(state_file.read_text())["directory"] == str(directory))
    except (OSError, ValueError, LookupError, TypeError):
        return False


def remove(directory: Path) -> None:
    """End the server of a directory, if it runs, and remove the directory."""
    process = postmaster(directory)
    if process is not None:
        _end(process)
    owner = _claims.pop(str(directory), None)
    shutil.rmtree(directory, ignore_errors=True)
    if owner is not None:
        os.close(owner)


def postmaster(directory: Path) -> int | None:
    """Return the process id of the server that runs on a directory, or None."""
    try:
        lines = (directory / "data" / "postmaster.pid").read_text().splitlines()
        process = int(lines[0])
        os.kill(process, 0)
    except (OSError, ValueError, IndexError):
        return None
    if lines[1:2] != [str(directory / "data")] or not _is_postgres(process):
        return None
    return process


def _is_postgres(process: int) -> bool:
    """Tell whether a process is PostgreSQL's, so that a number used again isn't taken for the server."""
    try:
        return b"postgres" in Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return not Path("/proc/self").exists()


def _end(process: int) -> None:
    """End a server's main process: the immediate shutdown, then by force."""
    for number, seconds in ((signal.SIGQUIT, 20.0), (signal.SIGKILL, 5.0)):
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, number)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                os.kill(process, 0)
            except ProcessLookupError:
                return
            if not _is_postgres(process):  # ended, but nobody has collected it yet
                return
            time.sleep(0.02)


def sweep() -> None:
    """Stop and remove the servers of this user that a crash left over."""
    for base in sorted({tempfile.gettempdir(), "/tmp", str(MEMORY)}):
        for directory in Path(base).glob(PREFIX + "*"):
            with contextlib.suppress(OSError):  # another run may be sweeping as well
                if _left_over(directory):
                    remove(directory)
