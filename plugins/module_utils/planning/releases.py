# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Releases: which migrations came with which, and what came after one. Pure functions."""

from __future__ import annotations

from typing import AbstractSet, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .. import errors, model


class Release(NamedTuple):
    """A release that a database has had.

    :ivar since: when its first migration was applied, or when it ran with nothing to apply; in ISO 8601, in UTC.
    :ivar until: the same of its last.
    :ivar versions: in the order of application.
    """

    name: str
    since: str
    until: str
    versions: Tuple[model.Version, ...] = ()


def releases(rows: Sequence[model.HistoryRow], runs: Sequence[Tuple[str, str]] = ()) -> List[Release]:
    """Return the releases that a history knows of, the first one first.

    :param runs: the releases that ran with nothing to apply, each with its time.
    """
    found: Dict[str, Release] = {}
    for name, at in runs:
        found[name] = _seen(found.get(name), name, at)
    for row in rows:
        if row.release is not None and row.applied is not None:
            release = _seen(found.get(row.release), row.release, row.applied)
            found[row.release] = release._replace(versions=(*release.versions, row.version))
    return sorted(found.values(), key=lambda release: release.since)


def after(name: str, rows: Sequence[model.HistoryRow], runs: Sequence[Tuple[str, str]] = ()) -> List[model.HistoryRow]:
    """Return what was applied after a release, the last one first.

    What belongs to an earlier release stays, whenever it was applied; what belongs to a later one goes.

    :raises UnknownVersion: when the history doesn't know the release.
    """
    known = releases(rows, runs)
    release = next((each for each in known if each.name == name), None)
    if release is None:
        raise _unknown_error(name, [each.name for each in known])
    kept = {each.name for each in known if each.since <= release.since}
    later = [row for row in rows if _is_after(row, release, kept)]
    return sorted(later, key=lambda row: (row.applied or "", row.version), reverse=True)


def _seen(release: Optional[Release], name: str, at: str) -> Release:
    if release is None:
        return Release(name, at, at)
    return release._replace(since=min(at, release.since), until=max(at, release.until))


def _is_after(row: model.HistoryRow, release: Release, kept: AbstractSet[str]) -> bool:
    if row.applied is None or row.version.is_repeatable or row.release in kept:
        return False
    return row.release is not None or row.applied > release.until


def _unknown_error(name: str, known: Sequence[str]) -> errors.MigrationError:
    import difflib  # few are misspelt

    near = difflib.get_close_matches(name, known, n=3) or known[-3:]
    return errors.UnknownVersion(
        "release: the history of this database has no release %s" % name,
        hint="Nothing was touched. %s" % ("It has %s." % ", ".join(near) if near else "No run has named one yet."),
        version=name,
    )
