"""Pictures of the site that bin/docs has made, and of a report, as a browser shows them.

    python bin/lib/screenshots.py      makes .docs/screenshots/*.png

It needs Chromium. The report is the one of docs/reports.md, made by following that page.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from pages import path_of, reader_of
from pg_programs import ROOT
from server import running

SITE = ROOT / ".docs"
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DESK, PHONE = "1300,1500", "420,900"
# Name of the picture → page of the site, and how large the window is.
OF_SITE = {
    "front": ("index.html", DESK),
    "front-on-a-phone": ("index.html", PHONE),
    "hazards": ("docs/zero-downtime.html", DESK),
    "reference": ("reference/pg_migrate_module.html", DESK),
}


def main() -> None:
    """Make the pictures."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        sys.exit("There is no Chromium here (Debian: apt-get install chromium), which makes the pictures.")
    pictures = SITE / "screenshots"
    pictures.mkdir(exist_ok=True)
    for name, (page, size) in OF_SITE.items():
        take(browser, SITE / page, size, pictures / f"{name}.png")
    with running() as server, reader_of("reports", server) as reader:
        reader.follow(path_of("reports").read_text(encoding="utf-8"))
        for name, size in (("report", DESK), ("report-on-a-phone", PHONE)):
            take(browser, reader.work / "review.html", size, pictures / f"{name}.png")
    print(pictures)


def take(browser: str, page: Path, size: str, picture: Path) -> None:
    """Let a browser show a page, without a network, and keep what one sees.

    Raises: CalledProcessError when it fails.
    """
    with tempfile.TemporaryDirectory() as profile:
        subprocess.run(
            [
                *(browser, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"),
                *(f"--user-data-dir={profile}", f"--window-size={size}", f"--screenshot={picture}"),
                page.as_uri(),
            ],
            check=True,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=120,
        )


if __name__ == "__main__":
    main()
