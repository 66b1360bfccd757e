# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is kept of what a Python script sends."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.model import Sent
from ansible_collections.pgops.migrations.plugins.module_utils.run.recording import (
    MOST_CHARACTERS,
    MOST_TEXTS,
    Recorder,
)

CASES = {
    "nothing": ([], 0, 0),
    "all of it": (["a", "b"], 2, 2),
    "too many": (["a"] * (MOST_TEXTS + 5), MOST_TEXTS + 5, MOST_TEXTS),
    "too long": (["a", "b" * MOST_CHARACTERS, "c"], 3, 1),
}


@pytest.mark.parametrize("name", CASES)
def test_recorder(name):
    texts, total, kept = CASES[name]
    recorder = Recorder()
    for text in texts:
        recorder.take(text)
    assert recorder.sent() == Sent(total, tuple(texts[:kept]))
    assert recorder.sent().is_whole is (total == kept)
