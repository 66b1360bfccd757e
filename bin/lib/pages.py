"""The pages in docs/ as a reader follows them: files are written, commands are run, what they print is compared.

    python bin/lib/pages.py                  follows each page, and where a command prints something else, writes that
    python bin/lib/pages.py rolling-back     follows these pages

A page is followed from top to bottom, on a PostgreSQL of its own whose user `shop` and database `shop` are new. Of its
indented blocks
- one with lines such as `# migrate.yml` or `# /srv/shop/…` at the left is these files;
- a play, or a list of tasks, without such a line is the playbook that the next command names;
- one that begins with `$ ` is commands, each with what it prints. A line that says `…` stands for any lines.
Other blocks are for reading only.
"""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from pg_programs import ROOT
from server import Server, running

# Page → the page that its reader has followed before.
AFTER = {
    "README": "first-migration",
    "first-migration": None,
    "provisioning": None,
    "existing-database": None,
    "rolling-back": "first-migration",
    "approval": "first-migration",
    "reports": "first-migration",
    "pipelines": "first-migration",
    "by-hand": "first-migration",
    "many-hosts": None,
    "many-databases": None,
    "sqlite": None,
    "long-runs": "first-migration",
    "monitoring": "first-migration",
    "long-life": "first-migration",
    "secrets": None,
    "troubleshooting": "first-migration",
}
ON_A_NEW_SERVER = ("provisioning",)  # without user and database
# Nobody can be expected to become postgres here; PGUSER and PGHOST lead to the same place.
REPLACED = {"become: true": "become: false", "database_become_user:": "database_login_user:"}
PLACE = "/srv/shop"
HOME = "/home/you"
BLOCK = re.compile(r"^ {4}.*\n(?:\n* {4}.*\n)*", re.MULTILINE)
FILE = re.compile(r"^# ((?:/srv/shop/)?[\w./-]+\.\w+)$")
PLAYBOOK = re.compile(r"\$ ansible-playbook (?:-i \S+ )?(\S+)")
LEFT_OUT = "…"
OF_SHOP = "SELECT d.datname FROM pg_database d JOIN pg_roles r ON r.oid = d.datdba WHERE r.rolname = 'shop'"
LOOKS = re.compile(r" --check|pg_migration_info")
# What is different each time, and what is compared in its place.
CHANGING = (
    (re.compile(r" *\b\d+(\.\d+)? m?s\b"), " 1 s"),  # in a column too
    (re.compile(r"\b\d+(\.\d+)? (kB|bytes)\b"), "1 kB"),
    (re.compile(r"\b((?:duration_ms|hold_ms|pid|size_bytes)\"?: )\d+"), r"\g<1>1"),
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d(:\d\d)?)?"), "2026-01-01T00:00:00Z"),
    (re.compile(r"\b(port |localhost:)\d+"), r"\g<1>5432"),
    (re.compile(r"\b20(2[6-9]|[3-9]\d)\d{10}(?!\d)"), "20260101000000"),  # a version that is the present moment
    (re.compile(r"\b[0-9a-f]{16}(-[0-9a-f]{16}){2}\b"), "digest"),
)


