#!/usr/bin/python
# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_user_db
short_description: Create, change and drop a PostgreSQL user and its database
version_added: 0.1.0
description:
  - Makes a user, a database with its extensions, and a line in the password file what they are asked to be.
  - It compares first. What is right already is left alone, so that a second run changes nothing.
  - When a step fails, what was created in the same task is dropped again, and what was changed is rolled back.
  - A password goes to the server only as a verifier, made on the host that runs the task; it stands in no log of the
    server's and in no process list.
extends_documentation_fragment:
  - pgops.migrations.connection
attributes:
  async:
    support: full
    description:
      - With C(poll), or with V(0) and C(async_status); in check mode too.
  check_mode:
    support: full
    description: Compares as a real run does, and executes nothing.
  diff_mode:
    support: full
    description: Shows what differs, before and after. A password is never in it.
  idempotent:
    support: partial
    description:
      - What is right already is left alone. O(state=recreated) always is a change; so is a password that can't be
        verified.
  platform:
    support: full
    platforms: postgresql
    description: The database servers that it works on.
options:
  user:
    description: Name of the user, taken literally; 63 bytes at most. At least one of O(user) and O(db) is needed.
    type: str
    version_added: 0.1.0
  password:
    description:
      - Its password. One that the user has already, by what the server keeps of it (SCRAM-SHA-256 or md5), is left
        alone. Where the administrator may not read that, a login with it decides.
      - A new one is kept as the server's C(password_encryption) says.
      - A verifier (V(SCRAM-SHA-256$…), V(md5…)) may stand in its place.
    type: str
    version_added: 0.1.0
  update_password:
    description:
      - V(always) sets the password of a user that has another one.
      - V(on_create) sets it for a new user only.
    type: str
    version_added: 0.5.0
    choices: [always, on_create]
    default: always
  no_password:
    description:
      - Take the user's password away, so that it can log in only where the server asks for none, or for something
        else. It excludes O(password).
    type: bool
    version_added: 0.5.0
    default: false
  role_attributes:
    description:
      - Words like V(CREATEDB) or V(NOINHERIT). Only what is named is compared; with an empty list, nothing.
      - A new user can log in, unless V(NOLOGIN) is named.
    type: list
    elements: str
    version_added: 0.1.0
    aliases: [role_attr_flags]
  member_of:
    description:
      - Roles that the user has to be a member of; others that it is a member of as well are left alone. The list may be
        empty.
    type: list
    elements: str
    version_added: 0.1.0
  member_of_exact:
    description: End the user's membership in all roles that O(member_of) doesn't name.
    type: bool
    version_added: 0.5.0
    default: false
  connection_limit:
    description: How many sessions the user may have; V(-1) for any number.
    type: int
    version_added: 0.1.0
  valid_until:
    description: Until when the password is valid, in any form that the server reads; V(infinity) for ever.
    type: str
    version_added: 0.1.0
  role_comment:
    description: Comment on the user.
    type: str
    version_added: 0.5.0
  db:
    description: Name of the database, taken literally; 63 bytes at most.
    type: str
    version_added: 0.1.0
  owner:
    description:
      - Owner of the database. Left out, a new one belongs to O(user), or without that to who creates it.
      - Left out, a database that is there stays whose it is; where that isn't O(user), a warning names its owner.
    type: str
    version_added: 0.1.0
  encoding:
    description:
      - Encoding of the database, V(UTF8) for example.
      - Encoding and locale can't be changed afterwards; a database that has another one is an error.
    type: str
    version_added: 0.1.0
  collate:
    description: Its C(LC_COLLATE), how text is sorted.
    type: str
    version_added: 0.1.0
    aliases: [lc_collate]
  ctype:
    description: Its C(LC_CTYPE), what counts as a letter.
    type: str
    version_added: 0.1.0
    aliases: [lc_ctype]
  locale_provider:
    description:
      - Whose locale it has, V(libc) for the system's. V(icu) takes PostgreSQL 15 or newer, built with ICU; V(builtin)
        takes PostgreSQL 17.
      - Left out, O(icu_locale) and O(builtin_locale) imply theirs; without these it is that of the template.
    type: str
    version_added: 0.5.0
    choices: [builtin, icu, libc]
  icu_locale:
    description: Its locale of ICU's, V(de-DE) for example. That takes PostgreSQL 15 or newer, built with ICU.
    type: str
    version_added: 0.1.0
  builtin_locale:
    description: Its locale of PostgreSQL's own, V(C.UTF-8) for example. That takes PostgreSQL 17 or newer.
    type: str
    version_added: 0.5.0
  template:
    description:
      - Database that a new one is copied from; later it has no meaning.
      - Left out, it is C(template1), and C(template0) where that has another encoding or locale.
    type: str
    version_added: 0.1.0
  tablespace:
    description:
      - Its tablespace. A database that is in another one is moved, with all its files, while nobody may use it;
        sessions on it are an error that lists them.
    type: str
    version_added: 0.5.0
  db_connection_limit:
    description: How many sessions there may be on the database; V(-1) for any number.
    type: int
    version_added: 0.1.0
  database_comment:
    description: Comment on the database.
    type: str
    version_added: 0.5.0
  schemas:
    description:
      - Schemas that the database has to have; others are left alone. The list may be empty.
      - An element is a name, or a dictionary with C(name) and C(owner). Without C(owner), a new one belongs to the
        database's owner, and one that is there stays whose it is.
    type: list
    elements: raw
    version_added: 0.5.0
  extensions:
    description:
      - Extensions that the database has to have, with all that they require; others are left alone. The list may be
        empty.
      - They are created by the one who is connected.
      - An element is a name, or (since 0.5.0) a dictionary with C(name), C(schema) and C(version). An extension that
        is in another schema is moved there; one of another version is updated, with V(latest) to the default of the
        server's files. Without C(version), any will do.
    type: list
    elements: raw
    version_added: 0.1.0
  settings:
    description:
      - Parameters that sessions begin with, as C(ALTER ROLE … SET) and C(ALTER DATABASE … SET) do; others are left
        alone.
      - A dictionary of names and values is of O(user), in all databases.
      - In a list, each element has C(name), C(value), and C(role), C(database) or both, whose and where it is. With
        C(state=absent), and no value, it is taken away.
      - A list of names, C(search_path) for example, may be written as a list, or as the server shows it.
      - Values are shown in the diff, so no secret belongs here.
    type: raw
    version_added: 0.5.0
  grants:
    description:
      - What O(user) may do in O(db). Only what is named is given, and nothing taken, unless O(grants_exact) is set.
      - Privileges are words like V(SELECT), or V(ALL). What the user has by owning something counts as given.
    type: dict
    version_added: 0.5.0
    suboptions:
      database:
        description: On the database, V(CONNECT) for example.
        type: list
        elements: str
      schemas:
        description: On schemas.
        type: list
        elements: dict
        suboptions:
          schemas:
            description: Names of the schemas.
            type: list
            elements: str
            required: true
          privileges:
            description: What the user may do with them, V(USAGE) for example.
            type: list
            elements: str
            required: true
      tables:
        description: On tables, views, materialized views and foreign tables that are there.
        type: list
        elements: dict
        suboptions:
          schemas:
            description: Schemas in which they are.
            type: list
            elements: str
            required: true
          names:
            description: Their names. Left out, they are all that are in these schemas, but for those of extensions.
            type: list
            elements: str
          privileges:
            description: What the user may do with them.
            type: list
            elements: str
            required: true
      sequences:
        description: On sequences that are there. Who inserts into a C(serial) column needs V(USAGE).
        type: list
        elements: dict
        suboptions:
          schemas:
            description: Schemas in which they are.
            type: list
            elements: str
            required: true
          names:
            description: Their names. Left out, they are all that are in these schemas, but for those of extensions.
            type: list
            elements: str
          privileges:
            description: What the user may do with them.
            type: list
            elements: str
            required: true
      default_privileges:
        description: On what is made later, by migrations for example.
        type: list
        elements: dict
        suboptions:
          roles:
            description: Who makes it. Left out, it is the owner of the database.
            type: list
            elements: str
          schemas:
            description: Where it is made. Left out, it is anywhere in the database.
            type: list
            elements: str
          "on":
            description: What is made.
            type: str
            choices: [tables, sequences, routines, types, schemas]
            required: true
          privileges:
            description: What the user may do with it.
            type: list
            elements: str
            required: true
  grants_exact:
    description:
      - Take all other privileges of O(user) on the database, its schemas, tables and sequences, and on what is made
        later.
      - What belongs to the user isn't touched. Privileges on single columns, on routines and on types aren't looked at.
    type: bool
    version_added: 0.5.0
    default: false
  revoke_public:
    description:
      - What everybody may do, and is no longer to. V(CONNECT) and V(TEMPORARY) are rights on the database; V(CREATE)
        and V(USAGE) on any of its schemas, which up to PostgreSQL 14 everybody had on C(public). The list may be
        empty.
      - Everybody's right to V(USAGE) on a schema is also what lets users find the types and functions of extensions
        there.
    type: list
    elements: str
    choices: [CONNECT, TEMPORARY, CREATE, USAGE]
    version_added: 0.5.0
  state:
    description:
      - V(present) creates and changes what is needed.
      - V(absent) drops the database and the user, whichever is named.
      - V(recreated) drops and creates them in one go, which always is a change. No other database is touched, so a user
        to whom something belongs in another one is an error.
      - C(postgres), C(template0), C(template1) and the user that is connected are never dropped.
    type: str
    version_added: 0.1.0
    choices: [present, absent, recreated]
    default: present
  drop_owned:
    description:
      - With O(state=absent), first drop what belongs to the user, in every database, and take its rights back. Other
        databases and tablespaces that it owns are given to the one who is connected.
      - Without it, a user to whom something belongs is an error that lists what and where.
    type: bool
    version_added: 0.1.0
    default: false
  force:
    description: End other sessions on a database that is dropped. Without it, they are an error that lists them.
    type: bool
    version_added: 0.1.0
    default: false
  pgpass:
    description:
      - Keep the password in the password file of the user who runs the task, in one line for this host, port, database
        and user. Other lines and comments stay; only the file's owner can read it afterwards.
      - With O(state=absent) that line is removed.
    type: bool
    version_added: 0.1.0
    default: false
  pgpass_file:
    description:
      - The password file, when it isn't C(~/.pgpass).
      - Where root keeps it in a directory of another user's, it is that user's. A link there is refused, since that
        user could turn it elsewhere.
    type: path
    version_added: 0.1.0
  pgpass_host:
    description:
      - The host that the line is for, as O(user) will connect to it. Left out, it is the one that this task connects
        to, and C(localhost) for one of the usual directories of a Unix socket.
    type: str
    version_added: 0.1.0
