# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Histories of other tools: found by their tables, and read to be taken over. They are never written."""

from __future__ import annotations

from typing import Any, Dict, FrozenSet, List, NamedTuple, Optional, Sequence, Set, Tuple

from .. import errors, model, revisions
from ..databases.choose import database_of
from ..databases.names import QualifiedName
from ..versions import NUMERIC
from .tools import TOOLS, Tool


class Found(NamedTuple):
    """What another tool's table says, and which one it is.

    :ivar baseline: everything up to this version is applied too.
    """

    tool: Tool
    rows: Tuple[Tuple[Any, ...], ...]
    table: str = ""
    baseline: Optional[str] = None


def find(
    connection: Any,
    repository_id: Optional[str],
    named: Optional[QualifiedName] = None,
    scripts: Sequence[model.Script] = (),
) -> Optional[Found]:
    """Look for the table of another tool, where the tool has it, and on this session's search_path.

    :param repository_id: of a repository of sqlalchemy-migrate only this one's row counts.
    :param named: the table that people have named; it may have any name.
    :param scripts: of two tools whose tables look alike, their kind tells which one it is.
    :raises HistoryForeign: when the repository's table was written by others only, or the named one is of no tool.
    """
    wanted = {tool: named or QualifiedName(tool.table, tool.schema) for tool in TOOLS}
    tables = database_of(connection).beside.other_tables(connection, list(dict.fromkeys(wanted.values())))
    for tool in _likely(named is not None, {script.kind for script in scripts}):
        table, columns = tables.get(wanted[tool], (wanted[tool], frozenset()))
        if wanted[tool] in tables and _is_of(tool, columns):
            found = _read(connection, tool, table)
            return _of_repository(found, repository_id) if tool is TOOLS[0] else found
    if named is not None:
        raise errors.HistoryForeign(
            "adopt_from: %s %s" % (named, "isn't the table of a tool that is known here" if tables else "isn't there"),
            hint="Known are %s." % ", ".join(dict.fromkeys(tool.name for tool in TOOLS)),
        )
    return None


def _likely(named: bool, kinds: Set[str]) -> List[Tool]:
    """Return the tools, most likely first: that of the scripts; of a table of any name, the one with most columns."""
    known = [tool for tool in TOOLS if not tool.named or tool.kind in kinds]
    return sorted(known, key=lambda tool: (tool.kind not in kinds, -len(tool.columns) if named else 0))


def _is_of(tool: Tool, columns: FrozenSet[str]) -> bool:
    return tool.columns == columns if tool.only else tool.columns <= columns


def _read(connection: Any, tool: Tool, table: QualifiedName) -> Found:
    read = database_of(connection).beside.read_other
    rows = read(connection, table, tool.query)
    found = Found(tool, tuple((str(version), *rest) for version, *rest in rows), str(table))
    if tool.baseline is not None:
        baselines = read(connection, table, tool.baseline)
        found = found._replace(baseline=baselines[0][0] if baselines else None)
    return found


def adopted(found: Found, scripts: Sequence[model.Script]) -> Tuple[model.Script, ...]:
    """Return what to record as applied: exactly what the table says, also where a file is gone.

    :raises HistoryForeign: when the other tool left one half-done, or its rows can't be told from the scripts.
    """
    for version, dummy, well in found.rows:
        if not well:
            raise errors.HistoryForeign(
                "%s left the migration %s half-done, as its table %s says"
                % (found.tool.name, version, found.tool.table),
                hint="Fix it with that tool first; nothing was taken over.",
                version=version,
            )
    if found.tool.by_checksum:
        return _adopted_by_checksum(found, scripts)
    if found.tool.heads:
        return _adopted_by_graph(found, scripts)
    order = scripts[0].version.order if scripts else NUMERIC
    try:
        versions = {model.Version.parse(version, order): name or "" for version, name, dummy in found.rows}
        baseline = model.Version.parse(found.baseline, order) if found.baseline is not None else None
    except ValueError as error:
        raise errors.HistoryForeign(
            "%s of %s holds what isn't a version: %s" % (found.table, found.tool.name, error),
            hint='Nothing was taken over. baseline_version: "<version>" records everything up to a version.',
        ) from None
    if found.tool.up_to:
        baseline = max(versions, default=None)
        versions = {}
    files: Dict[model.Version, model.Script] = {script.version: script for script in scripts}
    for script in scripts:
        if baseline is not None and script.version <= baseline and not script.version.is_repeatable:
            versions.setdefault(script.version, script.name)
    return tuple(files.get(version) or model.Script(version, versions[version], "", "") for version in sorted(versions))


def _adopted_by_checksum(found: Found, scripts: Sequence[model.Script]) -> Tuple[model.Script, ...]:
    """Return all scripts up to the last one whose checksum is in the table: the tool goes by that, too."""
    known = {row[0] for row in found.rows}
    last = max((number for number, script in enumerate(scripts) if script.checksum in known), default=-1)
    if known and last + 1 < len(known):
        raise errors.HistoryForeign(
            "%s of %s has %d migrations, and the scripts here are as far as its number %d"
            % (found.table, found.tool.name, len(known), last + 1),
            hint='Nothing was taken over: a script was changed, or is gone. baseline_version: "<version>" records '
            "everything up to a version.",
        )
    return tuple(scripts[: last + 1])


def _adopted_by_graph(found: Found, scripts: Sequence[model.Script]) -> Tuple[model.Script, ...]:
    """Return the scripts that the table names, and all that these stand on."""
    graph = {script.version.text: script.revision for script in scripts if script.revision is not None}
    heads = [row[0] for row in found.rows]
    gone = [each for each in heads if each not in graph]
    if gone:
        raise errors.HistoryForeign(
            "%s of %s holds the revision %s, and no script has it" % (found.table, found.tool.name, gone[0]),
            hint="Nothing was taken over. Bring its file; the database is of a newer release, or of another branch.",
            version=gone[0],
        )
    applied = {*heads, *revisions.below(graph, heads)}
    return tuple(script for script in scripts if script.version.text in applied)


def unadopted_error(found: Found) -> errors.HistoryForeign:
    """Return the error for a database whose migrations another tool has applied."""
    versions: List[str] = [version for version, dummy, well in found.rows]
    try:
        last = "last version %s" % (max(map(model.Version.parse, versions)) if versions else found.baseline or "none")
    except ValueError:
        last = "at %s" % " and ".join(sorted(versions)) if found.tool.heads else "%d migrations" % len(versions)
    return errors.HistoryForeign(
        "This database's migrations are recorded by %s (table %s, %s), and not here yet"
        % (found.tool.name, found.tool.table, last),
        hint='baseline_version: adopt takes over what it says was applied; baseline_version: "0" begins without it.',
    )


def _of_repository(found: Found, repository_id: Optional[str]) -> Optional[Found]:
    rows = tuple(row for row in found.rows if repository_id in (None, row[1]))
    return found._replace(rows=rows) if rows else None
