# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A report in GitHub's Markdown: for a pull request, which takes 65,536 characters. It is cut between sections."""

from __future__ import annotations

import re
from typing import Any, Callable, Iterable, List, Mapping, Sequence

from ..module_utils.wording import many
from .markup import code, cut, fenced, prose, table
from .page import MIGRATION_COLUMNS, PRECHECK_COLUMNS, Danger, Page

MOST = 60_000
# What is kept free for the last sentence.
RESERVE = 400
MOST_ROWS, MOST_FOLDED = 60, 20
MARKS = {"ok": "✅", "look": "⚠️", "failed": "❌"}
CUT = "*This page is cut: it has room for no more. The task's result has all of it.*"
# Mermaid takes no other characters in the type and the name of an attribute.
_NO_WORD = re.compile(r"[^A-Za-z0-9_]")


class _Writer:
    """Puts pieces together as long as there is room for them."""

    def __init__(self, most: int) -> None:
        self._pieces: List[str] = []
        self._room = most - RESERVE
        self._share = self._room // 3
        self.is_cut = False

    def add(self, *pieces: str) -> bool:
        """Add pieces that belong together. Return whether there was room for them."""
        taken = sum(len(piece) + 2 for piece in pieces)
        if taken > self._room:
            self.is_cut = True
            return False
        self._pieces += pieces
        self._room -= taken
        return True

    def each(self, title: str, found: Sequence[Any], render: Callable[[Any], str], left_out: int, what: str) -> None:
        """Add a section of things, as many as there is room for; beyond the first, no more than a third of the page."""
        if not found or not self.add("## " + title):
            return
        end = self._room - self._share
        for number, one in enumerate(found):
            if (number and self._room < end) or not self.add(render(one)):
                left_out += len(found) - number
                break
        if left_out:
            self.add("*%s more in the result.*" % many(left_out, what))

    def text(self) -> str:
        """Return all of it."""
        return "\n\n".join([*self._pieces, *([CUT] if self.is_cut else [])]) + "\n"


