# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords and what the server keeps of them: SCRAM-SHA-256 and md5 verifiers."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
import stringprep
import unicodedata
from typing import Any

from .. import deps

# SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>, the last three in Base64
SCRAM = re.compile(r"SCRAM-SHA-256\$(\d+):([A-Za-z0-9+/=]+)\$([A-Za-z0-9+/=]{44}):([A-Za-z0-9+/=]{44})")
MD5 = re.compile(r"md5[0-9a-f]{32}")

# What SASLprep forbids in its output; code points that Unicode 3.2 doesn't know are forbidden as well.
FORBIDDEN = (
    stringprep.in_table_a1,
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)


def is_verifier(text: str) -> bool:
    """Tell whether a text is no password but what the server would keep of one; the server looks in the same way."""
    return bool(SCRAM.fullmatch(text) or MD5.fullmatch(text))


def make_verifier(connection: Any, user: str, password: str) -> str:
    """Return what to send in place of a password, in the kind that the server's password_encryption asks for."""
    if is_verifier(password):
        return password
    return str(deps.psycopg2.extensions.encrypt_password(password, user, scope=connection))


def matches(password: str, user: str, stored: str) -> bool:
    """Tell whether a stored verifier was made of this password, or is it."""
    if is_verifier(password):
        return hmac.compare_digest(password.encode(), stored.encode())
    scram = SCRAM.fullmatch(stored)
    if scram is not None:
        return _matches_scram(password, int(scram.group(1)), scram.group(2), scram.group(3))
    made = "md5" + hashlib.md5(password.encode() + user.encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(made.encode(), stored.encode())


def saslprep(password: str) -> str:
    """Return the password as SCRAM hashes it. One that SASLprep forbids is taken as it is, which is what libpq does."""
    if password.isascii():
        return password
    mapped = "".join(
        " " if stringprep.in_table_c12(char) else char for char in password if not stringprep.in_table_b1(char)
    )
    prepared = unicodedata.normalize("NFKC", mapped)
    if not prepared or any(forbids(char) for char in prepared for forbids in FORBIDDEN):
        return password
    return prepared if _is_one_direction(prepared) else password


def _matches_scram(password: str, iterations: int, salt: str, stored_key: str) -> bool:
    try:
        raw = base64.b64decode(salt, validate=True)
    except binascii.Error:
        return False
    salted = hashlib.pbkdf2_hmac("sha256", saslprep(password).encode(), raw, iterations)
    key = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    return hmac.compare_digest(base64.b64encode(key), stored_key.encode())


def _is_one_direction(text: str) -> bool:
    """Text from right to left has to be so from end to end."""
    if not any(map(stringprep.in_table_d1, text)):
        return True
    ends = stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])
    return ends and not any(map(stringprep.in_table_d2, text))
