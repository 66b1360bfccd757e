# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A throwaway cluster: a private PostgreSQL where the task runs, started for one rehearsal and removed after it.

It listens on a Unix socket in a directory that nobody else may enter, and nowhere else; who gets that far still needs a
password, and each of its roles that may log in has one of its own that nobody has seen. What is lost when the host
crashes is of no use to anybody, so nothing is flushed.
"""

from __future__ import annotations

import os
import secrets
import shutil
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from .... import errors
from ...tools import Tools
from ..connection import Target
from ..server_programs import ServerPrograms
from . import cluster_directory
from .cluster_account import Account, initdb_account, server_account
from .cluster_cache import Cache, key_of
from .cluster_directory import DATA, SOCKET, SPACES, UNUSED
from .cluster_settings import configure
from .place import RehearsalImpossible

PREFIX = "pgops_"
# What PG* variables of the task, meant for the target, would otherwise say about a connection.
NEUTRAL = {
    "hostaddr": "",
    "options": "",
    "sslmode": "disable",
    "gssencmode": "disable",
    "channel_binding": "disable",
    "target_session_attrs": "any",
    "requirepeer": "",
}

STARTS = ("-w", "-s", "-t", "60")
STOPS = ("-w", "-s", "-t", "60", "-m", "fast")
SAID_AT_MOST = 300


class Cluster(NamedTuple):
    """A throwaway cluster.

    :ivar admin: its one superuser, connected to a database that every cluster has.
    :ivar made_by: what tells the programs from others, wherever a copy of them runs.
    :ivar relations: how many tables, indexes aside, it has to have room for.
    """

    directory: str
    admin: Target
    programs: ServerPrograms
    account: Account
    tools: Tools
    cache: Cache
    made_by: Tuple[Any, ...] = ()
    relations: int = 0

    @property
    def data(self) -> str:
        """Return its data directory."""
        return os.path.join(self.directory, DATA)

    def login(self, role: str, password: str, database: str, options: str = "") -> Target:
        """Return how to connect as a role.

        :param options: settings that its sessions begin with, as libpq takes them.
        """
        target = _target(self.directory, role, password, database)
        return replace(target, params={**target.params, "options": options})

    def make_space(self, number: int) -> str:
        """Make a directory for a tablespace."""
        path = os.path.join(self.directory, SPACES, str(number))
        os.mkdir(path, 0o700)
        self.account.give(path)
        return path

    def start(self) -> None:
        """Start the server."""
        configure(self.data, os.path.join(self.directory, SOCKET), self.account, self.relations)
        _start(self)

    def stop(self) -> None:
        """Stop it, as one that is to be used again."""
        argv = [self.programs.path("pg_ctl"), "-D", self.data, *STOPS, "stop"]
        _run(self.tools, self.account, argv, "a throwaway cluster doesn't stop")

    def keep(self, key: str, **known: Any) -> None:
        """Keep a copy of the data directory, whose server is stopped.

        :param known: what whoever takes it has to know.
        """
        self.cache.keep(key, self.data, {**known, "admin": [self.admin.params["user"], self.admin.password]})

    def taken(self, key: str) -> Tuple[Optional[Cluster], Dict[str, Any]]:
        """Start one that was kept, in an empty data directory.

        :returns: it, and what is known of it; None: there is none.
        """
        known = self.cache.take(key, self.data)
        if known is None:
            return None, {}
        try:
            user, password = known["admin"]
            cluster = self._replace(admin=_target(self.directory, user, password, self.admin.params["dbname"]))
            cluster.start()
            return cluster, known
        except (RehearsalImpossible, KeyError, TypeError, ValueError):
            self.cache.forget(key)
            shutil.rmtree(self.data, ignore_errors=True)
            os.mkdir(self.data, 0o700)
            return None, {}

    def exchanged(self, key: str) -> Tuple[Optional[Cluster], Dict[str, Any]]:
        """Stop it, and start one that was kept in its place; where there is none it goes on as it was."""
        if not self.cache.has(key):
            return None, {}
        unused = os.path.join(self.directory, UNUSED)
        self.stop()
        os.rename(self.data, unused)
        os.mkdir(self.data, 0o700)
        self.account.give(self.data)
        cluster, known = self.taken(key)
        shutil.rmtree(unused if cluster else self.data, ignore_errors=True)
        if cluster is None:
            os.rename(unused, self.data)
            self.start()
        return cluster, known


def new_name() -> str:
    """Return the name of a role of our own: no role of the target's is called so."""
    return PREFIX + secrets.token_hex(8)


def new_password() -> str:
    """Return a password that nobody has seen."""
    return secrets.token_urlsafe(24)


