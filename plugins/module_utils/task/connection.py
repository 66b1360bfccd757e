# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of the connection, which all modules share: parameters → Target."""

from __future__ import annotations

from typing import Any, Mapping

from ..databases.postgresql.connection import Target, parse_url

# community.postgresql's names → libpq's keywords.
KEYWORDS = {
    "login_host": "host",
    "login_unix_socket": "host",
    "login_port": "port",
    "login_user": "user",
    "login_password": "password",
    "login_db": "dbname",
    "ssl_mode": "sslmode",
    "ca_cert": "sslrootcert",
    "ssl_cert": "sslcert",
    "ssl_key": "sslkey",
}


def target(params: Mapping[str, Any]) -> Target:
    """Return where to connect: login_* overrides its part of url, and url the configuration file's.

    :raises MigrationError: when url or the configuration file can't be read.
    """
    url = params["url"]
    if url is None and params["config_file"] is not None:
        from .config_file import ConfigFile

        needed = not any(params[option] is not None for option in KEYWORDS)
        url = ConfigFile(params["config_file"]).url(params["config_key"], needed)
    keywords = parse_url(url) if url else {}
    keywords.update({word: str(params[option]) for option, word in KEYWORDS.items() if params[option] is not None})
    keywords.update({key: str(value) for key, value in params["connect_params"].items()})
    return Target(keywords, params["session_role"])
