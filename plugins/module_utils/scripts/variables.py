# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""SQL files with the values of their variables."""

from __future__ import annotations

from typing import Callable, Mapping, Tuple

from .. import errors, model
from ..sql.statements import SplitError
from ..sql.variables import VariableError, fill
from .kinds import catalogue, reading


def reader(values: Mapping[str, str], secrets: Tuple[str, ...]) -> Callable[[model.Script], model.Migration]:
    """Return what reads a script with these values filled in.

    :param secrets: those of the values that must not be told.
    """
    source = filled(values)

    def with_secrets(body: model.Body) -> model.Body:
        return body._replace(secrets=secrets) if isinstance(body, model.SqlBody) else body

    def read(script: model.Script) -> model.Migration:
        migration = catalogue.read(script, source)
        down = with_secrets(migration.down) if migration.down is not None else None
        verify = migration.verify._replace(secrets=secrets) if migration.verify is not None else None
        return migration._replace(up=with_secrets(migration.up), down=down, verify=verify)

    return read


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
