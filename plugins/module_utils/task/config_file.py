# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The INI file of db-migrator's users: where the database is, and where the scripts are."""

from __future__ import annotations

import configparser
import io
import os
from typing import List, Optional

from .. import errors
from ..files import opening

URL_KEY = "db-connection-string"
DIRECTORY_KEY = "migrations-directory"
MOST = opening.MIB


class ConfigFile:
    """An INI file; a key may stand in any of its sections. ``%(here)s`` is the file's own directory.

    :raises OptionInvalid: when it can't be read.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.here = os.path.dirname(os.path.abspath(path))
        self.parser = configparser.ConfigParser(defaults={"here": self.here.replace("%", "%%")})
        try:
            self.parser.read_file(io.TextIOWrapper(io.BytesIO(opening.read(path, MOST)), "utf-8-sig"))
        except opening.Unopened as error:
            raise _unreadable(path, error.reason, error.hint or "Correct its path, or its rights.") from None
        except (UnicodeDecodeError, configparser.Error):
            # A parser's message may quote a line, and a line may hold a password.
            hint = "It has [sections], and lines with key = value in them."
            raise _unreadable(path, "it is no INI file in UTF-8", hint) from None

    def url(self, key: Optional[str], needed: bool = True) -> Optional[str]:
        """Return the connection string.

        :param key: its key, when it isn't the usual one.
        :param needed: nothing else says where the database is.
        :raises OptionInvalid: when it is needed and the file hasn't got it.
        """
        wanted = key or URL_KEY
        value = self._get(wanted)
        if value is None and needed:
            raise errors.OptionInvalid(
                "config_file: %s has no key %s in any section" % (self.path, wanted),
                hint="Add it, name another with config_key, or say with url where the database is.",
            )
        if value is not None and not value.strip():
            raise errors.OptionInvalid(
                "config_file: the key %s in %s is empty" % (wanted, self.path),
                hint="Say there where the database is, or remove the key and say it with url.",
            )
        return value

    def directories(self) -> List[str]:
        """Return the migrations directories, one a line; a relative one is meant from the file's own place."""
        value = self._get(DIRECTORY_KEY) or ""
        return [os.path.join(self.here, line.strip()) for line in value.splitlines() if line.strip()]

    def _get(self, key: str) -> Optional[str]:
        for section in [*self.parser.sections(), self.parser.default_section]:
            try:
                return self.parser.get(section, key)
            except configparser.InterpolationError:
                # A percent sign of a password or a URL, not of an interpolation.
                return self.parser.get(section, key, raw=True)
            except (configparser.NoOptionError, configparser.NoSectionError):
                continue
        return None


def _unreadable(path: str, reason: str, hint: str) -> errors.OptionInvalid:
    return errors.OptionInvalid("config_file: %s can't be read: %s" % (path, reason), hint=hint)
