"""docs/hazards.md: its lists of levels and kinds are made of the code that judges by them.

    python bin/lib/hazards_page.py      writes them anew

All else on the page is written by hand.
"""

from __future__ import annotations

import importlib
import re
import sys
from typing import Any

from pg_programs import ROOT

PAGE = ROOT / "docs" / "hazards.md"
RULES = "ansible_collections.pgops.migrations.plugins.module_utils.run.hazard_rules"
GENERATED = re.compile(r"(?<=<!-- made of run/hazard_rules\.py -->\n).*?(?=<!-- until here -->)", re.DOTALL)


def renewed(page: str) -> str:
    """Return the page with the lists that the code has."""
    rules = _rules()
    sections = "\n".join(_section(rules, level) for level in reversed(list(rules.LEVELS)))
    return GENERATED.sub(lambda dummy: "\n" + sections + "\n", page)


def _rules() -> Any:
    sys.path.insert(0, str(ROOT / ".collections"))
    return importlib.import_module(RULES)


def _section(rules: Any, level: Any) -> str:
    kinds = [_kind(kind, rule) for kind, rule in rules.RULES.items() if rule.level is level]
    return "## `%s`\n\n%s\n\n%s\n" % (level.value, rules.LEVELS[level], "\n\n".join(kinds))


def _kind(kind: Any, rule: Any) -> str:
    does = rule.does[0].upper() + rule.does[1:]
    return "- **`%s`**: %s.\n  *By* %s.\n  *Instead:* %s" % (kind.value, does, rule.example, rule.instead)


if __name__ == "__main__":
    PAGE.write_text(renewed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
