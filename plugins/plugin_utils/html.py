# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report as one HTML file: without scripts, and with nothing that comes from a network."""

from __future__ import annotations

import os
from typing import Any, List, Mapping, Tuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from ..module_utils.report.words import harmless
from ..module_utils.wording import many
from .markup import shown
from .page import MIGRATION_COLUMNS, PRECHECK_COLUMNS, Page

TEMPLATES = os.path.join(os.path.dirname(__file__), "templates")
STATES = {"ok": "Nothing needs a look", "look": "Needs a look", "failed": "Failed"}
SIGNS = {"+": "add", "-": "del", "@": "at"}


def html(page: Page) -> str:
    """Return a report."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,  # each value that the template doesn't make itself is text
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(harmless=harmless, many=many, lines_of_diff=lines_of_diff, code=code, anchor=anchor)
    template = environment.get_template("report.html.j2")
    return template.render(
        page=page,
        state=STATES[page.state],
        migration_columns=MIGRATION_COLUMNS,
        precheck_columns=PRECHECK_COLUMNS,
        numbers=_numbers(page.tables),
    )


def code(text: str) -> str:
    """Return code whose lines have only what shows."""
    return "\n".join(map(shown, text.rstrip("\n").split("\n")))


def lines_of_diff(text: str) -> List[Tuple[str, str]]:
    """Return the lines of a diff, each with what it is: add, del, at or nothing."""
    return [(SIGNS.get(line[:1], ""), line) for line in code(text).split("\n")]


def anchor(name: str, numbers: Mapping[str, int]) -> str:
    """Return where a table is on the page; '' where it isn't."""
    return "#table-%d" % numbers[name] if name in numbers else ""


def _numbers(tables: Any) -> Mapping[str, int]:
    return {each["name"]: number for number, each in enumerate(tables)}
