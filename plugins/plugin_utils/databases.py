# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The databases of a server as hosts, with variables from a query."""

from __future__ import annotations

import datetime
import decimal
import re
from typing import Any, Dict, Mapping, Optional, Sequence

from ..module_utils import errors
from ..module_utils.databases.choose import database_of
from ..module_utils.databases.port_fleet import Census
from ..module_utils.fleet.selection import Selection, chosen
from ..module_utils.task import checks, options
from ..module_utils.task.connection import target

VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)
ANSIBLES = "ansible_"
ALL = ["*"]


def hosts(params: Mapping[str, Any], matching: Sequence[str], query: Optional[str]) -> Dict[str, Dict[str, Any]]:
    """Return the variables of each host, by the name of its database.

    :param params: the options of the connection.
    :param matching: patterns of names, where there is no query.
    :raises MigrationError: when the server can't be asked, or what it says can't be hosts.
    """
    checks.check(params, options.CONNECTION)
    if query is not None and list(matching) != ALL:
        raise errors.OptionInvalid("query and matching exclude each other", hint="Leave one out.")
    to = target(params)
    with database_of(to).errors.translated():
        census = database_of(to).fleet.census(to, query)
    if query is None:
        return {name: {} for name in chosen(Selection(matching=tuple(matching)), census)}
    return _of_rows(census)


def _of_rows(census: Census) -> Dict[str, Dict[str, Any]]:
    dummy, *columns = census.columns
    for name in columns:
        if not VARIABLE.fullmatch(name) or columns.count(name) > 1:
            raise errors.OptionInvalid(
                "query: the column %s can't be a variable" % name, hint="Give it a name of its own, with AS."
            )
        if name.startswith(ANSIBLES):
            raise errors.OptionInvalid(
                "query: the column %s would say how Ansible works" % name,
                hint="Call it otherwise, and say with compose what is made of it.",
            )
    rows = census.answer or ()
    names = chosen(Selection(query="…"), census._replace(answer=tuple(row[:1] for row in rows)))
    return {name: {key: plain(value) for key, value in zip(columns, row[1:])} for name, row in zip(names, rows)}


def plain(value: Any) -> Any:
    """Return a value of a column as a variable can hold it."""
    if isinstance(value, decimal.Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, (datetime.date, datetime.time)):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return value if isinstance(value, (str, int, float, type(None))) else str(value)
