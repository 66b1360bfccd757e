# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the server of a throwaway cluster is configured. Nothing is flushed: what a crash would lose, nobody needs."""

from __future__ import annotations

import os

from .cluster_account import Account

CONNECTIONS = 50
# Each of these is a table, or another relation, that a dump locks.
FEWEST_LOCKS = 64
LOCKS_FOR_THE_PLAN = 3

SETTINGS = """
listen_addresses = ''
unix_socket_directories = '%(socket)s'
unix_socket_permissions = 0700
port = 5432
max_connections = %(connections)d
max_prepared_transactions = 20
max_locks_per_transaction = %(locks)d
shared_buffers = '64MB'
fsync = off
synchronous_commit = off
full_page_writes = off
autovacuum = off
wal_level = logical
max_wal_senders = 0
max_wal_size = '64MB'
min_wal_size = '32MB'
jit = off
password_encryption = 'scram-sha-256'
log_min_error_statement = panic
lc_messages = 'C'
"""
NOBODY_WITHOUT_PASSWORD = "local all all scram-sha-256\n"


def configure(data: str, socket: str, account: Account, relations: int) -> None:
    """Write the server's own files.

    :param data: its data directory.
    :param socket: the directory of its socket.
    :param account: whom it runs as.
    :param relations: how many tables, indexes aside, it has to have room for.
    """
    locks = max(FEWEST_LOCKS, LOCKS_FOR_THE_PLAN * relations // CONNECTIONS)
    values = {"socket": socket, "connections": CONNECTIONS, "locks": locks}
    files = {"postgresql.conf": SETTINGS % values, "postgresql.auto.conf": "", "pg_ident.conf": ""}
    files["pg_hba.conf"] = NOBODY_WITHOUT_PASSWORD
    for name, text in files.items():
        path = os.path.join(data, name)
        if os.path.lexists(path):
            os.unlink(path)  # and never write into what is there
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
        with open(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        account.give(path)
