# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of pg_migrate that exclude each other."""

from __future__ import annotations

import os
from typing import Any, List, Mapping

from .. import errors
from .options import CONNECTION

EMPTY, CLUSTER = "empty", "cluster"
MOST_OF_RELEASE = 200

# What libpq would take from the environment to find a server, a database or a user.
PLACES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSERVICE")


def check(params: Mapping[str, Any], checking: bool) -> None:
    """Look for options that exclude each other.

    :param checking: check mode.
    :raises OptionInvalid: names them, and which to leave out.
    """
    if params["single_transaction"] and params["diff_per"] == "migration":
        raise errors.OptionInvalid(
            "diff_per: migration and single_transaction: true exclude each other",
            hint="Between the migrations of one transaction there is nothing that pg_dump could see. Leave one out.",
        )
    if params["adopt_from"] is not None and params["baseline_version"] != "adopt" and not params["keep_in_step"]:
        raise errors.OptionInvalid(
            "adopt_from: %s is a table to adopt from, and baseline_version isn't adopt" % params["adopt_from"],
            hint="Set baseline_version: adopt, or leave adopt_from out.",
        )
    if params["keep_in_step"] and params["state"] == "scripted":
        raise errors.OptionInvalid(
            "state: scripted and keep_in_step: true exclude each other",
            hint="In the file stands what the scripts do, and the history of this collection. Leave one out.",
        )
    if params["prechecks"] == "required" and params["rehearsal"] == "off":
        raise errors.OptionInvalid(
            "prechecks: required and rehearsal: off exclude each other",
            hint="Without a rehearsal nobody knows what the plan asks of rows. Leave one out.",
        )
    _check_many(params)
    if params["release"] is not None:
        _check_release(params)
    _check_scripted(params)
    if params["rehearsal_database_url"] is not None:
        _check_database(params)
    where = params["rehearsal_on"]
    if where in (CLUSTER, EMPTY) and params["rehearsal_url"] is not None:
        raise errors.OptionInvalid(
            "rehearsal_on: %s and rehearsal_url exclude each other" % where,
            hint="A throwaway cluster is started where the task runs, and rehearsal_url names a server. Leave one out.",
        )
    if where == EMPTY:
        _check_empty(params, checking)


def _check_many(params: Mapping[str, Any]) -> None:
    """Refuse with many databases what belongs to one, and with one what belongs to many."""
    if params["databases"] is None:
        for option in ("serial", "max_fail_percentage"):
            if params[option] is not None:
                raise errors.OptionInvalid(
                    "%s has no meaning without databases" % option,
                    hint="It says how to go about many databases. Leave it out, or set databases.",
                )
        return
    if params["state"] == "rolled_back" and params["version"] is None and params["release"] is None:
        raise errors.OptionInvalid(
            "state: rolled_back on many databases needs version, or release",
            hint="A task that is run again after a failure would roll back once more where that was done already.",
        )
    others = ["state: %s" % params["state"]] if params["state"] in ("tested", "scripted") else []
    others += [name for name in ("rehearsal_database_url", "report", "schema_file") if params[name]]
    others += ["rehearsal_on: empty"] if params["rehearsal_on"] == EMPTY else []
    if others:
        raise errors.OptionInvalid(
            "databases and %s exclude each other" % others[0],
            hint="It is about one database. Leave one out, or take one of the databases for it.",
        )


def _check_release(params: Mapping[str, Any]) -> None:
    """Refuse a release where it has no meaning, and one that can't stand in a line of the history."""
    if params["state"] == "tested":
        raise errors.OptionInvalid(
            "state: tested and release exclude each other",
            hint="A proof records nothing, so nothing belongs to the release. Leave one out.",
        )
    if params["state"] == "rolled_back" and params["version"] is not None:
        raise errors.OptionInvalid(
            "version and release exclude each other with state: rolled_back",
            hint="Both say how far to go back. Leave one out.",
        )
    if not params["release"].isprintable() or len(params["release"]) > MOST_OF_RELEASE:
        raise errors.OptionInvalid(
            "release: it is to be a short name in one line",
            hint='Such as "2026.11"; %d characters at most.' % MOST_OF_RELEASE,
        )


