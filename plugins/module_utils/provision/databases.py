# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Databases as values: what is wanted, what is there, the difference."""

from __future__ import annotations

import re
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from .. import errors
from .statement import Action, Attribute, Clause, Difference, Statement

# The columns of the locale differ between versions, so they are read from the row as a whole.
READ = """
SELECT d.oid::bigint, pg_catalog.pg_get_userbyid(d.datdba), pg_catalog.pg_encoding_to_char(d.encoding),
       d.datcollate, d.datctype, d.datconnlimit, pg_catalog.to_jsonb(d), t.spcname::pg_catalog.text,
       pg_catalog.shobj_description(d.oid, 'pg_database')
  FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace WHERE d.datname = %s
"""
SESSIONS = """
SELECT a.pid, a.usename, a.application_name, a.backend_start::pg_catalog.text AS since
  FROM pg_catalog.pg_stat_activity a
 WHERE a.datname = %s AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type <> 'autovacuum worker'
 ORDER BY a.pid
"""

CREATE = "CREATE DATABASE {database}"
OWNED_BY = "OWNER {owner}"
FROM_TEMPLATE = "TEMPLATE {template}"
IN_ENCODING = "ENCODING {encoding}"
COLLATE = "LC_COLLATE {collate}"
CTYPE = "LC_CTYPE {ctype}"
PROVIDER = "LOCALE_PROVIDER {provider}"
ICU = "ICU_LOCALE {icu_locale}"
BUILTIN = "BUILTIN_LOCALE {builtin_locale}"
TABLESPACE = "TABLESPACE {tablespace}"
COMMENT = "COMMENT ON DATABASE {database} IS {comment}"
MOVE = "ALTER DATABASE {database} SET TABLESPACE {tablespace}"
CONNECTION_LIMIT = "CONNECTION LIMIT {limit}"
OWNER = "ALTER DATABASE {database} OWNER TO {owner}"
LIMIT = "ALTER DATABASE {database} CONNECTION LIMIT {limit}"
DROP = "DROP DATABASE {database}"
DROP_FORCED = "DROP DATABASE {database} WITH (FORCE)"

LEFT_TO_ITS_OWNER = 'The database "%s" belongs to "%s", and stays so. Set owner where that is to change.'

PROVIDERS = {"c": "libc", "i": "icu", "b": "builtin"}

NEEDS_CREATEDB = "It takes CREATEDB%s."
NEEDS_OWNER = "It takes CREATEDB, the ownership of the database, and membership (SET) in the new owner %s."
NEEDS_OWNERSHIP = "It takes the ownership of the database, or a superuser."
NEEDS_TABLESPACE = "It takes the ownership of the database, and CREATE on the tablespace."

# As every cluster is made; nothing works well without them.
SYSTEM_DATABASES = ("postgres", "template0", "template1")
DEFAULT_TEMPLATE, PRISTINE = "template1", "template0"


class DatabaseWish(NamedTuple):
    """What a database is to be. None: of no interest.

    :ivar creator: who gets a new database where no owner is named.
    :ivar encoding: by the server's own name for it, see `canonical_encoding`.
    """

    name: str
    owner: Optional[str] = None
    encoding: Optional[str] = None
    collate: Optional[str] = None
    ctype: Optional[str] = None
    icu_locale: Optional[str] = None
    template: Optional[str] = None
    connection_limit: Optional[int] = None
    creator: Optional[str] = None
    locale_provider: Optional[str] = None
    builtin_locale: Optional[str] = None
    tablespace: Optional[str] = None
    comment: Optional[str] = None

    @property
    def provider(self) -> Optional[str]:
        """Return whose locale it has; None: of no interest."""
        implied = "icu" if self.icu_locale is not None else "builtin" if self.builtin_locale is not None else None
        return self.locale_provider or implied

    @property
    def first_owner(self) -> Optional[str]:
        """Return who owns it when it is created; None: who creates it."""
        return self.owner or self.creator


class Database(NamedTuple):
    """What a database is.

    :ivar icu_locale: None: its locale isn't ICU's.
    """

    oid: int
    name: str
    owner: str
    encoding: str
    collate: str
    ctype: str
    icu_locale: Optional[str] = None
    connection_limit: int = -1
    locale_provider: str = "libc"
    builtin_locale: Optional[str] = None
    tablespace: Optional[str] = None
    comment: Optional[str] = None


