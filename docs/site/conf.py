"""Sphinx's settings for bin/docs."""

from __future__ import annotations

project = "pgops.migrations"
author = "The pgops.migrations authors"
extensions = ["myst_parser", "sphinx_antsibull_ext"]
root_doc = "index"
html_theme = "alabaster"
html_theme_options = {"page_width": "1100px", "sidebar_width": "260px"}
html_copy_source = False
intersphinx_mapping: dict[str, object] = {}  # builds without the network
myst_heading_anchors = 3
nitpicky = True
# Variables of Ansible's own, which its documentation describes.
nitpick_ignore_regex = [("envvar", r"ANSIBLE_CACHE_PLUGIN\w*")]
