# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What every parameter has to be, whichever option it is: not empty, readable, within bounds, no secret that shows.

An empty value comes from a template that gave nothing. Nobody knows what was meant, so it is refused, and never taken
for the option's absence.
"""

from __future__ import annotations

from typing import Any, Iterator, Mapping, Tuple

from .. import errors
from .misplaced import PRIVATE_KEY, Misplaced, misplaced

# Lists and dictionaries whose emptiness says something; the documentation says what.
MAY_BE_EMPTY = frozenset(
    {
        *("allow_hazards", "rehearsal_data", "rehearsal_extensions", "connect_params"),
        *("extensions", "member_of", "role_attributes", "schemas", "settings", "revoke_public"),
        *("grants", "grants: database", "grants: schemas", "grants: tables", "grants: sequences"),
        "grants: default_privileges",
    }
)

# Of the server, of libpq and of operating systems. A timeout is sent in milliseconds.
LARGEST = 2**31 - 1
BOUNDS: Mapping[str, Tuple[float, float]] = {
    "login_port": (1, 65535),
    "steps": (1, LARGEST),
    "workers": (1, 256),
    "max_fail_percentage": (0, 100),
    "diff_context": (0, LARGEST),
    "lock_wait": (0, LARGEST),
    "log_retention": (1, 36500),
    "lock_retries": (0, LARGEST),
    "lock_timeout": (0, LARGEST // 1000),
    "statement_timeout": (0, LARGEST // 1000),
    "precheck_timeout": (0.001, LARGEST // 1000),
    "connection_limit": (-1, LARGEST),
    "db_connection_limit": (-1, LARGEST),
    "connect_timeout": (-1, LARGEST),
    "keepalives_idle": (0, LARGEST),
    "keepalives_interval": (0, LARGEST),
    "keepalives_count": (0, LARGEST),
    "tcp_user_timeout": (0, LARGEST),
}

GAVE_NOTHING = (
    "If it comes from a template, that gave nothing. Correct the variable, or leave the option out where there is "
    "nothing to say: default(omit, true)."
)


def check(params: Mapping[str, Any], spec: Mapping[str, Any]) -> None:
    """Look at each parameter that was given.

    :raises OptionInvalid: names the first option that won't do, never its value if that may be a secret.
    """
    for found in misplaced(params, spec):
        raise _shows(found)
    for name, option in spec.items():
        check_one(name, option, params.get(name))


def check_one(name: str, option: Mapping[str, Any], value: Any) -> None:
    """Look at one parameter, and what is in it.

    :param option: its entry in the argument spec.
    :raises OptionInvalid: when it won't do.
    """
    for full, own, single in _values(name, option, value):
        if isinstance(single, str):
            # A password may well be made of spaces; a URL can't.
            _check_text(full, single, bool(own.get("no_log")) and not name.endswith("url"))
        elif isinstance(single, (list, tuple)) and not single and full not in MAY_BE_EMPTY:
            raise _empty(full, "an empty list")
        elif isinstance(single, (int, float)):
            _check_number(full, single)


def _values(name: str, option: Mapping[str, Any], value: Any) -> Iterator[Tuple[str, Mapping[str, Any], Any]]:
    """Yield what an option holds, with its name and its spec: itself, elements of a list, suboptions."""
    if isinstance(value, Mapping):
        for key, own in option.get("options", {}).items():
            for found in _values(key, own, value.get(key)):
                yield ("%s: %s" % (name, found[0]), *found[1:])
    else:
        yield name, option, value
        for element in value if isinstance(value, (list, tuple)) else ():
            yield name, {"type": option.get("elements", "str")}, element


def _check_text(name: str, text: str, is_secret: bool) -> None:
    if is_secret and (not text or "\0" in text):
        raise errors.OptionInvalid("%s is empty or contains a NUL character" % name, hint=GAVE_NOTHING)
    if not is_secret and not text.strip():
        raise _empty(name, "blank" if text else "empty")
    if "\0" in text:
        raise errors.OptionInvalid("%s contains a NUL character" % name, hint="Remove it; it looks like \\0 or \\x00.")
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        raise errors.OptionInvalid(
            "%s contains what isn't UTF-8" % name, hint="Write it in UTF-8; a file or directory may have to be renamed."
        ) from None


def _empty(name: str, what: str) -> errors.OptionInvalid:
    return errors.OptionInvalid("%s is %s" % (name, what), hint=GAVE_NOTHING)


def _check_number(name: str, number: float) -> None:
    least, most = BOUNDS.get(name.rpartition(" ")[2], (-LARGEST, LARGEST))
    # A comparison with "not a number" is always false.
    if not isinstance(number, bool) and not least <= number <= most:
        raise errors.OptionInvalid(
            "%s: %s is out of bounds" % (name, str(number)[:40]), hint="It can be from %s to %s." % (least, most)
        )


def _shows(found: Misplaced) -> errors.OptionInvalid:
    option = ": ".join(found.option)
    if found.option[0] == "settings":
        hint = "Every user of the database can read what is set there. Give the secret to the application itself."
        return errors.OptionInvalid("%s holds %s, which logs and output would show" % (option, found.what), hint=hint)
    if found.what == PRIVATE_KEY:
        hint = "Write the key into a file that only the task's user can read, and name that file."
    else:
        hint = "Write it into login_password, or all of it into url: their values are masked."
    return errors.OptionInvalid("%s holds %s, which logs and output would show" % (option, found.what), hint=hint)
