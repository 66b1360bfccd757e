# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""report: a result of pg_migrate as a page for people."""

from __future__ import annotations

from typing import Any, Callable, Dict, Mapping

from ansible.errors import AnsibleFilterError


def report(result: Mapping[str, Any], form: str = "markdown") -> str:
    """Return a page.

    :param result: of pg_migrate.
    :param form: markdown or html.
    :raises AnsibleFilterError: when it is no such result, or there is no such form.
    """
    from ..plugin_utils.page import page_of

    if form not in ("markdown", "html"):
        raise AnsibleFilterError("pgops.migrations.report: the form is markdown or html, not %r" % form)
    try:
        page = page_of(result)
    except ValueError as error:
        raise AnsibleFilterError("pgops.migrations.report: %s" % error) from None
    if form == "html":
        from ..plugin_utils.html import html

        return html(page)
    from ..plugin_utils.markdown import markdown

    return markdown(page)


class FilterModule:
    """The filters of this file."""

    def filters(self) -> Dict[str, Callable[..., str]]:
        """Return them by name."""
        return {"report": report}
