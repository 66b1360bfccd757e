# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords that a schema itself holds must not stand in a diff."""

from __future__ import annotations

import re

MASK = "********"

# A value in the options of a user mapping, or in a subscription's connection string (whose quotes are doubled).
OPTION = re.compile(r"""(\b\w*(?:password|secret|token)\w*"?\s+)'(?:[^']|'')*'""", re.IGNORECASE)
KEYWORD = re.compile(r"""(\b\w*password\s*=\s*)(?:''(?:[^'\\]|\\''|\\.)*''|[^\s']+)""", re.IGNORECASE)
URL_PASSWORD = re.compile(r"(://[^:@/\s']*:)[^@\s']*(?=@)")

HOLDERS = frozenset(["USER MAPPING", "SERVER", "SUBSCRIPTION"])


def masked(kind: str, text: str) -> str:
    """Return the statements of an object without the passwords in them.

    :param kind: the object's type as pg_dump names it.
    """
    if kind not in HOLDERS:
        return text
    text = OPTION.sub(r"\1'%s'" % MASK, text)
    return URL_PASSWORD.sub(r"\1" + MASK, KEYWORD.sub(r"\1" + MASK, text))
