# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes a new, empty migration."""

from __future__ import annotations

import errno
import os
import re
import uuid
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Dict, List, NamedTuple, Optional, Sequence, Tuple

from .. import errors, model, revisions
from ..databases.names import QualifiedName
from ..databases.tools import Tools
from ..planning.checkpoints import apart
from ..planning.plan import revisions_of
from ..scripts.discovery import IGNORE, discover
from ..scripts.kinds import alembic
from ..scripts.kinds.checkpoint import KIND as CHECKPOINT
from ..scripts.repository import find as repository_of
from .templates import TEMPLATES

if TYPE_CHECKING:
    from ..databases.port import Target

# Longest version that counts as a number; anything longer is a moment in time.
NUMBER_DIGITS = 8
TIMESTAMP = "%Y%m%d%H%M%S"

# What of a version is one, where there is more: of a whole name, what stands in front.
LEADING = re.compile(r"[0-9-]+(?:[._][0-9]+)*(?![^._-])|[0-9]+")
BY_NAME = "sql_by_name"


class Source(NamedTuple):
    """The database to read, and the history in it, which is left out."""

    target: Target
    history_table: QualifiedName


class GenerateRequest(NamedTuple):
    """What to write.

    :ivar directory: where; of a repository of sqlalchemy-migrate, its versions/.
    :ivar kind: None: the kind that the directory has; of an empty one Python, and from a database SQL.
    :ivar source: the database whose schema is to be the migration; None: an empty migration.
    """

    directory: str
    name: str
    kind: Optional[str] = None
    checking: bool = False
    source: Optional[Source] = None
    follow: bool = False


class Generated(NamedTuple):
    """What was written, or was there already.

    :ivar files: path → text; nothing where the migration was there.
    """

    version: str
    paths: Tuple[str, ...]
    files: Dict[str, str]


def generate(request: GenerateRequest, tools: Optional[Tools] = None, now: Optional[datetime] = None) -> Generated:
    """Write the files of a new migration, unless one of that name is there.

    :param tools: the means to run client programs, when there is a source.
    :param now: the moment that its version is made from.
    :raises OptionInvalid: when the name can't be a file's.
    :raises ScriptInvalid: when the directory can't be read or written, or its versions are of two sorts.
    """
    name = slug(request.name)
    repository = repository_of(request.directory, request.follow)
    directory = repository.versions if repository else request.directory
    named = BY_NAME if request.kind == BY_NAME else None  # which no look would find
    scripts = discover([request.directory], named, request.follow, IGNORE) if os.path.isdir(directory) else ()
    for script in scripts:
        if script.name == name:
            return Generated(str(script.version), tuple(filter(None, [script.path, script.down_path])), {})
    plain, checkpoints = apart(scripts)
    kind = request.kind or _usual_kind(request, repository is not None, plain or checkpoints)
    _refuse_other_kind(kind, plain)
    if kind == alembic.KIND and request.source is None:
        return _revision(request, name, scripts)
    version = _next_version([script.version for script in scripts], now or datetime.now(timezone.utc))
    templates = TEMPLATES.get(kind, {}) if request.source is None else _from(request.source, kind, tools)
    files = {os.path.join(directory, template % (version, name)): text for template, text in templates.items()}
    return written(request, directory, version, files)


def written(request: GenerateRequest, directory: str, version: str, files: Dict[str, str]) -> Generated:
    """Write files, unless it is only to be seen whether that can be done.

    :raises ScriptInvalid: when it can't.
    """
    _require_writable(directory)
    if not request.checking:
        _write(directory, files)
    return Generated(version, tuple(files), files)


def _revision(request: GenerateRequest, name: str, scripts: Sequence[model.Script]) -> Generated:
    """Write a revision behind the one head that there is, with an identifier like alembic's own.

    :raises ScriptInvalid: when there are several: whoever writes it has to say which.
    """
    graph = revisions_of(scripts)
    heads = revisions.heads(graph, graph)
    if len(heads) > 1:
        raise errors.ScriptInvalid(
            "There are %d heads (%s), and a new revision comes behind one" % (len(heads), ", ".join(heads)),
            hint="Merge them with alembic merge, or write the file by hand, with the down_revision that is meant.",
            path=request.directory,
        )
    version = uuid.uuid4().hex[-12:]
    below = [script.path for script in scripts if script.version.text in heads]
    directory = os.path.dirname(below[0]) if below else os.path.join(request.directory, alembic.VERSIONS)
    text = TEMPLATES[alembic.KIND]["%s_%s.py"] % (version, '"%s"' % heads[0] if heads else None)
    return written(request, directory, version, {os.path.join(directory, "%s_%s.py" % (version, name)): text})