def markdown(page: Page, most: int = MOST) -> str:
    """Return a report.

    :param most: of how many characters.
    """
    tail = _tail(page, most // 4)
    writer = _Writer(most - len(tail))
    writer.add("# %s %s" % (MARKS[page.state], prose(page.verdict)))
    if page.facts:
        writer.add(table(["", ""], [[label, code(value)] for label, value in page.facts]))
    if page.error is not None:
        writer.add("> " + prose(page.error))
    if page.expect is not None:
        writer.add("To approve exactly this:", fenced("expect: " + cut(page.expect, 200), "yaml"))
    _dangers(writer, page)
    _rows(writer, "What the rows that are there satisfy", PRECHECK_COLUMNS, page.prechecks)
    _rows(writer, "Migrations", MIGRATION_COLUMNS, page.migrations)
    _picture(writer, page)
    writer.each("Changes of the schema", page.objects, _object, page.objects_left_out, "object")
    writer.each("SQL", page.scripts, _script, page.scripts_left_out, "migration")
    return writer.text() + "\n" + tail


def _tail(page: Page, most: int) -> str:
    """Return what stands at the end, and has its room however much comes before it."""
    writer = _Writer(most)
    if page.drift is not None:
        since, diff = page.drift
        head = "## Changed by hand since %s" % prose(since)
        if not writer.add(head, _folded("what differs", fenced(diff, "diff"))):
            writer.add(head)
    _list(writer, "Changes of the whole cluster", page.cluster_changes)
    _list(writer, "What only the real run will show", page.not_proved)
    if page.versions:
        writer.add(" · ".join("%s %s" % (label, code(value)) for label, value in page.versions))
    return writer.text()


def _dangers(writer: _Writer, page: Page) -> None:
    for level, headline, dangers in page.dangers:
        if level == "instant":
            text = "\n".join(map(_danger, dangers[:MOST_FOLDED]))
            writer.add("## " + headline, _folded(many(len(dangers), "lock"), text))
        else:
            writer.each("%s (`%s`)" % (headline, level), dangers, _danger, 0, "hazard")


def _danger(danger: Danger) -> str:
    detail = ", " + code(danger.detail) if danger.detail else ""
    head = "- **%s** on %s%s, in %s: %s." % (danger.kind, code(danger.where), detail, code(danger.version), danger.does)
    return head + "\n  " + danger.instead


def _rows(writer: _Writer, title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Add a table, with so many rows of it."""
    if not rows:
        return
    shown = [
        [code(cell) if number < 3 else prose(cell) for number, cell in enumerate(each)] for each in rows[:MOST_ROWS]
    ]
    while not writer.add("## " + title, table(head, shown)) and len(shown) > 1:
        shown = shown[: len(shown) // 2]
    if len(rows) > len(shown):
        writer.add("*%s more in the result.*" % many(len(rows) - len(shown), "row"))


def _picture(writer: _Writer, page: Page) -> None:
    """Add the tables as Mermaid draws them, and their names as they are."""
    if not page.tables:
        return
    names = "\n".join("- %s %s" % (code(each["name"]), each["change"]) for each in page.tables)
    more = ["*%s more in the result.*" % many(page.tables_left_out, "table")] if page.tables_left_out else []
    title = "## Changed tables and their neighbours"
    for tables in (page.tables, [{**each, "columns": _changed(each["columns"])} for each in page.tables]):
        if writer.add(title, names, fenced(diagram(tables), "mermaid"), *more):
            return
    writer.add(title, names, *more)


def _changed(columns: Sequence[Mapping[str, Any]]) -> Sequence[Mapping[str, Any]]:
    return [column for column in columns if column["change"]]


def diagram(tables: Sequence[Mapping[str, Any]]) -> str:
    """Return an erDiagram. Its names are numbers, and what stands in the boxes has no character that it could read."""
    numbers = {each["name"]: "t%d" % number for number, each in enumerate(tables)}
    lines = ["erDiagram"]
    for each in tables:
        label = "%s (%s)" % (_label(each["name"]), each["change"])
        lines.append('    %s["%s"] {' % (numbers[each["name"]], label))
        lines += ["        " + _attribute(column) for column in each["columns"]]
        lines.append("    }")
    for each in tables:
        for reference in each["references"]:
            if reference["table"] in numbers:
                ends = numbers[each["name"]], numbers[reference["table"]]
                lines.append('    %s }o--|| %s : "%s"' % (*ends, _label(reference["columns"])))
    return "\n".join(lines)


def _label(text: str) -> str:
    """Return a name with what Mermaid could read as its own written as numbers."""
    return "".join(each if each.isalnum() or each in "_. " else "#%d;" % ord(each) for each in cut(text, 60))


def _attribute(column: Mapping[str, Any]) -> str:
    kind, name = (_NO_WORD.sub("_", cut(column[key], 40)) or "_" for key in ("type", "name"))
    # A word may not begin with a digit.
    kind, name = ("_" + each if each[0].isdigit() else each for each in (kind, name))
    return "%s %s" % (kind, name) + (' "%s"' % column["change"] if column["change"] else "")


def _object(each: Mapping[str, Any]) -> str:
    said = "%s %s: %s" % (prose(each["kind"]), code(each["name"]), each["change"])
    return _folded(said, fenced(each["diff"], "diff") + _rest(each))


def _script(each: Mapping[str, Any]) -> str:
    said = "%s %s" % (code(each["version"]), code(each["name"]))
    said += ", as it was sent in the rehearsal" if each["recorded"] else ""
    if each["recorded"] and not each["is_whole"]:
        said += " (not all of it)"
    return _folded(said, fenced(each["text"], "sql") + _rest(each))


def _rest(each: Mapping[str, Any]) -> str:
    count = each.get("characters_left_out") or 0
    return "\n\n*%s more.*" % many(count, "character") if count else ""


def _folded(summary: str, text: str) -> str:
    """Return what is shown on a click. The summary is HTML to GitHub, so code spans in it need an empty line around."""
    return "<details><summary>\n\n%s\n\n</summary>\n\n%s\n\n</details>" % (summary, text)


def _list(writer: _Writer, title: str, found: Iterable[str]) -> None:
    lines = ["- " + prose(each) for each in found]
    if lines:
        writer.add("## " + title, "\n".join(lines[:MOST_ROWS]))
