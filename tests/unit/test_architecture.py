# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Imports only point down, and the other rules that code in plugins/ keeps. Everything is read, nothing is run."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
PLUGINS = ROOT / "plugins"
COLLECTION = "ansible_collections.pgops.migrations.plugins"
UTILS = "module_utils"
SPDX = "# SPDX-License-Identifier: GPL-3.0-or-later"

# What each package may import, itself aside; a package is named as in module_utils. BASE is what stands in module_utils
# itself: the words that everybody uses. A line may only name what stands below it.
BASE = "the base"
POSTGRESQL = "databases.postgresql"
COPIES = f"{POSTGRESQL}.copies"
PRECHECKS = f"{POSTGRESQL}.prechecks"
KINDS = "scripts.kinds"
OBSERVING = f"{POSTGRESQL}.observing"
HISTORY = f"{POSTGRESQL}.history"
WRITING = f"{POSTGRESQL}.writing"
MANY = f"{POSTGRESQL}.fleet"
SQLITE = "databases.sqlite"
MYSQL = "databases.mysql"
GENERIC = "databases.generic"
# Which database it is, and which of its modules answers what: by what these files import, they stand above the rest.
CHOOSE = "databases.choose"
CHOOSING = {
    f"{UTILS}.{CHOOSE}",
    f"{UTILS}.{POSTGRESQL}.database",
    f"{UTILS}.{SQLITE}.database",
    f"{UTILS}.{MYSQL}.database",
    f"{UTILS}.{GENERIC}.database",
}
OF_POSTGRESQL = {POSTGRESQL, COPIES, PRECHECKS, OBSERVING, HISTORY, WRITING, MANY}
DATABASES = {"databases", CHOOSE, *OF_POSTGRESQL, SQLITE, MYSQL, GENERIC}
PACKAGES: dict[str, set[str]] = {
    "modules": {"task"},
    "action": {"plugin_utils", "task", "scripts", "files", BASE},
    "filter": {"plugin_utils"},
    "inventory": {"plugin_utils", "task", BASE},
    "plugin_utils": {"report", "task", "fleet", "keeping", "scripts", *DATABASES, BASE},
    "doc_fragments": set(),
    "task.targets": {*DATABASES, BASE},
    "task": {
        "task.targets",
        "fleet",
        "commands",
        "report",
        "run",
        "planning",
        "provision",
        "keeping",
        "scripts",
        *DATABASES,
        "files",
        BASE,
    },
    "fleet": {
        *("commands", "rehearsal", "report", "run", "history", "planning", "scripts"),
        *DATABASES,
        *("sql", "schema", BASE),
    },
    "commands": {
        *("rehearsal", "authoring", "report", "run", "history", "planning", "runtimes", "scripts", KINDS),
        "runtimes.alchemy",
        *DATABASES,
        *("files", "sql", "schema", BASE),
    },
    "rehearsal": {"run", "history", "provision", "sql", *DATABASES, "schema", BASE},
    "authoring": {"history", "runtimes.alchemy", KINDS, "sql", *DATABASES, "schema", BASE},
    "run": {"history", "runtimes", KINDS, "sql", *DATABASES, "schema", BASE},
    "history": {*DATABASES, "schema", BASE},
    "planning": {*DATABASES, "schema", BASE},
    "runtimes": {"runtimes.alchemy", KINDS, BASE},
    "runtimes.alchemy": {"sql", *DATABASES, BASE},
    "provision": {*DATABASES, "files", BASE},
    "keeping": {"scripts", "files", "schema", BASE},
    "scripts": {KINDS, "sql", "files", BASE},
    KINDS: {"sql", "files", BASE},
    "report": {"schema", "sql", BASE},
    "sql": {BASE},
    COPIES: {POSTGRESQL, "databases", "sql", BASE},
    PRECHECKS: {POSTGRESQL, "databases", BASE},
    MANY: {POSTGRESQL, "databases", BASE},
    CHOOSE: {POSTGRESQL, HISTORY, WRITING, OBSERVING, MANY, SQLITE, MYSQL, GENERIC, "databases", BASE},
    SQLITE: {"databases", "schema", BASE},
    MYSQL: {"databases", "schema", BASE},
    GENERIC: {"databases", "schema", "sql", BASE},
    HISTORY: {POSTGRESQL, OBSERVING, "databases", BASE},
    WRITING: {POSTGRESQL, "databases", BASE},
    OBSERVING: {"databases", BASE},
    POSTGRESQL: {OBSERVING, "databases", "schema", "sql", "files", BASE},
    "databases": {"schema", BASE},
    "schema": {BASE},
    "files": set(),
    BASE: set(),
}
# Planning is pure: of a database it knows values and names, nothing that connects.
MAY_KNOW = {"planning": {f"{UTILS}.databases.{name}" for name in ("port", "values", "names")}}
MAX_FILES = 22
MAX_SHARE = 0.25

