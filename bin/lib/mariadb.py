"""Start, use and stop a throwaway MariaDB server: Debian's packages, unpacked into the checkout. Standard library only.

Nothing is installed, and no service is started. The server lives in a private directory, listens on 127.0.0.1 and on a
socket inside that directory, and ends with the process that started it (stop() removes its directory).
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote

from pg_programs import ROOT, ServerError

PROGRAMS = ROOT / ".cache" / "mariadb"
PACKAGES = ("mariadb-server-core", "mariadb-client-core", "libmariadb3", "libaio1", "liburing2", "libnuma1")
# What libraries a newer Debian or Ubuntu calls otherwise.
OTHERWISE = {"libaio1": "libaio1t64"}
BOOTSTRAP = ("mysql_system_tables.sql", "mysql_performance_tables.sql", "mysql_system_tables_data.sql")


@dataclass
class MariaDB:
    """A running throwaway server. Its superuser is root, without a password."""

    directory: Path
    port: int
    process: subprocess.Popen[bytes] = field(repr=False)
    host: str = "127.0.0.1"

    @property
    def socket(self) -> str:
        """Return the path of its Unix socket."""
        return str(self.directory / "socket")

    def url(self, database: str = "", user: str = "root", password: str = "") -> str:
        """Return a mysql+pymysql:// URL over TCP."""
        login = quote(user, safe="") + (":" + quote(password, safe="") if password else "")
        return f"mysql+pymysql://{login}@{self.host}:{self.port}/{quote(database, safe='')}"

    def sql(self, text: str, database: str = "") -> str:
        """Run SQL as root, as its own client does; return the rows as text, columns separated by tabs.

        Raises: ServerError with what was said, when a statement fails.
        """
        command = [str(PROGRAMS / "usr/bin/mariadb"), "--no-defaults", "-S", self.socket, "-u", "root", "-N", "-B"]
        command += ["--default-character-set=utf8mb4", *([database] if database else [])]
        done = subprocess.run(
            command, check=False, input=text, capture_output=True, text=True, encoding="utf-8", env=_environment()
        )
        if done.returncode != 0:
            raise ServerError(f"mariadb: {done.stderr.strip()}")
        return done.stdout.rstrip("\n")

    def create_database(self, name: str, options: str = "") -> str:
        """Create a database, `options` being further SQL such as CHARACTER SET latin1; return its url()."""
        self.sql(f"CREATE DATABASE `{name}` {options}")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists."""
        self.sql(f"DROP DATABASE IF EXISTS `{name}`")


def find_programs() -> Path:
    """Return the directory of the unpacked packages; fetch them where they aren't there.

    Raises: ServerError where they can't be had: without Debian's tools, or without a package index.
    """
    if (PROGRAMS / "usr/sbin/mariadbd").is_file():
        return PROGRAMS
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        raise ServerError("MariaDB's packages are unpacked by apt-get and dpkg, which this machine hasn't.")
    PROGRAMS.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PROGRAMS.parent) as directory:
        for package in PACKAGES:
            _download(package, directory)
        unpacked = Path(directory) / "unpacked"
        for archive in sorted(Path(directory).glob("*.deb")):
            subprocess.run(["dpkg", "-x", str(archive), str(unpacked)], check=True)
        with contextlib.suppress(OSError):  # another process was faster
            unpacked.rename(PROGRAMS)
    return PROGRAMS


def _download(package: str, directory: str) -> None:
    said = ""
    for name in filter(None, (package, OTHERWISE.get(package))):
        done = subprocess.run(["apt-get", "download", name], check=False, cwd=directory, capture_output=True, text=True)
        if done.returncode == 0:
            return
        said = said or done.stderr.strip()
    raise ServerError(f"MariaDB's package {package} can't be had: {said}")


def _environment() -> dict[str, str]:
    libraries = [str(path) for base in ("usr/lib", "lib") for path in (PROGRAMS / base).glob("*-linux-*")]
    return {"PATH": os.environ.get("PATH", os.defpath), "LD_LIBRARY_PATH": os.pathsep.join(libraries), "TZ": "UTC"}


def start(settings: Sequence[str] = ()) -> MariaDB:
    """Start a new server and return it when it answers. `settings` are further options of its program.

    Raises: ServerError.
    """
    programs = find_programs()
    base = Path("/dev/shm") if os.access("/dev/shm", os.W_OK) else None
    directory = Path(tempfile.mkdtemp(prefix="pgops-mariadb-", dir=base))
    try:
        return _launch(programs, directory, settings)
    except BaseException:
        shutil.rmtree(directory, ignore_errors=True)
        raise


def _launch(programs: Path, directory: Path, settings: Sequence[str]) -> MariaDB:
    share, data = programs / "usr/share/mysql", directory / "data"
    data.mkdir(mode=0o700)
    common = [str(programs / "usr/sbin/mariadbd"), "--no-defaults", f"--datadir={data}", f"--basedir={programs}/usr"]
    common += [f"--lc-messages-dir={share}", f"--tmpdir={directory}", "--innodb-flush-log-at-trx-commit=0"]
    common += ["--innodb-buffer-pool-size=64M", "--innodb-log-file-size=16M", "--log-warnings=0"]
    if os.geteuid() == 0:
        common.append("--user=root")
    text = "CREATE DATABASE mysql;\nUSE mysql;\n" + "".join((share / name).read_text() for name in BOOTSTRAP)
    text += "DELETE FROM global_priv WHERE User = '';\n"
    done = subprocess.run(
        [*common, "--bootstrap"], check=False, input=text, capture_output=True, text=True, env=_environment()
    )
    if done.returncode != 0:
        raise ServerError(f"MariaDB's data directory can't be made: {done.stderr.strip()[-2000:]}")
    port = _free_port()
    command = [*common, f"--socket={directory}/socket", f"--port={port}", "--bind-address=127.0.0.1"]
    command += ["--skip-name-resolve", f"--pid-file={directory}/pid", *settings]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=_environment())
    server = MariaDB(directory, port, process)
    _wait(server)
    server.sql(
        "CREATE USER IF NOT EXISTS root@'127.0.0.1'; GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;"
        "SET PASSWORD FOR root@localhost = ''"
    )
    return server


def _wait(server: MariaDB) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            server.sql("SELECT 1")
            return
        except ServerError as error:
            if server.process.poll() is not None or time.monotonic() > deadline:
                log = (server.directory / "log").read_text(errors="replace")
                raise ServerError(f"MariaDB did not start: {log.strip()[-2000:]}") from error
        time.sleep(0.05)


def _free_port() -> int:
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def stop(server: MariaDB) -> None:
    """End a server at once, without care for its data, and remove its directory."""
    server.process.kill()
    server.process.wait()
    shutil.rmtree(server.directory, ignore_errors=True)


@contextlib.contextmanager
def running(settings: Sequence[str] = ()) -> Iterator[MariaDB]:
    """Start a server for the length of a with block."""
    server = start(settings)
    try:
        yield server
    finally:
        stop(server)


def main(arguments: Sequence[str] | None = None) -> int:
    """Start a server with one database, print its URL, and stop it when the input ends."""
    parser = argparse.ArgumentParser(prog="mariadb.py", description="A throwaway MariaDB server.")
    parser.add_argument("--database", default="app", help="the database that is made in it")
    options = parser.parse_args(arguments)
    try:
        with running() as server:
            print(server.create_database(options.database), server.socket, flush=True)
            sys.stdin.read()
    except ServerError as error:
        print(f"mariadb.py: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
