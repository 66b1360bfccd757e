# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts for an SQLAlchemy engine, ``upgrade(migrate_engine)`` and ``downgrade(migrate_engine)``, and SQL by dialect:
what sqlalchemy-migrate has in the versions directory of a repository."""

from __future__ import annotations

import re
from typing import Dict, Iterator, Tuple

from ... import errors, model
from . import pythontext, reading, sqltext
from .claim import Claim, Listing

KIND = "sqlalchemy"
LOOKS_LIKE = "<version>_<name>.py with upgrade(migrate_engine)"
FILE_NAME = re.compile(r"(?P<version>[0-9][0-9-]*)(?:_(?P<name>.*))?\.py")
BY_DIALECT = re.compile(
    r"(?P<version>[0-9]+)_(?:(?P<name>.+)_)?(?P<dialect>[a-z]+)"
    r"_(?P<section>upgrade|downgrade)\.sql"
)
SECTIONS = {"upgrade": model.Direction.UP, "downgrade": model.Direction.DOWN}

# Which SQL is taken where there are several; that of another database only to be refused when it is read.
PREFERENCE = ("postgresql", "postgres", "default")
CURSOR_SCRIPT = re.compile(rb"^def\s+up\b", re.MULTILINE)


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind; SQL comes before a Python script of the same version."""
    by_dialect = _by_dialect(listing)
    with_sql = {version for version, dummy in by_dialect}
    for file_name in listing.ending(".py"):
        match = FILE_NAME.fullmatch(file_name)
        if match and pythontext.UPGRADE.search(listing.data(file_name)):
            version = model.Version.parse(match["version"])
            if version not in with_sql:
                yield Claim(file_name, version, match["name"] or "")
    yield from by_dialect.values()


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read a script; nothing of it is run.

    :raises ScriptInvalid: not UTF-8, a syntax error, SQL for another database, or also written for a cursor.
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
    return pythontext.migration(script, "upgrade", "downgrade", wants_engine=True)


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
            rank = PREFERENCE.index(dialect) if dialect in PREFERENCE else len(PREFERENCE)
            claimed = Claim(file_name, version, match["name"] or "", section)
            before = chosen.get((version, section))
            if before is None or rank < before[0]:
                chosen[version, section] = (rank, claimed)
    return {key: claimed for key, (dummy, claimed) in chosen.items()}


def _sql(path: str, source: reading.Source) -> model.SqlBody:
    match = BY_DIALECT.search(path)
    if match and match["dialect"] not in PREFERENCE:
        raise errors.ScriptInvalid(
            "%s is written for %s, and there is none for postgresql beside it" % (path, match["dialect"]),
            hint="Add one that ends in _postgresql_%s.sql or _default_%s.sql." % (match["section"], match["section"]),
            path=path,
        )
    return sqltext.body(path, source(path))
