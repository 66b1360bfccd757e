# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reports: what they say, and that everything in them stays text, opened as a browser and as GitHub would open it."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.pgops.migrations.plugins.filter.report import FilterModule, report
from ansible_collections.pgops.migrations.plugins.module_utils.report.words import harmless
from ansible_collections.pgops.migrations.plugins.plugin_utils import markdown, markup
from ansible_collections.pgops.migrations.plugins.plugin_utils.page import page_of
from markdown_it import MarkdownIt

HOSTILE = [
    "plain",
    "<script>alert(1)</script>",
    "</code></pre></details><img src=x onerror=alert(1)>",
    "a`b``c```d",
    "```",
    "`",
    "|a|b|",
    "a\\|b\\",
    "**bold** _it_ ~~no~~",
    "[click](http://evil.example)",
    "![image](http://evil.example/x.png)",
    "@everyone #1 GH-7 http://evil.example www.evil.example <a@evil.example>",
    "line\nbreak\n\n# Heading\n- item",
    "\x1b[31mred\u202e",
    "{{ 7 * 7 }} {% raw %} ${x}",
    '"quoted" & &lt; &#60;',
    "--> <!-- --!>",
    "~~~\n$$\n:::",
    "注文表 Größe",
    " spaces ",
]
RULE = {"does": "does it", "instead": "Do that."}
TAGS = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "main",
        "footer",
        "section",
        "p",
        "span",
        "h1",
        "h2",
        "h3",
        "br",
    ),
    *(
        "dl",
        "dt",
        "dd",
        "code",
        "pre",
        "strong",
        "details",
        "summary",
        "div",
        "table",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
    ),
    *("ul", "li", "a"),
}
ATTRIBUTES = {
    *("lang", "charset", "http-equiv", "content", "name", "class", "id", "aria-labelledby", "aria-label", "role"),
    *("tabindex", "scope", "data-label", "href", "open"),
}
# The only markup that is HTML in our Markdown.
OWN_HTML = re.compile(r"(?:</?(?:details|summary|code)>|<!-- -->|\s)*")
DIAGRAM = re.compile(
    r"erDiagram|    t\d+\[\"[\w. #;()]*\"\] \{|    \}|        [A-Za-z_]\w* [A-Za-z_]\w*( \"(added|changed|removed)\")?"
    r"|    t\d+ \}o--\|\| t\d+ : \"[\w. #;]*\""
)


def result(text="orders", **more):
    """Return a result in which a text stands wherever one of others' may stand."""
    column = {"name": text, "type": text, "nullable": False, "change": "changed", "was": text}
    table = {
        **{"name": text, "change": "changed", "columns": [column], "columns_left_out": 0},
        "references": [{"name": text, "columns": text, "table": text, "change": "added"}],
    }
    hazard = {
        **{"version": text, "kind": "table_rewrite", "level": "rewrite", "table": text, "detail": text, **RULE},
        **{"lock": "AccessExclusiveLock", "size_bytes": 157 * 2**20, "row_estimate": 2_000_000, "partition_of": None},
    }
    row = {
        **{"version": text, "name": text, "kind": "sql", "direction": "up", "transactional": True, "reversible": False},
        **{"outcome": "rehearsed", "duration_ms": 12, "statements": 1, "rows_changed": 7, "objects": [], "hazards": []},
    }
    collected = {
        **{"collection_version": text, "tables": [table], "tables_left_out": 2, "objects_left_out": 3},
        "objects": [
            {"kind": text, "name": text, "change": "changed", "diff": "@@\n+" + text, "characters_left_out": 9}
        ],
        "scripts": [
            {"version": text, "name": text, "recorded": True, "is_whole": False, "text": text, "characters_left_out": 0}
        ],
        "scripts_left_out": 1,
    }
    precheck = {"version": text, "table": text, "constraint": text, "verdict": "violated", "reason": text}
    return {
        **{"plan": [row], "target": text, "report": collected, "hazards": [hazard], "prechecks": [precheck]},
        "rehearsal": {"where": text, "on": "server", "role": text, "duration_ms": 1200, "not_proved": [text]},
        **{"plan_digest": text, "drift": {"since": text, "diff": "+" + text}, "cluster_changes": [text]},
        **{"schema_changed": True, "latest_version": text, "current_version": None, **more},
    }


