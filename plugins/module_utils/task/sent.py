# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Scripts that the action plugin has sent along: unpacked, and shown by the paths by which people know them."""

from __future__ import annotations

import base64
import io
import json
import os
from typing import Any, Dict, Tuple


def parameters(module: Any) -> Dict[str, Any]:
    """Return the module's parameters, with what the action plugin has added."""
    found: Dict[str, Any] = module.params.copy()
    found.update(module.internal)
    return found


def unpack(module: Any) -> Dict[str, str]:
    """Unpack the scripts. Ansible removes the directory with the module's own.

    :returns: where each directory is now, with the path by which people know it; nothing, where none came along.
    """
    scripts, archive = module.internal["_scripts"], module.internal["_archive"]
    if not (scripts or archive):
        return {}
    from ..scripts.shipment import unpack as unpacked

    source = module.params["src"]
    place = os.path.join(module.tmpdir, "migrations")
    return dict(
        zip(unpacked(io.BytesIO(base64.b64decode(scripts)) if scripts else archive, place, len(source)), source)
    )


def scripts_at(module: Any, shown: Dict[str, str]) -> Tuple[Any, ...]:
    """Return the scripts that were described, where they are now.

    :param shown: what unpack() returned.
    """
    from ..scripts.shipment import at

    return at(json.loads(module.internal["_described"]), tuple(shown.values()), tuple(shown))


def shown_as(value: Any, shown: Dict[str, str]) -> Any:
    """Return a result in which the scripts have the paths by which people know them."""
    if not shown:
        return value
    if isinstance(value, dict):
        return {key: shown_as(each, shown) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown_as(each, shown) for each in value]
    if isinstance(value, str):
        for place, source in shown.items():
            value = value.replace(place + os.sep, source + os.sep)
    return value
