# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a directory is no script, though it may have been meant as one.

Passed over in silence, it would be left out for good.
"""

from __future__ import annotations

import contextlib
import os
import re
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Set, Tuple

from .. import errors, model
from ..sql import marks, others
from ..wording import some
from . import callbacks
from .kinds import alembic, catalogue, drizzle, flyway, sqlalchemy_migrate
from .kinds.claim import LANGUAGES, VERIFY, Claim, Listing, verify_of

# A script's name that can only have been meant as a migration's: a version in front, or a section behind.
SUSPECT = re.compile(r"(?:[VURB]?\d.*|R__.*|.*\.(?:up|down))\.(?:py|sql)", re.IGNORECASE | re.DOTALL)
# The same of anything else: a version that ends somewhere.
VERSIONED = re.compile(r"[VUB]?\d[\d.-]*(?:[ _#.-].*)?|.*\.(?:up|down)\.\w+", re.IGNORECASE | re.DOTALL)
# Of what is in folders, what Flyway takes for its own.
OF_FLYWAY = re.compile(r"(?:[VUB][0-9]|R__).*", re.IGNORECASE | re.DOTALL)
LEADING_VERSION = re.compile(r"[0-9][0-9-]*")

# What nobody means as a script: text for people, what editors and compilers leave.
PROSE = (".md", ".markdown", ".rst", ".adoc", ".txt", ".html", ".pdf")
LEFTOVERS = ("~", ".orig", ".rej", ".bak", ".swp", ".swo", ".pyc", ".pyo")
ABOUT = re.compile(
    r"(?:readme|licen[cs]e|copying|changes|changelog|notice|authors|makefile)(?:[._-].*)?", re.IGNORECASE
)
NOT_ALONE = re.compile(r"(?:__\w+__|conftest|setup|env)\.py")

MOST_FOLDERS = 200
DEEPEST = 3


class Told(NamedTuple):
    """What there is to tell of a directory, as the error that it is unless people want no more than a warning.

    :ivar always_warned: a kind was named, and what it leaves is another's: that is no error.
    """

    error: errors.ScriptInvalid
    always_warned: bool = False


def look(listing: Listing, kind: str, claimed: Sequence[Claim]) -> Iterator[Told]:
    """Yield what there is to tell of what wasn't claimed.

    :param kind: the kind of those that were; '': none were.
    """
    left = list(_left(listing, kind, claimed))
    if kind == flyway.KIND:
        left += _left_below(listing, {claim.file_name for claim in claimed})
    if kind == alembic.KIND:
        left += alembic.nested(listing)
    if listing.named and left:
        of_others = _of_others(listing, kind)
        passed = [name for name in left if name in of_others]
        left = [name for name in left if name not in of_others]
        if passed and claimed:
            yield Told(_passed_over(listing, kind, passed, of_others), always_warned=True)
        elif passed:
            yield Told(_no_such_kind(listing, kind, passed, of_others))
            return
    if left:
        yield Told(_unread(listing, kind, left))
    elif not claimed:
        error = _elsewhere(listing) or _without_version(listing)
        if error is not None:
            yield Told(error)


def _left(listing: Listing, kind: str, claimed: Sequence[Claim]) -> Iterator[str]:
    """Yield what has a version in its name and wasn't claimed."""
    taken = {claim.file_name.split(os.sep)[0] for claim in claimed}
    folders = {name for name in listing.folders if not name.endswith(LANGUAGES)}
    read = {claim.version for claim in claimed if claim.file_name.endswith(".py")} if claimed else set()
    if kind in catalogue.IN_PYTHON:
        read = read | {claim.version for claim in claimed}
    # Of sqlalchemy-migrate's, SQL for the database stands in the place of a Python script.
    in_place = {claim.version for claim in claimed if kind == sqlalchemy_migrate.KIND and claim.section is not None}
    if kind == flyway.KIND:
        taken |= {name + flyway.CONFIG for name in taken}
    yield from sorted(listing.verifying - {verify_of(claim.file_name) for claim in claimed})
    for name in sorted({*listing.files, *folders}):
        if kind == flyway.KIND and _is_other_callback(name):
            yield name
        if name in taken or not (SUSPECT.fullmatch(name) or VERSIONED.fullmatch(name) or _of_a_tool(name)):
            continue
        leading = LEADING_VERSION.match(name)
        if leading and model.Version.parse(leading[0]) in (in_place if name.endswith(".py") else read):
            continue  # a Python script of that version reads it
        if not _is_beside_the_point(name):
            yield name


