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
      - Or SQLAlchemy's URL of an SQLite file (V(sqlite:////srv/app.db), three slashes for a relative path), of MariaDB
        or MySQL (V(mysql+pymysql://user@host/db), with PyMySQL), or of any other database whose dialect is installed.
        Options that mean nothing there are an error. Not for M(pgops.migrations.pg_user_db).
      - A password in it never shows in output, logs, the process list or the history.
      - A part that is there and empty, as in V(postgresql://host/) or V(dbname=), is an error.
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
    description: Directory of the server's Unix socket, in place of a host; with MariaDB and MySQL, the socket's file.
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
    description:
      - Keywords of libpq, such as C(connect_timeout) or C(options); they override all other options.
      - What a newer libpq has beside these can be written into O(url) (C(…?keyword=value)).
    type: dict
    version_added: 0.1.0
    suboptions:
      application_name:
        description: The session's name on the server. It is ignored, for the collection shows its progress there.
        type: str
        version_added: 0.2.0
      channel_binding:
        description: Whether the log-in is bound to the TLS connection (V(require), V(prefer), V(disable)).
        type: str
        version_added: 0.2.0
      client_encoding:
        description: The session's encoding. It is ignored, for the collection works in UTF-8.
        type: str
        version_added: 0.2.0
      connect_timeout:
        description: How many seconds to wait for a connection, V(0) without end. Left out, it is 10.
        type: int
        version_added: 0.2.0
      dbname:
        description: The database, as O(login_db).
        type: str
        version_added: 0.2.0
      fallback_application_name:
        description: As O(connect_params.application_name).
        type: str
        version_added: 0.2.0
      gssdelegation:
        description: Whether to hand the user's GSS credentials on to the server.
        type: bool
        version_added: 0.2.0
      gssencmode:
        description: Whether to encrypt with GSSAPI (V(disable), V(prefer), V(require)).
        type: str
        version_added: 0.2.0
      gsslib:
        description: The library for GSSAPI, on Windows.
        type: str
        version_added: 0.2.0
      host:
        description: Hosts, or directories of sockets, as O(login_host) and O(login_unix_socket); with commas between.
        type: str
        version_added: 0.2.0
      hostaddr:
        description: The hosts' addresses, which saves looking the names up.
        type: str
        version_added: 0.2.0
      keepalives:
        description: Whether to send TCP keepalives.
        type: bool
        version_added: 0.2.0
      keepalives_count:
        description: After how many unanswered keepalives the connection is lost. Left out, it is 3.
        type: int
        version_added: 0.2.0
      keepalives_idle:
        description: After how many seconds without traffic a keepalive is sent. Left out, it is 30.
        type: int
        version_added: 0.2.0
      keepalives_interval:
        description: After how many seconds an unanswered keepalive is repeated. Left out, it is 10.
        type: int
        version_added: 0.2.0
      krbsrvname:
        description: The server's name in Kerberos.
        type: str
        version_added: 0.2.0
      load_balance_hosts:
        description: In which order several hosts are tried (V(disable), V(random)).
        type: str
        version_added: 0.2.0
      max_protocol_version:
        description: The newest version of PostgreSQL's protocol to use.
        type: str
        version_added: 0.2.0
      min_protocol_version:
        description: The oldest version of PostgreSQL's protocol to accept.
        type: str
        version_added: 0.2.0
      oauth_client_id:
        description: This client's identifier at the OAuth provider.
        type: str
        version_added: 0.2.0
      oauth_client_secret:
        description: This client's secret at the OAuth provider. It is masked.
        type: str
        version_added: 0.2.0
      oauth_issuer:
        description: The URL of the OAuth provider.
        type: str
        version_added: 0.2.0
      oauth_scope:
        description: The scopes to ask the OAuth provider for.
        type: str
        version_added: 0.2.0
      options:
        description: The session's settings, as C(-c search_path=shop). No password may stand in it.
        type: str
        version_added: 0.2.0
      passfile:
        description: The password file, when it isn't C(~/.pgpass).
        type: str
        version_added: 0.2.0
      password:
        description: The user's password, as O(login_password). It is masked.
        type: str
        version_added: 0.2.0
      port:
        description: The port, as O(login_port); several with commas between.
        type: str
        version_added: 0.2.0
      replication:
        description: Whether it is a connection for replication, which no module here can use.
        type: str
        version_added: 0.2.0
      require_auth:
        description: The ways to log in that are accepted, with commas between.
        type: str
        version_added: 0.2.0
      requirepeer:
        description: The system's user that the server has to run as, on a Unix socket.
        type: str
        version_added: 0.2.0
      requiressl:
        description: What older versions of libpq have in place of O(connect_params.sslmode).
        type: str
        version_added: 0.2.0
      scram_client_key:
        description: A key to log in with in place of the password. It is masked.
        type: str
        version_added: 0.2.0
      scram_server_key:
        description: A key to know the server by, with O(connect_params.scram_client_key). It is masked.
        type: str
        version_added: 0.2.0
      service:
        description: The entry of libpq's service file that says where to connect.
        type: str
        version_added: 0.2.0
      servicefile:
        description: The service file, when it isn't C(~/.pg_service.conf).
        type: str
        version_added: 0.2.0
      ssl_max_protocol_version:
        description: The newest version of TLS to use.
        type: str
        version_added: 0.2.0
      ssl_min_protocol_version:
        description: The oldest version of TLS to accept.
        type: str
        version_added: 0.2.0
      sslcert:
        description: File with the client's certificate, as O(ssl_cert).
        type: str
        version_added: 0.2.0
      sslcertmode:
        description: Whether the client's certificate is sent (V(disable), V(allow), V(require)).
        type: str
        version_added: 0.2.0
      sslcompression:
        description: Whether to compress what TLS encrypts.
        type: bool
        version_added: 0.2.0
      sslcrl:
        description: File with revoked certificates.
        type: str
        version_added: 0.2.0
      sslcrldir:
        description: Directory with revoked certificates.
        type: str
        version_added: 0.2.0
      sslkey:
        description: File with the client's key, as O(ssl_key).
        type: str
        version_added: 0.2.0
      sslkeylogfile:
        description: File to write the keys of the TLS session to, to look for faults.
        type: str
        version_added: 0.2.0
      sslmode:
        description: As O(ssl_mode).
        type: str
        version_added: 0.2.0
      sslnegotiation:
        description: How TLS begins (V(postgres), V(direct)).
        type: str
        version_added: 0.2.0
      sslpassword:
        description: The passphrase of the client's key. It is masked.
        type: str
        version_added: 0.2.0
      sslrootcert:
        description: File with certificates of authorities, as O(ca_cert); V(system) for those of the operating system.
        type: str
        version_added: 0.2.0
      sslsni:
        description: Whether to name the host when TLS begins.
        type: bool
        version_added: 0.2.0
      target_session_attrs:
        description: What a host has to be to be taken, for example V(read-write) or V(primary).
        type: str
        version_added: 0.2.0
      tcp_user_timeout:
        description: After how many milliseconds without an answer the connection is lost.
        type: int
        version_added: 0.2.0
      user:
        description: The user, as O(login_user).
        type: str
        version_added: 0.2.0
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
  - An option that is given and empty (a template that gave nothing) is an error; use C(default(omit, true)) there.
  - A password in an option that is logged (O(login_db), O(connect_params.options) …) is an error, and is masked.
  - With no connection option at all, libpq's own defaults hold (C(PGHOST), C(PGSERVICE), C(~/.pgpass) …).
requirements:
  - psycopg2 (on the host that runs the task)
"""
