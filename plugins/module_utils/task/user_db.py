# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pg_user_db: parameters in, result out."""

from __future__ import annotations

from typing import Any, Dict, Mapping, Optional, Sequence, Tuple

from .. import errors
from ..databases.names import check_name
from ..provision.databases import DatabaseWish
from ..provision.provision import provision
from ..provision.request import PassfileWish, ProvisionReport, ProvisionRequest, State
from ..provision.roles import RoleWish, parse_attributes
from ..provision.statement import Action, Difference, shown
from ..provision.verifier import is_verifier
from .connection import target
from .user_db_options import extensions, grant_wish, schemas, settings

VERBS = {Action.CREATED: "create", Action.CHANGED: "change", Action.DROPPED: "drop"}


def pg_user_db(module: Any) -> Dict[str, Any]:
    """Run the task.

    :raises MigrationError: when what is asked for can't be had; nothing half-made is left then.
    """
    return user_db_result(provision(user_db_request(module.params, module.check_mode)), module.check_mode)


def user_db_request(params: Mapping[str, Any], checking: bool) -> ProvisionRequest:
    """Return what pg_user_db is asked for.

    :raises MigrationError: an option that can't be read, or two that exclude each other.
    """
    state = State(params["state"])
    _check_password(params, state)
    _check_provider(params)
    return ProvisionRequest(
        target=target(params),
        state=state,
        user=_user(params),
        database=_database(params),
        schemas=schemas(params),
        extensions=extensions(params),
        settings=settings(params),
        grants=grant_wish(params),
        revoke_public=tuple(params["revoke_public"] or ()),
        passfile=PassfileWish(params["pgpass_file"], params["pgpass_host"]) if params["pgpass"] else None,
        drop_owned=params["drop_owned"],
        force=params["force"],
        checking=checking,
    )


def user_db_result(report: ProvisionReport, checking: bool) -> Dict[str, Any]:
    """Return the result for what was different."""
    differences = report.differences
    return {
        "changed": bool(differences),
        "foretold": checking,
        "msg": _sentence(differences, checking),
        "changes": [
            {
                "kind": each.kind,
                "name": each.name,
                "action": each.action.value,
                "attributes": [attribute.name for attribute in each.attributes],
            }
            for each in differences
        ],
        "diff": {"before": shown(differences, after=False), "after": shown(differences, after=True)},
        "warnings": report.warnings,
    }


def _sentence(differences: Sequence[Difference], checking: bool) -> str:
    if not differences:
        return "All is as it should be."
    parts = ["%s %s" % (VERBS[each.action] if checking else each.action.value, each.title) for each in differences]
    text = ", ".join(parts) + "."
    return "Would " + text if checking else text[0].upper() + text[1:]


def _check_password(params: Mapping[str, Any], state: State) -> None:
    password = params["password"]
    if password is not None and params["no_password"]:
        raise errors.OptionInvalid("password and no_password exclude each other", hint="Leave one out.")
    if params["pgpass"] and state is not State.ABSENT and password is None:
        raise errors.OptionInvalid("pgpass: there is no password to keep", hint="Set password, or leave pgpass out.")
    if params["pgpass"] and password is not None and is_verifier(password):
        raise errors.OptionInvalid(
            "pgpass: a verifier can't be used to log in", hint="Set password to the password itself."
        )


def _check_provider(params: Mapping[str, Any]) -> None:
    """Refuse locales of two providers."""
    given = [name for name in ("icu", "builtin") if params[name + "_locale"] is not None]
    others = [name for name in given if params["locale_provider"] not in (None, name)]
    if len(given) > 1 or others:
        raise errors.OptionInvalid(
            "%s_locale and %s exclude each other"
            % (given[0], "builtin_locale" if len(given) > 1 else "locale_provider: %s" % params["locale_provider"]),
            hint="A database has one locale provider. Leave one out.",
        )


def _user(params: Mapping[str, Any]) -> Optional[RoleWish]:
    if params["user"] is None:
        return None
    return RoleWish(
        name=check_name(params["user"], "user"),
        password=params["password"],
        attributes=parse_attributes(params["role_attributes"] or []),
        connection_limit=params["connection_limit"],
        valid_until=params["valid_until"],
        member_of=_names(params, "member_of"),
        member_of_exact=params["member_of_exact"],
        no_password=params["no_password"],
        update_password=params["update_password"] == "always",
        comment=params["role_comment"],
    )


def _database(params: Mapping[str, Any]) -> Optional[DatabaseWish]:
    if params["db"] is None:
        return None
    owner = params["owner"]
    return DatabaseWish(
        name=check_name(params["db"], "db"),
        owner=check_name(owner, "owner") if owner is not None else None,
        creator=params["user"],
        encoding=params["encoding"],
        collate=params["collate"],
        ctype=params["ctype"],
        icu_locale=params["icu_locale"],
        template=check_name(params["template"], "template") if params["template"] is not None else None,
        connection_limit=params["db_connection_limit"],
        locale_provider=params["locale_provider"],
        builtin_locale=params["builtin_locale"],
        tablespace=check_name(params["tablespace"], "tablespace") if params["tablespace"] is not None else None,
        comment=params["database_comment"],
    )


def _names(params: Mapping[str, Any], option: str) -> Tuple[str, ...]:
    return tuple(dict.fromkeys(check_name(each, option) for each in params[option] or ()))
