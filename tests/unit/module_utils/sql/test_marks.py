# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of an SQL file another tool would read, and what only looks like it."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.sql.marks import MARKS, find

UP, DOWN = "CREATE TABLE people (id int);\n", "DROP TABLE people;\n"

# Each tool's marks as its own documentation has them → the line and the tool.
OF_TOOLS = {
    "dbmate": ("-- migrate:up\n" + UP + "-- migrate:down\n" + DOWN, 1, "dbmate"),
    "dbmate, outside": (UP + "-- migrate:down transaction:false\n" + DOWN, 2, "dbmate"),
    "goose": ("-- +goose Up\n" + UP, 1, "goose"),
    "goose, for the file": ("-- +goose NO TRANSACTION\n" + UP, 1, "goose"),
    "sql-migrate": ("-- +migrate Up\n" + UP + "-- +migrate Down\n" + DOWN, 1, "sql-migrate"),
    "tern": (UP + "---- create above / drop below ----\n" + DOWN, 2, "tern"),
    "tern, for the file": ("---- tern: disable-tx ----\n" + UP, 1, "tern"),
    "node-pg-migrate": ("-- Up Migration\n" + UP + "-- Down Migration\n" + DOWN, 1, "node-pg-migrate"),
    "Liquibase": ("--liquibase formatted sql\n\n--changeset bob:1\n" + UP + "--rollback DROP a;\n", 1, "Liquibase"),
    "Liquibase without its first line": ("--changeset bob:1 runInTransaction:false\n" + UP, 1, "Liquibase"),
    "Liquibase, a block": (UP + "/* liquibase rollback\n DROP TABLE people;\n*/\n", 2, "Liquibase"),
    "yoyo": ("-- add people\n-- depends: 0000.base 0000-more_of\n" + UP, 2, "yoyo"),
    "yoyo, for the file": ("-- transactional: false\n" + UP, 1, "yoyo"),
    "micrate": ("-- +micrate Up\n" + UP, 1, "micrate"),
    "rambler": ("-- rambler up\n" + UP, 1, "rambler"),
    "shmig": ("-- Migration: x\n-- ====  UP  ====\n" + UP, 2, "shmig"),
    "MyBatis Migrations": ("-- // people\n" + UP + "-- //@UNDO\n" + DOWN, 3, "MyBatis Migrations"),
    "dbdeploy": (UP + "--//@UNDO\n" + DOWN, 2, "MyBatis Migrations"),
    "Play's evolutions": ("-- !Ups\n" + UP + "-- !Downs\n" + DOWN, 1, "Play's evolutions"),
    "Evolve": ("-- evolve-tx-off\n" + UP, 1, "Evolve"),
    "Codd": ("-- codd: no-txn\n" + UP, 1, "Codd"),
    "Codd, elsewhere": ("-- codd-connection: dbname=postgres\n" + UP, 1, "Codd"),
    "Atlas": ("-- atlas:txmode none\n\n" + UP, 1, "Atlas"),
    "graphile-migrate": ("--! Previous: -\n--! Hash: sha1:00\n\n" + UP, 1, "graphile-migrate"),
    "graphile-migrate, another file": ("--!include people.sql\n" + UP, 1, "graphile-migrate"),
    "postgres-migrations": ("-- postgres-migrations disable-transaction\n" + UP, 1, "postgres-migrations"),
    "pg-sql-migrate": ("-- pg-sql-migrate: DISABLE TRANSACTION\n" + UP, 1, "pg-sql-migrate"),
    "Migratus": ("-- :disable-transaction\n" + UP, 1, "Migratus"),
    "marv": ("-- @MARV AUDIT = false\n" + UP, 1, "marv"),
    # Variants: the mark counts however it is set.
    "indented": ("  \t-- +migrate Up\n" + UP, 1, "sql-migrate"),
    "capitals": ("-- UP MIGRATION\n" + UP, 1, "node-pg-migrate"),
    "small letters": ("-- +goose up\n" + UP, 1, "goose"),
    "no space": ("--migrate:up\n" + UP, 1, "dbmate"),
    "behind a comment over lines": ("/* a\n b */\n\n-- +goose Up\n" + UP, 4, "goose"),
    "at the very end": (UP + "-- migrate:down", 2, "dbmate"),
    "behind a function": ("CREATE FUNCTION f() RETURNS int AS $$ SELECT 1; $$;\n-- migrate:down\n" + DOWN, 2, "dbmate"),
}


@pytest.mark.parametrize("name", OF_TOOLS)
def test_marks_of_tools(name: str) -> None:
    text, line, tool = OF_TOOLS[name]
    found = find(text, "sql_plain")
    assert found is not None and found.mark is not None
    assert (found.line, found.mark.tool) == (line, tool)
    assert found.text == text.split("\n")[line - 1].strip()


def test_each_mark_of_the_table_has_a_case() -> None:
    found = [find(text, "sql_plain") for text, *dummy in OF_TOOLS.values()]
    assert {each.mark for each in found if each} == set(MARKS)


