# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  url:
    description:
      - A PostgreSQL URL (V(postgresql://user@host:5432/db?sslmode=require), also with V(postgres://) or
        V(postgresql+psycopg2://) in front) or a libpq DSN (V(host=… dbname=…)).
      - A password in it never shows in output, logs, the process list or the history.
    type: str
    version_added: 0.1.0
  login_host:
    description: Host where the server runs; overrides the host of O(url).
    type: str
    version_added: 0.1.0
  login_port:
    description: Port of the server; overrides the port of O(url).
    type: int
    version_added: 0.1.0
  login_user:
    description: User to connect as; overrides the user of O(url).
    type: str
    version_added: 0.1.0
  login_password:
    description: Password of that user; overrides the one in O(url). Without one, libpq looks into C(~/.pgpass).
    type: str
    version_added: 0.1.0
  login_db:
    description: Name of the database; overrides the one in O(url).
    type: str
    version_added: 0.1.0
  login_unix_socket:
    description: Directory of the server's Unix socket, for a local connection; takes the place of a host.
    type: str
    version_added: 0.1.0
  ssl_mode:
    description: Whether and how strictly to use TLS. Left out, libpq's own default holds, which is V(prefer).
    type: str
    version_added: 0.1.0
    choices: [allow, disable, prefer, require, verify-ca, verify-full]
  ca_cert:
    description: File with the certificates of the authorities that the server's certificate is checked against.
    type: path
    version_added: 0.1.0
    aliases: [ssl_rootcert]
  ssl_cert:
    description: File with the client's certificate.
    type: path
    version_added: 0.1.0
  ssl_key:
    description: File with the client's key.
    type: path
    version_added: 0.1.0
  connect_params:
    description: Further libpq keywords, such as C(connect_timeout) or C(options); they override all others.
    type: dict
    version_added: 0.1.0
    default: {}
  session_role:
    description: Role to switch to (C(SET ROLE)) after connecting; all is done, and owned, by it.
    type: str
    version_added: 0.1.0
  config_file:
    description:
      - An INI file with the key C(db-connection-string) in any section, for what O(url) would say, and the key
        C(migrations-directory) for what C(migrations_dir) would say; options of the task override them.
      - C(%(here)s) in it stands for the file's own directory.
    type: path
    version_added: 0.1.0
  config_key:
    description: Name of the key with the connection string, when it isn't C(db-connection-string).
    type: str
    version_added: 0.1.0
notes:
  - With no connection option at all, libpq's own defaults hold (C(PGHOST), C(PGSERVICE), C(~/.pgpass) …).
requirements:
  - psycopg2 (on the host that runs the task)
"""
