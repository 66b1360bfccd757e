"""The front page of the site: the README as it begins, its links leading to the site's own pages.

python bin/lib/front_page.py      prints it
"""

from __future__ import annotations

import re

from pg_programs import ROOT

# From here on the README is for whoever reads it where it is.
END = "\n## A new database\n"
REPOSITORY = "https://github.com/pgops/migrations/blob/main/"
LINK = re.compile(rf"^(\[[\w-]+\]: ){re.escape(REPOSITORY)}((?:docs|roles)/\S+\.md)$", re.MULTILINE)
DEFINITION = re.compile(r"^\[[\w-]+\]: \S+$", re.MULTILINE)


def front_page(readme: str) -> str:
    """Return the page.

    Raises: ValueError when the README has no such section.
    """
    beginning, end, rest = readme.partition(END)
    if not end:
        raise ValueError(f"README.md has no section {END.strip()!r}")
    links = "\n".join(DEFINITION.findall(rest))
    beginning = beginning.replace("](#", f"]({REPOSITORY}README.md#")
    return "\n\n".join([beginning, LINK.sub(r"\1\2", links), ""])


if __name__ == "__main__":
    print(front_page((ROOT / "README.md").read_text(encoding="utf-8")), end="")
