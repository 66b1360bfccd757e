"""Whatever a user writes into an option: an answer, with a kind of error that says what is wrong. No traceback."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.task import options
from ansible_collections.pgops.migrations.plugins.module_utils.task.options import USER_DB
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from module_runner import MODULES, Modules
from server import Server

SPECS: dict[str, dict[str, Any]] = {
    "pg_migrate": options.MIGRATE,
    "pg_migration_generate": options.GENERATE,
    "pg_migration_info": options.INFO,
    "pg_migration_mark": options.MARK,
    "pg_user_db": USER_DB,
}
KINDS = {each.kind for dummy, each in inspect.getmembers(errors, inspect.isclass) if hasattr(each, "kind")}

# Of every sort that JSON has: empty, blank, huge, no UTF-8, no number, and what other programs would read as their own.
TEXTS = (
    *("", " ", "\t\n", "\0", "a\0b", "\udce9", "é" * 40, "x" * 5000, "9" * 5000, "\u202e", "a\nb", "\x1b[31m"),
    *("'", '"', "\\", "%", "%s", "%(here)s", "$HOME", "~", "~nobody-of-that-name", "-", "--help", "..", "/"),
    *("0", "-1", "1", "1e400", "nan", "inf", "0x10", "1_0", "²", "true", "no", "null", "[]", "{}", "a=b", ","),
    *("latest", "adopt", "all", "postgres", "a.b", 'a."b', "a.b.c", "postgresql://", "postgresql:///", "host="),
)
VALUES = (
    *(0, 1, -1, 2**31, -(2**31) - 1, 2**63, 10**400, 0.5, -0.0, 1e308, math.inf, math.nan, True, False, None),
    *([], [""], [None], [[]], [{}], [0], ["a", "a"], ["a\0"], {}, {"": ""}, {"a": "b"}, {"password": None}),
    *([[["x"]]], [{"password": "x"}], {"options": "-c x"}, {"dbname": ""}, {"port": "x"}, {"keepalives": 7}),
)  # fmt: skip
# What a value that is none would be looked up as, elsewhere.
OF_HOSTS = {"login_host"}


def values(option: str, spec: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Return values for an option: more often of its type than not."""
    anything = st.sampled_from([*TEXTS, *VALUES])
    texts = anything if option in OF_HOSTS else st.one_of(st.sampled_from(TEXTS), st.text(max_size=12), anything)
    if "options" in spec:
        own = {name: values(name, each) for name, each in spec["options"].items() if name not in ("host", "hostaddr")}
        key = st.sampled_from(sorted(own))
        return st.one_of(anything, key.flatmap(lambda name: st.fixed_dictionaries({name: own[name]})))
    if "choices" in spec:
        return st.one_of(st.sampled_from(spec["choices"]), anything)
    kinds: dict[str, st.SearchStrategy[Any]] = {
        "bool": st.booleans(),
        "int": st.one_of(st.integers(-2, 20), st.integers()),
        "float": st.floats(),
        "list": st.lists(st.one_of(st.sampled_from(spec.get("choices") or TEXTS), st.text(max_size=12)), max_size=3),
    }
    return st.one_of(kinds.get(spec["type"], texts), texts)


def tasks(module: str) -> st.SearchStrategy[dict[str, Any]]:
    """Return parameters of tasks: up to five options, whichever they are."""
    spec = {name: each for name, each in SPECS[module].items() if not name.startswith("_")}
    names = st.lists(st.sampled_from(sorted(spec)), min_size=1, max_size=5, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: values(name, spec[name]) for name in chosen}))


@pytest.fixture(scope="module")
def modules(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Modules]:
    found = Modules(tmp_path_factory.mktemp("modules"), server.bindir)
    yield found
    found.close()


