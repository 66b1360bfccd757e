# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a rehearsal runs: on a server, or in a throwaway cluster; which of them, and in which order they are tried."""

from __future__ import annotations

import os
from contextlib import ExitStack, closing, contextmanager
from typing import ContextManager, Iterator, Sequence

from .. import deps, errors
from ..databases.postgresql.connection import connect, connect_maintenance
from ..databases.postgresql.copies.cluster_facts import ClusterFacts, read_facts
from ..databases.postgresql.copies.given import given_database
from ..databases.postgresql.copies.place import Place, RehearsalImpossible
from ..databases.postgresql.copies.scratch import scratch_database
from ..databases.tools import Tools
from .copier import Original, Wishes
from .row_copy import APPLICATION


class NotForSuperusers(RehearsalImpossible):
    """A throwaway cluster wasn't asked for by name, and would have to do without a right that the steps may need."""


def places(original: Original, wishes: Wishes, tools: Tools) -> Iterator[ContextManager[Place]]:
    """Yield where a copy may be made. The next one is asked for only when there was none to be had before."""
    if wishes.database is not None:
        yield given_database(wishes.database, original.target, original.facts)
        return
    if wishes.on in ("auto", "server"):
        yield scratch_database(wishes.server, original.facts)
    if wishes.on in ("cluster", "empty") or (wishes.on == "auto" and not wishes.is_elsewhere):
        yield _in_cluster(original, wishes, tools)


@contextmanager
def _in_cluster(original: Original, wishes: Wishes, tools: Tools) -> Iterator[Place]:
    # The rest of the cluster is compiled only where one is wanted.
    from ..databases.postgresql.copies.cluster_copy import cluster_copy, no_target

    on = wishes.on if wishes.on == "empty" else "cluster"
    with ExitStack() as stack:
        try:
            around = no_target() if wishes.on == "empty" else _around(original, wishes)
            if around.by_superuser and wishes.on == "auto":
                raise NotForSuperusers("%s is a superuser, and nobody is one in a throwaway cluster" % around.login)
            copy = stack.enter_context(cluster_copy(original.facts, around, tools, on, has_rows=bool(wishes.data)))
        except (errors.ConnectError, deps.DatabaseError) as error:
            raise RehearsalImpossible("no throwaway cluster can be made like the target's: %s" % error) from None
        yield copy


def _around(original: Original, wishes: Wishes) -> ClusterFacts:
    """Read what is around the original; of a database that isn't there yet, what its server has."""
    if original.target is not None:
        with closing(connect(original.target, APPLICATION)) as connection:
            around = read_facts(connection, original.target.session_role)
    else:
        with closing(connect_maintenance(wishes.server, APPLICATION)) as connection:
            around = read_facts(connection, wishes.server.session_role, has_database=False)
        around = around._replace(database=wishes.server.params.get("dbname") or around.database)
    options = (original.target or wishes.server).params.get("options")
    return around._replace(options=os.environ.get("PGOPTIONS", "") if options is None else options)


def in_vain(reasons: Sequence[RehearsalImpossible]) -> RehearsalImpossible:
    """Return one error for all the places where no copy can be made."""
    told = [each for each in reasons if not isinstance(each, NotForSuperusers)] or list(reasons)
    first, second = told[0], told[-1]
    if first.message == second.message:
        return first
    return RehearsalImpossible(
        "%s; and %s" % (first.message.rstrip("."), second.message.rstrip(".")), hint=second.hint or first.hint
    )
