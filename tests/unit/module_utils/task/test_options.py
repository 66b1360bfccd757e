# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The specs say the same as the modules that they have no use for."""

from __future__ import annotations

from ansible_collections.pgops.migrations.plugins.module_utils.scripts.kinds.catalogue import KIND_NAMES
from ansible_collections.pgops.migrations.plugins.module_utils.task.options import KINDS


def test_each_kind_is_a_choice() -> None:
    assert list(KIND_NAMES) == KINDS