notes:
  - It connects as an administrator. With C(become_user=postgres) and no connection option at all that is over the
    server's Unix socket; otherwise set O(login_user) and so on, or O(url).
  - Where several hosts do the same at the same moment, one does it, and the others find it done.
  - With nothing to do it is V(ok) on a standby as well.
  - It connects to the database that O(login_db) or O(url) names. Where that isn't there yet, is to be dropped, or isn't
    named at all, it is C(postgres) or C(template1).
seealso:
  - module: pgops.migrations.pg_migrate
author:
  - pgops.migrations authors (@pgops)
"""

EXAMPLES = r"""
- name: A user and its database, made by the system's user postgres over the Unix socket
  pgops.migrations.pg_user_db:
    user: shop
    password: "{{ shop_password }}"
    db: shop
    extensions: [citext]
  become: true
  become_user: postgres

- name: The same over TCP, and keep the password for the migrations
  pgops.migrations.pg_user_db:
    login_host: db.example.com
    login_user: admin
    login_password: "{{ admin_password }}"
    user: shop
    password: "{{ shop_password }}"
    role_attributes: [CREATEDB]
    connection_limit: 20
    db: shop
    encoding: UTF8
    collate: de_DE.UTF-8
    ctype: de_DE.UTF-8
    pgpass: true

