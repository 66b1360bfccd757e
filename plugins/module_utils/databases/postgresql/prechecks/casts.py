# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which values can't be cast to a type, or assigned to it, without trying it on each: so that they can be counted."""

from __future__ import annotations

import re
from typing import Any, NamedTuple, Optional, Sequence

from .... import deps

SIZED = re.compile(r"(character varying|character|bit|bit varying|numeric)\((\d+)(?:,(-?\d+))?\)")
BITS = {"smallint": 15, "integer": 31, "bigint": 63}
EXACT_NUMBERS = frozenset([*BITS, "numeric"])
TEXTS = frozenset(["text", "character varying"])
WIDER = {
    ("smallint", "integer"),
    ("smallint", "bigint"),
    ("integer", "bigint"),
    *((name, "numeric") for name in BITS),
}
# pg_input_is_valid()
ASKS_INPUT_SINCE = 160000

OTHER_LABEL = "{column}::text NOT IN ({labels})"
ANY_VALUE = "{column} IS DISTINCT FROM NULL"
TOO_LONG = "char_length(rtrim({column}::text, ' ')) > {size}"
OTHER_LENGTH = "length({column}) <> {size}"
LONGER = "length({column}) > {size}"
TOO_LARGE = "abs(round({column}::numeric, {scale})) >= {limit}::numeric AND {column}::numeric <> 'NaN'"
OUT_OF_RANGE = "round({column}::numeric) NOT BETWEEN {least} AND {most}"
NO_INPUT = "NOT pg_input_is_valid({column}::text, {type})"


class Cast(NamedTuple):
    """A type that a column is to get.

    :ivar labels: of an enumerated type.
    :ivar explicit: a cast was written; else the value is assigned, which doesn't cut it off.
    """

    old: str
    new: str
    labels: Optional[Sequence[str]] = None
    explicit: bool = False

    @property
    def harmless(self) -> bool:
        """Return whether every value passes, as far as the types' names tell."""
        if self.old == self.new or self.new == _base(self.old):
            return True
        if _base(self.old) in TEXTS and self.new in TEXTS:
            return True
        old, new = SIZED.fullmatch(self.old), SIZED.fullmatch(self.new)
        if old and new and old[1] == new[1] and old[1] in ("character varying", "numeric", "bit varying"):
            return int(new[2]) >= int(old[2]) and new[3] == old[3]
        return (_base(self.old), self.new) in WIDER


def fails(cast: Cast, column: Any, version: int) -> Any:
    """Return the condition of a row whose value won't do; None: that has to be tried.

    :param column: composed SQL.
    :param version: the server's.
    """
    size = SIZED.fullmatch(cast.new)
    if cast.labels is not None:
        labels = deps.sql.SQL(", ").join(map(deps.sql.Literal, cast.labels))
        return _sql(OTHER_LABEL if cast.labels else ANY_VALUE, column=column, labels=labels)
    if size is not None and size[1] != "numeric":
        return None if cast.explicit else _too_long(size[1], column, int(size[2]))
    if _base(cast.old) in EXACT_NUMBERS and (size or cast.new in BITS):
        return _too_large(cast.new, column)
    if _base(cast.old) in TEXTS and cast.explicit and version >= ASKS_INPUT_SINCE:
        return _sql(NO_INPUT, column=column, type=deps.sql.Literal(cast.new))
    return None


def _too_long(name: str, column: Any, size: int) -> Any:
    template = TOO_LONG if name.startswith("character") else LONGER if name == "bit varying" else OTHER_LENGTH
    return _sql(template, column=column, size=deps.sql.Literal(size))


def _too_large(new: str, column: Any) -> Any:
    if new in BITS:
        edge = 2 ** BITS[new]
        return _sql(OUT_OF_RANGE, column=column, least=deps.sql.Literal(-edge), most=deps.sql.Literal(edge - 1))
    size = SIZED.fullmatch(new)
    digits, scale = (int(size[2]), int(size[3] or 0)) if size else (0, 0)
    limit = deps.sql.Literal("1e%d" % (digits - scale))
    return _sql(TOO_LARGE, column=column, scale=deps.sql.Literal(scale), limit=limit)


def _base(type_name: str) -> str:
    return type_name.partition("(")[0]


def _sql(template: str, **parts: Any) -> Any:
    return deps.sql.SQL(template).format(**parts)
