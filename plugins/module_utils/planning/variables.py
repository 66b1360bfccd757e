# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The values of the variables in SQL files. A plan is approved with them."""

from __future__ import annotations

import hashlib
from typing import Dict, List, NamedTuple

# So that nobody finds a short secret by trying what gives the same digest.
ROUNDS = 200_000
SALT = b"pgops.migrations variable "


class Variables(NamedTuple):
    """Values by name."""

    plain: Dict[str, str]
    secret: Dict[str, str]

    def all(self) -> Dict[str, str]:
        """Return all values, by name."""
        return {**self.plain, **self.secret}

    def lines(self) -> List[str]:
        """Return what a digest has of them: names and values, of secrets what nobody can read."""
        plain = ["%s=%s" % each for each in sorted(self.plain.items())]
        return plain + ["%s:%s" % (name, _hidden(name, value)) for name, value in sorted(self.secret.items())]


def _hidden(name: str, value: str) -> str:
    return hashlib.pbkdf2_hmac("sha256", value.encode(), SALT + name.encode(), ROUNDS).hex()
