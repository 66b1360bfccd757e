# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The statements that lead an object back to what it was, as text for a person; nothing here is ever sent.

Names are taken from pg_dump's own statements, which quote them; its headers don't. Where the way back can't be known
from the two texts (a value of an enum, a sequence), there is none.
"""

from __future__ import annotations

import re
from typing import Dict, List, Optional, Pattern, Tuple

NAME = r'(?:"(?:[^"]|"")*"|[^\s"(),;.]+)'
QUALIFIED = NAME + r"(?:\." + NAME + "){0,2}"
# Anything, but a quote only as a whole name.
BETWEEN = r'(?:"(?:[^"]|"")*"|[^"])*?'

# How an object is taken away, by what its first statement says.
DROPS: Tuple[Tuple[str, str], ...] = (
    (r"CREATE EXTENSION IF NOT EXISTS (?P<n>{N})", "DROP EXTENSION {n};"),
    (
        r"ALTER (?:FOREIGN )?TABLE (?:ONLY )?(?P<t>{Q})\s+ADD CONSTRAINT (?P<n>{N}) ",
        "ALTER TABLE {t} DROP CONSTRAINT {n};",
    ),
    (r"CREATE (?:UNIQUE )?INDEX (?P<n>{N}) ON (?:ONLY )?(?P<s>{N})\.{N} ", "DROP INDEX {s}.{n};"),
    (r"CREATE (?:CONSTRAINT )?TRIGGER (?P<n>{N}) {B} ON (?P<t>{Q}) ", "DROP TRIGGER {n} ON {t};"),
    (r"CREATE RULE (?P<n>{N}) AS\s+ON \w+ TO (?P<t>{Q})\s", "DROP RULE {n} ON {t};"),
    (r"CREATE POLICY (?P<n>{N}) ON (?P<t>{Q})[ ;]", "DROP POLICY {n} ON {t};"),
    (
        r"ALTER TABLE (?:ONLY )?(?P<t>{Q}) ALTER COLUMN (?P<n>{N}) SET DEFAULT ",
        "ALTER TABLE {t} ALTER COLUMN {n} DROP DEFAULT;",
    ),
    (
        r"ALTER TABLE (?P<t>{Q}) ALTER COLUMN (?P<n>{N}) ADD GENERATED ",
        "ALTER TABLE {t} ALTER COLUMN {n} DROP IDENTITY;",
    ),
    (r"ALTER TABLE (?P<t>{Q}) ENABLE ROW LEVEL SECURITY;\Z", "ALTER TABLE {t} DISABLE ROW LEVEL SECURITY;"),
    (r"ALTER TABLE ONLY (?P<t>{Q}) ATTACH PARTITION (?P<n>{Q}) ", "ALTER TABLE {t} DETACH PARTITION {n};"),
    (r"ALTER SEQUENCE (?P<n>{Q}) OWNED BY ", "ALTER SEQUENCE {n} OWNED BY NONE;"),
    (r"COMMENT ON (?P<n>{B}) IS '", "COMMENT ON {n} IS NULL;"),
)
PATTERNS: Tuple[Tuple[Pattern[str], str], ...] = tuple(
    (re.compile(pattern.replace("{Q}", QUALIFIED).replace("{N}", NAME).replace("{B}", BETWEEN)), drop)
    for pattern, drop in DROPS
)
# Most objects end with whose they are, and by what name they are known.
OWNER = re.compile(r"\n+(?P<line>ALTER (?P<kind>[A-Z ]+?) (?P<name>[^\n]*) OWNER TO [^\n]*;)\Z")
OWNED = frozenset(
    [
        *("TABLE", "VIEW", "MATERIALIZED VIEW", "SEQUENCE", "FOREIGN TABLE", "FUNCTION", "PROCEDURE", "AGGREGATE"),
        *("TYPE", "DOMAIN", "SCHEMA", "STATISTICS", "COLLATION", "CONVERSION", "PUBLICATION", "EVENT TRIGGER"),
        *("OPERATOR", "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "SERVER", "FOREIGN DATA WRAPPER"),
    ]
)
# What is made anew where it was changed: nothing is in it that would be lost.
REMADE = frozenset(
    [
        *("VIEW", "INDEX", "TRIGGER", "RULE", "POLICY", "STATISTICS", "TABLE ATTACH", "AGGREGATE", "MATERIALIZED VIEW"),
        *("CONSTRAINT", "CHECK CONSTRAINT", "FK CONSTRAINT"),
    ]
)
# Their own statement puts another in its place.
REPLACED = frozenset(["COMMENT", "DEFAULT", "SEQUENCE OWNED BY"])
ROUTINES = frozenset(["FUNCTION", "PROCEDURE"])
RIGHTS = frozenset(["ACL", "DEFAULT ACL"])
# Their texts are without what is secret in them.
SECRET = frozenset(["USER MAPPING", "SUBSCRIPTION", "SERVER"])
HOLDS_ROWS = frozenset(["TABLE", "SEQUENCE"])

GIVES_UP = "-- What is in it now goes with it.\n"
EMPTY = "-- It comes back empty: what was in it is in a backup, if anywhere.\n"

GRANT = re.compile(r"(?P<who>(?:ALTER DEFAULT PRIVILEGES .*?)?)GRANT (?P<what>.+) TO (?P<role>%s);" % NAME)
TABLE = re.compile(
    r"CREATE (?:UNLOGGED )?TABLE (?P<name>%s) \(\n(?P<lines>.*?)\n\)(?P<rest>.*)\Z" % QUALIFIED, re.DOTALL
)
LINE = re.compile(r"    (?P<name>%s) (?P<rest>\S.*)" % NAME)
COLUMN = re.compile(r"(?P<type>.+?)(?P<default> DEFAULT .+?)?(?P<not_null> NOT NULL)?")
GENERATED = re.compile(r" GENERATED | COLLATE ")


def way_back(kind: str, before: Optional[str], after: Optional[str]) -> Optional[str]:
    """Return the statements that make of an object what it was; None: they can't be known.

    :param kind: as a dump's header has it.
    :param before: its statements then; None: it wasn't there.
    :param after: its statements now; None: it isn't there any more.
    """
    if kind in SECRET:
        return None
    if kind in RIGHTS:
        return _rights(before, after)
    if before is None:
        return _drop(kind, after or "")
    if after is None:
        return (EMPTY if kind in HOLDS_ROWS else "") + before
    return _changed(kind, before, after)


def _changed(kind: str, before: str, after: str) -> Optional[str]:
    owner = OWNER.search(before)
    if owner and OWNER.sub("", before) == OWNER.sub("", after):
        return owner["line"]
    if kind in REPLACED:
        return before
    if kind in ROUTINES:
        return before.replace("CREATE ", "CREATE OR REPLACE ", 1)
    if kind in REMADE:
        drop = _drop(kind, after)
        return drop and "%s\n%s" % (drop, before)
    return _columns(before, after) if kind == "TABLE" else None


def _drop(kind: str, text: str) -> Optional[str]:
    for pattern, drop in PATTERNS:
        found = pattern.match(text)
        if found:
            return drop.format(**found.groupdict())
    owner = OWNER.search(text)
    if owner is None or kind not in OWNED:
        return None
    return "%sDROP %s %s;" % (GIVES_UP if kind in HOLDS_ROWS else "", kind, owner["name"])


def _rights(before: Optional[str], after: Optional[str]) -> Optional[str]:
    """Return what takes new grants away, and gives old ones again."""
    old, new = (text.split("\n") if text else [] for text in (before, after))
    statements: List[str] = []
    for line in [each for each in new if each not in old]:
        found = GRANT.fullmatch(line)
        if found is None:
            return None
        statements.append("{who}REVOKE {what} FROM {role};".format(**found.groupdict()))
    gone = [each for each in old if each not in new]
    if not all(GRANT.fullmatch(each.replace(" WITH GRANT OPTION;", ";")) for each in gone):
        return None
    return "\n".join([*statements, *gone]) or None


def _columns(before: str, after: str) -> Optional[str]:
    """Return what gives a table the columns and checks that it had."""
    old, new = TABLE.match(before), TABLE.match(after)
    if old is None or new is None or old["rest"] != new["rest"] or old["name"] != new["name"]:
        return None
    had, has = _lines(old["lines"]), _lines(new["lines"])
    if had is None or has is None:
        return None
    alter = "ALTER TABLE %s " % old["name"]
    changes: List[Optional[str]] = [_taken(name) for name in has if name not in had]
    changes += [_given(name, rest) for name, rest in had.items() if name not in has]
    changes += [
        each for name, rest in had.items() if has.get(name, rest) != rest for each in _altered(name, rest, has[name])
    ]
    if not changes or None in changes:
        return None
    told = (GIVES_UP if str(each).startswith("DROP COLUMN") else "" for each in changes)
    return "\n".join(warning + alter + str(each) for warning, each in zip(told, changes))


def _lines(text: str) -> Optional[Dict[str, str]]:
    """Return columns and constraints of a table, by name; a constraint's has its word in front."""
    found: Dict[str, str] = {}
    for line in text.split(",\n"):
        match = LINE.fullmatch(line)
        if match is None:
            return None
        name, rest = match["name"], match["rest"]
        if name == "CONSTRAINT":
            own, dummy, rest = rest.partition(" CHECK ")
            name, rest = "CONSTRAINT " + own, "CHECK " + rest
        found[name] = rest
    return found


def _taken(name: str) -> str:
    return "DROP %s;" % name if name.startswith("CONSTRAINT ") else "DROP COLUMN %s;" % name


def _given(name: str, rest: str) -> str:
    return "ADD %s%s %s;" % ("" if name.startswith("CONSTRAINT ") else "COLUMN ", name, rest)


def _altered(name: str, old: str, new: str) -> List[Optional[str]]:
    """Return the changes to a column, or to a check; with None among them, where they can't be known."""
    if name.startswith("CONSTRAINT "):
        return [_taken(name), _given(name, old)]
    was, now = COLUMN.fullmatch(old), COLUMN.fullmatch(new)
    if was is None or now is None or GENERATED.search(old) or GENERATED.search(new):
        return [None]
    column = "ALTER COLUMN %s " % name
    changes: List[Optional[str]] = []
    if was["type"] != now["type"]:
        changes.append("%sTYPE %s;" % (column, was["type"]))
    if was["default"] != now["default"]:
        changes.append(column + ("SET%s;" % was["default"] if was["default"] else "DROP DEFAULT;"))
    if was["not_null"] != now["not_null"]:
        changes.append("%s%s NOT NULL;" % (column, "SET" if was["not_null"] else "DROP"))
    return changes
