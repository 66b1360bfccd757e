# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is asked for, where, and what comes back."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple, Optional, Tuple

from ..databases.postgresql.connection import Target
from .administrator import Administrator
from .databases import DatabaseWish
from .extensions import ExtensionWish
from .grants import GrantWish
from .roles import RoleWish
from .schemas import SchemaWish
from .settings import Setting
from .statement import Difference


class State(Enum):
    """What is to become of user and database."""

    PRESENT = "present"
    ABSENT = "absent"
    RECREATED = "recreated"


class PassfileWish(NamedTuple):
    """Whose password to keep in a password file.

    :ivar path: None: that of the user who runs the task.
    :ivar host: as the user will connect; None: as the administrator does.
    """

    path: Optional[str] = None
    host: Optional[str] = None


class ProvisionRequest(NamedTuple):
    """What is asked for. Without a user, or without a database, it is about the other one alone.

    :ivar target: the server, and the administrator to connect as.
    :ivar extensions: of the database; so are schemas.
    :ivar grants: what the user may do in the database; None: of no interest.
    :ivar revoke_public: privileges that everybody has on the database and its schemas, and is to lose.
    :ivar passfile: None: the password is kept nowhere.
    :ivar drop_owned: drop also what belongs to the user, in every database.
    :ivar force: end the sessions on the database.
    """

    target: Target
    state: State
    user: Optional[RoleWish] = None
    database: Optional[DatabaseWish] = None
    schemas: Tuple[SchemaWish, ...] = ()
    extensions: Tuple[ExtensionWish, ...] = ()
    settings: Tuple[Setting, ...] = ()
    grants: Optional[GrantWish] = None
    revoke_public: Tuple[str, ...] = ()
    passfile: Optional[PassfileWish] = None
    drop_owned: bool = False
    force: bool = False
    checking: bool = False


class ProvisionReport(NamedTuple):
    """What was different; outside check mode it no longer is."""

    differences: Tuple[Difference, ...]
    warnings: Tuple[str, ...] = ()


class Site(NamedTuple):
    """The server, with the administrator's connection to it.

    :ivar target: the server, written out; its database is the one that the connection is on.
    """

    target: Target
    connection: Any
    who: Administrator
