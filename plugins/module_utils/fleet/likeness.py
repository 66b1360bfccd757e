# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the result of one database says that another's may say as well, and when two of them say the same.

Times, numbers of rows and sizes are each database's own: they make no difference, and an example's are shown.
"""

from __future__ import annotations

import hashlib
import json
from typing import Any, Dict, Mapping, Tuple

# Of a result of pg_migrate.
TOLD = (
    *("plan", "hazards", "diff", "drift", "plan_digest", "current_version", "pending"),
    *("rehearsal", "cluster_changes", "prechecks"),
)
OWN_OF_A_STEP = ("duration_ms", "rows_changed", "statements")
OF_A_HAZARD = ("version", "kind", "table", "detail")
OF_A_PRECHECK = ("version", "table", "constraint", "verdict")


def told_of(result: Mapping[str, Any]) -> Tuple[Dict[str, Any], str]:
    """Return what of a result may be told of several databases, and a text that is equal where it says the same."""
    told = {key: result[key] for key in TOLD if key in result}
    return told, alike_of(told)


def alike_of(told: Mapping[str, Any]) -> str:
    """Return a text that is equal where what is told of a result says the same."""
    same = {
        **{key: told.get(key) for key in ("plan_digest", "current_version")},
        "plan": [_without(row, OWN_OF_A_STEP) for row in told.get("plan", ())],
        "hazards": [[each.get(key) for key in OF_A_HAZARD] for each in told.get("hazards", ())],
        "prechecks": [[each[key] for key in OF_A_PRECHECK] for each in told.get("prechecks", ())],
        "drift": told.get("drift", {}).get("diff"),
        # Where the schema has drifted, that stands in front of what the plan does, with its time.
        "diff": [each["prepared"] for each in told.get("diff", ())][1 if "drift" in told else 0 :],
        "pending": [each["version"] for each in told.get("pending", ())],
    }
    text = json.dumps(same, sort_keys=True, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _without(row: Mapping[str, Any], keys: Tuple[str, ...]) -> Dict[str, Any]:
    return {key: value for key, value in row.items() if key not in keys}