@dataclass
class Reader:
    """Who follows pages: with a directory for /srv/shop, one to work in, and a server."""

    work: Path
    server: Server
    playbook: str = field(default="", init=False)
    hurried: bool = field(default=False, init=False)  # what only looks is left out

    def follow(self, text: str) -> str:
        """Do what a page says; return the page with what its commands really print."""
        return BLOCK.sub(self._block, text)

    def _block(self, found: re.Match[str]) -> str:
        block = found[0]
        text = textwrap.dedent(block)
        if text.startswith("$ "):
            done = "\n".join(self._command(*each) for each in _commands(text)) + "\n"
            return textwrap.indent(done, "    ")
        if any(FILE.match(line) for line in text.splitlines()):
            self._write(text)
        elif text.startswith(("- hosts:", "- name:")):
            self.playbook = text
        return block

    def _write(self, text: str) -> None:
        file = None
        for line in text.splitlines(keepends=True):
            named = FILE.match(line)
            if named:
                file = self.work / self.here(named[1])
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text("")
            elif file:
                file.write_text(file.read_text() + self.here(line))

    def _command(self, command: str, expected: str) -> str:
        """Run a command; return it with its output, or as it was where that is no different."""
        named = PLAYBOOK.match(command)
        if named and self.playbook:
            (self.work / named[1]).write_text(self.here(_play(self.playbook)))
            self.playbook = ""
        if self.hurried and LOOKS.search(command):
            return command
        done = subprocess.run(
            ["bash", "-c", self.here(command[2:])],
            check=False,
            cwd=self.work,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
        )
        printed = "\n".join(line.rstrip() for line in self.there(done.stdout).strip("\n").splitlines())
        shown = expected if is_same(expected, printed) else shortened(expected, printed)
        return "\n".join(filter(None, [command, shown]))

    def here(self, text: str) -> str:
        """Return a page's text as it is for this reader."""
        for before, after in {PLACE: str(self.work / "shop"), **REPLACED}.items():
            text = text.replace(before, after)
        return text

    def there(self, text: str) -> str:
        """Return what this reader sees as it stands on a page."""
        return text.replace(str(self.work / "shop"), PLACE).replace(str(self.work), HOME)

    def environment(self) -> dict[str, str]:
        """Return the environment of the commands."""
        programs = [str(Path(sys.executable).parent), self.server.bindir, os.environ.get("PATH", os.defpath)]
        return {
            "HOME": str(self.work),
            "PATH": os.pathsep.join(programs),
            "LC_ALL": "C.UTF-8",
            **{name: value for name, value in self.server.environment().items() if name != "PGDATABASE"},
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".collections"),
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_HOME": str(self.work / "ansible"),
            "ANSIBLE_REMOTE_TMP": str(self.work / "ansible" / "remote"),
            "ANSIBLE_TRANSPORT": "local",
            "ANSIBLE_NOCOLOR": "1",
            "ANSIBLE_LOCALHOST_WARNING": "0",
            "ANSIBLE_INVENTORY_UNPARSED_WARNING": "0",
            "COLUMNS": "80",
        }


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a block, with what the page says that it prints."""
    for each in re.split(r"^(?=\$ )", text, flags=re.MULTILINE)[1:]:
        command = re.match(r"(?:.*\\\n)*.*", each)
        assert command is not None
        yield command[0], each[command.end() :].strip("\n")


def _play(text: str) -> str:
    """Return tasks as a play; a play as it is."""
    if text.startswith("- hosts:"):
        return text
    return "- hosts: localhost\n  gather_facts: false\n  tasks:\n" + textwrap.indent(text, "    ")


def is_same(expected: str, printed: str) -> bool:
    """Tell whether a page says what a command prints, but for what is different each time."""
    parts = [re.escape(part) for part in re.split(f"^{LEFT_OUT}$", unchanging(expected), flags=re.MULTILINE)]
    return re.fullmatch(r"(?s:.*)".join(parts), unchanging(printed)) is not None


def shortened(expected: str, printed: str) -> str:
    """Return what is printed, without what stood in the place of each … before: between the same two lines."""
    wanted, lines, place = expected.splitlines(), printed.splitlines(), 0
    for number in (number for number, line in enumerate(wanted) if line == LEFT_OUT):
        before, after = "".join(wanted[number - 1 : number]), "".join(wanted[number + 1 : number + 2])
        start = _find(lines, before, place)
        end = _find(lines, after, start + 1) if after else len(lines)
        if start < end < len(lines) + (not after):
            lines[start + 1 : end] = [LEFT_OUT]
            place = start + 1
    return "\n".join(lines)


def _find(lines: list[str], wanted: str, start: int) -> int:
    """Return the number of a line, from start on; behind the last: there is none."""
    return next((n for n in range(start, len(lines)) if unchanging(lines[n]) == unchanging(wanted)), len(lines))


def unchanging(text: str) -> str:
    """Return a text without what is different each time."""
    for changing, instead in CHANGING:
        text = changing.sub(instead, text)
    return text


def path_of(page: str) -> Path:
    """Return the file of a page."""
    return ROOT / "README.md" if page == "README" else ROOT / "docs" / (page + ".md")


def prepare(server: Server, new: bool = False) -> None:
    """Make the user and the database that the pages speak of; `new`: take them away."""
    for name in ["shop", *server.psql(OF_SHOP).splitlines()]:
        server.drop_database(name)
    server.psql("DROP ROLE IF EXISTS shop")
    if not new:
        server.psql("CREATE ROLE shop LOGIN CREATEDB")
        server.create_database("shop", "OWNER shop")


@contextlib.contextmanager
def reader_of(page: str, server: Server) -> Iterator[Reader]:
    """Lend a reader who is about to follow a page, and has followed the one before it."""
    prepare(server, new=page in ON_A_NEW_SERVER)
    with tempfile.TemporaryDirectory(prefix="pages-") as work:
        reader = Reader(Path(work), server)
        before = AFTER[page]
        if before:
            reader.hurried = True
            reader.follow(path_of(before).read_text())
            reader.hurried = False
        yield reader


def followed(page: str, server: Server) -> tuple[str, str]:
    """Return a page as it is, and as it has to be."""
    with reader_of(page, server) as reader:
        text = path_of(page).read_text()
        return text, reader.follow(text)


def main() -> None:
    """Write what commands really print into the pages that are named, or into all."""
    with running() as server:
        for page in sys.argv[1:] or AFTER:
            text, real = followed(page, server)
            if text != real:
                path_of(page).write_text(real)
            print(f"{page}: {'is as it was' if text == real else 'has changed'}")


if __name__ == "__main__":
    main()
