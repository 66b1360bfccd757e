# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL as Flyway names it: ``V1_2__name.sql``, ``U1_2__name.sql`` to undo it, ``R__name.sql`` to repeat on a change,
``B1_2__name.sql`` for a new database to begin with.
"""

from __future__ import annotations

import os
import re
from typing import Iterator, List

from ... import errors, model
from . import checkpoint, reading, sqltext
from .claim import Claim, Listing

KIND = "flyway"
LOOKS_LIKE = "V<version>__<name>.sql"
FILE_NAME = re.compile(r"(?P<prefix>[VU])(?P<version>[0-9]+(?:[._][0-9]+)*)__(?P<name>.+)\.sql")
REPEATABLE = re.compile(r"R__(?P<name>.+)\.sql")
# Of which any directory has fewer, unless it is the wrong one.
MOST_FOLDERS = 2000
SECTIONS = {"V": model.Direction.UP, "U": model.Direction.DOWN}

# What Flyway runs before or after others. Which of them are read is said in scripts/callbacks.py.
CALLBACK = re.compile(r"(?:(?:before|after)[A-Z]\w*|createSchema)(?:__.+)?\.(?:sql|java|class)")
# What it runs on a new database in the place of all scripts up to that version.
BASELINE = re.compile(r"B(?P<version>[0-9]+(?:[._][0-9]+)*)__(?P<name>.+)\.sql")
CONFIG = ".conf"
# All that is read there. A line may be blank, or a comment.
SETTING = re.compile(r"\s*(?:#.*|(?:flyway\.)?executeInTransaction\s*=\s*(?P<value>true|false)\s*)?", re.IGNORECASE)

# Flyway would fill these in.
PLACEHOLDER = re.compile(r"\$\{[A-Za-z_][\w:.]*\}")

# What the server refuses inside a transaction; Flyway looks for it, and leaves the transaction out.
NEEDS_NONE = re.compile(
    r"(?:(?:CREATE(?:\s+UNIQUE)?|DROP)\s+INDEX|REINDEX\b.*|REFRESH\b.*)\s+CONCURRENTLY\b|VACUUM\b|ALTER\s+SYSTEM\b"
    r"|(?:CREATE|DROP)\s+(?:DATABASE|TABLESPACE)\b",
    re.IGNORECASE | re.DOTALL,
)


def claim(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind."""
    for file_name in listing.ending(".sql"):
        match = FILE_NAME.fullmatch(file_name)
        if match:
            yield Claim(file_name, model.Version.parse(match["version"]), match["name"], SECTIONS[match["prefix"]])
        match = BASELINE.fullmatch(file_name)
        if match:
            yield Claim(file_name, model.Version.checkpoint(match["version"]), match["name"], model.Direction.UP)
        match = REPEATABLE.fullmatch(file_name)
        if match:
            yield Claim(file_name, model.Version.repeatable(match["name"]), match["name"], model.Direction.UP)


def below(listing: Listing) -> Iterator[Claim]:
    """Yield a claim for each file of this kind in folders, and in theirs, as Flyway looks for them.

    :raises ScriptInvalid: when a folder can't be read, or there are too many for a directory of scripts.
    """
    waiting, count = list(listing.inner()), 0
    while waiting:
        sub = waiting.pop(0)
        count += 1
        if count > MOST_FOLDERS:
            raise errors.ScriptInvalid(
                "%s has more than %d folders" % (listing.directory, MOST_FOLDERS),
                hint="Is it the right directory? Flyway's scripts are looked for in all of them.",
                path=listing.directory,
            )
        for each in claim(sub):
            path = os.path.join(sub.directory, each.file_name)
            yield each._replace(file_name=os.path.relpath(path, listing.directory))
        waiting += sub.inner()


def survey(script: model.Script) -> model.Script:
    """Look at a script. One that is to be repeated is pending whenever its checksum is another."""
    if script.version.is_checkpoint:
        return checkpoint.survey(script)
    return reading.survey(script)._replace(repeats_on_change=script.version.is_repeatable)


def read(script: model.Script, source: reading.Source = reading.text) -> model.Migration:
    """Read a script.

    :raises ScriptInvalid: not UTF-8, a placeholder that Flyway would fill in, a configuration that isn't read, or an
        unterminated quote or comment.
    """
    if script.checkpoint is not None and script.checkpoint.replaces is not None:
        return checkpoint.read(script)  # what looks like a placeholder in it is what came of one
    return model.Migration(
        script, body(script.path, source), body(script.down_path, source) if script.down_path else None
    )


def beside(script: model.Script) -> List[str]:
    """Return the paths of the files that say how a script is run; they need not be there."""
    return [path + CONFIG for path in (script.path, script.down_path) if path is not None]


def _in_transaction(path: str) -> bool:
    """Return what the configuration beside a script says of its transaction.

    :raises ScriptInvalid: when it says anything else.
    """
    if not os.path.lexists(path):
        return True
    found = True
    for number, line in enumerate(reading.text(path).split("\n")):
        setting = SETTING.fullmatch(line)
        if setting is None:
            raise reading.invalid(path, number + 1, "nothing but executeInTransaction is read here: %s" % line.strip())
        if setting["value"]:
            found = setting["value"].lower() == "true"
    return found


def body(path: str, source: reading.Source) -> model.SqlBody:
    """Read a file.

    :raises ScriptInvalid: see read().
    """
    text = source(path)
    _refuse_placeholders(path, reading.text(path), source is not reading.text)
    if not _in_transaction(path + CONFIG):
        return sqltext.outside(path, text)
    if NEEDS_NONE.search(text):
        statements = sqltext.statements_of(path, text)
        if any(NEEDS_NONE.match(each.text) for each in statements):
            return sqltext.outside(path, text, statements)
    return sqltext.body(path, text)


def _refuse_placeholders(path: str, text: str, are_filled: bool) -> None:
    """Refuse what Flyway would fill in and nobody does.

    :param are_filled: outside dollar quotes they are.
    """
    if not are_filled:
        found = PLACEHOLDER.search(text)
    else:
        from ...sql.variables import first_in_dollars

        found = first_in_dollars(text, PLACEHOLDER)
    if found:
        line, column = reading.position(text, found.start())
        raise errors.ScriptInvalid(
            "%s, line %d: %s is a placeholder, and nothing is filled in here" % (path, line, found[0]),
            hint="Give its value in variables; inside dollar quotes nothing is filled in.",
            path=path,
            line=line,
            column=column,
        )
