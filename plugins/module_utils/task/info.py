# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""pg_migration_info: parameters in, result out."""

from __future__ import annotations

from typing import Any, Dict

from .. import errors
from ..commands.info import Info, InfoRequest, info, listing
from ..commands.standing import PENDING, Standing
from ..databases.tools import Tools
from ..planning.releases import Release
from ..report.progress import at_work_elsewhere
from ..wording import many, some
from . import sent
from .entry import Failed, run_program
from .parameters import scripts_and_history
from .target import target

# What is said of databases that were looked at.
LOOKED_AT = {"ok": "looked at"}


def pg_migration_info(module: Any) -> Dict[str, Any]:
    """Run the task.

    :raises MigrationError: when directory, connection or history can't be read.
    """
    params = sent.parameters(module)
    options = {name: params[name] for name in ("sort", "only", "check_drift")}
    request = InfoRequest(target=target(params), **scripts_and_history(params), **options)
    tools = Tools(run_program(module), module.tmpdir, params["postgresql_bin_dir"])
    shown = sent.unpack(module)
    if shown:
        request = request._replace(directories=tuple(shown), described=sent.scripts_at(module, shown))
    if params["databases"] is not None:
        if params["check_drift"]:
            raise errors.OptionInvalid(
                "databases and check_drift exclude each other", hint="Ask for drift in each database by itself."
            )
        return _on_many(params, request)
    try:
        return _result(info(request, tools), params["wide"])
    except errors.MigrationError as error:
        error.message, error.path = sent.shown_as(error.message, shown), sent.shown_as(error.path, shown)
        raise


def _result(found: Info, wide: bool) -> Dict[str, Any]:
    return {
        **_drift(found),
        "changed": False,
        "msg": _sentence(found),
        "migrations": [_shown(each) for each in found.standings],
        "latest_version": str(found.latest) if found.latest else None,
        "current_version": str(found.current) if found.current else None,
        "pending_count": found.pending_count,
        "running": found.running,
        "releases": [_release(each) for each in found.releases],
        "database_missing": found.database_missing,
        "warnings": list(found.warnings),
        "listing": listing(found, wide),
    }


def _drift(found: Info) -> Dict[str, Any]:
    if found.drift is None:
        return {}
    from ..report.drift import drift_shown

    return drift_shown(found.drift)


def _on_many(params: Dict[str, Any], request: InfoRequest) -> Dict[str, Any]:
    """Run the task on many databases. What does that is imported only for them."""
    from . import fleet

    request = request._replace(only="all", reads=False)
    try:
        result = fleet.ask(params, request, lambda each, dummy: _told(info(each)), may_miss=True)
    except Failed as failed:
        failed.result = _as_listed(failed.result)
        raise
    return {**_as_listed(result), "msg": _counted(result)}


def _as_listed(result: Dict[str, Any]) -> Dict[str, Any]:
    """Return a result with the lines for people that this module has."""
    from ..report.fleet import listing as listing_of_many

    listed = {"listing": listing_of_many(result, LOOKED_AT), "pending_databases": result.get("pending_databases", 0)}
    return {**{key: value for key, value in result.items() if key != "summary"}, **listed}


def _told(found: Info) -> Dict[str, Any]:
    """Return what of one database may be told of several."""
    pending = [str(each.version) for each in found.standings if each.state in PENDING]
    where = "not there yet, " if found.database_missing else "at version %s, " % found.current if found.current else ""
    named = ": " + some(pending) if pending else ""
    return {
        "changed": False,
        "warnings": list(found.warnings),
        "current_version": str(found.current) if found.current else None,
        "latest_version": str(found.latest) if found.latest else None,
        "pending_count": found.pending_count,
        "pending": pending,
        "missing": [str(each.version) for each in found.standings if each.missing],
        "modified": [str(each.version) for each in found.standings if each.modified],
        "database_missing": found.database_missing,
        "said": "%s%s pending%s" % (where, found.pending_count or "nothing", named),
    }


def _counted(result: Dict[str, Any]) -> str:
    total = sum(result["counts"].values())
    return "%s of %s have pending migrations." % (format(result["pending_databases"], ","), many(total, "database"))


def _sentence(found: Info) -> str:
    verb = "is" if found.pending_count == 1 else "are"
    told = ["%d of %s %s pending" % (found.pending_count, many(found.total, "migration"), verb)]
    if found.database_missing:
        told.append("there is no such database on this server")
    if found.running:
        told.append(at_work_elsewhere(found.running))
    if found.drift is not None:
        from ..report.drift import drift_sentence

        told.append(drift_sentence(found.drift))
    return "; ".join(told) + "."


def _release(release: Release) -> Dict[str, Any]:
    shown = release._asdict()
    return {"release": shown.pop("name"), **shown, "versions": [str(each) for each in release.versions]}


def _shown(standing: Standing) -> Dict[str, Any]:
    shown = standing._asdict()
    shown.update(version=str(standing.version), state=standing.state.value)
    return shown
