# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can keep a rehearsal from being one."""

from __future__ import annotations

from .. import errors


class NotProved(errors.RehearsalError):
    """A step that must not run on a copy, because its effect would not stay there."""


class RehearsalImpossible(errors.RehearsalError):
    """No scratch copy could be made; says why."""
