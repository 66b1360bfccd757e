"""Sphinx's settings for bin/docs."""

from __future__ import annotations

import re
from typing import Any

from docutils import nodes

project = "pgops.migrations"
author = "The pgops.migrations authors"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
root_doc = "index"
html_theme = "furo"
html_static_path = ["_static"]
html_css_files = ["site.css"]
# Diffs are in green and red.
pygments_style, pygments_dark_style = "tango", "monokai"
exclude_patterns = ["front.md"]
html_copy_source = False
html_show_copyright = False
intersphinx_mapping: dict[str, object] = {}  # builds without the network
myst_heading_anchors = 3
nitpicky = True
# Variables of Ansible's own, which its documentation describes.
nitpick_ignore_regex = [("envvar", r"ANSIBLE_CACHE_PLUGIN\w*")]
# The pages' blocks don't say what they are in: see _language.
highlight_language = "text"

# What a block is in, by what one sees of it; the first that is found. A playbook that ran may have shown a diff.
LANGUAGES = {
    "diff": r"^(?:@@ |--- before$|\+\+\+ after$)",
    "console": r"^\$ ",
    "ini": r"^# \S+\.(?:cfg|ini)$",
    "yaml": r"^# \S+\.ya?ml$|^\s*- (?:name|hosts|src|pgops\.migrations)\b|^\w+:(?: |$)|^ansible_\w+:",
    "python": r"^# \S+\.py$|^(?:def |import |from \w+ import )",
    "postgresql": r"^# \S+\.sql$|^-- |^(?:CREATE|ALTER|DROP|SELECT|INSERT|UPDATE|DELETE|GRANT|REVOKE|BEGIN|DO|SET)\b",
}


def _language(text: str) -> str:
    """Return what a block of code is in."""
    return next((name for name, sign in LANGUAGES.items() if re.search(sign, text, re.MULTILINE)), "text")


def _highlight(dummy: Any, document: nodes.document) -> None:
    for block in document.findall(nodes.literal_block):
        if block.get("language", "text") in ("text", "default", "none"):
            # What isn't quite of its language is shown all the same.
            block["language"], block["force"] = _language(block.astext()), True


def setup(app: Any) -> None:
    """Let blocks be highlighted."""
    app.connect("doctree-read", _highlight)
