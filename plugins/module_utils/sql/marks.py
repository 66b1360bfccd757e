# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Comments by which other tools are told something: to a kind that doesn't read them the whole file would run.

A mark stands alone in its line and between two statements; in a literal or inside a statement it is no mark. Marks that
do no more than separate statements (drizzle's, bun's, Migratus') change nothing for whoever splits by himself: they
aren't in the table.
"""

from __future__ import annotations

import re
from typing import Dict, FrozenSet, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ..model import Statement


class Mark(NamedTuple):
    """A comment that a tool reads.

    :ivar kind: the kind of script that reads it here; None: none does.
    :ivar pattern: of the comment's first line, without its dashes, in any case.
    :ivar cuts: it parts a way up from a way down; else it says how the file is to be run.
    :ivar source: where the tool's own text says so.
    """

    tool: str
    kind: Optional[str]
    pattern: str
    cuts: bool
    source: str


class Found(NamedTuple):
    """What stands in a text.

    :ivar line: where, from 1.
    :ivar text: the comment as it stands there.
    :ivar mark: None: it is of no tool that is known, and pairs with another comment.
    :ivar other: that other comment's line and text; None: there is none, or it needs none.
    """

    line: int
    text: str
    mark: Optional[Mark] = None
    other: Optional[Tuple[int, str]] = None


class _Comment(NamedTuple):
    """A comment that stands alone. ``offset`` and ``end`` are in characters, ``line`` is from 1."""

    offset: int
    end: int
    line: int
    text: str


MARKS = (
    Mark("dbmate", "dbmate", r"migrate:\s*(?:up|down)\b", True, "dbmate, pkg/dbmate/migration.go"),
    Mark("goose", "goose", r"\+\s*goose\s", True, "goose, internal/sqlparser/parser.go"),
    Mark("sql-migrate", "sql_migrate", r"\+\s*migrate\s", True, "sql-migrate, sqlparse/sqlparse.go"),
    Mark("tern", "tern", r"create above\s*/\s*drop below", True, "tern, migrate/migrate.go"),
    Mark("tern", "tern", r"tern:\s*disable-tx", False, "tern, migrate/migrate.go"),
    # To the tool it is one in the middle of a sentence, too, but to nobody else: hence the end of the line.
    Mark("node-pg-migrate", "node_pg_migrate", r"(?:up|down)\s+migration\W*$", True, "node-pg-migrate, sqlMigration"),
    Mark("Liquibase", None, r"liquibase\s+formatted\s+sql\b", True, "Liquibase, SQL format"),
    Mark("Liquibase", None, r"changeset\s+\S+:\S+", True, "Liquibase, SQL format: changeset"),
    Mark("Liquibase", None, r"liquibase\s+rollback\b", True, "Liquibase, SQL format: rollback"),
    Mark("yoyo", None, r"depends:\s*\w+[.\-_][\w.\-]+(?:\s+\w+[.\-_][\w.\-]+)*\s*$", False, "yoyo, Migrations as SQL"),
    Mark("yoyo", None, r"transactional:\s*(?:true|false)\b", False, "yoyo, Migrations as SQL"),
    Mark("micrate", None, r"\+\s*micrate\s", True, "micrate, src/micrate/migration.cr"),
    Mark("rambler", None, r"rambler\s+(?:up|down)\b", True, "rambler, README: Migrations"),
    Mark("shmig", None, r"={2,}\s*(?:up|down)\s*={2,}", True, "shmig, README: Migrations"),
    Mark("MyBatis Migrations", None, r"//\s*@undo\b", True, "MyBatis Migrations, new; dbdeploy"),
    Mark("Play's evolutions", None, r"!\s*(?:ups|downs)\b", True, "Play, Evolutions: Evolutions scripts"),
    Mark("Evolve", None, r"evolve-(?:tx-off|repeat\S*)", False, "Evolve, MigrationScript.cs"),
    Mark("Codd", None, r"codd(?:-connection|-env-vars)?:", False, "Codd, docs/SQL-MIGRATIONS.md"),
    Mark("Atlas", None, r"atlas:(?:txmode|delimiter|checkpoint|txtar|assert)\b", False, "Atlas, Directives"),
    Mark("graphile-migrate", None, r"!\s*(?:no-transaction|include\b|previous:|hash:)", False, "graphile-migrate"),
    Mark("postgres-migrations", None, r"postgres-migrations\s+disable-", False, "postgres-migrations"),
    Mark("pg-sql-migrate", None, r"pg-sql-migrate:\s", False, "pg-sql-migrate, migrate.ts"),
    Mark("Migratus", None, r":disable-transaction\b", False, "Migratus, README: Multiple statements"),
    Mark("marv", None, r"@marv\s+\w+\s*=", False, "marv, README: Directives"),
)

UP = frozenset(["up", "ups", "upgrade", "do", "apply", "forward", "forwards", "deploy", "above"])
DOWN = frozenset(
    ["down", "downs", "downgrade", "undo", "revert", "rollback", "backward", "backwards", "reverse", "below"]
)
# So plain that a way down follows them, whatever stands above.
DOWN_ALONE = frozenset(["down", "downs", "downgrade", "rollback"])
# One line that says both: this one.
BOTH = frozenset(["above", "below"])
# What may stand beside them and tells nothing else.
BESIDE = frozenset(
    ["migration", "migrations", "migrate", "script", "section", "part", "sql", "change", "changes", "schema", "the"]
    + ["begin", "start", "here", "step", "steps"]
)
MOST_WORDS = 3
# No text without a comment like this has a mark.
GLANCE = re.compile(
    r"^[^\S\n]*(?:--[^\n]*|/\*[^/]{0,80}?)"
    r"(?:[+!@:]|==|\bformatted\b|\bevolve-|\b(?:rambler|postgres-migrations|%s)\b)" % "|".join(sorted(UP | DOWN)),
    re.IGNORECASE | re.MULTILINE,
)
_COMMENT = re.compile(r"--[^\n]*|/\*")
_OPENING = re.compile(r"-[-\s]*|/\*[*\s]*")


def find(text: str, kind: str) -> Optional[Found]:
    """Return the first thing in a text that another tool would read, or that parts a way up from a way down.

    :param kind: the kind of script that the text is of; its own marks are none of another's.
    """
    if not GLANCE.search(text):
        return None
    from .statements import SplitError, split

    try:
        statements = split(text)
        comments = list(_between(text, statements))
    except SplitError:
        return None  # the server says so in its own words
    return _of_a_tool(comments, kind) or _pair(comments, [each.offset for each in statements])


def _of_a_tool(comments: Sequence[_Comment], kind: str) -> Optional[Found]:
    for comment in comments:
        words = _OPENING.sub("", comment.text, count=1)
        for mark in MARKS:
            if mark.kind != kind and re.match(mark.pattern, words, re.IGNORECASE):
                return Found(comment.line, comment.text.split("\n")[0], mark)
    return None


def _pair(comments: Sequence[_Comment], statements: Sequence[int]) -> Optional[Found]:
    """Return two headings of which one is for the way up and one for the way down, with statements below both.

    Also one that says both, or that is so plainly for the way down that the way up has to be what stands above.
    """
    earlier: Dict[Tuple[bool, FrozenSet[str]], _Comment] = {}
    for comment in comments:
        sides, rest = _heading(comment.text)
        if not sides or not any(each > comment.end for each in statements):
            continue
        alone = sides == BOTH or (sides <= DOWN_ALONE and not rest)
        other = earlier.get((sides <= DOWN, rest))
        if other is not None and any(other.end < each < comment.offset for each in statements):
            return Found(other.line, other.text, None, (comment.line, comment.text))
        if alone and any(each < comment.offset for each in statements):
            return Found(comment.line, comment.text)
        earlier.setdefault((sides <= UP, rest), comment)
    return None


def _heading(comment: str) -> Tuple[FrozenSet[str], FrozenSet[str]]:
    """Return which ways a heading is for, and what else it says; nothing, if it is no heading of a way."""
    words = re.findall(r"[^\W_]+", comment.lower())
    sides = frozenset(words) & (UP | DOWN)
    sides = BOTH if sides >= BOTH else sides
    rest = frozenset(word for word in words if word not in sides and not word.isdecimal())
    if sides != BOTH and (len(sides) != 1 or len(words) > MOST_WORDS):
        return frozenset(), frozenset()
    return sides, frozenset() if rest <= BESIDE else rest


def _between(text: str, statements: Sequence[Statement]) -> Iterator[_Comment]:
    """Yield the comments that stand between statements, alone in their lines."""
    from .statements import comment_end

    line = counted = position = 0
    ends: List[Tuple[int, int]] = [(each.offset, each.offset + len(each.text)) for each in statements]
    for stop, after in [*ends, (len(text), len(text))]:
        while True:
            mark = _COMMENT.search(text, position, stop)
            if mark is None:
                break
            end = comment_end(text, mark.start()) if mark.group() == "/*" else mark.end()
            line += text.count("\n", counted, mark.start())
            counted, position = mark.start(), end
            if _is_alone(text, mark.start(), end):
                yield _Comment(mark.start(), end, line + 1, text[mark.start() : end])
        position = after


def _is_alone(text: str, start: int, end: int) -> bool:
    before = text[text.rfind("\n", 0, start) + 1 : start]
    newline = text.find("\n", end)
    return not before.strip() and not text[end : newline if newline >= 0 else len(text)].strip()
