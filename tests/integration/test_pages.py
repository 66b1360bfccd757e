# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The pages in docs/ say what their commands print; `bin/docs --outputs` writes it anew."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator

import pages
import pytest
import server as throwaway
import yaml

pytestmark = pytest.mark.slow

# Expected, printed, whether that is the same.
CASES: dict[str, tuple[str, str, bool]] = {
    "equal": ("ok: [localhost]", "ok: [localhost]", True),
    "another word": ("ok: [localhost]", "changed: [localhost]", False),
    "another duration": ("duration_ms: 8", "duration_ms: 1234", True),
    "another duration, as JSON": ('"duration_ms": 8', '"duration_ms": 1234', True),
    "another duration, in words": ("Applied it in 8 ms.", "Applied it in 12.3 s.", True),
    "another number": ("pending_count: 1", "pending_count: 2", False),
    "another moment": ("at 2026-11-21T13:17:04.026044Z", "at 2027-01-01T00:00:00Z", True),
    "another version": ("20250101120000_x", "20250102120000_x", False),
    "another version that is the present moment": ("20261121131711_x", "20270101000000_x", True),
    "another port": ("localhost port 5432", "localhost port 40123", True),
    "lines left out": ("first\n…\nlast", "first\nsecond\nthird\nlast", True),
    "a line more at the end": ("first\n…\nlast", "first\nlast\nmore", False),
    "a line missing": ("first\nlast", "first", False),
}


@pytest.mark.parametrize("name", CASES)
def test_same(name: str) -> None:
    expected, printed, same = CASES[name]
    assert pages.is_same(expected, printed) is same


SHORTENED: dict[str, tuple[str, str, str]] = {
    "nothing": ("a\nb", "a\nc", "a\nc"),
    "in the middle": ("a\n…\nd", "x\na\nb\nc\nd\ne", "x\na\n…\nd\ne"),
    "at the end": ("a\n…", "a\nb\nc\n", "a\n…"),
    "twice": ("a\n…\nb\n…\nc", "a\n1\nb\n2\nc\nnew", "a\n…\nb\n…\nc\nnew"),
    "between lines that change": ("in 8 ms\n…\nd", "in 9 ms\nb\nd\ne", "in 9 ms\n…\nd\ne"),
    "where the lines are gone": ("a\n…\nd", "x\nb\nc", "x\nb\nc"),
}


@pytest.mark.parametrize("name", SHORTENED)
def test_shortened(name: str) -> None:
    expected, printed, kept = SHORTENED[name]
    assert pages.shortened(expected, printed) == kept


@pytest.fixture(scope="module")
def own() -> Iterator[throwaway.Server]:
    with throwaway.running() as running:
        yield running


@pytest.mark.parametrize("page", pages.AFTER)
def test_page(page: str, own: throwaway.Server) -> None:
    says, real = pages.followed(page, own)
    assert says == real, "bin/docs --outputs writes it anew"


def test_the_workflow_posts_the_page_that_the_playbook_writes() -> None:
    text = pages.path_of("reports").read_text()
    workflow = yaml.safe_load(textwrap.dedent(text.partition("# .github/workflows/migrations.yml\n")[2]))
    steps = [step.get("run", "") for step in workflow["jobs"]["review"]["steps"]]
    assert "ansible-playbook review.yml" in steps
    assert "--body-file review.md --edit-last" in steps[-1]
    assert 'dest: "{{ playbook_dir }}/review.md"' in text


def test_only_pages_about_errors_show_errors() -> None:
    showing = {
        page for page in pages.AFTER if re.search(r"\bERROR\b|Traceback|FAILED", pages.path_of(page).read_text())
    }
    assert showing == {"approval", "troubleshooting"}


def test_a_page_with_commands_is_followed() -> None:
    every = [pages.ROOT / "README.md", *(pages.ROOT / "docs").glob("*.md")]
    with_commands = {path.stem for path in every if "\n    $ " in path.read_text()}
    assert with_commands == set(pages.AFTER)


def test_the_links_of_the_readme_lead_to_files() -> None:
    # They are absolute, for it is shown by Galaxy as well.
    text = (pages.ROOT / "README.md").read_text()
    links = dict(
        re.findall(r"^\[([\w-]+)\]: https://github\.com/pgops/migrations/blob/main/(\S+)$", text, re.MULTILINE)
    )
    used = set(re.findall(r"\]\[([\w-]+)\]", text))
    assert used == set(links)
    assert [path for path in links.values() if not (pages.ROOT / path).is_file()] == []
    assert re.findall(r"\]\((?!https://|#)", text) == []