def _left_below(listing: Listing, claimed: Set[str], above: str = "") -> Iterator[str]:
    """Yield what Flyway would look at in folders, and wasn't claimed."""
    for sub in _inner(listing):
        folder = os.path.join(above, os.path.basename(sub.directory))
        for name in sub.files:
            path = os.path.join(folder, name)
            known = path in claimed or path[: -len(flyway.CONFIG)] in claimed or _is_beside_the_point(name)
            if not known and (OF_FLYWAY.fullmatch(name) or _is_other_callback(name)):
                yield path
        yield from _left_below(sub, claimed, folder)


def _is_other_callback(name: str) -> bool:
    """Return whether it is a callback of Flyway's for an event that no run here has."""
    return bool(flyway.CALLBACK.fullmatch(name)) and not callbacks.FILE.fullmatch(name)


def _of_a_tool(name: str) -> bool:
    """Return whether a file is one migration of another tool: a version may stand anywhere in its name."""
    return any(sign.isdigit() for sign in name) and others.of(name) is not None


def _is_beside_the_point(name: str) -> bool:
    return name.startswith(".") or name.endswith((*PROSE, *LEFTOVERS)) or ABOUT.fullmatch(name) is not None


def _of_others(listing: Listing, kind: str) -> Dict[str, str]:
    """Return what the other kinds would claim: names, each with its kind."""
    unnamed = Listing.of(listing.directory, listing.home)
    looks = catalogue.claims(unnamed)
    return {
        claim.file_name.split(os.sep)[0]: each
        for each, claimed in looks.items()
        for claim in claimed
        if each not in (kind, "")
    }


def _passed_over(listing: Listing, kind: str, names: Sequence[str], kinds: Dict[str, str]) -> errors.ScriptInvalid:
    there = ", ".join(dict.fromkeys(kinds[name] for name in names))
    return errors.ScriptInvalid(
        "kind: %s passes over what is of kind %s in %s: %s" % (kind, there, listing.directory, some(names)),
        path=listing.path(names[0]),
    )


def _no_such_kind(listing: Listing, kind: str, names: Sequence[str], kinds: Dict[str, str]) -> errors.ScriptInvalid:
    there = " and ".join(dict.fromkeys(kinds[name] for name in names))
    wanted = kind or "that was named"
    return errors.ScriptInvalid(
        "There are no migrations of the kind %s in %s; what is there looks like %s: %s"
        % (wanted, listing.directory, there, some(names)),
        hint="Leave kind out, set the one that they are of, or name another directory.",
        path=listing.directory,
    )


def _unread(listing: Listing, kind: str, names: Sequence[str]) -> errors.ScriptInvalid:
    first = listing.path(names[0])
    if len(names) == 1:
        what = "%s looks like a migration, but no kind of script reads it" % first
    else:
        what = "In %s, %d names look like migrations, but no kind of script reads them: %s"
        what %= (listing.directory, len(names), some(names))
    return errors.ScriptInvalid(
        what,
        hint="%s; move it elsewhere; or set on_unread to warn or ignore." % _remedy(listing, kind, names[0]),
        path=first,
    )


def _remedy(listing: Listing, kind: str, name: str) -> str:
    """Return what to do about the first thing that isn't read."""
    if kind == drizzle.KIND and name.endswith(".sql"):
        return "%s doesn't list it: drizzle wouldn't run it either. Have drizzle-kit add it" % drizzle.JOURNAL
    if kind == flyway.KIND and _is_other_callback(os.path.basename(name)):
        return "It is a callback of Flyway's for what no run here has; read are %s" % ", ".join(callbacks.EVENTS)
    if kind == alembic.KIND and name.endswith(".py"):
        return "alembic reads what is in folders only if it is told to: name the folder in migrations_dir, too"
    if name.endswith(VERIFY):
        return (
            "It verifies a script that isn't there: name it like that script, with %s in the place of its end" % VERIFY
        )
    tool = others.of(name)
    if tool is not None:
        return "It looks like a script of %s, which isn't read here: %s" % (tool.tool, tool.advice)
    if name in listing.folders and not name.endswith(LANGUAGES):
        held = Listing.of(listing.path(name)).files
        return "It is a folder%s; name it %s" % (
            " with " + some(list(held)) if held else "",
            " or ".join(kind.LOOKS_LIKE for kind in catalogue.KINDS if "/" in kind.LOOKS_LIKE),
        )
    return "Name it %s" % " or ".join(looks_of(name))