class Opened(HTMLParser):
    """What a browser makes of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.links, self.said, self.open = set(), set(), [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.add(tag)
        self.attributes.update(name for name, dummy in attrs)
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag not in ("meta", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.said.append(data)

    def handle_comment(self, data):
        raise AssertionError(data)


def opened(text):
    """Return the tokens of a page as GitHub's parser makes them, those within others too."""
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    return [each for token in parser.parse(text) for each in (token, *(token.children or ()))]


@pytest.mark.parametrize("text", HOSTILE)
def test_html_keeps_text_as_text(text):
    page = Opened(report(result(text), "html"))
    assert page.tags <= TAGS
    assert page.attributes <= ATTRIBUTES
    assert page.links == ["#table-0"]
    assert page.open == []
    assert (
        sum(harmless(text).strip() in " ".join(said.split("\n")) or harmless(text) in said for said in page.said) > 15
    )


@pytest.mark.parametrize("text", HOSTILE)
def test_markdown_keeps_text_as_text(text):
    tokens = opened(report(result(text)))
    assert not {token.type for token in tokens} & {"link_open", "image", "s_open", "code_block"}
    assert all(OWN_HTML.fullmatch(each.content) for each in tokens if each.type in ("html_block", "html_inline"))
    plain = [token for token in opened(report(result())) if token.type.endswith("_open") or token.type == "fence"]
    found = [token for token in tokens if token.type.endswith("_open") or token.type == "fence"]
    assert [(each.type, each.tag) for each in found] == [(each.type, each.tag) for each in plain]


@pytest.mark.parametrize("text", HOSTILE)
def test_names_are_there_as_they_are(text):
    assert said(opened(markup.code(text))) == harmless(text).strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_table_has_its_cells(text):
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    tokens = parser.parse(markup.table(["a", "b"], [[markup.code(text), markup.prose(text)]]))
    cells = [said(token.children) for token in tokens if token.type == "inline"]
    assert cells == ["a", "b", harmless(text).strip(), harmless(text).strip()]


def said(tokens):
    """Return what a person reads of inline tokens."""
    texts = [token.content for token in tokens if token.type in ("code_inline", "text", "text_special")]
    return "".join(texts).strip()


@pytest.mark.parametrize("text", HOSTILE)
def test_a_diagram_has_nothing_but_boxes_and_lines(text):
    lines = markdown.diagram(result(text)["report"]["tables"]).split("\n")
    assert [line for line in lines if not DIAGRAM.fullmatch(line)] == []


@pytest.mark.parametrize("text", ["@user", "see #12", "http://x.example", "www.x.example", "GH-12"])
def test_nobody_is_told_and_nothing_is_linked(text):
    assert "<!-- -->" in markup.prose(text)


MANY = {
    "objects": [{"kind": "table", "name": "t", "change": "added", "diff": "+x\n" * 3000, "characters_left_out": 0}]
    * 40,
    "scripts": [
        {"version": "1", "name": "a", "recorded": False, "is_whole": True, "text": "`" * 9000, "characters_left_out": 0}
    ]
    * 40,
}
LARGE = {
    "many objects": {"report": {**result()["report"], **MANY}},
    "many hazards": {"hazards": result("h" * 500)["hazards"] * 2000},
    "many prechecks": {"prechecks": result("p" * 500)["prechecks"] * 2000},
    "many migrations": {"plan": result("m" * 500)["plan"] * 2000},
    "much that isn't proved": {"rehearsal": {**result()["rehearsal"], "not_proved": ["n" * 5000] * 2000}},
    "a large drift": {"drift": {"since": "now", "diff": "+x\n" * 90_000}},
    "all of it": {
        "report": {**result()["report"], **MANY},
        **{"hazards": result("h" * 500)["hazards"] * 2000, "plan": result("m" * 500)["plan"] * 2000},
        **{"drift": {"since": "now", "diff": "+x\n" * 90_000}, "cluster_changes": ["c" * 5000] * 1000},
    },
}