def read(cursor: Any, name: str) -> Optional[Database]:
    """Return the database of this name, or None."""
    cursor.execute(READ, [name])
    row = cursor.fetchone()
    if row is None:
        return None
    oid, owner, encoding, collate, ctype, limit, columns, tablespace, comment = row
    provider = PROVIDERS.get(columns.get("datlocprovider", "c"), "unknown")
    locale = columns.get("datlocale") or columns.get("daticulocale")
    icu, builtin = (locale if provider == each else None for each in ("icu", "builtin"))
    return Database(oid, name, owner, encoding, collate, ctype, icu, limit, provider, builtin, tablespace, comment)


def sessions(cursor: Any, name: str) -> List[Dict[str, Any]]:
    """Return who is connected to a database: pid, user, application and since when."""
    cursor.execute(SESSIONS, [name])
    return [dict(zip(("pid", "user", "application", "since"), row)) for row in cursor.fetchall()]


def fixed_differences(wish: DatabaseWish, there: Database) -> List[Attribute]:
    """Return what differs and can't be changed once a database is made."""
    pairs = [
        ("encoding", there.encoding, wish.encoding, str.upper),
        ("collate", there.collate, wish.collate, _plain_locale),
        ("ctype", there.ctype, wish.ctype, _plain_locale),
        ("locale_provider", there.locale_provider, wish.locale_provider, str.lower),
        ("icu_locale", there.icu_locale, wish.icu_locale, _plain_tag),
        ("builtin_locale", there.builtin_locale, wish.builtin_locale, _plain_locale),
    ]
    return [
        Attribute(name, before, after)
        for name, before, after, plain in pairs
        if after is not None and (before is None or plain(before) != plain(after))
    ]


def template_for(wish: DatabaseWish, source: Database) -> Optional[str]:
    """Return what to copy: template0, where the default template has another encoding or locale; None: the default.

    :param source: the template that was wished for, or the default one.
    :raises OptionInvalid: when a template was wished for that can't be had with this encoding and locale.
    """
    differing = fixed_differences(wish, source) if source.name != PRISTINE else []
    if differing and wish.template is not None:
        raise errors.OptionInvalid(
            "template: %s has another %s" % (wish.template, _listed(differing)),
            hint="Only template0 can be copied into another encoding or locale.",
        )
    return PRISTINE if differing else wish.template


def creation(wish: DatabaseWish, template: Optional[str]) -> Difference:
    """Return how to create a database.

    :param template: what to copy; None: the server's default.
    """
    owner = wish.first_owner
    settings = [
        ("owner", owner, Clause(OWNED_BY, {"owner": owner or ""})),
        ("template", template, Clause(FROM_TEMPLATE, {"template": template or ""})),
        ("encoding", wish.encoding, Clause(IN_ENCODING, values={"encoding": wish.encoding})),
        ("tablespace", wish.tablespace, Clause(TABLESPACE, {"tablespace": wish.tablespace or ""})),
        ("locale_provider", wish.provider, Clause(PROVIDER, values={"provider": wish.provider})),
        ("builtin_locale", wish.builtin_locale, Clause(BUILTIN, values={"builtin_locale": wish.builtin_locale})),
        ("icu_locale", wish.icu_locale, Clause(ICU, values={"icu_locale": wish.icu_locale})),
        ("collate", wish.collate, Clause(COLLATE, values={"collate": wish.collate})),
        ("ctype", wish.ctype, Clause(CTYPE, values={"ctype": wish.ctype})),
        ("connection_limit", wish.connection_limit, Clause(CONNECTION_LIMIT, values={"limit": wish.connection_limit})),
    ]
    given = [(name, value, clause) for name, value, clause in settings if value is not None]
    needs = NEEDS_CREATEDB % (', and membership (SET) in its owner "%s"' % owner if owner else "")
    statements = [_statement(CREATE, wish.name, [clause for *dummy, clause in given], "create", needs)]
    statements += _commenting(wish, None)
    attributes = [Attribute(name, None, str(value)) for name, value, dummy in given] + _comment(wish, None)
    # Never by force: who is in it by now may have written what nobody else has.
    undo = _statement(DROP, wish.name, [], "drop", NEEDS_OWNERSHIP)
    return Difference("database", wish.name, Action.CREATED, tuple(attributes), tuple(statements), undo)