@pytest.fixture(scope="module")
def usual(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """Return options that would do; a database of its own, in which a few tasks may well apply what there is."""
    directory = tmp_path_factory.mktemp("migrations")
    for number in (1, 2):
        (directory / f"{number}_table.up.sql").write_text(f"CREATE TABLE t{number} (x int);")
        (directory / f"{number}_table.down.sql").write_text(f"DROP TABLE t{number};")
    name = f"options_{directory.parent.name}".replace("-", "_")
    yield {
        "url": server.create_database(name),
        "migrations_dir": [str(directory)],
        "versions": ["1"],
        "name": "another",
        "user": "nobody_yet",
        "db": "nothing_yet",
        "rehearsal": "off",
    }
    server.drop_database(name)


def require_answer(modules: Modules, usual: dict[str, Any], module: str, task: dict[str, Any], checks: bool) -> None:
    """Run a task, and require an answer that a user can act upon."""
    # Of those that the server or the disk would keep, only the comparison.
    checks = checks or module in ("pg_user_db", "pg_migration_generate")
    spec = SPECS[module]
    given = {name: value for name, value in usual.items() if name in spec and name not in task}
    if "src" in task:
        given.pop("migrations_dir", None)
    answer = modules.run(module, {**given, **task}, checks)
    assert not answer.hangs, task
    assert "Traceback" not in answer.output, answer.output
    result = answer.result
    if result.get("failed"):
        # A secret of a letter or two hides these letters everywhere.
        assert result["error"]["kind"] in KINDS or "****" in result["error"]["kind"], result
        assert len(result["msg"]) > 10
    else:
        assert isinstance(result["changed"], bool)


@pytest.mark.parametrize("module", MODULES)
def test_any_option_gets_an_answer(modules: Modules, usual: dict[str, Any], module: str) -> None:
    _fuzz(modules, usual, module, 40)


@pytest.mark.slow
@pytest.mark.parametrize("module", MODULES)
def test_any_option_gets_an_answer_at_length(modules: Modules, usual: dict[str, Any], module: str) -> None:
    _fuzz(modules, usual, module, 300)


def _fuzz(modules: Modules, usual: dict[str, Any], module: str, examples: int) -> None:
    @settings(
        max_examples=examples, derandomize=True, deadline=None, database=None, suppress_health_check=list(HealthCheck)
    )
    @given(task=tasks(module), checks=st.booleans())
    def answers(task: dict[str, Any], checks: bool) -> None:
        require_answer(modules, usual, module, task, checks)

    answers()


# Each once: what modules share is the same entry of their specs.
EACH = {
    (id(spec), name): (module, name)
    for module in MODULES
    for option, spec in SPECS[module].items()
    for name in (option, *spec.get("aliases", ()))
    if not name.startswith("_")
}


@pytest.mark.slow
@pytest.mark.parametrize(("module", "option"), EACH.values())
def test_each_odd_value_of_each_option(modules: Modules, usual: dict[str, Any], module: str, option: str) -> None:
    for value in [*TEXTS, *VALUES]:
        require_answer(modules, usual, module, {option: value}, checks=True)


@pytest.mark.parametrize("module", MODULES)
def test_what_is_usual_is_accepted(modules: Modules, usual: dict[str, Any], module: str) -> None:
    given = {name: value for name, value in usual.items() if name in SPECS[module]}
    assert modules.run(module, given, check=True).kind == "ok"


def test_a_file_name_that_is_not_utf8(modules: Modules, usual: dict[str, Any], tmp_path: Path) -> None:
    for name in (b"1_caf\xe9.up.sql", b"2_caf\xe9.py"):
        directory = tmp_path / str(len(name))
        directory.mkdir()
        (directory / os.fsdecode(name)).write_text("SELECT 1")
        for module in ("pg_migrate", "pg_migration_info", "pg_migration_mark", "pg_migration_generate"):
            given = {**{key: usual[key] for key in usual if key in SPECS[module]}, "migrations_dir": [str(directory)]}
            answer = modules.run(module, given)
            assert answer.kind == "script_invalid", answer
            assert "caf\\xe9" in answer.result["msg"]