# PostgreSQL has packages of its own. What stands elsewhere is owed: it moves when a second database needs a port, and
# docs/architecture.md says what it is. A file that no longer owes anything must leave this list.
KNOWS_POSTGRESQL = {*OF_POSTGRESQL, "provision"}
CATALOG_OR_DRIVER = re.compile(r"pg_catalog|psycopg2")
SQLSTATE = re.compile(r"(?=.*[0-9])[0-9A-Z]{5}")
OWED = {
    f"{UTILS}.authoring.from_database_tables": "sets search_path",
    f"{UTILS}.task.entry": "says which driver is missing",
    f"{UTILS}.task.generate": "says which driver is missing",
}

# Of a MigrationConnection; its loan's too.
CONNECTION_STATE = {"guard", "stopped", "_loan", "_stays_open", "_scripted", "_savepoints", "_committed"}

CONNECTIONS = {
    f"{UTILS}.databases.savepoints",
    f"{UTILS}.databases.lendable",
    f"{UTILS}.{POSTGRESQL}.session",
    f"{UTILS}.{SQLITE}.session",
    f"{UTILS}.{MYSQL}.session",
    f"{UTILS}.{GENERIC}.session",
}

DRIVERS = {"psycopg2", "psycopg", "pymysql", "sqlalchemy"}
DRIVERS_OF = f"{UTILS}.deps"
SEES_ANSIBLE = {"modules", "task", "action", "filter", "inventory", "plugin_utils"}

OTHER_PLUGINS = ("modules", "action", "filter", "inventory", "plugin_utils", "doc_fragments")

FORBIDDEN_MODULES = {"subprocess", "multiprocessing", "pty"}
FORBIDDEN_CALLS = {
    *("print", "input", "breakpoint", "exit", "quit", "eval"),
    *("sys.exit", "os._exit", "os.system", "os.popen", "os.chdir", "os.putenv", "os.unsetenv"),
}
# A script may have changed the working directory; this is where that is undone.
# And a worker is a fork of the task: what that does at its end isn't for the worker to do.
PERMITTED = {(f"{UTILS}.runtimes.pyscript", "os.chdir"), (f"{UTILS}.fleet.workers", "os._exit")}

SQL_VERBS = "SELECT|INSERT|UPDATE|DELETE|MERGE|CREATE|ALTER|DROP|TRUNCATE|GRANT|REVOKE|SET|RESET|COMMENT|LOCK|WITH|COPY"
SQL = re.compile(rf"\s*(?:{SQL_VERBS})\s")
EXECUTE = {"execute", "executemany"}
WRITES_SQL = {f"{UTILS}.{POSTGRESQL}.dump", f"{UTILS}.{WRITING}.way_back"}  # for people to read, not to be sent

MAX_FUNCTION_LINES = 40
MAX_MAIN_LINES = 25
MAX_FILE_LINES = 300
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
DOCUMENTS = {"DOCUMENTATION", "EXAMPLES", "RETURN"}


@dataclass(frozen=True)
class File:
    """A Python file below plugins/. ``name`` is its dotted path there."""

    name: str
    text: str

    @property
    def tree(self) -> ast.Module:
        """Return it parsed, by the grammar of the oldest Python that a target may have."""
        return ast.parse(self.text, self.name, feature_version=(3, 9))


def package(name: str) -> str:
    """Return which package a file is in."""
    first, *rest = name.split(".")
    if name in CHOOSING:
        return CHOOSE
    return first if first != UTILS else ".".join(rest[:-1]) or BASE


def read_all() -> dict[str, File]:
    """Return every file below plugins/, by name."""
    names = {path: ".".join(path.relative_to(PLUGINS).with_suffix("").parts) for path in sorted(PLUGINS.rglob("*.py"))}
    return {name: File(name, path.read_text(encoding="utf-8")) for path, name in names.items()}