def _usual_kind(request: GenerateRequest, in_repository: bool, scripts: Sequence[model.Script]) -> str:
    if scripts:
        return scripts[0].kind if scripts[0].kind != CHECKPOINT else "sql"
    return "sqlalchemy" if in_repository else "python" if request.source is None else "sql"


def _from(source: Source, kind: str, tools: Optional[Tools]) -> Dict[str, str]:
    """Return the migration that the source's schema is."""
    if kind not in ("sql", "sqlalchemy") or tools is None:
        raise errors.OptionInvalid(
            "kind: a schema is written as sql or sqlalchemy, not as %s" % kind,
            hint="Generate it into a directory of its own.",
        )
    from ..authoring import author

    if kind == "sqlalchemy":
        return {"%s_%s.py": author.schema_as_script(source.target, source.history_table, tools)}
    return {"%s_%s.up.sql": author.schema_as_sql(source.target, source.history_table, tools)}


def slug(name: str) -> str:
    slug = re.sub(r"\s+", "_", name.strip())
    if not slug or slug.startswith(".") or re.search(r"[/\\\x00-\x1f]", slug):
        raise errors.OptionInvalid(
            "name: %r can't be part of a file's name" % name, hint="Write words only; the directory is migrations_dir."
        )
    return slug


def _next_version(versions: Sequence[model.Version], now: datetime) -> str:
    """Return the next number where the directory is numbered, keeping its leading zeros; else the moment in UTC."""
    texts = [_leading(version) for version in versions if not version.is_repeatable]
    numbered = [text for text in texts if len(re.sub("[^0-9]", "", text)) <= NUMBER_DIGITS]
    if numbered and len(numbered) < len(texts):
        raise errors.ScriptInvalid(
            "Can't choose the next version: this directory mixes numbers (%s) and timestamps (%s)"
            % (numbered[-1], next(text for text in texts if text not in numbered)),
            hint="Write the migration's files by hand.",
        )
    if not numbered:
        known = {re.sub("[^0-9]", "", text) for text in texts}
        while now.strftime(TIMESTAMP) in known:
            now += timedelta(seconds=1)
        return now.strftime(TIMESTAMP)
    last = max(numbered, key=lambda text: model.Version.parse(text).parts)
    number = str(model.Version.parse(last).parts[0] + 1)
    return number.zfill(len(last)) if last.isdecimal() else number


def _leading(version: model.Version) -> str:
    """Return what of a version is a number, or a moment in time."""
    found = LEADING.match(version.text) if version.is_whole_name else None
    return found.group() if found else version.text


def _refuse_other_kind(kind: str, scripts: Sequence[model.Script]) -> None:
    if kind not in TEMPLATES:
        raise errors.OptionInvalid(
            "kind: the directory's scripts are %s, and none of these can be written here" % kind,
            hint="Have its own tool write it, which keeps a list of them.",
        )
    if scripts and scripts[0].kind != kind:
        raise errors.OptionInvalid(
            "kind: the directory's scripts are %s, not %s" % (scripts[0].kind, kind),
            hint="A directory holds one kind. Leave kind out, or generate into another directory.",
        )


def _write(directory: str, files: Dict[str, str]) -> None:
    written: List[str] = []
    try:
        os.makedirs(directory, exist_ok=True)
        for path, text in files.items():
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "x", encoding="utf-8", newline="\n") as stream:
                written.append(path)
                stream.write(text)
    except OSError as error:
        for path in written:
            os.unlink(path)
        raise _unwritable(directory, error.errno) from None


def _require_writable(directory: str) -> None:
    """TableWatch whether the directory can be written, or made, so that check mode knows it too."""
    place = directory
    while not os.path.lexists(place):
        place = os.path.dirname(place) or os.curdir
    if not os.path.isdir(place):
        raise _unwritable(directory, errno.ENOTDIR)
    if not os.access(place, os.W_OK | os.X_OK):
        raise _unwritable(directory, errno.EACCES)


def _unwritable(directory: str, number: Optional[int]) -> errors.ScriptInvalid:
    return errors.ScriptInvalid(
        "No migration can be written into %s: %s" % (directory, os.strerror(number or 0)),
        hint="Fix the directory's rights, or name another one.",
        path=directory,
    )
