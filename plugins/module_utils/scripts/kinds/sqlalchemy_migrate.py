# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts for an SQLAlchemy engine, ``upgrade(migrate_engine)`` and ``downgrade(migrate_engine)``, and SQL by dialect:
what sqlalchemy-migrate has in the versions directory of a repository."""

from __future__ import annotations

import os
import re
from typing import Dict, Iterator, Optional, Sequence, Tuple

from ... import errors, model
from . import alembic, pythontext, reading, sqltext
from .claim import Claim, Listing

KIND = "sqlalchemy"
LOOKS_LIKE = "<version>_<name>.py with upgrade(migrate_engine)"
FILE_NAME = re.compile(r"(?P<version>[0-9][0-9-]*)(?:_(?P<name>.*))?\.py")
BY_DIALECT = re.compile(
    r"(?P<version>[0-9]+)_(?:(?P<name>.+)_)?(?P<dialect>[a-z]+)"
    r"_(?P<section>upgrade|downgrade)\.sql"
)
SECTIONS = {"upgrade": model.Direction.UP, "downgrade": model.Direction.DOWN}

CURSOR_SCRIPT = re.compile(rb"^def\s+up\b", re.MULTILINE)


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind.

    As sqlalchemy-migrate does it, SQL for the database comes before a Python script of the same version, and that
    before SQL for another database. What there is only for another one is refused when it is read.
    """
    by_dialect = _by_dialect(listing)
    with_sql = {version for version, dummy in by_dialect}
    with_own = {
        version for (version, dummy), each in by_dialect.items() if _dialect(each.file_name) in listing.dialects
    }
    for file_name in listing.ending(".py"):
        match = FILE_NAME.fullmatch(file_name)
        if match and pythontext.UPGRADE.search(listing.data(file_name)) and not _is_alembic(listing, file_name):
            version = model.Version.parse(match["version"])
            if version not in with_own:
                with_sql.discard(version)
                yield Claim(file_name, version, match["name"] or "")
    yield from (each for each in by_dialect.values() if each.version in with_sql)


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read a script; nothing of it is run.

    :raises ScriptInvalid: not UTF-8, a syntax error, or also written for a cursor.
    """
    if script.path.endswith(".sql"):
        return model.Migration(
            script, _sql(script.path, source), _sql(script.down_path, source) if script.down_path else None
        )
    if CURSOR_SCRIPT.search(reading.read_bytes(script.path)):
        raise errors.ScriptInvalid(
            "%s has both up and upgrade" % script.path,
            hint="One is called with a cursor, the other with an engine. Remove one of them.",
            path=script.path,
        )
    return pythontext.migration(script, "upgrade", "downgrade", model.Takes.ENGINE)


def _is_alembic(listing: Listing, file_name: str) -> bool:
    return alembic.DOWN_REVISION.search(listing.data(file_name)) is not None


def _by_dialect(listing: Listing) -> Dict[Tuple[model.Version, model.Direction], Claim]:
    chosen: Dict[Tuple[model.Version, model.Direction], Tuple[int, Claim]] = {}
    for file_name in listing.ending(".sql"):
        match = BY_DIALECT.fullmatch(file_name)
        if match:
            dialect, version, section = (
                match["dialect"],
                model.Version.parse(match["version"]),
                SECTIONS[match["section"]],
            )
            known = listing.dialects
            rank = known.index(dialect) if dialect in known else len(known)
            claimed = Claim(file_name, version, match["name"] or "", section)
            before = chosen.get((version, section))
            if before is None or rank < before[0]:
                chosen[version, section] = (rank, claimed)
    return {key: claimed for key, (dummy, claimed) in chosen.items()}


def refuse_other(script: model.Script, dialects: Sequence[str]) -> None:
    """Refuse SQL that is written for another database.

    :param dialects: what SQL for this one is called, the best first.
    :raises ScriptInvalid: names the dialect.
    """
    for path, section in ((script.path, "upgrade"), (script.down_path, "downgrade")):
        dialect = _dialect(path) if path is not None and path.endswith(".sql") else None
        if dialect is not None and dialect not in dialects:
            raise errors.ScriptInvalid(
                "%s is written for %s, and there is none for %s beside it" % (path, dialect, dialects[0]),
                hint="Add one that ends in _%s_%s.sql or _default_%s.sql." % (dialects[0], section, section),
                path=path,
            )


def _dialect(path: str) -> Optional[str]:
    match = BY_DIALECT.fullmatch(os.path.basename(path))
    return match["dialect"] if match else None


def _sql(path: str, source: reading.Source) -> model.SqlBody:
    return sqltext.body(path, source(path))