FILES = read_all()


# Rules. Each gets a file and yields what it finds, with the line.


def imported(file: File, known: set[str]) -> Iterator[tuple[int, str]]:
    """Yield what a file imports, also inside functions: for one of ours the file's name, else the dotted name."""
    for node in ast.walk(file.tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, _ours(alias.name)) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _ours(node.module or "")
            if node.level:
                above = file.name.split(".")[: -node.level]
                base = ".".join([*above, *([node.module] if node.module else [])])
            for alias in node.names:
                whole = f"{base}.{alias.name}"
                yield node.lineno, whole if whole in known else base


def _ours(name: str) -> str:
    return name.removeprefix(COLLECTION + ".")


def imports_down(file: File, known: set[str]) -> Iterator[str]:
    """Find imports that don't point down, or that only some packages may have."""
    here = package(file.name)
    for line, name in imported(file, known):
        top = name.split(".")[0]
        if name in known:
            there = package(name)
            unknown = here in MAY_KNOW and there in DATABASES and name not in MAY_KNOW[here]
            if there != here and (there not in PACKAGES[here] or unknown):
                yield f"line {line}: {here} imports {name}"
        elif top in PACKAGES or top in (UTILS, "ansible_collections"):
            yield f"line {line}: {name} isn't a file of ours"
        elif top in DRIVERS and file.name != DRIVERS_OF:
            yield f"line {line}: only deps.py imports {top}"
        elif top == "ansible" and here not in SEES_ANSIBLE:
            yield f"line {line}: {here} must not see Ansible"
        elif top in FORBIDDEN_MODULES:
            yield f"line {line}: {top} has no place here"


def of_postgresql(file: File) -> Iterator[str]:
    """Find PostgreSQL's catalog, its driver and its error codes where another database should be able to move in."""
    here = package(file.name)
    if here in KNOWS_POSTGRESQL or not file.name.startswith(UTILS):
        return
    tree = file.tree
    documentation = {ast.get_docstring(node, clean=False) for node in ast.walk(tree) if isinstance(node, DOCUMENTED)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr == "psycopg2":
            yield f"line {node.lineno}: psycopg2"
        text = node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""
        if text not in documentation and (CATALOG_OR_DRIVER.search(text) or SQLSTATE.fullmatch(text)):
            yield f"line {getattr(node, 'lineno', 0)}: {text[:40]!r}"


def changes_a_connection(file: File) -> Iterator[str]:
    """Find state of a connection that is changed from outside: it changes on entering and leaving a context."""
    for node in ast.walk(file.tree):
        assigned = isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store)
        its_own = file.name in CONNECTIONS and assigned and ast.unparse(node.value) == "self"
        if assigned and node.attr in CONNECTION_STATE and not its_own:
            yield f"line {node.lineno}: {ast.unparse(node)} is assigned"


def forbidden(file: File) -> Iterator[str]:
    """Find what belongs in a program, not in a library that others call."""
    for node in ast.walk(file.tree):
        line = f"line {getattr(node, 'lineno', 0)}"
        if isinstance(node, ast.Call) and ast.unparse(node.func) in FORBIDDEN_CALLS:
            if (file.name, ast.unparse(node.func)) not in PERMITTED:
                yield f"{line}: {ast.unparse(node.func)}()"
        elif isinstance(node, ast.Assert):
            yield f"{line}: assert"
        elif isinstance(node, ast.Raise) and node.exc is not None and "SystemExit" in ast.unparse(node.exc):
            yield f"{line}: raise SystemExit"
        elif isinstance(node, ast.Global):
            yield f"{line}: global {', '.join(node.names)}"
        elif isinstance(node, ast.Subscript) and not isinstance(node.ctx, ast.Load):
            if ast.unparse(node.value) == "os.environ":
                yield f"{line}: os.environ is changed"
        elif isinstance(node, ast.keyword) and node.arg == "slots":
            yield f"{line}: slots= needs Python 3.10"


