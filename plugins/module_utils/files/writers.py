# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who may write a file or a directory, as the kernel decides: by owner, mode, members of groups, and access lists."""

from __future__ import annotations

import grp
import os
import pwd
import stat
import struct
from functools import lru_cache
from typing import AbstractSet, Dict, FrozenSet, Iterable, Iterator, List, NamedTuple, Optional, Tuple

from . import links

ROOT = 0

# An access list as Linux keeps it: a version, then for each entry a tag, permissions, and whose they are.
ACCESS_LIST = "system.posix_acl_access"
VERSION, ENTRY = struct.Struct("<I"), struct.Struct("<HHI")
USER, OWNING_GROUP, GROUP, MASK = 0x02, 0x04, 0x08, 0x10
MAY_WRITE = 0o2


class Writer(NamedTuple):
    """Who may write something who shouldn't, and what to do so that they no longer may.

    :ivar path: the file, or a directory on the way to it.
    :ivar remedy: None: it belongs to them, so it has to be given to somebody else.
    """

    who: str
    path: str
    remedy: Optional[str] = None


def stranger(path: str, trusted: AbstractSet[int]) -> Optional[Writer]:
    """Return who else than these users may write a file, or put another into the place of it.

    Into its own directory nobody else may write. Further up it is enough that nobody else may rename what is there,
    which is so in a directory like /tmp as well.

    :param path: of a file, or of a directory that files are looked for in.
    :raises OSError: when there is none.
    """
    for entry, status in links.walk(path):
        above = os.path.dirname(entry)
        found = _replacer(above, os.stat(above), entry, status, trusted)
        if found is not None:
            return found
    end = os.path.realpath(path)
    status = os.stat(end)
    inside = [end] if stat.S_ISDIR(status.st_mode) else [os.path.dirname(end), end]
    return next(filter(None, (_writer(each, os.stat(each), trusted) for each in inside)), None)


def first_stranger(paths: Iterable[str], trusted: AbstractSet[int]) -> Optional[Writer]:
    """Return the same of many files, for the first of them of which it is so; one that there isn't is nobody's.

    Thousands of scripts are in one directory: the way to that is looked at once.
    """
    homes: Dict[str, os.stat_result] = {}
    for path in paths:
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            continue
        home = os.path.dirname(path)
        if not stat.S_ISREG(status.st_mode) or not home:
            found = stranger(path, trusted)
        elif home in homes:
            found = _of_file(home, homes[home], path, status, trusted)
        else:
            found = stranger(home, trusted)
            homes[home] = os.stat(home)
            found = found or _of_file(home, homes[home], path, status, trusted)
        if found is not None:
            return found
    return None


def _of_file(
    home: str, home_status: os.stat_result, path: str, status: os.stat_result, trusted: AbstractSet[int]
) -> Optional[Writer]:
    """Return who may write a regular file, or replace it, in a directory to which the way was looked at."""
    return _replacer(home, home_status, path, status, trusted) or _writer(path, status, trusted)


def name_of(uid: int) -> str:
    """Return a user's name."""
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return "the user %d" % uid


def _replacer(
    above: str, status: os.stat_result, entry: str, entry_status: os.stat_result, trusted: AbstractSet[int]
) -> Optional[Writer]:
    """Return who may put something else into the place of a directory's entry."""
    found = _writer(above, status, trusted)
    if found is None or not status.st_mode & stat.S_ISVTX:
        return found
    # Of those who may write the directory, it is renamed or removed by its owner alone, and by that of the directory.
    return _owner(above, status, trusted) or _owner(entry, entry_status, trusted)


def _owner(path: str, status: os.stat_result, trusted: AbstractSet[int]) -> Optional[Writer]:
    if status.st_uid in trusted:
        return None
    return Writer(name_of(status.st_uid), path)


def _writer(path: str, status: os.stat_result, trusted: AbstractSet[int]) -> Optional[Writer]:
    owner = _owner(path, status, trusted)
    if owner is not None:
        return owner
    if status.st_mode & stat.S_IWOTH:
        return Writer("Everybody on this host", path, "chmod o-w it")
    if not status.st_mode & stat.S_IWGRP:
        return None  # where there is an access list, these bits are the most that it gives
    users, groups = _listed(path, status)
    for uid, writes in users.items():
        if writes and uid not in trusted:
            return Writer(name_of(uid), path, "setfacl -b it")
    for gid in groups:
        for uid in sorted(_members(gid) - trusted - users.keys()):
            who = "%s, who is in the group %s," % (name_of(uid), _group(gid))
            return Writer(who, path, "chmod g-w it")
    return None


def _listed(path: str, status: os.stat_result) -> Tuple[Dict[int, bool], List[int]]:
    """Return what an access list says: of each user whether they may write, whatever groups they are in; and the groups
    that may. Without a list it is the owning group."""
    try:
        data = os.getxattr(path, ACCESS_LIST)
    except (OSError, AttributeError):  # there is none; or this system has none
        return {}, [status.st_gid]
    entries = list(ENTRY.iter_unpack(data[VERSION.size :]))
    mask = next((permissions for tag, permissions, dummy in entries if tag == MASK), MAY_WRITE)
    writing = [(tag, whose, bool(permissions & mask & MAY_WRITE)) for tag, permissions, whose in entries]
    groups = [status.st_gid for tag, dummy, writes in writing if writes and tag == OWNING_GROUP]
    groups += [whose for tag, whose, writes in writing if writes and tag == GROUP]
    return {whose: writes for tag, whose, writes in writing if tag == USER}, groups


@lru_cache(maxsize=None)
def _members(gid: int) -> FrozenSet[int]:
    """Return the users that this host knows to be in a group."""
    return frozenset(_members_of(gid))


def _members_of(gid: int) -> Iterator[int]:
    try:
        names = grp.getgrgid(gid).gr_mem
    except KeyError:
        names = []
    for name in names:
        try:
            yield pwd.getpwnam(name).pw_uid
        except KeyError:
            continue
    if gid != ROOT:  # that some systems give to accounts which nobody uses: sync, halt, operator
        yield from (each.pw_uid for each in pwd.getpwall() if each.pw_gid == gid)


def _group(gid: int) -> str:
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)