- name: Who owns the database and migrates it
  pgops.migrations.pg_user_db:
    user: shop
    password: "{{ shop_password }}"
    db: shop
    schemas: [app, audit]
    revoke_public: [CONNECT, TEMPORARY, CREATE]
    settings:
      - {database: shop, name: search_path, value: [app, public]}

- name: The application, which reads and writes, and makes nothing
  pgops.migrations.pg_user_db:
    user: shop_app
    password: "{{ app_password }}"
    update_password: on_create
    settings: {statement_timeout: 5s}
    db: shop
    owner: shop
    grants:
      database: [CONNECT]
      schemas:
        - {schemas: [app, audit], privileges: [USAGE]}
      tables:
        - {schemas: [app, audit], privileges: [SELECT, INSERT, UPDATE, DELETE]}
      sequences:
        - {schemas: [app, audit], privileges: [USAGE]}
      default_privileges:
        - {schemas: [app, audit], "on": tables, privileges: [SELECT, INSERT, UPDATE, DELETE]}
        - {schemas: [app, audit], "on": sequences, privileges: [USAGE]}
    grants_exact: true

- name: Keep the password of shop for the system's user deploy, as root
  pgops.migrations.pg_user_db:
    user: shop
    password: "{{ shop_password }}"
    pgpass: true
    pgpass_file: ~deploy/.pgpass

