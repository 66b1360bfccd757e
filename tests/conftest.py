"""Servers and databases for the tests."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator
from contextlib import ExitStack

import mariadb
import pytest
import server as throwaway
from pg_programs import ServerError, embedded_bindir, machine_bindirs, server_version

_number = itertools.count(1)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add --servers."""
    parser.addoption(
        "--servers",
        choices=("all", "embedded", "machine"),
        default="all",
        help="which PostgreSQL `any_server` is: the embedded one, the machine's own programs, or each in turn",
    )


def pytest_report_header(config: pytest.Config) -> str:
    """Say on which servers the tests run."""
    return "PostgreSQL: " + ", ".join(_programs(config.getoption("servers")))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a test that uses any_server, or a database on it, once for each PostgreSQL there is."""
    if "any_server" in metafunc.fixturenames:
        programs = _programs(metafunc.config.getoption("servers"))
        metafunc.parametrize("any_server", programs.values(), ids=programs.keys(), indirect=True, scope="session")


def _programs(wanted: str) -> dict[str, str]:
    """Return directories of PostgreSQL programs by a name to show."""
    found: dict[str, str] = {}
    if wanted != "machine":
        bindir = embedded_bindir()
        found[f"embedded-{server_version(bindir)}"] = bindir
    if wanted != "embedded":
        for bindir in machine_bindirs():
            found.setdefault(f"postgresql-{server_version(bindir)}", bindir)
    return found


@pytest.fixture(scope="session", autouse=True)
def clean_environment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Take away what would lead libpq to a server that is not the test's, and clusters to the user's own cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        for name in [name for name in os.environ if name.startswith("PG")]:
            patch.delenv(name)
        patch.setenv("PGPASSFILE", "no-such-file")
        yield


@pytest.fixture(scope="session")
def _servers() -> Iterator[_Servers]:
    with ExitStack() as stack:
        yield _Servers(stack)


class _Servers:
    """The servers of this session; each is started when it is first asked for."""

    def __init__(self, stack: ExitStack) -> None:
        self.stack = stack
        self.started: dict[str, throwaway.Server] = {}

    def get(self, bindir: str) -> throwaway.Server:
        """Return the running server of a directory of programs."""
        if bindir not in self.started:
            self.started[bindir] = self.stack.enter_context(throwaway.running(bindir))
        return self.started[bindir]


@pytest.fixture(scope="session")
def server(_servers: _Servers) -> throwaway.Server:
    """Return the embedded server, for tests that have nothing to do with its version."""
    return _servers.get(embedded_bindir())


@pytest.fixture(scope="session")
def mariadb_server() -> Iterator[mariadb.MariaDB]:
    """Return a MariaDB server; skip where its packages can't be had."""
    pytest.importorskip("pymysql")
    try:
        server = mariadb.start()
    except ServerError as error:
        pytest.skip(str(error))
    yield server
    mariadb.stop(server)


@pytest.fixture(scope="session")
def any_server(request: pytest.FixtureRequest, _servers: _Servers) -> throwaway.Server:
    """Return a server; the test is run once for each PostgreSQL there is."""
    return _servers.get(request.param)


@pytest.fixture
def database(any_server: throwaway.Server) -> Iterator[str]:
    """Return the URL of a new, empty database on any_server; it is dropped after the test."""
    name = f"test_{os.getpid()}_{next(_number)}"
    yield any_server.create_database(name)
    any_server.drop_database(name)