@pytest.mark.parametrize("name", LARGE)
def test_markdown_has_room_on_github(name):
    text = report(result(**LARGE[name]))
    assert len(text) <= markdown.MOST
    tokens = opened(text)
    fences = [token for token in tokens if token.type == "fence"]
    assert all(fence.map[1] - fence.map[0] == fence.content.count("\n") + 2 for fence in fences), "one isn't closed"
    assert text.count("<details>") == text.count("</details>")
    assert "has all of it" in text or "more" in text
    assert "What only the real run will show" in text or name in ("much that isn't proved", "all of it")


WIDE = [{"name": "c%d" % n, "type": "t" * 40, "nullable": True, "change": "", "was": None} for n in range(100)]


def test_a_picture_that_is_too_large_has_the_changed_columns_alone():
    tables = [{**result("t%d" % n)["report"]["tables"][0], "columns_left_out": 0} for n in range(30)]
    for table in tables:
        table["columns"] = [*WIDE, *table["columns"]]
    text = report(result(report={**result()["report"], "tables": tables}))
    assert "    t29[" in text and 't29 t29 "changed"' in text and "c99" not in text


def test_what_needs_a_person_is_there_however_much_it_is():
    worst = {**result()["hazards"][0], "level": "data_loss", "kind": "table_dropped"}
    text = report(result(hazards=[{**worst, "detail": "d" * 5000}] * 3000 + result("h" * 500)["hazards"] * 3000))
    assert text.count("**table_dropped**") > 20 and text.count("**table_rewrite**") > 20
    assert "more in the result" in text and "## Migrations" in text


VERDICTS = {
    "nothing to do": ({"plan": [], "hazards": [], "prechecks": []}, "ok", "There is nothing to do."),
    "fine": ({"hazards": [], "prechecks": []}, "ok", "1 migration passed the rehearsal; none needs a look."),
    "to look at": ({}, "look", "1 migration passed the rehearsal; 1 needs a look."),
    "failed": ({"error": {"message": "It broke"}}, "failed", "This can't be applied as it is."),
    "applied": (
        {"hazards": [], "prechecks": [], "plan": [{**result()["plan"][0], "outcome": "applied"}]},
        "ok",
        "1 migration applied.",
    ),
    "not rehearsed": (
        {"hazards": [], "prechecks": [], "plan": [{**result()["plan"][0], "outcome": "not_run"}]},
        "ok",
        "1 migration would run, not all of them rehearsed; none needs a look.",
    ),
}


@pytest.mark.parametrize("name", VERDICTS)
def test_verdict(name):
    more, state, verdict = VERDICTS[name]
    page = page_of(result(**more))
    assert (page.state, page.verdict) == (state, verdict)
    assert page.expect == (None if name == "failed" else "orders")


def test_order_of_the_sections():
    headings = re.findall("^## (.*)$", report(result()), re.MULTILINE)
    assert [re.sub(" since.*", "", heading) for heading in headings] == [
        "Rows, or whole tables, are written anew (`rewrite`)",
        "What the rows that are there satisfy",
        "Migrations",
        "Changed tables and their neighbours",
        "Changes of the schema",
        "SQL",
        "Changed by hand",
        "Changes of the whole cluster",
        "What only the real run will show",
    ]


def test_a_result_without_more_has_a_page_too():
    assert report({"plan": []}).startswith("# ✅ There is nothing to do.")
    assert Opened(report({"error": {"message": "no connection"}}, "html")).open == []


@pytest.mark.parametrize("given", [3, "text", None, [], {}, {"changed": True}])
def test_what_is_no_result(given):
    with pytest.raises(AnsibleFilterError, match="no result of"):
        report(given)


def test_what_is_no_form():
    with pytest.raises(AnsibleFilterError, match="markdown or html, not 'pdf'"):
        report(result(), "pdf")


def test_the_filter_has_a_name():
    assert FilterModule().filters() == {"report": report}
