# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A schema as comparable text: the statements of each object, in an order that depends on nothing but them."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from types import MappingProxyType
from typing import Iterator, List, Mapping, NamedTuple, Tuple

from .. import formats

# The phases of a dump. What stands in one phase is sorted together, by schema and name.
_PHASES = (
    ("DATABASE", "DATABASE PROPERTIES"), ("SCHEMA",), ("EXTENSION",), ("ACCESS METHOD",), ("PROCEDURAL LANGUAGE",),
    ("COLLATION",), ("TYPE", "SHELL TYPE", "DOMAIN"), ("FUNCTION", "PROCEDURE", "AGGREGATE"), ("OPERATOR",),
    ("OPERATOR FAMILY",), ("OPERATOR CLASS",), ("CAST",), ("TRANSFORM",), ("CONVERSION",), ("TEXT SEARCH PARSER",),
    ("TEXT SEARCH TEMPLATE",), ("TEXT SEARCH DICTIONARY",), ("TEXT SEARCH CONFIGURATION",), ("FOREIGN DATA WRAPPER",),
    ("SERVER",), ("USER MAPPING",), ("TABLE", "SEQUENCE", "FOREIGN TABLE", "VIEW", "MATERIALIZED VIEW"), ("DEFAULT",),
    ("CONSTRAINT", "CHECK CONSTRAINT"), ("INDEX",), ("STATISTICS",), ("TRIGGER",), ("RULE",), ("FK CONSTRAINT",),
    ("POLICY",), ("PUBLICATION",), ("PUBLICATION TABLE",), ("PUBLICATION TABLES IN SCHEMA",), ("SUBSCRIPTION",),
    ("EVENT TRIGGER",), ("LARGE OBJECT",), ("DEFAULT ACL",),
)  # fmt: skip
_RANK = {kind: rank for rank, phase in enumerate(_PHASES) for kind in phase}

# Entries that stand right behind the object whose name they bear: its type, and their place there.
_PARTS = {"SEQUENCE OWNED BY": ("SEQUENCE", 1), "TABLE ATTACH": ("TABLE", 1), "INDEX ATTACH": ("INDEX", 1),
          "ROW SECURITY": ("TABLE", 2)}  # fmt: skip
# Entries about an object, which their name describes; what is about a column comes behind what is about its table.
_REMARKS = {"COMMENT": 3, "SECURITY LABEL": 5, "ACL": 7}
_ALIASES = {"COLUMN": "TABLE", "FOREIGN SERVER": "SERVER", "LANGUAGE": "PROCEDURAL LANGUAGE"}
_DESCRIBED = re.compile("(%s) (.*)" % "|".join(sorted([*_RANK, *_ALIASES], key=len, reverse=True)), re.DOTALL)

_IDENTIFIER = r'("(?:[^"]|"")*"|[^ ."(]+)'
_NAME = re.compile(_IDENTIFIER)
_NAME_ON = re.compile(_IDENTIFIER + " ON (DOMAIN )?" + _IDENTIFIER)
_ARGUMENT = re.compile(r'(?:"(?:[^"]|"")*"|[^",])+')
# The mode and the name before an argument's type. Types of several words don't start with a name: an argument
# can't bear their first word unquoted.
_ARGUMENT_NAME = re.compile(
    "(?:(?:IN|INOUT|VARIADIC) )?"
    "(?:(?!double precision|character varying|bit varying|interval |(?:time|timestamp)(?:[(]| with))"
    + _IDENTIFIER + " (?=.))?"
)  # fmt: skip


class ObjectKey(NamedTuple):
    """Name one entry of a dump: as its header does, but for the owner; `ordinal` counts entries of equal headers."""

    type: str
    schema: str
    name: str
    ordinal: int = 1


