# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: databases
short_description: The databases of a server as hosts
version_added: 0.6.0
description:
  - Makes a host of each database of a PostgreSQL server, for plays that need roles, delegation or variables for each.
    To migrate many databases, O(pgops.migrations.pg_migrate#module:databases) is much faster.
  - It is for files whose names end in C(databases.yml) or C(databases.yaml).
  - A host is called as its database, and has that name as C(database) among its variables. Values that come from the
    database are never taken for templates.
  - Nothing leads to such a host. Set C(ansible_connection) to C(local) (see the examples), or delegate the tasks.
extends_documentation_fragment:
  - constructed
  - inventory_cache
  - pgops.migrations.connection
options:
  plugin:
    description: The name of this plugin.
    type: str
    required: true
    choices: [pgops.migrations.databases]
  matching:
    description:
      - Patterns for the names, in which C(*) is anything, C(?) is one character, and C([0-9]) is one of those.
        Templates, C(postgres), and copies that a rehearsal has made don't match. It excludes O(query).
    type: list
    elements: str
    default: ['*']
  query:
    description:
      - A query whose rows are the hosts. Its first column is the name of a database, which needn't be there yet; each
        further column is a variable of the host, by its name. It runs in the database of O(url) or O(login_db), and may
        only read.
      - A column can't be called as a variable of Ansible's own (C(ansible_…)), for then what somebody has written into
        a table would say how Ansible connects. Use O(compose) for that.
    type: str
author:
  - pgops.migrations authors (@pgops)
"""

EXAMPLES = r"""
# customers.databases.yml: all databases whose names begin so
plugin: pgops.migrations.databases
url: postgresql://shop@localhost/postgres
matching: ["customer_*"]
compose:
  ansible_connection: "'local'"
  ansible_python_interpreter: ansible_playbook_python

---
# by.databases.yml: a table says which, and what they are like
plugin: pgops.migrations.databases
url: postgresql://shop@localhost/shop
query: SELECT database_name, plan, region FROM customers WHERE active
keyed_groups:
  - key: plan
    prefix: plan
groups:
  european: region == 'eu'
compose:
  ansible_connection: "'local'"
"""

from typing import Any, Dict, List, Tuple

from ansible.errors import AnsibleParserError
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable

NAME = "pgops.migrations.databases"
ENDINGS = ("databases.yml", "databases.yaml")


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Makes hosts of databases."""

    NAME = NAME

    def verify_file(self, path: str) -> bool:
        """Return whether a file may be one of this plugin's."""
        return bool(super().verify_file(path)) and path.endswith(ENDINGS)  # type: ignore[no-untyped-call]

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        """Add a host for each database, with its variables and groups."""
        super().parse(inventory, loader, path, cache)
        self._base._read_config_data(path)
        for name, variables in self._cached(path, cache).items():
            self._add(inventory, str(name), variables)

    @property
    def _base(self) -> Any:
        """Return this as Ansible's own classes have it, which have no types."""
        return self

    def _cached(self, path: str, cache: bool) -> Dict[str, Dict[str, Any]]:
        """Return the hosts: those that are kept, where the user wants that."""
        key, wanted = self._base.get_cache_key(path), self._base.get_option("cache")
        if wanted and cache and key in self._base._cache:
            kept: Dict[str, Dict[str, Any]] = self._base._cache[key]
            return kept
        hosts = self._hosts()
        if wanted:
            self._base._cache[key] = hosts
        return hosts

    def _add(self, inventory: Any, name: str, variables: Dict[str, Any]) -> None:
        base, strict = self._base, self._base.get_option("strict")
        inventory.add_host(name)
        # Ansible takes none of these for a template: only what it has read itself is one.
        known = {"database": name, **variables}
        for key, value in known.items():
            inventory.set_variable(name, key, value)
        base._set_composite_vars(base.get_option("compose"), known, name, strict=strict)
        base._add_host_to_composed_groups(base.get_option("groups"), known, name, strict=strict)
        base._add_host_to_keyed_groups(base.get_option("keyed_groups"), known, name, strict=strict)

    def _hosts(self) -> Dict[str, Dict[str, Any]]:
        """Ask the server.

        :raises AnsibleParserError: when that fails, or what it says can't be hosts.
        """
        from ansible_collections.pgops.migrations.plugins.module_utils import deps, errors
        from ansible_collections.pgops.migrations.plugins.plugin_utils import databases

        if deps.PSYCOPG2_ERROR is not None:
            raise AnsibleParserError("%s needs psycopg2 for the Python that runs Ansible" % NAME)
        try:
            matching, query = self._base.get_option("matching"), self._base.get_option("query")
            return databases.hosts(self._parameters(), matching, query)
        except errors.MigrationError as error:
            raise AnsibleParserError("%s: %s" % (NAME, error.sentence())) from None

    def _parameters(self) -> Dict[str, Any]:
        """Return the options of the connection, as a module gets them."""
        from ansible_collections.pgops.migrations.plugins.module_utils.task.options import CONNECTION

        found = {name: self._base.templar.template(self._base.get_option(name)) for name in CONNECTION}
        if found["connect_params"] is not None:
            given: List[Tuple[str, Any]] = list(found["connect_params"].items())
            found["connect_params"] = {key: value for key, value in given if value is not None}
        return found
