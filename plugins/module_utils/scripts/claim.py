# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a kind says about a file name: this is mine, and it is this section of that migration."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Optional

from ..model import Direction, Version


@dataclass(frozen=True)
class Claim:
    """One file of one migration. ``section`` is None where one file holds both directions."""

    file_name: str
    version: Version
    name: str
    section: Optional[Direction] = None
