# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The password file as an object like the others: what differs of it."""

from __future__ import annotations

from typing import NamedTuple, Optional, Tuple

from ..files import writers
from . import pgpass
from .pgpass import Entry, PasswordFile
from .request import ProvisionRequest, Site, State
from .roles import HIDDEN
from .statement import Action, Attribute, Difference

ANY = "*"
REPAIRED = "The password file %s could be read by others (%04o), so libpq ignored it. Only its owner may read it now."


class Edit(NamedTuple):
    """A password file to be written."""

    file: PasswordFile
    difference: Difference
    warnings: Tuple[str, ...] = ()


def edit(site: Site, request: ProvisionRequest) -> Optional[Edit]:
    """Return how the password file is to be changed, or None.

    :raises MigrationError: when it can't be read or written, or can't hold such a password.
    """
    if request.passfile is None or request.user is None:
        return None
    entry = _entry(site, request)
    pgpass.check(entry)
    there = pgpass.read(request.passfile.path)
    keep = request.state is not State.ABSENT
    wanted = pgpass.with_entry(there, entry) if keep else pgpass.without_entry(there, entry)
    if wanted.text == there.text and not (keep and (there.is_ignored or there.given_to is not None)):
        return None
    is_wide = there.text is not None and there.is_ignored
    warnings = (REPAIRED % (there.path, there.mode),) if is_wide else ()
    return Edit(wanted, _difference(there, wanted, entry, keep), warnings)


def _entry(site: Site, request: ProvisionRequest) -> Entry:
    info = site.connection.info
    host = (request.passfile and request.passfile.host) or info.host
    database = request.database.name if request.database is not None else ANY
    user = request.user
    return Entry(
        pgpass.host_of(host), str(info.port), database, user.name if user else ANY, (user and user.password) or ""
    )


def _difference(there: PasswordFile, wanted: PasswordFile, entry: Entry, keep: bool) -> Difference:
    attributes = []
    if wanted.text != there.text:
        shown, known = entry.line(HIDDEN), pgpass.has_entry(there, entry)
        before = None if not known else shown if not keep else entry.line("(another password, or in another place)")
        attributes.append(Attribute("line", before, shown if keep else None))
    if there.text is None or there.is_ignored:
        attributes.append(Attribute("mode", "%04o" % there.mode if there.text is not None else None, "0600"))
    if there.given_to is not None:
        before = None if there.text is None else writers.name_of(writers.ROOT)
        attributes.append(Attribute("owner", before, writers.name_of(there.given_to)))
    action = Action.CREATED if there.text is None else Action.CHANGED
    return Difference("file", there.path, action, tuple(attributes))
