# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the server has to say beside results: kept, up to a bound that is told."""

from __future__ import annotations

from collections import UserList
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    Texts = UserList[str]
else:
    Texts = UserList

MOST = 1000
LEFT_OUT = "(%s earlier notices are left out; the last %s are kept)\n"


class Notices(Texts):
    """A session's notices. Of a plain list, psycopg2 would keep the last 50, and say nothing.

    :ivar left_out: how many had to go.
    """

    left_out = 0

    def append(self, item: str) -> None:
        """Take one; the oldest goes where there are too many."""
        super().append(item)
        if len(self) > MOST:
            del self[0]
            self.left_out += 1

    def take(self) -> str:
        """Return them as one text, and forget them."""
        told = LEFT_OUT % (format(self.left_out, ","), format(MOST, ",")) if self.left_out else ""
        text = told + "".join(self)
        self.clear()
        self.left_out = 0
        return text


def take_from(connection: Any) -> str:
    """Return a connection's notices, and forget them; a script may have put a list of its own there."""
    found = connection.notices
    if isinstance(found, Notices):
        return found.take()
    connection.notices = Notices()
    return "".join(map(str, found or ()))
