# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a report needs beside the rest of a result: tables, the schema's changes by object, SQL; all of it bounded."""

from __future__ import annotations

import re
from typing import Any, Dict, List, Mapping, Optional, Sequence, Tuple

from .. import model
from ..schema.diff import unified_diff
from ..schema.snapshot import ObjectKey, Snapshot
from ..version import COLLECTION_VERSION
from .tables import ADDED, CHANGED, REMOVED, picture

# In characters: of one object or script, and of all of them.
MOST_OF_ONE, MOST_OF_ALL = 20_000, 300_000
CONTEXT = 3
MASK = "********"
_PASSWORD = re.compile(r"(\bPASSWORD\s+)(?:[EUN]?&?'(?:[^'\\]|''|\\.)*'|\$(\w*)\$.*?\$\2\$)", re.IGNORECASE | re.DOTALL)
_CONNECTS = re.compile(r"(\bpassword=)[^\s'\"]+", re.IGNORECASE)
HEADER = "--- before\n+++ after\n"


def collected(
    snapshots: Sequence[Snapshot],
    jobs: Sequence[Tuple[model.Step, model.Migration]],
    sent: Mapping[model.Step, model.Sent],
) -> Dict[str, Any]:
    """Return what a report needs.

    :param snapshots: of the schema; of the first and the last the tables and objects are made. (): nobody has looked.
    :param jobs: the steps with their migrations.
    :param sent: what the Python scripts among them have sent.
    """
    before, after = (snapshots[0], snapshots[-1]) if snapshots else (Snapshot({}), Snapshot({}))
    tables, tables_left_out = picture(before, after)
    objects, objects_left_out = _within(_objects(before, after), "diff")
    scripts, scripts_left_out = _within([_script(step, migration, sent.get(step)) for step, migration in jobs], "text")
    return {
        "collection_version": COLLECTION_VERSION,
        "tables": tables,
        "tables_left_out": tables_left_out,
        "objects": objects,
        "objects_left_out": objects_left_out,
        "scripts": scripts,
        "scripts_left_out": scripts_left_out,
    }


def _objects(before: Snapshot, after: Snapshot) -> List[Dict[str, Any]]:
    """Return the objects that differ, in the order of a dump, each with its diff."""
    found = []
    for key in [*after.canonical(), *(key for key in before.canonical() if key not in after.objects)]:
        old, new = before.objects.get(key), after.objects.get(key)
        if old != new:
            change = ADDED if old is None else REMOVED if new is None else CHANGED
            found.append({"kind": key.type.lower(), "name": _name(key), "change": change, "diff": _diff(key, old, new)})
    return found


def _name(key: ObjectKey) -> str:
    return "%s.%s" % (key.schema, key.name) if key.schema not in ("", "-") else key.name


def _diff(key: ObjectKey, old: Optional[str], new: Optional[str]) -> str:
    sides = [Snapshot({} if text is None else {key: text}) for text in (old, new)]
    diff = unified_diff(sides[0], sides[1], CONTEXT)
    return diff[len(HEADER) :] if diff.startswith(HEADER) else diff


def _script(step: model.Step, migration: model.Migration, sent: Optional[model.Sent]) -> Dict[str, Any]:
    """Return the SQL of a step; of a script in Python, what it has sent."""
    body = migration.body(step.direction)
    shown: Dict[str, Any] = {"version": str(step.script.version), "name": step.script.name}
    if isinstance(body, model.SqlBody):
        return {**shown, "recorded": False, "is_whole": True, "text": without_passwords(body.text)}
    texts = sent.texts if sent else ()
    text = "".join(each.strip().rstrip(";") + ";\n" for each in texts)
    return {**shown, "recorded": True, "is_whole": sent is not None and sent.is_whole, "text": without_passwords(text)}


def without_passwords(text: str) -> str:
    """Return SQL in which the passwords of roles, and of connections, are masked."""
    return _CONNECTS.sub(r"\1" + MASK, _PASSWORD.sub(r"\1'%s'" % MASK, text))


def _within(found: Sequence[Dict[str, Any]], key: str) -> Tuple[List[Dict[str, Any]], int]:
    """Return as many as there is room for, each with as much of its text as one may have; and how many are left out."""
    kept: List[Dict[str, Any]] = []
    room = MOST_OF_ALL
    for each in found:
        text = each[key][:MOST_OF_ONE]
        room -= len(text)
        if room < 0:
            break
        kept.append({**each, key: text, "characters_left_out": len(each[key]) - len(text)})
    return kept, len(found) - len(kept)
