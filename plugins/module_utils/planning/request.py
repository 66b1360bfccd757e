# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked of the engine."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Optional, Tuple

from .. import model
from ..databases.names import QualifiedName
from ..databases.values import Limits
from .variables import Variables

if TYPE_CHECKING:
    from ..databases.port import Target


class Policies(NamedTuple):
    """What to do about what isn't as it should be: ignore, warn or fail; and for out_of_order also apply."""

    modified: str = "fail"
    missing: str = "warn"
    out_of_order: str = "apply"
    drift: str = "warn"


class Request(NamedTuple):
    """What the user asks for; see the module's options of the same names.

    :ivar kind: the kind of the scripts; None: found by looking.
    :ivar order: numeric or text; None: that of the scripts' tool.
    :ivar follow: also take scripts that are links which lead out of their directory.
    :ivar on_unread: fail, warn or ignore, where something looks like a script and isn't read.
    :ivar said: what there is to warn of scripts that are somewhere else.
    :ivar repository_id: of a repository of sqlalchemy-migrate.
    :ivar state: migrated, rolled_back, tested or scripted.
    :ivar script_file: where to write the run, with state scripted.
    :ivar writes_script: whether to write it; in check mode it is only compared.
    :ivar schema_file: the file that holds the schema; None: there is to be none.
    :ivar makes_schema_file: there is none yet, so it is made with nothing pending, too.
    :ivar release: what the run belongs to; with state rolled_back, the one to go back to.
    :ivar steps: how many migrations to roll back, when no version is given.
    :ivar baseline_version: what to record as applied while there is no history.
    :ivar variables: what is filled into SQL files; None: nothing is.
    :ivar adopt_from: the table of another tool; None: it is looked for.
    :ivar keep_in_step: also write what is applied into the table of the scripts' own tool.
    :ivar on_interrupted: fail or retry, where a script outside a transaction was cut off.
    :ivar on_nonempty: fail, warn or ignore, where a database without a history holds something already.
    :ivar allow_hazards: the kinds of hazards that may be applied; None: all.
    :ivar expect: the digests of plans that have been reviewed, one of which it has to be.
    :ivar allow_writable_scripts: also run scripts that others may write.
    :ivar described: the scripts, where only what is known of them is here, and their files aren't.
    :ivar found: the scripts, where somebody has looked for them already.
    :ivar rehearsed: that plan has passed its rehearsal already, on this database or on one that is like it.
    :ivar report: collect what a report needs.
    :ivar checking: check mode.
    :ivar with_diff: diff mode.
    :ivar per_migration: a diff after each migration.
    :ivar rehearsal_extensions: what the copy of a database that isn't there yet gets.
    :ivar rehearsal_server: where to rehearse; None: on the target's own server.
    :ivar rehearsal_database: one that is there already, to rehearse in it as it is.
    :ivar prechecks: auto, required or off.
    :ivar precheck_timeout: in seconds, for all of them together.
    :ivar rehearsal_on: auto, server, cluster or empty; with the last there is no target.
    :ivar lock_wait: in seconds.
    """

    target: Target
    directories: Tuple[str, ...]
    history_table: QualifiedName
    kind: Optional[str] = None
    order: Optional[str] = None
    follow: bool = False
    on_unread: str = "fail"
    said: Tuple[str, ...] = ()
    repository_id: Optional[str] = None
    state: str = "migrated"
    version: Optional[str] = None
    release: Optional[str] = None
    steps: int = 1
    run_deferred: bool = False
    baseline_version: Optional[str] = None
    variables: Optional[Variables] = None
    adopt_from: Optional[QualifiedName] = None
    keep_in_step: bool = False
    super_user: str = "postgres"
    single_transaction: bool = False
    per_migration: bool = False
    diff_context: int = 10
    lock_wait: float = 60
    rehearsal: str = "auto"
    rehearsal_data: Tuple[str, ...] = ()
    rehearsal_extensions: Tuple[str, ...] = ()
    rehearsal_server: Optional[Target] = None
    rehearsal_database: Optional[Target] = None
    prechecks: str = "auto"
    precheck_timeout: float = 30
    rehearsal_on: str = "auto"
    policies: Policies = Policies()
    limits: Limits = Limits()
    on_interrupted: str = "fail"
    on_nonempty: str = "fail"
    allow_hazards: Optional[Tuple[str, ...]] = None
    expect: Optional[Tuple[str, ...]] = None
    allow_writable_scripts: bool = False
    described: Optional[Tuple[model.Script, ...]] = None
    found: Optional[Tuple[model.Script, ...]] = None
    rehearsed: bool = False
    report: bool = False
    script_file: Optional[str] = None
    writes_script: bool = True
    schema_file: Optional[str] = None
    makes_schema_file: bool = False
    checking: bool = False
    with_diff: bool = False

    @property
    def rehearses_first(self) -> bool:
        """Return whether only what has passed a rehearsal may be applied."""
        insists = "required" in (self.rehearsal, self.prechecks)
        return insists or self.allow_hazards is not None or self.expect is not None
