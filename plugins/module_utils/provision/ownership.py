# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What belongs to a role, in every database: it has to go before the role can."""

from __future__ import annotations

from contextlib import closing
from typing import Any, List, NamedTuple, Optional, Sequence, Tuple

from .. import errors
from ..databases.postgresql.connection import Target, connect
from .administrator import PROGRAM
from .statement import Action, Attribute, Clause, Difference, Statement

# What goes away with the database that is dropped in the same task doesn't count.
PLACES = """
SELECT d.datname, count(*)
  FROM pg_catalog.pg_shdepend s LEFT JOIN pg_catalog.pg_database d ON d.oid = s.dbid
 WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.refobjid = %(role)s
   AND s.dbid IS DISTINCT FROM %(dropped)s
   AND (s.classid <> 'pg_catalog.pg_database'::pg_catalog.regclass OR s.objid IS DISTINCT FROM %(dropped)s)
 GROUP BY d.datname ORDER BY d.datname NULLS LAST
"""
SHARED_THINGS = """
SELECT pg_catalog.pg_describe_object(s.classid, s.objid, s.objsubid), s.deptype = 'o'
  FROM pg_catalog.pg_shdepend s
 WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.refobjid = %(role)s AND s.dbid = 0
   AND (s.classid <> 'pg_catalog.pg_database'::pg_catalog.regclass OR s.objid IS DISTINCT FROM %(dropped)s)
 ORDER BY 2 DESC, 1
"""
THINGS = """
SELECT pg_catalog.pg_describe_object(s.classid, s.objid, s.objsubid), s.deptype = 'o'
  FROM pg_catalog.pg_shdepend s JOIN pg_catalog.pg_database d ON d.oid = s.dbid
 WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass AND s.refobjid = %(role)s
   AND d.datname = pg_catalog.current_database()
 ORDER BY 2 DESC, 1
"""

DROP_OWNED = "DROP OWNED BY {role}"
REASSIGN_OWNED = "REASSIGN OWNED BY {role} TO {heir}"

NEEDS = 'It takes a superuser, or membership in "%s".'
MOST_SHOWN = 10


class Belongings(NamedTuple):
    """What belongs to a role in one place.

    :ivar database: None: to the whole cluster.
    :ivar things: what it is, in the server's words; what the role only has rights on is said so.
    """

    database: Optional[str]
    things: Tuple[str, ...]

    def sentence(self) -> str:
        """Return it as a part of a sentence, cut where it is long."""
        shown, rest = ", ".join(self.things[:MOST_SHOWN]), len(self.things) - MOST_SHOWN
        place = "in the cluster" if self.database is None else 'in the database "%s"' % self.database
        return "%s: %s%s" % (place, shown, " and %d more" % rest if rest > 0 else "")


def belongings(admin: Any, target: Target, role: int, dropped: Optional[int]) -> List[Belongings]:
    """Return what belongs to a role, a value for each place.

    :param role: its oid.
    :param dropped: oid of the database that is dropped in the same task, if there is one.
    """
    which = {"role": role, "dropped": dropped}
    with admin.cursor() as cursor:
        cursor.execute(PLACES, which)
        return [_look(cursor, target, database, which, count) for database, count in cursor.fetchall()]


def conflict(role: str, found: Sequence[Belongings], hint: str) -> errors.Conflict:
    """Return the error that says what belongs to a role that is to be dropped."""
    return errors.Conflict(
        'The user "%s" can\'t be dropped, for things belong to it: %s'
        % (role, "; ".join(each.sentence() for each in found)),
        hint=hint,
    )


def removals(role: str, heir: str, maintenance: str, found: Sequence[Belongings]) -> List[Difference]:
    """Return how to drop what belongs to a role.

    :param heir: who gets databases and tablespaces, which are never dropped in passing.
    :param maintenance: the database where what belongs to the whole cluster is worked on.
    """
    made = [_removal(role, each.database, each.things) for each in found if each.database is not None]
    shared = [each for each in found if each.database is None]
    return made + [_handing_over(role, heir, maintenance, each.things) for each in shared]


def _look(cursor: Any, target: Target, database: Optional[str], which: Any, count: int) -> Belongings:
    if database is None:
        cursor.execute(SHARED_THINGS, which)
        return Belongings(None, _described(cursor.fetchall()))
    try:
        with closing(connect(target.with_database(database), PROGRAM)) as there, there.cursor() as inside:
            inside.execute(THINGS, which)
            return Belongings(database, _described(inside.fetchall()))
    except errors.ConnectError:
        return Belongings(database, ("%d things, and the database lets nobody look" % count,))


def _described(rows: Sequence[Tuple[str, bool]]) -> Tuple[str, ...]:
    return tuple(what if owned else "rights on " + what for what, owned in rows)


def _removal(role: str, database: str, things: Sequence[str]) -> Difference:
    statement = Statement(
        (Clause(DROP_OWNED, {"role": role}),),
        'drop what belongs to "%s" in the database "%s"' % (role, database),
        NEEDS % role,
    )
    shown = tuple(Attribute("-", thing, None) for thing in things)
    return Difference("owned by", role + " in " + database, Action.DROPPED, shown, (statement,), database=database)


def _handing_over(role: str, heir: str, maintenance: str, things: Sequence[str]) -> Difference:
    purpose = 'hand over the databases and tablespaces of "%s"' % role
    texts = (REASSIGN_OWNED, DROP_OWNED)
    names = ({"role": role, "heir": heir}, {"role": role})
    statements = tuple(Statement((Clause(*each),), purpose, NEEDS % role) for each in zip(texts, names))
    shown = tuple(
        Attribute(thing, "of " + role, None if thing.startswith("rights on ") else "of " + heir) for thing in things
    )
    return Difference("owned by", role, Action.CHANGED, shown, statements, database=maintenance)
