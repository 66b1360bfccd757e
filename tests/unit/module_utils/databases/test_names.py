# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of tables, roles and databases as users write them, and what is no name."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.names import (
    QualifiedName,
    check_name,
    parse_name,
)
from ansible_collections.pgops.migrations.plugins.module_utils.errors import OptionInvalid


@pytest.mark.parametrize(
    "text, schema, name, quoted",
    [
        ("schema_migrations", None, "schema_migrations", '"schema_migrations"'),
        ("ops.history", "ops", "history", '"ops"."history"'),
        ("Ops.History", "Ops", "History", '"Ops"."History"'),
        ('"ops"."history"', "ops", "history", '"ops"."history"'),
        ('ops."history"', "ops", "history", '"ops"."history"'),
        ('"ops".history', "ops", "history", '"ops"."history"'),
        ('"one.two"', None, "one.two", '"one.two"'),
        ('"one.two".three', "one.two", "three", '"one.two"."three"'),
        ('"say ""so"""', None, 'say "so"', '"say ""so"""'),
        ('""""', None, '"', '""""'),
        ("with space", None, "with space", '"with space"'),
        ("100%", None, "100%", '"100%"'),
        ("%s", None, "%s", '"%s"'),
        ("it's", None, "it's", '"it\'s"'),
        ("a;b", None, "a;b", '"a;b"'),
        ("a*", None, "a*", '"a*"'),
        ("naïve.😀", "naïve", "😀", '"naïve"."😀"'),
        ("{table}", None, "{table}", '"{table}"'),
    ],
)
def test_name(text, schema, name, quoted):
    parsed = parse_name(text, "history_table")
    assert parsed == QualifiedName(name, schema)
    assert parsed.quoted() == quoted
    assert str(parsed) == ".".join(part for part in (schema, name) if part)
    assert parse_name(parsed.quoted(), "again") == parsed


@pytest.mark.parametrize(
    "text",
    [
        "",
        ".",
        "a.",
        ".a",
        "a..b",
        "a.b.c",
        '"',
        '""',
        '"a',
        'a"',
        'a"b',
        '"a"b',
        'a"b"',
        '"a""',
        '"a"."',
        '"".a',
        'a.""',
    ],
)
def test_no_name(text):
    with pytest.raises(OptionInvalid) as caught:
        parse_name(text, "rehearsal_data")
    assert "rehearsal_data" in caught.value.message


@pytest.mark.parametrize(
    "text, reserve, fits",
    [
        ("a" * 63, 0, True),
        ("a" * 64, 0, False),
        ("a" * 59, 4, True),
        ("a" * 60, 4, False),
        ("é" * 31, 0, True),  # 62 bytes
        ("é" * 32, 0, False),
        ('"%s"' % ("a" * 63), 0, True),
        ('"%s"' % ('""' * 63), 0, True),  # 63 quotes
        ('"%s"' % ('""' * 64), 0, False),
        ("s." + "a" * 63, 0, True),
        ("s." + "a" * 64, 0, False),
        ("s" * 64 + ".a", 0, False),
    ],
)
def test_length(text, reserve, fits):
    if fits:
        assert parse_name(text, "history_table", reserve).quoted()
        return
    with pytest.raises(OptionInvalid, match="history_table: .* is too long .*%d at most" % (63 - reserve)):
        parse_name(text, "history_table", reserve)


@pytest.mark.parametrize("text", ["shop", "a.b", 'say "so"', " ", "100%", "a" * 63, "é" * 31, "🐘"])
def test_a_name_that_is_taken_as_it_is(text):
    assert check_name(text, "db") == text


@pytest.mark.parametrize("text", ["", "a\0b", "a" * 64, "é" * 32, "🐘" * 16])
def test_a_name_that_no_server_takes_as_it_is(text):
    with pytest.raises(OptionInvalid, match="^db: "):
        check_name(text, "db")