@contextmanager
def throwaway_cluster(
    programs: ServerPrograms, tools: Tools, relations: int = 0, has_rows: bool = False
) -> Iterator[Cluster]:
    """Start a cluster; stop and remove it at the end, whatever happens. First sweep what killed tasks have left.

    :param relations: how many tables, indexes aside, it has to have room for.
    :param has_rows: whether it gets rows as well, nobody knows how many.
    :raises RehearsalImpossible: when it can't be made, or doesn't start.
    """
    with ExitStack() as stack:
        try:
            cluster_directory.sweep()
            account = server_account()
            directory = stack.enter_context(
                cluster_directory.private_directory(account, None if has_rows else relations)
            )
            made_by = (*programs, os.stat(programs.path("postgres")).st_mtime)
            programs = _readable(programs, account, tools, directory)
            admin = _target(directory, new_name(), new_password(), "template1")
            cache = Cache(tools, account)
            cluster = _started(Cluster(directory, admin, programs, account, tools, cache, made_by, relations))
        except OSError as error:
            raise RehearsalImpossible("a throwaway cluster can't be made: %s" % error) from None
        yield cluster


def _started(new: Cluster) -> Cluster:
    """Start one in what initdb has made before, or makes now."""
    key = key_of("initdb", new.made_by)
    found, dummy = new.taken(key)
    if found is not None:
        return found
    _initialize(new)
    new.keep(key)
    new.start()
    return new


def _target(directory: str, role: str, password: str, database: str) -> Target:
    place = {"host": os.path.join(directory, SOCKET), "port": "5432"}
    return Target({**NEUTRAL, **place, "user": role, "password": password, "dbname": database})


def _readable(programs: ServerPrograms, account: Account, tools: Tools, directory: str) -> ServerPrograms:
    """Return programs that the account can run: these, or where it can't get at them, a copy."""
    if not account.is_another or tools.run(account.command([programs.path("postgres"), "--version"]), {})[0] == 0:
        return programs
    install = os.path.dirname(programs.directory)
    copy = os.path.join(directory, "programs")
    # A wheel has the libraries that it brings along beside its package.
    package = os.path.dirname(install)
    for source in (install, package + ".libs"):
        if os.path.isdir(source):
            place = os.path.relpath(source, os.path.dirname(package))
            shutil.copytree(source, os.path.join(copy, place), symlinks=True)
    account.take_over(copy, os.geteuid())
    there = os.path.join(copy, os.path.relpath(programs.directory, os.path.dirname(package)))
    if tools.run(account.command([os.path.join(there, "postgres"), "--version"]), {})[0] != 0:
        raise RehearsalImpossible(
            "PostgreSQL's server programs in %s can't be run by another user than root, as PostgreSQL wants it"
            % programs.directory,
            hint="Install them where any user may read them; or run the task as another user.",
        )
    return programs._replace(directory=there)


def _initialize(cluster: Cluster) -> None:
    """Run initdb, as an account that has a name; then all is given to the server's."""
    by, data, admin = initdb_account(), cluster.data, cluster.admin
    password = os.path.join(cluster.directory, "password")
    handle = os.open(password, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "w", encoding="ascii") as stream:
        stream.write(str(admin.password) + "\n")
    by.give(password)
    by.give(data)
    argv = ["-D", data, "-U", admin.params["user"], "--pwfile=" + password, "-A", "scram-sha-256"]
    argv += ["-E", "UTF8", "--locale=C", "-N"]
    _run(cluster.tools, by, [cluster.programs.path("initdb"), *argv], "a throwaway cluster can't be made")
    os.unlink(password)
    cluster.account.take_over(data, by.user)


def _start(cluster: Cluster) -> None:
    log = os.path.join(cluster.data, "server.log")
    argv = [cluster.programs.path("pg_ctl"), "-D", cluster.data, "-l", log, *STARTS, "start"]
    try:
        _run(cluster.tools, cluster.account, argv, "a throwaway cluster doesn't start")
    except RehearsalImpossible as error:
        raise _with_log(error, log) from None


def _with_log(error: RehearsalImpossible, log: str) -> RehearsalImpossible:
    try:
        handle = os.open(log, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with open(handle, encoding="utf-8", errors="replace") as stream:
            error.message = "a throwaway cluster doesn't start: %s" % _shortened(stream.read())
    except OSError:
        pass
    return error


def _run(tools: Tools, account: Account, argv: Sequence[str], failure: str) -> None:
    code, out, err = tools.run(account.command(list(argv)), {})
    if code != 0:
        raise RehearsalImpossible("%s: %s" % (failure, _shortened(err or out) or "exit code %d" % code))


def _shortened(said: str) -> str:
    """Return the end of what a program has said, in one line."""
    lines: List[str] = [line.strip() for line in said.splitlines() if line.strip()]
    return " ".join(lines)[-SAID_AT_MOST:]


def impossible(error: errors.DependencyError) -> RehearsalImpossible:
    """Return why there can be no cluster, for want of programs."""
    return RehearsalImpossible(error.message[:1].lower() + error.message[1:], hint=error.hint)