class Snapshot(NamedTuple):
    """Hold the statements of each object of a schema, in the order of the dump.

    :ivar first: those of objects that have another text in format 1, see formats.py.
    """

    objects: Mapping[ObjectKey, str]
    first: Mapping[ObjectKey, str] = MappingProxyType({})

    @property
    def number(self) -> int:
        """Return the format of this schema: the first one where it is the same in both."""
        return formats.SCHEMA if self.first else formats.FIRST

    def in_first_format(self) -> Snapshot:
        """Return what release 0.1.0 would have had of this schema."""
        return Snapshot(MappingProxyType({**self.objects, **self.first}))

    def canonical(self) -> List[ObjectKey]:
        """List the keys in an order that depends on nothing but them: by phase, schema and name."""
        return sorted(self.objects, key=self.place)

    def place(self, key: ObjectKey) -> Tuple[int, str, str, str, int, ObjectKey]:
        """Return what sorts `key` within this snapshot; equal for no two of its keys."""
        kind, schema, name, level = key.type, key.schema, key.name, 0
        if kind in _PARTS:
            kind, level = _PARTS[kind]
        elif kind in _REMARKS:
            kind, name, level = self._described(key)
        rank = _RANK.get(kind, len(_PHASES))
        return rank, "" if kind in _RANK else kind, schema, name, level, key

    def _described(self, remark: ObjectKey) -> Tuple[str, str, int]:
        level = _REMARKS[remark.type]
        described = _DESCRIBED.match(remark.name)
        if described is None:
            return remark.type, remark.name, level
        kind, rest = described.groups()
        level += kind == "COLUMN"
        for parent, name in _parents(_ALIASES.get(kind, kind), rest, remark.name):
            if ObjectKey(parent, remark.schema, name) in self.objects:
                return parent, name, level
        return parent, name, level

    def pieces(self) -> Iterator[str]:
        """Yield the canonical text in pieces: the objects, one blank line between two of them."""
        separator = ""
        for key in self.canonical():
            yield separator + self.objects[key] + "\n"
            separator = "\n"

    def digest(self) -> str:
        """Return the SHA-256 of the canonical text, in hexadecimal digits."""
        sha = hashlib.sha256()
        for piece in self.pieces():
            sha.update(piece.encode("utf-8", "surrogatepass"))
        return sha.hexdigest()


def overlay(base: Snapshot, before: Snapshot, after: Snapshot) -> Snapshot:
    """Return `base` with all that changed from `before` to `after`. What it is in format 1 can't be told from a copy.

    `before` is a copy of `base`, perhaps not a perfect one: what did not change has the text of `base`, and so
    have, in what did change, the lines in which the copy differed from the start (another owner).
    """
    objects = {key: text for key, text in base.objects.items() if key in after.objects or key not in before.objects}
    for key, text in after.objects.items():
        original, copied = base.objects.get(key), before.objects.get(key)
        if copied != text:
            objects[key] = text if original is None or copied is None else _restored(text, original, copied)
    first = {key: text for key, text in {**base.first, **after.first}.items() if key in objects}
    return Snapshot(MappingProxyType(objects), MappingProxyType(first))


def _restored(text: str, original: str, copied: str) -> str:
    originals, copies = original.split("\n"), copied.split("\n")
    if len(originals) != len(copies):
        return text
    count = Counter(copies)
    differing = {copy: line for line, copy in zip(originals, copies) if line != copy and count[copy] == 1}
    return "\n".join(differing.get(line, line) for line in text.split("\n"))


def _parents(kind: str, rest: str, whole: str) -> Iterator[Tuple[str, str]]:
    """Yield what a remark may be about, as type and name of an entry; the last one is the best guess."""
    on_table = _NAME_ON.match(rest)
    if kind in ("CAST", "TRANSFORM"):
        yield kind, whole
    elif kind in ("FUNCTION", "PROCEDURE", "AGGREGATE"):
        yield kind, _signature(rest)
    elif on_table and kind in ("CONSTRAINT", "TRIGGER", "RULE", "POLICY"):
        name, domain, table = on_table.groups()
        for parent in (kind,) if kind != "CONSTRAINT" else ("CONSTRAINT", "CHECK CONSTRAINT", "FK CONSTRAINT"):
            yield parent, "%s %s" % (_plain(table), _plain(name))
        yield "DOMAIN" if domain else "TABLE", _plain(table)
    else:
        first = _NAME.match(rest)
        name = _plain(first.group()) if first else rest
        if kind == "TABLE":
            yield "TYPE", name  # the columns of a composite type
        yield kind, name


def _signature(function: str) -> str:
    """Turn `"f"(a integer, OUT b text)` into `f(integer)`, the name of a function's own entry."""
    first = _NAME.match(function)
    if first is None or not function.endswith(")"):
        return function
    arguments = (argument.strip() for argument in _ARGUMENT.findall(function[first.end() + 1 : -1]))
    types = [_ARGUMENT_NAME.sub("", argument, count=1) for argument in arguments if not argument.startswith("OUT ")]
    return "%s(%s)" % (_plain(first.group()), ", ".join(types))


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name
