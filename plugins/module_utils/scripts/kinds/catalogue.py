# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of scripts that there are, and what is done by kind.

Each is a module with KIND, LOOKS_LIKE, claim(listing) and read(script); survey(script) where a script's text tells more
than its checksum; below(listing) where the tool also reads what is in folders; ORDER where its versions aren't numbers;
beside(script) where another file says how a script is run.
"""

from __future__ import annotations

from typing import Any, Dict, List, Optional

from ... import model
from ...versions import NUMERIC
from . import (
    alembic,
    checkpoint,
    dbmate,
    dbmigrator,
    diesel,
    drizzle,
    flyway,
    goose,
    node_pg_migrate,
    prisma,
    reading,
    sql_by_name,
    sql_migrate,
    sql_pair,
    sql_plain,
    sqlalchemy_migrate,
    sqltext,
    supabase,
    tern,
)
from .claim import Claim, Listing

KINDS = (
    dbmigrator,
    sqlalchemy_migrate,
    sql_pair,
    sql_plain,
    dbmate,
    goose,
    diesel,
    flyway,
    node_pg_migrate,
    sql_migrate,
    tern,
    prisma,
    drizzle,
    supabase,
    alembic,
    sql_by_name,
)
BY_NAME: Dict[str, Any] = {kind.KIND: kind for kind in KINDS}
# Beside scripts of any kind.
READERS: Dict[str, Any] = {**BY_NAME, checkpoint.KIND: checkpoint}
KIND_NAMES = tuple(BY_NAME)
# Whose files need no mark each, so that all of them would pass for plain SQL.
UNMARKED = (node_pg_migrate.KIND, tern.KIND, drizzle.KIND, supabase.KIND)
# Whose scripts read what stands beside them.
IN_PYTHON = (dbmigrator.KIND, sqlalchemy_migrate.KIND, alembic.KIND)


def claims(listing: Listing, wanted: Optional[str] = None) -> Dict[str, List[Claim]]:
    """Return what each kind has to claim of a directory; what none claims is in none of them.

    :param wanted: the only kind that is asked; None: all are.
    """
    found = {kind.KIND: list(kind.claim(listing)) for kind in KINDS if wanted in (None, kind.KIND)}
    looks = _without_plain({kind: claimed for kind, claimed in found.items() if claimed})
    if not looks or list(looks) == [wanted or flyway.KIND]:
        for name in [wanted] if wanted is not None else [flyway.KIND]:
            below = list(getattr(BY_NAME[name], "below", _nothing)(listing))
            looks = {name: looks.get(name, []) + below} if below else looks
    return looks


def beside(script: model.Script) -> List[str]:
    """Return the paths of further files that decide how a script runs; they need not be there."""
    paths: List[str] = getattr(READERS[script.kind], "beside", _nothing)(script)
    return paths


def order_of(kind: str) -> str:
    """Return how the kind's own tool orders versions."""
    order: str = getattr(READERS[kind], "ORDER", NUMERIC)
    return order


def survey(script: model.Script) -> model.Script:
    """Look at a script's text.

    :raises ScriptInvalid: when it can't be read.
    """
    looked: model.Script = getattr(READERS[script.kind], "survey", reading.survey)(script)
    return looked


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read a script's files by its kind.

    :param source: gives the text of an SQL file.
    :raises ScriptInvalid: see the kinds.
    """
    migration: model.Migration = READERS[script.kind].read(script, source)
    if script.verify_path is None:
        return migration
    return migration._replace(verify=sqltext.verify(script.verify_path, source(script.verify_path)))


def _nothing(dummy: Any) -> List[Any]:
    """Return what a kind has that knows of no such thing."""
    return []


def _without_plain(looks: Dict[str, List[Claim]]) -> Dict[str, List[Claim]]:
    """Leave plain SQL out where a tool whose files need no marks claims all of it, since something else tells of it.

    A journal tells which files there are: those that it doesn't list are passed over by its tool, and are told of.
    """
    plain = {claim.file_name for claim in looks.get(sql_plain.KIND, [])}
    if drizzle.KIND in looks or any(
        plain <= {claim.file_name for claim in looks[kind]} for kind in UNMARKED if kind in looks
    ):
        return {kind: claimed for kind, claimed in looks.items() if kind != sql_plain.KIND}
    return looks
