# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a schema a role may not read: it is left out of whatever is compared."""

from __future__ import annotations

import re
from types import MappingProxyType
from typing import Iterable, NamedTuple, Optional, Sequence

from ..wording import some
from .snapshot import ObjectKey, Snapshot


class Unreadable(NamedTuple):
    """A schema, or one table, that this role may not read.

    :ivar schema: '' where a database has none.
    :ivar table: None: the whole schema. Without a schema, the name of any object, perhaps with what it is before it.
    """

    schema: str
    table: Optional[str] = None

    @property
    def label(self) -> str:
        """Return what it is, and which right is missing."""
        if self.table is None:
            return "schema %s (no USAGE)" % self.schema
        return "table %s.%s (no SELECT)" % (self.schema, self.table) if self.schema else self.table


def labels(left_out: Iterable[Unreadable], most: int = 5) -> str:
    """Return what is left out, in words; of many, the first."""
    return some([each.label for each in left_out], most)


def without(snapshot: Snapshot, left_out: Sequence[Unreadable]) -> Snapshot:
    """Return a snapshot without what another one, that it is to be compared with, could not read."""
    if not left_out:
        return snapshot
    schemas = {each.schema for each in left_out if each.table is None}
    names = {each.table for each in left_out if not each.schema}
    tables = [_printed(schema) + "[.]" + _printed(table) for schema, table in left_out if schema and table is not None]
    about = re.compile("(?:TABLE|COLUMN|ON|ONLY) (?:%s)(?![^ ;.(\n])" % "|".join(tables)) if tables else None

    def belongs(key: ObjectKey, text: str) -> bool:
        if not key.schema and names.intersection([key.name, "%s %s" % (key.type, key.name)]):
            return True
        in_schema = key.schema in schemas or (key.schema == "-" and _named(key) in schemas)
        return in_schema or (about is not None and about.search(text) is not None)

    kept = {key: text for key, text in snapshot.objects.items() if not belongs(key, text)}
    first = {key: text for key, text in snapshot.first.items() if key in kept}
    return Snapshot(MappingProxyType(kept), MappingProxyType(first))


def _printed(name: str) -> str:
    """Return a pattern for a name as pg_dump prints it: in quotes only where it needs them."""
    return '(?:%s|"%s")' % (re.escape(name), re.escape(name.replace('"', '""')))


def _named(key: ObjectKey) -> str:
    """Return the name of the schema that an entry without one is about."""
    return key.name[len("SCHEMA ") :].strip('"') if key.name.startswith("SCHEMA ") else key.name