def _check_scripted(params: Mapping[str, Any]) -> None:
    """Refuse a file without the state that writes it, that state without a file, and what goes with neither."""
    scripted = params["state"] == "scripted"
    if scripted != (params["script_file"] is not None):
        raise errors.OptionInvalid(
            "state: scripted and script_file belong together",
            hint="script_file says where to write what state: scripted makes. Set both, or none of them.",
        )
    if params["schema_file"] is not None and params["state"] in ("tested", "scripted"):
        raise errors.OptionInvalid(
            "state: %s and schema_file exclude each other" % params["state"],
            hint="The database gets no write, so there is no other schema to be kept. Leave one out.",
        )
    if scripted and params["rehearsal"] == "off":
        raise errors.OptionInvalid(
            "state: scripted and rehearsal: off exclude each other",
            hint="What is written for psql has to have passed a rehearsal. Leave one out.",
        )
    if scripted and params["single_transaction"]:
        raise errors.OptionInvalid(
            "state: scripted and single_transaction: true exclude each other",
            hint="In the file, each migration is committed with its row in the history. Leave one out.",
        )
    if scripted and params["rehearsal_on"] == EMPTY:
        raise errors.OptionInvalid(
            "state: scripted and rehearsal_on: empty exclude each other",
            hint="What is to be written depends on what is applied in the database. Name it, and leave one out.",
        )


def _check_database(params: Mapping[str, Any]) -> None:
    """Refuse what asks for another place, for something of the copy's making, or for one that can be made anew."""
    others = [name for name in ("rehearsal_url", "rehearsal_data", "rehearsal_extensions") if params[name]]
    others += ["rehearsal_on: %s" % params["rehearsal_on"]] if params["rehearsal_on"] != "auto" else []
    others += ["rehearsal: off"] if params["rehearsal"] == "off" else []
    others += ["state: tested"] if params["state"] == "tested" else []
    if others:
        raise errors.OptionInvalid(
            "rehearsal_database_url and %s exclude each other" % others[0],
            hint="The migrations run in that database as it is, once, and stay there. Leave one out.",
        )


def _check_empty(params: Mapping[str, Any], checking: bool) -> None:
    """Refuse what asks for a database: a host that was meant, and isn't looked at, must not look like a good one."""
    refuse_database(params)
    if params["state"] == "rolled_back" or not (checking or params["state"] == "tested"):
        raise errors.OptionInvalid(
            "rehearsal_on: empty has no database that anything could be done to",
            hint="Use it in check mode, or with state: tested.",
        )
    if params["rehearsal"] == "off":
        raise errors.OptionInvalid(
            "rehearsal: off and rehearsal_on: empty exclude each other", hint="Leave one out: nothing would be done."
        )
    if params["rehearsal_data"]:
        raise errors.OptionInvalid(
            "rehearsal_on: empty has no rows, and rehearsal_data asks for some", hint="Leave one of them out."
        )


def refuse_database(params: Mapping[str, Any]) -> None:
    """Refuse what names a database, where there is none."""
    named = _named(params)
    if named:
        raise errors.OptionInvalid(
            "rehearsal_on: empty has no database, and %s %s one"
            % (" and ".join(named), "names" if len(named) == 1 else "name"),
            hint="Leave it out (unset a variable of the environment), or leave rehearsal_on out.",
        )


def _named(params: Mapping[str, Any]) -> List[str]:
    """Return the options and the variables of the environment that say where a database is, or who connects to it."""
    options = [name for name in CONNECTION if name != "config_key" and params.get(name)]
    return options + ["the variable %s" % name for name in PLACES if os.environ.get(name)]
