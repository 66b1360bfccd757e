# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What pg_user_db's parameters ask for, and what comes back."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import OptionInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.provision.databases import DatabaseWish
from ansible_collections.pgops.migrations.plugins.module_utils.provision.extensions import ExtensionWish
from ansible_collections.pgops.migrations.plugins.module_utils.provision.request import (
    PassfileWish,
    ProvisionReport,
    State,
)
from ansible_collections.pgops.migrations.plugins.module_utils.provision.roles import RoleWish
from ansible_collections.pgops.migrations.plugins.module_utils.provision.statement import Action, Attribute, Difference
from ansible_collections.pgops.migrations.plugins.module_utils.task.options import USER_DB, USER_DB_RULES
from ansible_collections.pgops.migrations.plugins.module_utils.task.user_db import user_db_request, user_db_result

NOTHING = {name: spec.get("default") for name, spec in USER_DB.items()}
VERIFIER = "md5" + "0" * 32


@pytest.mark.parametrize(
    "given, user, database",
    [
        ({"user": "ann"}, RoleWish("ann"), None),
        ({"db": "shop"}, None, DatabaseWish("shop")),
        ({"user": "ann", "db": "shop"}, RoleWish("ann"), DatabaseWish("shop", creator="ann")),
        (
            {"user": "ann", "db": "shop", "owner": "bob"},
            RoleWish("ann"),
            DatabaseWish("shop", owner="bob", creator="ann"),
        ),
        (
            {"user": "ann", "password": "p", "role_attributes": ["NOLOGIN"], "member_of": ["a", "b", "a"]},
            RoleWish("ann", "p", {"LOGIN": False}, member_of=("a", "b")),
            None,
        ),
        (
            {"user": "ann", "connection_limit": 0, "valid_until": "infinity", "db": "shop", "db_connection_limit": -1},
            RoleWish("ann", connection_limit=0, valid_until="infinity"),
            DatabaseWish("shop", creator="ann", connection_limit=-1),
        ),
        (
            {"db": "shop", "encoding": "UTF8", "collate": "C", "ctype": "D", "icu_locale": "de", "template": "t"},
            None,
            DatabaseWish("shop", None, "UTF8", "C", "D", "de", "t"),
        ),
    ],
)
def test_request(given, user, database):
    request = user_db_request({**NOTHING, **given}, checking=False)
    assert (request.user, request.database) == (user, database)
    assert (request.state, request.passfile, request.extensions) == (State.PRESENT, None, ())


def test_request_of_the_rest():
    given = {"user": "ann", "db": "shop", "extensions": ["b", "a", "b"], "state": "absent", "drop_owned": True}
    given.update({"force": True, "pgpass": True, "pgpass_file": "/f", "pgpass_host": "h", "url": "host=db"})
    request = user_db_request({**NOTHING, **given}, checking=True)
    assert request.target.params == {"host": "db"}
    assert request.passfile == PassfileWish("/f", "h")
    assert request.extensions == (ExtensionWish("b"), ExtensionWish("a"))
    assert (request.state, request.drop_owned, request.force, request.checking) == (State.ABSENT, True, True, True)


@pytest.mark.parametrize(
    "given, word",
    [
        ({"pgpass": True}, "pgpass"),
        ({"pgpass": True, "state": "recreated"}, "pgpass"),
        ({"pgpass": True, "password": VERIFIER}, "pgpass"),
        ({"role_attributes": ["ROOT"]}, "role_attributes"),
        ({"user": "x" * 64}, "user"),
        ({"db": "x" * 64}, "db"),
        ({"owner": "é" * 32, "db": "shop"}, "owner"),
        ({"template": "", "db": "shop"}, "template"),
        ({"member_of": ["x", "a\0b"]}, "member_of"),
        ({"extensions": [""]}, "extensions"),
    ],
)
def test_no_request(given, word):
    with pytest.raises(OptionInvalid, match="^%s: " % word):
        user_db_request({**NOTHING, "user": "ann", **given}, checking=False)


def test_every_option_that_is_about_one_of_the_two_needs_it():
    free = {"user", "db", "state", "drop_owned", "force", "pgpass", "settings", "update_password"}
    free.update(*(needed[:1] for needed in USER_DB_RULES["required_if"]))
    own = set(USER_DB) - set(USER_DB_RULES["required_by"]) - free
    assert own == {name for name in USER_DB if name.startswith(("login_", "ssl_", "config_"))} | {
        *("url", "ca_cert", "connect_params", "session_role")
    }


USER = Difference("user", "ann", Action.CREATED, (Attribute("login", None, "true"),))
DATABASE = Difference("database", "shop", Action.CHANGED, (Attribute("owner", "bob", "ann"),))


def test_an_attribute_that_there_is_not():
    with pytest.raises(OptionInvalid) as caught:
        user_db_request({**NOTHING, "user": "ann", "role_attributes": ["CREATEDB", "ROOT"]}, checking=False)
    assert caught.value.message == "role_attributes: unknown attribute ROOT"


@pytest.mark.parametrize(
    "differences, checking, message",
    [
        ((), False, "All is as it should be."),
        ((), True, "All is as it should be."),
        ((USER,), False, "Created user ann."),
        ((USER,), True, "Would create user ann."),
        ((USER, DATABASE), False, "Created user ann, changed database shop."),
        ((USER, DATABASE), True, "Would create user ann, change database shop."),
    ],
)
def test_message(differences, checking, message):
    result = user_db_result(ProvisionReport(differences), checking)
    assert (result["msg"], result["changed"], result["foretold"]) == (message, bool(differences), checking)


def test_result():
    result = user_db_result(ProvisionReport((USER, DATABASE), ("beware",)), checking=False)
    assert result["changes"] == [
        {"kind": "user", "name": "ann", "action": "created", "attributes": ["login"]},
        {"kind": "database", "name": "shop", "action": "changed", "attributes": ["owner"]},
    ]
    assert result["diff"] == {
        "before": "database shop:\n  owner: bob\n",
        "after": "user ann:\n  login: true\ndatabase shop:\n  owner: ann\n",
    }
    assert result["warnings"] == ("beware",)
