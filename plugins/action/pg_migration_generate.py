# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a migration."""

from __future__ import annotations

from ansible_collections.pgops.migrations.plugins.plugin_utils.engine_action import EngineAction


class ActionModule(EngineAction):
    """Runs the module, with its engine."""

    MODULE = "pgops.migrations.pg_migration_generate"
    SENDS = "none"
