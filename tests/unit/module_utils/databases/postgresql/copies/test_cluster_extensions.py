# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which extensions a throwaway cluster gets."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies import cluster_extensions
from ansible_collections.pgops.migrations.plugins.module_utils.databases.postgresql.copies.cluster_facts import (
    Extension,
)

# name → version → (trusted, the usual one)
HERE = {
    "hstore": {"1.4": (False, False), "1.8": (True, True)},
    "dblink": {"1.2": (False, True)},
    "plpython3u": {"1.0": (False, True)},
    "pgstattuple": {"1.5": (False, True)},
}

PLANNED = {
    # name: wanted version, chosen → version that is made, remark; or why not
    "trusted": ("hstore", "1.8", False, "1.8", None),
    "an older version, which the host has": ("hstore", "1.4", False, "1.4", None),
    "one that the host hasn't got": (
        "hstore", "1.9", False, None, "version 1.8 instead of the target's 1.9"
    ),
    "the newest": ("hstore", None, True, None, None),
    "harmless": ("pgstattuple", "1.5", False, "1.5", None),
    "chosen by the task": ("dblink", None, True, None, None),
}  # fmt: skip
LEFT_OUT = {
    "one that connects elsewhere": ("dblink", False, "it isn't known to stay inside a cluster"),
    "a language that isn't trusted": ("plpython3u", False, "it isn't known to stay inside a cluster"),
    "unknown": ("nowhere", False, "this host hasn't got it"),
    "unknown, chosen": ("nowhere", True, "this host hasn't got it"),
}


@pytest.mark.parametrize("name", PLANNED)
def test_made(name):
    extension, wanted, chosen, version, remark = PLANNED[name]
    one = Extension(extension, wanted, "public", "app")
    made, left_out = cluster_extensions.plan([one], HERE, chosen)
    assert (made, left_out) == ([cluster_extensions.Plan(one, version, remark)], [])


@pytest.mark.parametrize("name", LEFT_OUT)
def test_left_out(name):
    extension, chosen, reason = LEFT_OUT[name]
    one = Extension(extension, None, None, None)
    assert cluster_extensions.plan([one], HERE, chosen) == ([], [(one, reason)])
