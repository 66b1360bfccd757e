# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of every module, read off the argument specs: nothing empty is taken for something else."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import OptionInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.task import options
from ansible_collections.pgops.migrations.plugins.module_utils.task.checks import MAY_BE_EMPTY, check
from ansible_collections.pgops.migrations.plugins.module_utils.task.options import USER_DB

SPECS: dict[str, dict[str, Any]] = {
    "pg_migrate": options.MIGRATE,
    "pg_migration_mark": options.MARK,
    "pg_migration_info": options.INFO,
    "pg_migration_generate": options.GENERATE,
    "pg_user_db": USER_DB,
}


def of_type(*types: str) -> list[tuple[str, str]]:
    """Return module and option of these types, an alias as its option."""
    return [
        (module, name)
        for module, spec in SPECS.items()
        for name, option in spec.items()
        if option["type"] in types and not name.startswith("_")
    ]


KEYWORDS = [(module, name) for module in SPECS for name in options.CONNECT_PARAMS]
TEXTS = of_type("str", "path")
LISTS = of_type("list")
NUMBERS = of_type("int", "float")
PASSWORDS = {"password", "login_password"}


def refused(module: str, params: dict[str, Any]) -> OptionInvalid:
    with pytest.raises(OptionInvalid) as caught:
        check(params, SPECS[module])
    assert caught.value.hint
    return caught.value


def test_there_are_many() -> None:
    assert [len(each) for each in (TEXTS, LISTS, NUMBERS)] >= [70, 9, 13]


@pytest.mark.parametrize(("module", "option"), TEXTS)
def test_an_empty_text(module: str, option: str) -> None:
    assert refused(module, {option: ""}).message.startswith(f"{option} is empty")


@pytest.mark.parametrize(("module", "option"), TEXTS)
@pytest.mark.parametrize("blank", [" ", "\t", " \n\r\n ", "\u00a0"])
def test_a_blank_text(module: str, option: str, blank: str) -> None:
    if option in PASSWORDS:
        check({option: blank}, SPECS[module])
    else:
        assert refused(module, {option: blank}).message == f"{option} is blank"


@pytest.mark.parametrize(("module", "option"), [*TEXTS, *LISTS])
@pytest.mark.parametrize("text", ["\0", "a\0", "a\udce9b"])
def test_what_cannot_be_sent(module: str, option: str, text: str) -> None:
    value = [text] if (module, option) in LISTS else text
    message = refused(module, {option: value}).message
    assert message.startswith(option) and ("NUL" in message) == ("\0" in text)


@pytest.mark.parametrize(("module", "option"), LISTS)
def test_an_empty_list(module: str, option: str) -> None:
    if option in MAY_BE_EMPTY:
        check({option: []}, SPECS[module])
    else:
        assert refused(module, {option: []}).message == f"{option} is an empty list"


@pytest.mark.parametrize(("module", "option"), LISTS)
@pytest.mark.parametrize("elements", [[""], ["a", " "]])
def test_an_empty_element(module: str, option: str, elements: list[str]) -> None:
    assert refused(module, {option: elements}).message in (f"{option} is empty", f"{option} is blank")


@pytest.mark.parametrize(("module", "option"), KEYWORDS)
def test_an_empty_keyword(module: str, option: str) -> None:
    if options.CONNECT_PARAMS[option]["type"] == "str":
        message = refused(module, {"connect_params": {option: ""}}).message
        assert message.startswith(f"connect_params: {option} is empty")


@pytest.mark.parametrize("module", SPECS)
def test_what_is_not_given_or_says_something(module: str) -> None:
    spec = SPECS[module]
    check(dict.fromkeys(spec), spec)
    check({name: option.get("default") for name, option in spec.items()}, spec)
    check({"connect_params": {}, "url": "postgresql:///x", "login_password": "  "}, spec)


def test_what_may_be_empty_is_documented_and_there() -> None:
    whole = {name for name in MAY_BE_EMPTY if ": " not in name}
    within = {tuple(name.split(": ")) for name in MAY_BE_EMPTY - whole}
    assert {name for spec in SPECS.values() for name in spec} >= whole
    assert {name for dummy, name in LISTS} & whole == whole - {"connect_params", "settings", "grants"}
    assert within == {("grants", name) for name in USER_DB["grants"]["options"]}


@pytest.mark.parametrize(("module", "option"), NUMBERS)
@pytest.mark.parametrize("number", [-2, 2**31, 10**400, float("inf"), float("-inf"), float("nan")])
def test_a_number_out_of_bounds(module: str, option: str, number: float) -> None:
    assert f"{option}: {str(number)[:40]} is out of bounds" == refused(module, {option: number}).message


@pytest.mark.parametrize(
    ("option", "within", "beyond"),
    [
        ("login_port", (1, 65535), (0, 65536)),
        ("steps", (1, 2**31 - 1), (0,)),
        ("diff_context", (0, 10), (-1,)),
        ("lock_wait", (0,), (-1,)),
        ("lock_retries", (0,), (-1,)),
        ("lock_timeout", (0, 0.5, 2147483), (-0.1, 2147484)),
        ("statement_timeout", (0, 0.5, 2147483), (-0.1, 2147484)),
        ("precheck_timeout", (0.001, 30, 2147483), (0, -1, 2147484)),
    ],
)
def test_bounds(option: str, within: tuple[float, ...], beyond: tuple[float, ...]) -> None:
    for number in within:
        check({option: number}, options.MIGRATE)
    for number in beyond:
        refused("pg_migrate", {option: number})


@pytest.mark.parametrize("option", ["connection_limit", "db_connection_limit"])
def test_bounds_of_limits(option: str) -> None:
    for number in (-1, 0, 2**31 - 1):
        check({option: number}, USER_DB)
    refused("pg_user_db", {option: -2})


def test_a_number_of_libpq() -> None:
    check({"connect_params": {"connect_timeout": 0, "keepalives": False}}, options.INFO)
    message = refused("pg_migration_info", {"connect_params": {"keepalives_idle": -1}}).message
    assert message == "connect_params: keepalives_idle: -1 is out of bounds"
