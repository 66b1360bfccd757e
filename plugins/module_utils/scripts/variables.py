# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL files with the values of their variables."""

from __future__ import annotations

from typing import Mapping

from .. import errors
from ..sql.statements import SplitError
from ..sql.variables import VariableError, fill
from .kinds import reading


def filled(values: Mapping[str, str]) -> reading.Source:
    """Return what gives the text of a file with these values filled in.

    Called, it raises ScriptInvalid for a variable without a value, or what is none; it names line and column.
    """

    def source(path: str) -> str:
        text = reading.text(path)
        try:
            return fill(text, values)
        except SplitError:
            return text  # whoever reads it says so
        except VariableError as error:
            line, column = reading.position(text, error.offset)
            raise errors.ScriptInvalid(
                "%s, line %d: %s" % (path, line, error.message),
                hint="Nothing has been run. Give it a value in variables or secret_variables, or write it otherwise; "
                "inside dollar quotes and comments nothing is filled in.",
                path=path,
                line=line,
                column=column,
            ) from None

    return source
