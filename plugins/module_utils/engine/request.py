# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the engine, and what it reports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Optional, Tuple

from ..model import Plan, Progress
from ..server.connection import Target
from ..server.names import QualifiedName


@dataclass(frozen=True)
class Request:
    """What the user asks for; see the module's options of the same names.

    :ivar kind: the kind of the scripts; None: found by looking.
    :ivar repository_id: of a repository of sqlalchemy-migrate.
    :ivar state: migrated, rolled_back or tested.
    :ivar steps: how many migrations to roll back, when no version is given.
    :ivar baseline_version: what to record as applied while there is no history.
    :ivar checking: check mode.
    :ivar with_diff: diff mode.
    :ivar per_migration: a diff after each migration.
    :ivar rehearsal_server: where to rehearse; None: on the target's own server.
    :ivar lock_wait: in seconds.
    """

    target: Target
    directories: Tuple[str, ...]
    history_table: QualifiedName
    kind: Optional[str] = None
    repository_id: Optional[str] = None
    state: str = "migrated"
    version: Optional[str] = None
    steps: int = 1
    run_deferred: bool = False
    baseline_version: Optional[str] = None
    super_user: str = "postgres"
    single_transaction: bool = False
    per_migration: bool = False
    diff_context: int = 10
    lock_wait: float = 60
    rehearsal: str = "auto"
    rehearsal_data: Tuple[str, ...] = ()
    rehearsal_server: Optional[Target] = None
    checking: bool = False
    with_diff: bool = False


@dataclass(frozen=True)
class Report:
    """Everything that a run knows about itself.

    :ivar progress: of the target; in check mode of the rehearsal.
    :ivar diffs: unified diffs of the schema, one for each pair of snapshots; None: none were taken.
    :ivar rehearsal: an engine.rehearsal.Rehearsal, where there was one.
    :ivar proofs: engine.proof.Proof, one for each migration that was tested.
    :ivar warnings: what a person should hear of though it is no error.
    """

    plan: Plan
    progress: Progress = Progress()
    diffs: Optional[Tuple[str, ...]] = None
    rehearsal: Any = None
    proofs: Tuple[Any, ...] = ()
    warnings: Tuple[str, ...] = ()