def looks_of(file_name: str) -> List[str]:
    """Return what the names of scripts in this language look like; of another language, what all of them do."""
    suffix = os.path.splitext(file_name)[1].lower()
    own = [kind.LOOKS_LIKE for kind in catalogue.KINDS if suffix and suffix in kind.LOOKS_LIKE]
    return own or [kind.LOOKS_LIKE for kind in catalogue.KINDS]


def _elsewhere(listing: Listing) -> Optional[errors.ScriptInvalid]:
    """Return the error for a directory whose scripts are further down, if they are."""
    found = next(_below(listing, DEEPEST, [MOST_FOLDERS]), None)
    if found is not None:
        folder, kind, names = found
        return errors.ScriptInvalid(
            "There are no migrations in %s, but what is in %s looks like %s: %s"
            % (listing.directory, folder, kind, some(names)),
            hint="Name that directory, if it is the one. %s" % every_kind(),
            path=listing.directory,
        )
    return None


def _below(listing: Listing, depth: int, left: List[int]) -> Iterator[Tuple[str, str, Sequence[str]]]:
    """Yield folders with scripts, each with the kind and the first names.

    :param left: how many folders may still be looked at, which is all that keeps a mistaken directory from being slow.
    """
    for sub in _inner(listing):
        left[0] -= 1
        if left[0] < 0:
            return
        for kind, claimed in _claims(sub).items():
            yield sub.directory, "scripts of the kind %s" % kind, [claim.file_name for claim in claimed]
        tools = [(name, others.of(name)) for name in sub.files]
        for name, tool in tools:
            if tool is not None:
                yield sub.directory, "scripts of %s" % tool.tool, [name]
        if depth > 1:
            yield from _below(sub, depth - 1, left)


def _inner(listing: Listing) -> Iterator[Listing]:
    """Yield the folders that can be read: nobody has named them."""
    with contextlib.suppress(errors.ScriptInvalid, OSError):
        yield from listing.inner()


def _claims(listing: Listing) -> Dict[str, List[Claim]]:
    try:
        return catalogue.claims(listing)
    except errors.ScriptInvalid:
        return {}


def _without_version(listing: Listing) -> Optional[errors.ScriptInvalid]:
    """Return the error for a directory with files in a language of scripts that none of the kinds' names fits."""
    names = [name for name in listing.files if _may_be_script(name)]
    if not names:
        return None
    return errors.ScriptInvalid(
        "There are no migrations in %s: no kind of script has a name like %s" % (listing.directory, some(names)),
        hint=_known_as(listing, names) + every_kind(),
        path=listing.directory,
    )


def _known_as(listing: Listing, names: Sequence[str]) -> str:
    """Return whose scripts these are, by their names or by the marks in them, as the beginning of a hint."""
    tool = next(filter(None, map(others.of, names)), None)
    if tool is not None:
        return "They look like scripts of %s, which aren't read here: %s. " % (tool.tool, tool.advice)
    for name in names:
        found = marks.find(listing.text(name), "") if name.lower().endswith(".sql") else None
        if found is not None and found.mark is not None:
            return "%s has a mark of %s. " % (name, found.mark.tool)
    return ""


def _may_be_script(name: str) -> bool:
    if _is_beside_the_point(name) or NOT_ALONE.fullmatch(name):
        return False
    return name.lower().endswith(LANGUAGES) or others.of(name) is not None


def every_kind() -> str:
    """Return which kinds there are, and what their names look like, as a sentence."""
    return "The kinds are %s." % ", ".join("%s (%s)" % (each.KIND, each.LOOKS_LIKE) for each in catalogue.KINDS)
