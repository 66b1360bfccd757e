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
ALLOWED = re.compile(r"(\S+), with allow_hazards: \[([\w, ]+)\]")


@dataclass
class Section:
    """What the page says of one hazard: what there is, the usual way, and the scripts with what they are allowed."""

    before: str = ""
    usual: str = ""
    scripts: list[tuple[str, str, tuple[str, ...]]] = field(default_factory=list)


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
            allowed = ALLOWED.fullmatch(label)
            if label == "there is":
                section.before = body
            elif label == "the usual way":
                section.usual = body
            elif allowed is not None:
                section.scripts.append((allowed[1], body, tuple(allowed[2].split(", "))))
            else:
                section.scripts.append((label, body, ()))
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
    for name, text, allowed in section.scripts:
        project.file(name, text)
        report = project.migrate(allow_hazards=allowed)
        assert done(report) == [name.partition("_")[0]]
        assert kind in allowed or kind not in [each.kind.value for each in report.hazards]
