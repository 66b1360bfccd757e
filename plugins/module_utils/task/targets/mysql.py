# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of the options has a meaning for MariaDB and MySQL, and which of the driver's arguments it is."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Dict, Mapping

from ... import deps, errors
from ...databases.mysql.connection import Target, parse_url
from .unhonoured import refuse

OF_POSTGRESQL = (
    *("connect_params", "session_role", "rehearsal_url", "rehearsal_database_url", "rehearsal_extensions"),
    "postgresql_bin_dir",
)
VALUES = {"rehearsal_on": ("cluster", "empty"), "state": ("scripted", "trimmed", "rebuilt"), "prechecks": ("required",)}
HINT = "Leave it out. What this database can do, and can't, is told in docs/mariadb.md."

# community.mysql's and our names → PyMySQL's arguments.
ARGUMENTS = {
    "login_host": "host",
    "login_unix_socket": "unix_socket",
    "login_port": "port",
    "login_user": "user",
    "login_password": "password",
    "ca_cert": "ssl_ca",
    "ssl_cert": "ssl_cert",
    "ssl_key": "ssl_key",
}
# How strict TLS is → the same. A dictionary that isn't empty asks for TLS.
STRICTNESS: Dict[str, Dict[str, Any]] = {
    "disable": {"ssl_disabled": True},
    "require": {"ssl": {"check_hostname": False}},
    "verify-ca": {"ssl_verify_cert": True},
    "verify-full": {"ssl_verify_cert": True, "ssl_verify_identity": True},
}


def target(params: Mapping[str, Any]) -> Target:
    """Return where to connect: login_* overrides its part of url.

    :raises OptionInvalid: when url can't be read, or an option is given that these databases can't honour.
    :raises DependencyError: without PyMySQL.
    """
    refuse(params, OF_POSTGRESQL, VALUES, "MariaDB and MySQL", HINT)
    found = parse_url(params["url"])
    arguments = dict(found.arguments)
    arguments.update({word: params[option] for option, word in ARGUMENTS.items() if params.get(option) is not None})
    arguments.update(_strictness(params.get("ssl_mode")))
    database = params.get("login_db") or found.database
    if not database:
        raise errors.OptionInvalid(
            "url: no database is named", hint="Write it behind the last slash, or give it as login_db."
        )
    deps.import_pymysql()
    return replace(found, arguments=arguments, database=database)


def _strictness(mode: Any) -> Dict[str, Any]:
    if mode is None:
        return {}
    if mode not in STRICTNESS:
        raise errors.OptionInvalid(
            "ssl_mode: %s has no meaning for MariaDB and MySQL: there is TLS, or there is none" % mode,
            hint="Choose disable, require, verify-ca or verify-full.",
        )
    return STRICTNESS[mode]
