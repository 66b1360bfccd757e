# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""schema_file: looked at before a run, then compared or written; by the module, or with src by its action plugin.

It is an auxiliary: from the moment when a run may have changed something, what fails here is a warning.
"""

from __future__ import annotations

import os
import zlib
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

from .. import errors
from ..files import writing
from ..schema.file import compare, is_ours
from ..scripts.unread import SUSPECT, VERSIONED

MODE = 0o644
# With src, the file is the action plugin's affair: this is what the module tells it.
HANDED_OVER = "_schema_file"
# Ansible takes every secret of a task out of its result, letter by letter. No secret is written in these letters.
FIRST_LETTER = 0x2800

STALE = (
    "schema_file: %s isn't the schema of this database; --diff shows how. A run with nothing to apply leaves it so. "
    "Remove it to have it made anew."
)
NOT_COMPARED = "schema_file: %s wasn't compared: %s."
NOT_WRITTEN = (
    "schema_file: %s wasn't written: %s. What was applied stays so. "
    "Remove the file, and run again, to have it made anew."
)


class Wanted(NamedTuple):
    """What a run knows of the file.

    :ivar text: what it is to hold; None: that isn't known.
    :ivar reason: why not.
    :ivar context: lines around a change in a diff.
    :ivar is_pending: whether a real run would have something to do.
    """

    text: Optional[str]
    reason: Optional[str]
    context: int
    is_pending: bool


def look_before(path: str, directories: Sequence[str]) -> bool:
    """Return whether there is no file yet, and look whether it can be written.

    :param directories: of the scripts.
    :raises OptionInvalid: when it can't be, or it is a file that somebody else has made, or would be read as a script.
    """
    name = os.path.basename(path)
    inside = any(os.path.realpath(path).startswith(os.path.join(os.path.realpath(each), "")) for each in directories)
    if inside and (SUSPECT.fullmatch(name) or VERSIONED.fullmatch(name)):
        raise _refusal(path, "by its name it would be read as a migration", "Name it schema.sql, for example.")
    try:
        there = writing.content(path)
        writing.refuse_place(path)
    except writing.Unwritten as error:
        raise _refusal(path, str(error), "Name a file in a directory that is there.") from None
    if there is not None and not is_ours(there):
        raise _refusal(path, "this file wasn't made by pg_migrate", "Name another one, or move it elsewhere.")
    return there is None


def settled(result: Dict[str, Any], path: str, wanted: Wanted, checking: bool) -> Dict[str, Any]:
    """Return a result with what became of the file, which is compared in check mode, and else written."""
    found: Dict[str, Any] = {"path": path, "differs": None, "written": False, "reason": wanted.reason}
    result = {**result, "schema_file": found}
    if wanted.text is None:
        sentence = (NOT_COMPARED if checking else NOT_WRITTEN) % (path, str(wanted.reason).rstrip("."))
        return _warned(result, sentence)
    try:
        there = writing.content(path)
        if checking:
            return _compared(result, there, wanted)
        found["differs"] = there != wanted.text
        if found["differs"]:
            writing.write(path, wanted.text, MODE, keeps_mode=True)
            found["written"] = result["changed"] = True
            if not wanted.is_pending:
                result["msg"] = "%s Wrote %s." % (result.get("msg", ""), path)
    except writing.Unwritten as error:
        found["reason"] = str(error)
        return _warned(result, NOT_WRITTEN % (path, error))
    return result


def _compared(result: Dict[str, Any], there: Optional[str], wanted: Wanted) -> Dict[str, Any]:
    found, path = result["schema_file"], result["schema_file"]["path"]
    compared = compare(there, str(wanted.text), path, wanted.context)
    found.update(differs=compared.differs, reason=compared.reason)
    if compared.differs is None:
        return _warned(result, NOT_COMPARED % (path, compared.reason))
    if not compared.differs:
        return result
    result["changed"] = True
    if compared.diff:
        entry = {"before_header": path, "after_header": path, "prepared": compared.diff}
        result["diff"] = [*result.get("diff", ()), entry]
        if not wanted.is_pending:
            return _warned(result, STALE % path)
    return result


def handed_over(wanted: Wanted) -> Dict[str, Any]:
    """Return what the module tells the action plugin, so that no secret of the task is found in it."""
    text = None
    if wanted.text is not None:
        packed = zlib.compress(wanted.text.encode("utf-8", "surrogateescape"))
        text = "".join(chr(FIRST_LETTER + byte) for byte in packed)
    return {HANDED_OVER: wanted._replace(text=text)._asdict()}


def taken_over(told: Dict[str, Any]) -> Wanted:
    """Return what the module has told."""
    context = told["context"] if isinstance(told["context"], int) else 10  # a password may have the same digits
    wanted = Wanted(told["text"], told["reason"], context, bool(told["is_pending"]))
    if wanted.text is None:
        return wanted
    try:
        packed = bytes(ord(letter) - FIRST_LETTER for letter in wanted.text)
        return wanted._replace(text=zlib.decompress(packed).decode("utf-8", "surrogateescape"))
    except (ValueError, zlib.error):
        return wanted._replace(text=None, reason="it didn't arrive whole")


def _warned(result: Dict[str, Any], sentence: str) -> Dict[str, Any]:
    warnings: List[Any] = [*result.get("warnings", ()), sentence]
    return {**result, "warnings": warnings}


def _refusal(path: str, why: str, hint: str) -> errors.OptionInvalid:
    return errors.OptionInvalid("schema_file: %s: %s" % (path, why), hint=hint)
