# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Names of relations, roles and databases as users write them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Optional

from .. import errors

# PostgreSQL's NAMEDATALEN - 1. Longer names are cut by the server in silence, so they are refused here.
MAX_NAME_BYTES = 63
# How the names of databases begin that rehearsals make.
SCRATCH_PREFIX = "pgops_rehearsal_"

PART = re.compile(r'"((?:[^"]|"")+)"|([^".]+)')


@dataclass(frozen=True)
class QualifiedName:
    """A relation's name, with its schema once that is known. Taken literally: nothing is folded to lower case."""

    name: str
    schema: Optional[str] = None

    def quoted(self) -> str:
        """Return the name as the server's regclass functions and the client programs read it."""
        return ".".join('"%s"' % part.replace('"', '""') for part in (self.schema, self.name) if part)

    def __str__(self) -> str:
        return ".".join(part for part in (self.schema, self.name) if part)


def parse_name(text: str, option: str, reserve: int = 0) -> QualifiedName:
    """Read ``table`` or ``schema.table``; double quotes protect a dot in a part.

    :param option: the option that it comes from, for the error.
    :param reserve: bytes that are needed for a suffix to the name.
    :raises OptionInvalid: when it is no name, or too long for the server.
    """
    parts = [(quoted or plain).replace('""', '"') for quoted, plain in PART.findall(text)]
    rebuilt = re.sub(r'"(?:[^"]|"")+"|[^".]+', "x", text)
    if rebuilt not in ("x", "x.x"):
        raise errors.OptionInvalid(
            "%s: %s is no name of a table" % (option, text), hint='Write table, schema.table, or "odd.name" in quotes.'
        )
    longest = max(len(part.encode()) for part in parts)
    if longest > MAX_NAME_BYTES - reserve:
        raise _too_long_error(text, option, longest, MAX_NAME_BYTES - reserve)
    return QualifiedName(parts[-1], parts[0] if len(parts) == 2 else None)


def check_name(text: str, option: str) -> str:
    """Return the name of a role, a database or an extension as it is: taken literally, in any characters.

    :param option: the option that it comes from, for the error.
    :raises OptionInvalid: when it is empty, has a NUL in it, or is too long for the server.
    """
    if not text or "\0" in text:
        raise errors.OptionInvalid("%s: a name is empty or contains a NUL character" % option, hint="Write a name.")
    length = len(text.encode())
    if length > MAX_NAME_BYTES:
        raise _too_long_error(text, option, length, MAX_NAME_BYTES)
    return text


def _too_long_error(text: str, option: str, length: int, limit: int) -> errors.OptionInvalid:
    return errors.OptionInvalid(
        "%s: %s is too long (%d bytes; %d at most)" % (option, text, length, limit),
        hint="The server would cut it in silence. Choose a shorter name.",
    )
