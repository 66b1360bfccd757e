# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/hazards.md says what the code has; `bin/docs --outputs` writes it anew."""

from __future__ import annotations

import hazards_page
from ansible_collections.pgops.migrations.plugins.module_utils.hazard import HazardKind, Level


def test_the_page_is_what_the_code_has() -> None:
    page = hazards_page.PAGE.read_text(encoding="utf-8")
    assert hazards_page.renewed(page) == page, "bin/docs --outputs writes it anew"
    assert all("`%s`" % each.value in page for each in (*HazardKind, *Level))


def test_an_old_page_is_renewed() -> None:
    page = hazards_page.PAGE.read_text(encoding="utf-8")
    assert hazards_page.renewed(page.replace("**`rename`**", "**`another`**")) == page