- name: An empty database in place of the old one
  pgops.migrations.pg_user_db:
    db: shop
    owner: shop
    state: recreated
    force: true

- name: Neither of them any more
  pgops.migrations.pg_user_db:
    user: shop
    db: shop
    state: absent
    drop_owned: true
"""

RETURN = r"""
msg:
  description: What was done, in one sentence.
  returned: always
  type: str
  sample: Created user cook, created database kitchen.
foretold:
  description: Whether this was check mode, so that nothing was executed.
  returned: success
  type: bool
  sample: false
changes:
  description: What was created, changed and dropped; in check mode what would be.
  returned: success
  type: list
  elements: dict
  sample:
    - action: created
      attributes:
        - login
        - password
      kind: user
      name: cook
    - action: created
      attributes:
        - owner
      kind: database
      name: kitchen
  contains:
    kind:
      description:
        - V(user), V(database), V(schema), V(extension), V(settings), V(privileges), V(file), or V(owned by) for what
          belongs to the user.
      type: str
    name:
      description: Its name.
      type: str
    action:
      description: V(created), V(changed) or V(dropped).
      type: str
    attributes:
      description: What of it differs.
      type: list
      elements: str
error:
  description:
    - What went wrong, as in M(pgops.migrations.pg_migrate). Its C(kind) is V(option), V(connection), V(privilege),
      V(database_missing), V(conflict), V(read_only), V(password_file), V(provision) or V(signal).
  returned: on failure
  type: dict
  sample:
    blockers: []
    column: null
    hint: Drop them, give them to somebody else, or set drop_owned.
    kind: conflict
    line: null
    message: 'The user "cook" can''t be dropped, for things belong to it: in the cluster: database kitchen'
    path: null
    sqlstate: null
    version: null
"""

from ansible_collections.pgops.migrations.plugins.module_utils.task.archive import run
from ansible_collections.pgops.migrations.plugins.module_utils.task.module import Module
from ansible_collections.pgops.migrations.plugins.module_utils.task.options import USER_DB, USER_DB_RULES


def main() -> None:
    """Run the task."""
    run(Module(USER_DB, **USER_DB_RULES), "user_db", "pg_user_db")


if __name__ == "__main__":
    main()
