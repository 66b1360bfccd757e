# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of pg_user_db that are more than a word: settings, extensions, schemas, grants."""

from __future__ import annotations

from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .. import errors
from ..databases.names import check_name
from ..provision import grants
from ..provision.extensions import ExtensionWish
from ..provision.grants import DefaultGrant, Grant, GrantWish, parse_privileges
from ..provision.schemas import SchemaWish
from ..provision.settings import Setting

KINDS = (("schemas", grants.SCHEMA), ("tables", grants.TABLE), ("sequences", grants.SEQUENCE))


def schemas(params: Mapping[str, Any]) -> Tuple[SchemaWish, ...]:
    """Return the schemas that the database has to have.

    :raises OptionInvalid: when one can't be read, or is named twice.
    """
    found = [
        SchemaWish(each["name"], each.get("owner"))
        for each in _elements(params, "schemas", ("name", "owner"), names=("name", "owner"))
    ]
    return _once_each(found, "schemas")


def extensions(params: Mapping[str, Any]) -> Tuple[ExtensionWish, ...]:
    """Return the extensions that the database has to have.

    :raises OptionInvalid: when one can't be read, or is named twice with different words.
    """
    found = [
        ExtensionWish(each["name"], each.get("schema"), each.get("version"))
        for each in _elements(params, "extensions", ("name", "schema", "version"), names=("name", "schema"))
    ]
    return _once_each(found, "extensions")


def settings(params: Mapping[str, Any]) -> Tuple[Setting, ...]:
    """Return the settings: a list, each with its role or its database, or a dictionary of the user's.

    :raises OptionInvalid: when one can't be read, or nothing says whose it is.
    """
    given = params["settings"]
    if given is None:
        return ()
    if isinstance(given, Mapping):
        if params["user"] is None:
            raise errors.OptionInvalid(
                "settings: a dictionary is of the user, and there is none",
                hint="Set user; or write a list, each element with name, value, and role or database.",
            )
        given = [{"role": params["user"], "name": name, "value": value} for name, value in given.items()]
    keys = ("role", "database", "name", "value", "state")
    found = []
    for each in _elements({"settings": given}, "settings", keys, names=("role", "database")):
        if each.get("role") is None and each.get("database") is None:
            raise errors.OptionInvalid(
                "settings: nothing says whose %s is" % each["name"], hint="Name role, database, or both."
            )
        found.append(Setting(each.get("role"), each.get("database"), str(each["name"]), _value(each)))
    _refuse_twice([(each.place, each.name.lower()) for each in found], "settings", "for the same role and database")
    return tuple(found)


def grant_wish(params: Mapping[str, Any]) -> Optional[GrantWish]:
    """Return what the user may do in the database.

    :raises OptionInvalid: when a privilege isn't one of such an object.
    """
    given = params["grants"]
    if given is None:
        return None
    objects = [
        Grant(kind, _some_names(each["schemas"], option), _names(each.get("names")) or None, _words(each, kind, option))
        for option, kind in KINDS
        for each in given.get(option) or ()
    ]
    return GrantWish(
        parse_privileges(given.get("database") or (), grants.DATABASE, "grants: database"),
        tuple(objects),
        tuple(_default(each) for each in given.get("default_privileges") or ()),
        params["grants_exact"],
    )


def _default(given: Mapping[str, Any]) -> DefaultGrant:
    later = given["on"]
    if later == "schemas" and given.get("schemas"):
        raise errors.OptionInvalid(
            "grants: default_privileges: schemas aren't in schemas", hint="Leave schemas out where on is schemas."
        )
    words = _words(given, grants.LATER[later], "default_privileges")
    return DefaultGrant(_names(given.get("roles")), _names(given.get("schemas")), later, words)


def _words(given: Mapping[str, Any], kind: str, option: str) -> Tuple[str, ...]:
    return parse_privileges(given["privileges"], kind, "grants: " + option)


def _names(given: Optional[Sequence[str]]) -> Tuple[str, ...]:
    return tuple(dict.fromkeys(check_name(each, "grants") for each in given or ()))


def _some_names(given: Sequence[str], option: str) -> Tuple[str, ...]:
    if not given:
        raise errors.OptionInvalid(
            "grants: %s: schemas is an empty list" % option, hint="Name one; or leave the whole entry out."
        )
    return _names(given)


def _value(given: Mapping[str, Any]) -> Optional[str]:
    """Return a setting's value as text; None: it is to be taken away."""
    state, value = given.get("state", "present"), given.get("value")
    wrong = {
        "present": "%s has no value" if value is None else "",
        "absent": "%s has a value, and is to be absent" if value is not None else "",
    }.get(state, "the state of %s is neither present nor absent")
    if wrong:
        raise errors.OptionInvalid(
            "settings: %s" % wrong % given["name"],
            hint="Give a value; or write state: absent, and no value, to have the setting taken away.",
        )
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, (list, tuple)):
        return ", ".join('"%s"' % str(each).replace('"', '""') for each in value)
    return None if value is None else str(value)


def _elements(
    params: Mapping[str, Any], option: str, keys: Sequence[str], names: Sequence[str]
) -> List[Dict[str, Any]]:
    """Return the elements of a list as dictionaries; a plain word is a name.

    :param keys: which keys there are.
    :param names: which of them are names of something.
    :raises OptionInvalid: when an element is neither, or has another key.
    """
    given = params[option]
    if given is not None and not isinstance(given, (list, tuple)):
        raise errors.OptionInvalid("%s is no list" % option, hint="Begin each element with a dash.")
    where = "%s: element %%d" % option
    return [_element(each, where % number, keys, names) for number, each in enumerate(given or (), 1)]


def _element(given: Any, where: str, keys: Sequence[str], names: Sequence[str]) -> Dict[str, Any]:
    if isinstance(given, str):
        given = {"name": given}
    wrong = _wrong(given, keys)
    if wrong:
        raise errors.OptionInvalid(
            "%s %s" % (where, wrong),
            hint="It has a name, and may have %s." % ", ".join(key for key in keys if key != "name"),
        )
    known = {key: value for key, value in given.items() if value is not None}
    for key, value in known.items():
        if key in names:
            check_name(str(value), where.partition(":")[0])
        elif isinstance(value, str) and (not value.strip() or "\0" in value):
            raise errors.OptionInvalid(
                "%s: its %s is empty, or contains a NUL character" % (where, key),
                hint="If it comes from a template, that gave nothing. Correct it, or leave it out.",
            )
    return {key: str(value) if key in names or key == "version" else value for key, value in known.items()}


def _wrong(given: Any, keys: Sequence[str]) -> Optional[str]:
    """Return what is wrong with an element."""
    if not isinstance(given, Mapping):
        return "is no dictionary"
    unknown = next((key for key in given if key not in keys), None)
    if unknown is not None:
        return "has %s, which isn't known there" % unknown
    return "has no name" if given.get("name") in (None, "") else None


def _once_each(found: Sequence[Any], option: str) -> Tuple[Any, ...]:
    kept = list(dict.fromkeys(found))
    _refuse_twice([(each.name,) for each in kept], option, "with different words")
    return tuple(kept)


def _refuse_twice(keys: Sequence[Tuple[Any, ...]], option: str, how: str) -> None:
    """Refuse what is there twice; the name stands last in its key."""
    twice = next((key[-1] for key in keys if keys.count(key) > 1), None)
    if twice is not None:
        raise errors.OptionInvalid("%s: %s is there twice, %s" % (option, twice, how), hint="Leave one out.")
