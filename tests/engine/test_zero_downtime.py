# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/zero-downtime.md: the usual way has the hazard that it is about, and the scripts instead of it haven't."""

from __future__ import annotations

import re
import textwrap
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils import errors
from ansible_collections.pgops.migrations.plugins.module_utils.hazard import HazardKind

from .conftest import Project, done

PAGE = Path(__file__).resolve().parents[2] / "docs" / "zero-downtime.md"
SECTION = re.compile(r"^## `(\w+)`\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"^ {4}-- (.+)\n((?:(?: {4}.*)?\n)*)", re.MULTILINE)
OPTIONS = re.compile(r"(?:,| and) (?:with )?(\w+): \[([\w, ]+)\]")


@dataclass
class Section:
    """What the page says of one hazard: what there is, the usual way, and the scripts with the options for each."""

    before: str = ""
    usual: str = ""
    scripts: list[tuple[str, str, dict[str, tuple[str, ...]]]] = field(default_factory=list)


def sections() -> dict[str, Section]:
    """Read the page."""
    found: dict[str, Section] = {}
    for kind, text in SECTION.findall(PAGE.read_text(encoding="utf-8")):
        section = found.setdefault(kind, Section())
        for block in re.split(r"\n+(?=    -- (?:there is|the usual way|\d))", text):
            match = BLOCK.match(block + "\n")
            if match is None:
                continue
            label, body = match[1], textwrap.dedent(match[2])
            if label == "there is":
                section.before = body
            elif label == "the usual way":
                section.usual = body
            else:
                options = {name: tuple(values.split(", ")) for name, values in OPTIONS.findall(label)}
                section.scripts.append((label.partition(",")[0], body, options))
    return {kind: section for kind, section in found.items() if section.usual}


SECTIONS = sections()
# What is of the whole cluster, or of another database, and what is never refused.
ELSEWHERE = {"cluster_wide", "table_copied", "access_exclusive_lock", "blocks_writes"}


def test_each_hazard_has_its_section() -> None:
    assert {kind.value for kind in HazardKind} == set(SECTIONS) | ELSEWHERE
    text = PAGE.read_text(encoding="utf-8")
    assert [kind for kind in ELSEWHERE if f"`{kind}`" not in text] == []


@pytest.mark.parametrize("kind", SECTIONS)
def test_the_usual_way_has_the_hazard(project: Project, kind: str) -> None:
    project.execute(SECTIONS[kind].before)
    project.file("1_usual.up.sql", SECTIONS[kind].usual)
    with pytest.raises(errors.HazardRefused, match=kind):
        project.migrate(allow_hazards=())


@pytest.mark.parametrize("kind", SECTIONS)
def test_the_scripts_instead_have_not(project: Project, kind: str) -> None:
    section = SECTIONS[kind]
    project.execute(section.before)
    for name, text, options in section.scripts:
        project.file(name, text)
        report = project.migrate(**{"allow_hazards": (), **options})
        assert done(report) == [name.partition("_")[0]]
        # What is allowed is what it needs.
        assert {*options.get("allow_hazards", ())} <= {each.kind.value for each in report.hazards}


def test_a_column_that_is_replaced_loses_nothing(project: Project) -> None:
    expand, fill, contract = SECTIONS["table_rewrite"].scripts
    project.execute(SECTIONS["table_rewrite"].before)
    project.execute("INSERT INTO orders VALUES (-5, 50), (0, NULL), (2147483647, 7)")
    project.file(expand[0], expand[1])
    project.migrate()
    project.execute("INSERT INTO orders (id, total) VALUES (2001, 1)")  # the old release
    project.execute("INSERT INTO orders (id, total_8) VALUES (2002, 2)")  # the new one
    project.execute("UPDATE orders SET total = 3 WHERE id = 1")
    project.execute("UPDATE orders SET total_8 = 4 WHERE id = 2")
    project.execute("UPDATE orders SET total = NULL WHERE id = 2001")
    before = project.query("SELECT id, total FROM orders ORDER BY id")
    project.file(contract[0], contract[1])
    with pytest.raises(errors.ScriptFailed, match="orders has rows with another total_8"):
        project.migrate()
    project.file(fill[0], fill[1])
    project.migrate()
    assert project.query("SELECT id, total_8 FROM orders ORDER BY id") == before
    assert (1, 3) in before and (2, 4) in before and (2001, None) in before and (2002, 2) in before