@pytest.mark.parametrize("mark", [mark for mark in MARKS if mark.kind], ids=lambda mark: mark.pattern)
def test_a_kind_s_own_marks_are_none_of_another_s(mark) -> None:
    own = [text for text, dummy, tool in OF_TOOLS.values() if tool == mark.tool and "=" not in tool]
    assert own and all(find("\n".join(text.split("\n")[:1]) + "\n" + UP, mark.kind) is None for text in own)


PAIRS = {
    "up, down": ("-- up\n" + UP + "-- down\n" + DOWN, (1, 3)),
    "UP, DOWN": ("-- UP\n" + UP + "-- DOWN\n" + DOWN, (1, 3)),
    "down comes first": ("-- down\n" + DOWN + "-- up\n" + UP, (1, 3)),
    "do, undo": ("-- do\n" + UP + "-- undo\n" + DOWN, (1, 3)),
    "apply, revert": ("-- Apply\n" + UP + "-- Revert\n" + DOWN, (1, 3)),
    "forward, backward": ("-- forward\n" + UP + "-- backward\n" + DOWN, (1, 3)),
    "forwards, backwards": ("-- forwards\n" + UP + "-- backwards\n" + DOWN, (1, 3)),
    "deploy, revert": ("-- Deploy\n" + UP + "-- Revert\n" + DOWN, (1, 3)),
    "upgrade, downgrade": ("-- upgrade\n" + UP + "-- downgrade\n" + DOWN, (1, 3)),
    "decorated": ("--- [ UP ] ---\n" + UP + "--- [ DOWN ] ---\n" + DOWN, (1, 3)),
    "in a box": ("------\n-- UP\n------\n" + UP + "------\n-- DOWN\n------\n" + DOWN, (2, 6)),
    "with the same words": ("-- 001 people: up\n" + UP + "-- 001 people: down\n" + DOWN, (1, 3)),
    "with words that tell nothing": ("-- The up script\n" + UP + "-- Rollback section\n" + DOWN, (1, 3)),
    "a tool that nobody knows": ("-- @nomad up\n" + UP + "-- @nomad down\n" + DOWN, (1, 3)),
    "in comments of the other sort": ("/* Up */\n" + UP + "/* Down */\n" + DOWN, (1, 3)),
    "over lines": ("/*\n * UP\n */\n" + UP + "/*\n * DOWN\n */\n" + DOWN, (1, 5)),
    "with another heading between": ("-- up\n" + UP + "-- apply grants\n" + UP + "-- down\n" + DOWN, (1, 5)),
    "only the way down": (UP + "-- Down\n" + DOWN, (2, None)),
    "only the way back": (UP + "-- ROLLBACK:\n" + DOWN, (2, None)),
    "one line for both": (UP + "-- up above, down below\n" + DOWN, (2, None)),
    "above, below": (UP + "-- apply above / revert below\n" + DOWN, (2, None)),
    "above, below, plainly": (UP + "-- above: new, below: old\n" + DOWN, (2, None)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_headings_of_two_ways(name: str) -> None:
    text, lines = PAIRS[name]
    found = find(text, "sql_plain")
    assert found is not None and found.mark is None
    assert (found.line, found.other[0] if found.other else None) == lines


HARMLESS = {
    "no comment at all": UP + DOWN,
    "an ordinary comment": "-- who is in the shop\n" + UP,
    "behind a statement, in its line": UP.rstrip() + " -- migrate:down\n" + DOWN,
    "in a string": "SELECT '\n-- migrate:up\n-- migrate:down\n';\n",
    "in a dollar quote": "DO $$\nBEGIN\n-- +goose Up\nPERFORM 1;\n-- down\nEND $$;\n",
    "inside a statement": "CREATE TABLE a (\n-- up\nx int,\n-- down\ny int);\n",
    "in a comment over lines": "/*\n-- migrate:up\n*/\n" + UP,
    "in a quoted identifier": 'SELECT 1 AS "\n-- migrate:up\n";\n',
    "a sentence": "-- Up migration for people\n" + UP + "-- scroll down to the end of the page\n" + DOWN,
    "goose's template": "-- SQL in section 'Up' is executed when this migration is applied\n" + UP,
    "nothing stands below the way down": "-- up\n" + UP + "-- down\n-- DROP TABLE people;\n",
    "nothing stands above the way down": "-- down\n" + UP,
    "nothing stands between": "-- up\n-- down\n" + UP,
    "two ways up": "-- up\n" + UP + "-- upgrade\n" + UP,
    "of two different things": "-- scale up rows\n" + UP + "-- write down totals\n" + DOWN,
    "a table's name": "-- rollback_requests\n" + UP + "-- undo log\n" + DOWN,
    "what separates statements": UP + "--> statement-breakpoint\n" + DOWN + "--;;\n" + UP + "--bun:split\n" + UP,
    "an address": "-- see https://example.com/migrate:up\n" + UP,
    "depends, in prose": "-- Depends: 0065 (free), 0067\n" + UP,
    "no transaction": "-- no-transaction\n" + UP,
    "never closed": "-- +goose Up\nSELECT 'x;\n",
    "a licence": "/*\n * Copyright: x\n */\n" + UP,
}


@pytest.mark.parametrize("name", HARMLESS)
def test_what_only_looks_like_a_mark(name: str) -> None:
    assert find(HARMLESS[name], "sql_plain") is None
