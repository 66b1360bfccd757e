# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read one schema-only pg_dump: its statements by object, all that is volatile gone."""

from __future__ import annotations

import re
import sys
from types import MappingProxyType
from typing import Dict, Iterator, List, Mapping, Match, Optional, Tuple, Union

from ...schema.secrets import masked
from ...schema.snapshot import ObjectKey, Snapshot

# All that can start a literal, an entry, the trailer, or noise between entries. Each branch starts with a fixed
# character and looks back only then, so that the search skips everything else at the speed of C.
_MARK = re.compile(
    rb"""'|"|\$(?<![0-9A-Za-z_$\x80-\xff]\$)(?:[A-Za-z_\x80-\xff][0-9A-Za-z_\x80-\xff]*)?\$"""
    rb"|--\n(?:-- TOC entry [^\n]*\n)?(?:-- Dependencies: [^\n]*\n)?-- (?:Data for )?Name: (?P<name>[^\n]*)"
    rb"; Type: (?P<type>[A-Z ]+); Schema: (?P<schema>[^\n]*); Owner: (?P<owner>[^\n]*)\n--\n"
    rb"|--\n-- PostgreSQL database dump complete\n(?P<trailer>)"
    rb"|-- (?:Started|Completed) on (?P<time>)|\\(?<=\n\\)(?P<command>)"
    rb"""|SET(?<=\nSET) (?P<setting>default_[a-z_]+) = (?P<value>"(?:[^"]|"")*"|[^\n";]*);"""
    rb"|--[^\n]*"
)


# What servers of November 2026 keep among a column's options, and only a client as new as that leaves out.
_ATTVER = re.compile(
    rb"^ALTER (?:FOREIGN )?TABLE ONLY [^\n;]* ALTER COLUMN [^\n;]* SET \(pg_attver=[^),\n]*\);\n"
    rb"|(?<= SET \()pg_attver=[^),\n]*, |, pg_attver=[^),\n]*(?=[,)])",
    re.MULTILINE,
)


class DumpError(ValueError):
    """Say that a text is no whole dump."""


def parse_dump(dump: Union[str, bytes], earlier: Optional[Snapshot] = None) -> Snapshot:
    """Read what `pg_dump --schema-only` wrote as plain text.

    `dump` is the whole output, best as the bytes (UTF-8) that came: a str is four times their size as soon as one
    of its characters is an emoji. With an `earlier` snapshot, texts that are still the same are shared with it.
    A dump without entries gives an empty snapshot. Raises DumpError where it ends inside a literal.
    """
    data = dump.encode("utf-8", "surrogateescape") if isinstance(dump, str) else dump
    clean = without_attver(data)
    objects = _objects(clean, earlier.objects if earlier else {})
    if clean is data:
        return Snapshot(MappingProxyType(objects))
    first = {key: text for key, text in _objects(data, objects).items() if text != objects.get(key)}
    return Snapshot(MappingProxyType(objects), MappingProxyType(first))


def renewed(text: str) -> str:
    """Return the text of an object, as it was kept in format 1, in the present format."""
    data = text.encode("utf-8", "surrogatepass")
    clean = without_attver(data)
    return text if clean is data else clean.strip(b"\n").decode("utf-8", "surrogatepass")


def _objects(data: bytes, known: Mapping[ObjectKey, str]) -> Dict[ObjectKey, str]:
    """Return the text of each object; the same as a known one is shared with it."""
    objects: Dict[ObjectKey, str] = {}
    twins: Dict[ObjectKey, List[ObjectKey]] = {}
    for header, settings, body in _entries(data):
        key = _key(header)
        if key in objects:
            group = twins.setdefault(key, [key])
            key = key._replace(ordinal=len(group) + 1)
            group.append(key)
        text = masked(key.type, _placement(header, settings, body) + body)
        before = known.get(key, text)
        objects[key] = before if before == text else text
    # Dumps give entries of equal headers in the order of their creation: their text has to count instead.
    for group in twins.values():
        objects.update(zip(group, sorted(objects[key] for key in group)))
    return objects


def without_attver(dump: bytes) -> bytes:
    """Return a dump without the server's own mark among the options of columns; it is no part of a schema."""
    return _ATTVER.sub(b"", dump) if b"pg_attver=" in dump else dump


def _entries(data: bytes) -> Iterator[Tuple[Match[bytes], Mapping[str, str], str]]:
    """Yield of each entry its header, the settings that it was made under, and its statements."""
    settings: Mapping[str, str] = {}
    opened: Optional[Tuple[Match[bytes], Mapping[str, str]]] = None
    noise = None
    for mark in marks(data):
        if mark.lastgroup == "value":
            settings = {**settings, mark["setting"].decode(): mark["value"].decode("utf-8", "backslashreplace")}
        if mark.lastgroup not in ("owner", "trailer"):
            # Noise stands between two entries: nothing of this one comes behind it.
            noise = mark.start() if noise is None else noise
            continue
        if opened:
            yield (*opened, _text(data, opened[0].end(), mark.start() if noise is None else noise))
        opened = (mark, settings) if mark.lastgroup == "owner" else None
        noise = None
        if opened is None:
            return
    if opened:
        yield (*opened, _text(data, opened[0].end(), noise))


def marks(data: bytes) -> Iterator[Match[bytes]]:
    """Yield the headers, the trailer and the noise; literals, quoted names and other comments are passed over.

    A literal ends at the next quote: pg_dump doubles those inside it and never escapes one with a backslash.
    """
    position = 0
    while True:
        mark = _MARK.search(data, position)
        if mark is None:
            return
        position = mark.end()
        if mark.lastgroup is not None:
            yield mark
            continue
        quote = mark.group()
        if not quote.startswith(b"-"):
            position = data.find(quote, position) + len(quote)
            if position < mark.end() + len(quote):
                raise DumpError("the dump ends inside a literal, near byte %d" % mark.start())


def _text(data: bytes, start: int, end: Optional[int]) -> str:
    return data[start:end].strip(b"\n").decode("utf-8", "backslashreplace")


def _key(header: Match[bytes]) -> ObjectKey:
    name, kind, schema = (word.decode("utf-8", "backslashreplace") for word in header.group("name", "type", "schema"))
    return ObjectKey(sys.intern(kind), sys.intern(schema), name)


def _placement(header: Match[bytes], settings: Mapping[str, str], body: str) -> str:
    """Return the settings that this entry depends on: where it is stored, unless in the usual way.

    A setting stays until the next entry that needs another one, so it stands above many that it means nothing to.
    A header names the tablespace where it counts; an access method counts for what holds rows.
    """
    lines = ""
    for name, usual in (("default_tablespace", "''"), ("default_table_access_method", "heap")):
        value = settings.get(name, usual)
        if value == usual:
            continue
        if name == "default_tablespace":
            concerned = b"; Tablespace: " in header["owner"]
        else:
            concerned = header["type"] in (b"TABLE", b"MATERIALIZED VIEW") and "\nPARTITION BY " not in body
        lines += "SET %s = %s;\n" % (name, value) if concerned else ""
    return lines + "\n" if lines else ""