def change(wish: DatabaseWish, there: Database) -> Optional[Difference]:
    """Return what of a database is to be changed, or None.

    :raises Conflict: when what differs can't be changed.
    """
    fixed = fixed_differences(wish, there)
    if fixed:
        raise errors.Conflict(
            'The database "%s" has another %s' % (wish.name, _listed(fixed)),
            hint="That can't be changed in place. Correct the option; or, if nothing in it is worth keeping, "
            "state: recreated.",
        )
    attributes: List[Attribute] = []
    statements: List[Statement] = []
    if wish.owner is not None and wish.owner != there.owner:
        attributes.append(Attribute("owner", there.owner, wish.owner))
        clause = Clause(OWNER, {"database": wish.name, "owner": wish.owner})
        statements.append(_alteration(clause, NEEDS_OWNER % wish.owner))
    limit = wish.connection_limit
    if limit is not None and limit != there.connection_limit:
        attributes.append(Attribute("connection_limit", str(there.connection_limit), str(limit)))
        clause = Clause(LIMIT, {"database": wish.name}, {"limit": limit})
        statements.append(_alteration(clause, NEEDS_OWNERSHIP))
    attributes += _comment(wish, there)
    statements += _commenting(wish, there)
    if not statements:
        return None
    return Difference("database", wish.name, Action.CHANGED, tuple(attributes), tuple(statements))


def move(wish: DatabaseWish, there: Database) -> Optional[Difference]:
    """Return how to move a database to another tablespace, or None. That can't be in a transaction."""
    if wish.tablespace in (None, there.tablespace):
        return None
    shown = (Attribute("tablespace", there.tablespace, wish.tablespace),)
    there_and_back = [
        _alteration(Clause(MOVE, {"database": wish.name, "tablespace": str(place)}), NEEDS_TABLESPACE)
        for place in (wish.tablespace, there.tablespace)
    ]
    return Difference("database", wish.name, Action.CHANGED, shown, (there_and_back[0],), there_and_back[1])


def _comment(wish: DatabaseWish, there: Optional[Database]) -> List[Attribute]:
    before = there.comment if there is not None else None
    return [Attribute("comment", before, wish.comment)] if wish.comment not in (None, before) else []


def _commenting(wish: DatabaseWish, there: Optional[Database]) -> List[Statement]:
    clause = Clause(COMMENT, {"database": wish.name}, {"comment": wish.comment})
    return [_alteration(clause, NEEDS_OWNERSHIP) for dummy in _comment(wish, there)]


def left_alone(wish: DatabaseWish, there: Database) -> Optional[str]:
    """Return a warning where a database belongs to another than it would if it were new, and nobody asks for that."""
    if wish.owner is None and wish.creator not in (None, there.owner):
        return LEFT_TO_ITS_OWNER % (there.name, there.owner)
    return None


def removal(there: Database, force: bool) -> Difference:
    """Return how to drop a database.

    :param force: end the sessions on it.
    """
    head = DROP_FORCED if force else DROP
    owner = Attribute("owner", there.owner, None)
    statement = _statement(head, there.name, [], "drop", NEEDS_OWNERSHIP)
    return Difference("database", there.name, Action.DROPPED, (owner,), (statement,))


def _statement(head: str, name: str, clauses: Sequence[Clause], verb: str, needs: str) -> Statement:
    return Statement((Clause(head, {"database": name}), *clauses), '%s the database "%s"' % (verb, name), needs)


def _alteration(clause: Clause, needs: str) -> Statement:
    return Statement((clause,), 'alter the database "%s"' % clause.names["database"], needs)


def _listed(attributes: Sequence[Attribute]) -> str:
    return ", ".join("%s (%s, not %s)" % (each.name, each.before or "none", each.after) for each in attributes)


def _plain_locale(name: str) -> str:
    """The C library takes en_US.UTF-8 and en_US.utf8 for the same; C and POSIX are."""
    base, dot, codeset = name.partition(".")
    return "C" if name == "POSIX" else base + dot + re.sub(r"[^a-z0-9@]", "", codeset.lower())


def _plain_tag(tag: str) -> str:
    """The server may keep en_US as en-US."""
    return tag.replace("_", "-").lower()
