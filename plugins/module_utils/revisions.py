# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Migrations that name the ones before them: alembic's revisions.

Which come first, and what a name means, alembic itself says. Nothing here does any I/O.
"""

from __future__ import annotations

import warnings
from typing import Any, FrozenSet, Iterable, List, Mapping, NamedTuple, Set, Tuple

from . import deps, errors

BASE, HEADS = "base", "heads"


class Revision(NamedTuple):
    """What a revision says of its place.

    :ivar down: the revisions right before it on its branch; several: it merges them; none: a branch begins with it.
    :ivar depends_on: revisions of other branches that have to be applied before it.
    :ivar labels: names of its branch.
    """

    down: Tuple[str, ...] = ()
    depends_on: Tuple[str, ...] = ()
    labels: Tuple[str, ...] = ()


Revisions = Mapping[str, Revision]


def in_order(revisions: Revisions) -> Tuple[str, ...]:
    """Return the identifiers as alembic applies them, all heads.

    :raises ScriptInvalid: when one names a revision that isn't there, or they go round in circles.
    :raises DependencyError: when there is no alembic.
    """
    if not revisions:
        return ()
    known = _map_of(revisions)
    _refuse_unknown(revisions)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return tuple(each.revision for each in known.iterate_revisions(HEADS, BASE))[::-1]
    except Exception as error:  # of its exceptions, not all have one class above them
        raise errors.ScriptInvalid(
            "The revisions have no order: %s" % error,
            hint="Look at down_revision and depends_on of those that it names; nothing has been run.",
        ) from None


def upwards(revisions: Revisions, wanted: str, applied: Iterable[str]) -> FrozenSet[str]:
    """Return what has to be applied for a target, and what is applied of it already.

    :param wanted: as alembic's upgrade reads it: an identifier or its beginning, a label, head, heads, +1, label@+1 …
    :raises UnknownVersion: when it is none of these.
    """
    known = _map_of(revisions)
    relative = wanted.startswith("+") or "@+" in wanted
    lower = _heads(revisions, applied) if relative else ()
    with _Asking(wanted):
        found = known.iterate_revisions(wanted, lower or BASE, implicit_base=True, inclusive=not lower)
        return frozenset(each.revision for each in found)


def downwards(revisions: Revisions, wanted: str, applied: Iterable[str]) -> Tuple[str, ...]:
    """Return what has to be rolled back for a target, the last first.

    :param wanted: as alembic's downgrade reads it: an identifier or its beginning, -1, label@-1, label@base …
    :raises UnknownVersion: when it is none of these.
    """
    known = _map_of(revisions)
    heads = _heads(revisions, applied)
    if not heads:
        return ()
    with _Asking(wanted):
        found = known.iterate_revisions(heads, wanted, select_for_downgrade=True)
        return tuple(each.revision for each in found if each is not None)


def named(revisions: Revisions, wanted: str) -> str:
    """Return the one revision that a text names: by its identifier, the beginning of it, or a label.

    :raises UnknownVersion: when there is none, or more than one.
    """
    with _Asking(wanted):
        found = _map_of(revisions).get_revisions(wanted)
    if len(found) != 1 or found[0] is None:
        raise _unknown(wanted, "that isn't one revision")
    return str(found[0].revision)


def heads(revisions: Revisions, applied: Iterable[str]) -> List[str]:
    """Return what alembic keeps in its table: the applied ones on which no other applied one stands, sorted."""
    return sorted(_heads(revisions, applied))


def below(revisions: Revisions, applied: Iterable[str]) -> FrozenSet[str]:
    """Return everything that these stand on, themselves aside."""
    pending = list(applied)
    found: Set[str] = set()
    while pending:
        each = revisions.get(pending.pop(), Revision())
        new = {*each.down, *each.depends_on} - found
        found |= new
        pending += new
    return frozenset(found)


def _heads(revisions: Revisions, applied: Iterable[str]) -> Tuple[str, ...]:
    there = [each for each in applied if each in revisions]
    below = {each for name in there for each in (*revisions[name].down, *revisions[name].depends_on)}
    return tuple(each for each in there if each not in below)


class _Asking:
    """Translates what alembic says of a target."""

    def __init__(self, wanted: str) -> None:
        self._wanted = wanted

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: Any, error: Any, dummy: Any) -> None:
        if isinstance(error, Exception) and not isinstance(error, errors.MigrationError):
            raise _unknown(self._wanted, str(error) or type(error).__name__) from None


def _unknown(wanted: str, why: str) -> errors.UnknownVersion:
    return errors.UnknownVersion(
        "version: %s names no revision: %s" % (wanted, why.rstrip(".")),
        hint="Write it as for alembic: an identifier or its beginning, a label, head, heads, +1, -1, label@head.",
        version=wanted,
    )


def _map_of(revisions: Revisions) -> Any:
    """Return alembic's map of revisions."""
    module = deps.import_alembic().script.revision
    made = [
        module.Revision(name, each.down or None, each.depends_on or None, each.labels or None)
        for name, each in revisions.items()
    ]
    return module.RevisionMap(lambda: made)


def _refuse_unknown(revisions: Revisions) -> None:
    """Refuse a revision that stands on one which isn't there: alembic only says KeyError."""
    labels = {label for each in revisions.values() for label in each.labels}
    for name, each in revisions.items():
        for option, others in (("down_revision", each.down), ("depends_on", each.depends_on)):
            for other in others:
                if other in revisions or (option == "depends_on" and other in labels):
                    continue
                raise errors.ScriptInvalid(
                    "The revision %s has %s = %r, and there is no such revision" % (name, option, other),
                    hint="Is its file in another directory? Name that one in migrations_dir too: they are one graph. "
                    "Nothing has been run.",
                    version=name,
                )
