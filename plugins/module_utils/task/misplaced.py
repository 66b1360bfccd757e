# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Secrets in options that are logged: a connection string in login_db, a password in connect_params' options …"""

from __future__ import annotations

import re
from typing import Any, Iterator, Mapping, NamedTuple, Optional, Tuple

from ..databases.postgresql.keywords import SECRETS

# A user with a password, in front of a host.
IN_URL = re.compile(r"\w://[^\s/?#@:]*:[^\s]*@")
# password=…, sslpassword = …, PGPASSWORD=…, -c app.password=…; not password_encryption=…
PASSWORD_ASSIGNED = re.compile(
    r"(?<![^\W_])(?:pg)?(?:%s|passwd|passphrase|pwd)\s*=" % "|".join(sorted(SECRETS)), re.IGNORECASE
)
KEY = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----")
# libpq would look for a host of such a name, and tell it when there is none. '@' in front is an abstract socket.
BEFORE_HOST = re.compile(r"[^/@][^/]*@")

HOSTS = ("login_host", "host", "hostaddr")

PASSWORD = "a password"
PRIVATE_KEY = "a private key"


class Misplaced(NamedTuple):
    """A secret where it would be seen.

    :ivar option: the option, or the option and its suboption.
    :ivar what: a password, or a private key.
    """

    option: Tuple[str, ...]
    text: str
    what: str


def misplaced(params: Mapping[str, Any], spec: Mapping[str, Any], above: Tuple[str, ...] = ()) -> Iterator[Misplaced]:
    """Yield what of these parameters is a secret, although its option is logged."""
    for name, option in spec.items():
        if option.get("no_log"):
            continue
        for value in (params.get(each) for each in (name, *option.get("aliases", ()))):
            if isinstance(value, Mapping):
                yield from misplaced(value, option.get("options", {}), (*above, name))
            if option["type"] == "raw":
                yield from _in_pairs((*above, name), value)
            for text in value if isinstance(value, (list, tuple)) else [value]:
                if isinstance(text, str):
                    what = _secret_in(text, name, "path" in (option["type"], option.get("elements")))
                    if what is not None:
                        yield Misplaced((*above, name), text, what)


def _in_pairs(option: Tuple[str, ...], value: Any) -> Iterator[Misplaced]:
    """Yield what is a secret by the name beside it, in dictionaries that no spec describes."""
    for element in value if isinstance(value, (list, tuple)) else [value]:
        if isinstance(element, Mapping):
            pairs = [*element.items(), (element.get("name"), element.get("value"))]
            for name, text in pairs:
                what = _secret_in("%s=%s" % (name, text), "", False) if isinstance(text, str) else None
                if what is not None:
                    yield Misplaced((*option, str(name)), text, what)


def _secret_in(text: str, name: str, is_path: bool) -> Optional[str]:
    if KEY.search(text):
        return PRIVATE_KEY
    found = IN_URL.search(text) or (not is_path and PASSWORD_ASSIGNED.search(text))
    return PASSWORD if found or (name in HOSTS and BEFORE_HOST.match(text)) else None