def formatted_sql(file: File) -> Iterator[str]:
    """Find SQL that is put together from text: by an f-string, by % or by str.format()."""
    sends = file.name not in WRITES_SQL
    for node in ast.walk(file.tree):
        template = _template(node)
        if sends and template is not None and SQL.match(template):
            yield f"line {getattr(node, 'lineno', 0)}: {template[:40]!r} is formatted"
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in EXECUTE
            and node.args
        ):
            first = node.args[0]
            if isinstance(first, ast.JoinedStr) or (isinstance(first, ast.BinOp) and isinstance(first.op, ast.Mod)):
                yield f"line {node.lineno}: {node.func.attr}() gets formatted text"


def _template(node: ast.AST) -> str | None:
    """Return the literal text that a formatting expression begins with."""
    if isinstance(node, ast.JoinedStr):
        return "".join(str(part.value) if isinstance(part, ast.Constant) else "?" for part in node.values)
    literal = None
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mod):
        literal = node.left
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "format":
        literal = node.func.value
    return literal.value if isinstance(literal, ast.Constant) and isinstance(literal.value, str) else None


def too_long(file: File) -> Iterator[str]:
    """Find functions and files that have grown too long to be seen at once; documentation doesn't count."""
    tree = file.tree
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            limit = MAX_MAIN_LINES if package(file.name) == "modules" and node.name == "main" else MAX_FUNCTION_LINES
            if _lines(node) > limit:
                yield f"line {node.lineno}: {node.name}() has {_lines(node)} lines, {limit} at most"
    documents = [
        node for node in tree.body if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) in DOCUMENTS
    ]
    length = len(file.text.splitlines()) - sum(map(_lines, documents))
    if length > MAX_FILE_LINES:
        yield f"{length} lines, {MAX_FILE_LINES} at most"


def _lines(node: ast.stmt) -> int:
    return (node.end_lineno or node.lineno) - node.lineno + 1


def header(file: File) -> Iterator[str]:
    """Find files that don't say under which licence they stand, or that evaluate annotations."""
    if SPDX not in file.text.splitlines()[:4]:
        yield "no SPDX line"
    annotated = any(isinstance(node, (ast.FunctionDef, ast.AnnAssign)) for node in ast.walk(file.tree))
    if annotated and "from __future__ import annotations" not in file.text.splitlines():
        yield "no future import of annotations"


