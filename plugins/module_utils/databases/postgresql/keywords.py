# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libpq's keywords for a connection, those of all its versions: the type of each, and whether it is a secret."""

from __future__ import annotations

# Whoever has the value can log in with it.
SECRETS = frozenset({"password", "sslpassword", "oauth_client_secret", "scram_client_key", "scram_server_key"})

# libpq wants 1 or 0.
SWITCHES = frozenset({"keepalives", "sslcompression", "sslsni", "gssdelegation"})
NUMBERS = frozenset(
    {"connect_timeout", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"}
)
TEXTS = frozenset(
    {
        *("service", "servicefile", "host", "hostaddr", "port", "dbname", "user", "passfile", "require_auth"),
        *("channel_binding", "client_encoding", "options", "application_name", "fallback_application_name"),
        *("sslmode", "sslnegotiation", "sslcert", "sslkey", "sslcertmode", "sslrootcert", "sslcrl", "sslcrldir"),
        *("requirepeer", "ssl_min_protocol_version", "ssl_max_protocol_version", "sslkeylogfile", "requiressl"),
        *("min_protocol_version", "max_protocol_version", "gssencmode", "krbsrvname", "gsslib", "replication"),
        *("target_session_attrs", "load_balance_hosts", "oauth_issuer", "oauth_client_id", "oauth_scope"),
    }
)
TYPES = {
    **dict.fromkeys(TEXTS | SECRETS, "str"),
    **dict.fromkeys(NUMBERS, "int"),
    **dict.fromkeys(SWITCHES, "bool"),
}


def text(value: object) -> str:
    """Return a keyword's value as libpq reads it."""
    return str(int(value)) if isinstance(value, bool) else str(value)


def is_secret(keyword: str) -> bool:
    """Return whether its value must not be seen; of a keyword that a newer libpq has, nobody knows."""
    return keyword in SECRETS or keyword not in TYPES