RULES: dict[str, Callable[[File], Iterator[str]]] = {
    "imports point down": lambda file: imports_down(file, set(FILES) | {file.name}),
    "nothing of PostgreSQL": of_postgresql,
    "connections change themselves": changes_a_connection,
    "nothing of a program": forbidden,
    "no formatted SQL": formatted_sql,
    "short": too_long,
    "header": header,
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("rule", RULES)
def test_rule(rule, name):
    owed = rule == "nothing of PostgreSQL" and name in OWED
    assert bool(list(RULES[rule](FILES[name]))) is owed


def test_every_package_is_known():
    assert {package(name) for name in FILES} == set(PACKAGES)


def test_what_is_owed_is_told():
    told = (ROOT / "docs/architecture.md").read_text(encoding="utf-8")
    assert [name for name in OWED if f"`{name.removeprefix(UTILS + '.').replace('.', '/')}.py`" not in told] == []


def test_no_package_may_import_one_that_may_import_it():
    assert cycles(PACKAGES) == []


def test_no_package_is_a_hall():
    files, lines = Counter(map(package, FILES)), Counter[str]()
    for name, file in FILES.items():
        lines[package(name)] += len(file.text.splitlines())
    engine = {name: count for name, count in lines.items() if name not in OTHER_PLUGINS}
    assert {name: count for name, count in files.items() if count > MAX_FILES} == {}
    assert {name: count for name, count in engine.items() if count > MAX_SHARE * sum(engine.values())} == {}


def cycles(graph: dict[str, set[str]]) -> list[list[str]]:
    """Return files that import each other, in groups; a file that imports itself is one too."""
    reach = {name: set(targets) for name, targets in graph.items()}
    for middle in graph:
        for name in graph:
            if middle in reach[name]:
                reach[name] |= reach[middle]
    groups = {tuple(sorted(other for other in reach[name] if name in reach[other])) for name in graph}
    return [list(group) for group in sorted(groups) if group]


def test_no_cycles():
    known = set(FILES)
    graph = {
        name: {target for dummy, target in imported(file, known) if target in known} for name, file in FILES.items()
    }
    assert cycles(graph) == []


def shipped(name: str) -> set[str]:
    """Return the files that go to the target with a file, itself included."""
    known, found, pending = set(FILES), {name}, [name]
    while pending:
        more = {target for dummy, target in imported(FILES[pending.pop()], known) if target in known} - found
        found |= more
        pending += more
    return found


@pytest.mark.parametrize("name", [name for name in FILES if package(name) == "modules"])
def test_modules_ship_their_engine_as_an_archive(name):
    # What Ansible finds by parsing, it parses at every run; task/archive.py says more.
    task = [f"task.{name}" for name in ("options", "archive", "module", "misplaced")]
    names = [*task, f"{POSTGRESQL}.keywords", "hazard", "errors"]
    assert shipped(name) == {name, *(f"{UTILS}.{each}" for each in names)}
    assert name.replace("modules", "action") in FILES


def test_no_packages():
    # What such a file imports would be shipped with every module.
    assert [str(path) for path in PLUGINS.rglob("__init__.py")] == []


def test_version_is_the_collections():
    version = FILES[f"{UTILS}.version"].tree.body[-1]
    assert isinstance(version, ast.Assign)
    assert ast.unparse(version.targets[0]) == "COLLECTION_VERSION"
    assert ast.literal_eval(version.value) == yaml.safe_load((ROOT / "galaxy.yml").read_text())["version"]


# The rules themselves: code that each must find, and code that it must leave alone.

FOUND = [
    ("imports point down", "module_utils.model", "from .errors import X\nfrom .planning.plan import plan_migrate"),
    ("imports point down", "module_utils.databases.postgresql.new", "from ...planning import plan"),
    ("imports point down", "module_utils.provision.new", "def f():\n    from ..task.options import target"),
    ("imports point down", "module_utils.provision.new", "from ..schema.diff import unified_diff"),
    ("imports point down", "module_utils.scripts.new", "from ..databases.names import parse_name"),
    ("imports point down", "module_utils.schema.new", "from ..sql import statements"),
    ("imports point down", "module_utils.commands.new", "from ..task import results"),
    ("imports point down", "modules.new", f"from {COLLECTION}.module_utils.planning.plan import plan_migrate"),
    ("imports point down", "modules.new", f"import {COLLECTION}.module_utils.model"),
    ("imports point down", "module_utils.run.new", "from . import nothing_here"),
    ("imports point down", "module_utils.run.new", "from ..databases.postgresql import no_such_file"),
    ("imports point down", "module_utils.run.new", "import psycopg2.extras"),
    ("imports point down", "module_utils.run.new", "def f():\n    from sqlalchemy import create_engine"),
    ("imports point down", "modules.new", "import psycopg2"),
    ("imports point down", "module_utils.run.new", "from ansible.module_utils.basic import AnsibleModule"),
    ("imports point down", "module_utils.task.new", "import subprocess"),
    ("imports point down", "module_utils.task.new", "def f():\n    from subprocess import run"),
    ("imports point down", "module_utils.planning.new", "from ..databases.postgresql import client"),
    ("connections change themselves", "module_utils.run.new", "connection.guard = None"),
    ("connections change themselves", "module_utils.run.new", "self.connection.stopped, x = None, 1"),
    ("nothing of PostgreSQL", "module_utils.run.new", "x = 'SELECT pg_catalog.now()'"),
    ("nothing of PostgreSQL", "module_utils.run.new", "x = deps.psycopg2.Binary"),
    ("nothing of PostgreSQL", "module_utils.task.new", "x = '55P03'"),
    ("nothing of a program", "module_utils.new", "print('x')"),
    ("nothing of a program", "module_utils.new", "def f():\n    sys.exit(1)"),
    ("nothing of a program", "module_utils.new", "raise SystemExit"),
    ("nothing of a program", "module_utils.new", "raise SystemExit(1)"),
    ("nothing of a program", "module_utils.new", "assert x"),
    ("nothing of a program", "module_utils.new", "os.chdir('/')"),
    ("nothing of a program", "module_utils.new", "os.environ['PGHOST'] = 'x'"),
    ("nothing of a program", "module_utils.new", "del os.environ['PGHOST']"),
    ("nothing of a program", "module_utils.new", "def f():\n    global x"),
    ("nothing of a program", "module_utils.new", "@dataclass(slots=True)\nclass X: pass"),
    ("no formatted SQL", "module_utils.new", "cursor.execute(f'select {x}')"),
    ("no formatted SQL", "module_utils.new", "cursor.executemany('%s x' % verb, rows)"),
    ("no formatted SQL", "module_utils.new", "cursor.execute(STATEMENT % x)"),
    ("no formatted SQL", "module_utils.schema.new", "cursor.execute(STATEMENT % x)"),
    ("no formatted SQL", "module_utils.new", "cursor.execute(f'{verb} x')"),
    ("no formatted SQL", "module_utils.new", "text = 'DROP TABLE {}'.format(x)\ncursor.execute(text)"),
    ("no formatted SQL", "module_utils.new", "text = f'\\n  CREATE TABLE {x} ()'"),
    ("short", "module_utils.new", "def f():\n" + "    pass\n" * 40),
    ("short", "modules.new", "def main():\n" + "    pass\n" * 25),
    ("short", "module_utils.new", "x = 1\n" * 301),
    ("header", "module_utils.new", "from __future__ import annotations\n" + SPDX.replace("3.0", "2.0")),
    ("header", "module_utils.new", SPDX + "\ndef f(): pass"),
]

LEFT_ALONE = [
    (
        "imports point down",
        "module_utils.commands.new",
        "from ..databases.postgresql import client\nfrom . import check\nimport os.path",
    ),
    ("imports point down", "module_utils.history.new", "from ..schema.diff import unified_diff\nfrom .. import deps"),
    ("imports point down", "module_utils.planning.new", "from ..databases.names import parse_name"),
    (
        "connections change themselves",
        "module_utils.run.new",
        "if connection.guard is None: connection.autocommit = True",
    ),
    ("connections change themselves", "module_utils.databases.postgresql.session", "self.guard = None"),
    ("nothing of PostgreSQL", "module_utils.run.new", '"""psycopg2"""\ny = "ABCDE"'),
    ("nothing of PostgreSQL", "module_utils.provision.new", "x = 'SELECT pg_catalog.now()'"),
    ("imports point down", "module_utils.deps", "import psycopg2"),
    ("imports point down", "module_utils.task.new", "from ansible.module_utils.basic import missing_required_lib"),
    ("imports point down", "modules.new", f"from {COLLECTION}.module_utils.task import options"),
    (
        "nothing of a program",
        "module_utils.new",
        "blueprint(x)\nsys.exit_code\nos.environ.get('PATH')\nos.environ['PATH']",
    ),
    ("nothing of a program", "module_utils.new", "try: f()\nexcept SystemExit: pass"),
    ("no formatted SQL", "module_utils.new", "cursor.execute(SELECT, [x])\ncursor.execute(sql.SQL(X).format(a=a))"),
    ("no formatted SQL", "module_utils.databases.postgresql.dump", "text = 'SET %s = %s;' % (x, y)"),
    ("no formatted SQL", "module_utils.new", "text = f'Selected {x}'\nhint = 'Settle %s' % x"),
    ("short", "module_utils.new", "def f():\n" + "    pass\n" * 39),
    ("short", "modules.new", "DOCUMENTATION = '''" + "\n" * 400 + "'''\n" + "def main():\n" + "    pass\n" * 24),
    ("header", "module_utils.new", SPDX + "\nfrom __future__ import annotations\ndef f(): pass\n"),
    ("header", "module_utils.new", SPDX + "\nVERSION = 1"),
]


@pytest.mark.parametrize("rule, name, code", FOUND)
def test_rule_finds(rule, name, code):
    assert len(list(RULES[rule](File(name, code)))) == 1


@pytest.mark.parametrize("rule, name, code", LEFT_ALONE)
def test_rule_leaves_alone(rule, name, code):
    assert list(RULES[rule](File(name, code))) == []


def test_syntax_of_newer_pythons_is_refused():
    with pytest.raises(SyntaxError):
        assert File("new", "match x:\n    case 1: pass").tree


@pytest.mark.parametrize(
    "graph, expected",
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, []),
        ({"a": {"b", "c"}, "b": {"d"}, "c": {"d"}, "d": set()}, []),
        ({"a": {"a"}}, [["a"]]),
        ({"a": {"b"}, "b": {"a"}, "c": {"a"}}, [["a", "b"]]),
        ({"a": {"b"}, "b": {"c"}, "c": {"a"}, "d": {"e"}, "e": {"d"}}, [["a", "b", "c"], ["d", "e"]]),
    ],
)
def test_cycles(graph, expected):
    assert cycles(graph) == expected
