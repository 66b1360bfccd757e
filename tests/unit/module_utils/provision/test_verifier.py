# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Passwords against verifiers that other programs have made, and what SASLprep makes of a password."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.provision.verifier import is_verifier, matches, saslprep

# The example of RFC 7677: user "user", password "pencil"; the keys follow from its salt and 4096 iterations.
PENCIL = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)
# What md5sum says of "pencil" and "user" together.
PENCIL_MD5 = "md5" + "20c46e3762c864548e296b33c3406aa9"


@pytest.mark.parametrize(
    "password, user, stored, expected",
    [
        ("pencil", "user", PENCIL, True),
        ("pencil", "another", PENCIL, True),  # SCRAM doesn't depend on the user's name
        ("Pencil", "user", PENCIL, False),
        ("pencil ", "user", PENCIL, False),
        (PENCIL, "user", PENCIL, True),
        (PENCIL.replace("4096", "4097"), "user", PENCIL, False),
        ("pencil", "user", PENCIL.replace("4096", "4097"), False),
        ("pencil", "user", PENCIL.replace("W22Z", "W22="), False),
        ("pencil", "user", PENCIL_MD5, True),
        ("pencil", "another", PENCIL_MD5, False),
        ("Pencil", "user", PENCIL_MD5, False),
        (PENCIL_MD5, "user", PENCIL_MD5, True),
        ("pencil", "user", "pencil", False),
        ("pencil", "user", "", False),
    ],
)
def test_matches(password, user, stored, expected):
    assert matches(password, user, stored) is expected


@pytest.mark.parametrize(
    "text, expected",
    [
        (PENCIL, True),
        (PENCIL_MD5, True),
        ("pencil", False),
        ("md5", False),
        (PENCIL_MD5 + "0", False),
        (PENCIL_MD5.upper(), False),
        (PENCIL[:-1], False),
        (PENCIL + "\n", False),
        ("SCRAM-SHA-256$", False),
    ],
)
def test_is_verifier(text, expected):
    assert is_verifier(text) is expected


# The examples of RFC 4013, then the rules one by one. What is forbidden is taken as it is.
@pytest.mark.parametrize(
    "password, expected",
    [
        ("I\u00adX", "IX"),
        ("user", "user"),
        ("USER", "USER"),
        ("\u00aa", "a"),
        ("\u2168", "IX"),
        ("\u0007", "\u0007"),
        ("\u0627\u0031", "\u0627\u0031"),
        ("a\u00a0b", "a b"),
        ("e\u0301", "é"),
        ("\u00ad", "\u00ad"),
        ("é\u0007", "é\u0007"),
        ("\u2168\u0085", "\u2168\u0085"),
        ("\u2168\ue000", "\u2168\ue000"),
        ("\u2168🐘", "\u2168🐘"),  # younger than Unicode 3.2
        ("\u0627\u00a0\u0628", "\u0627 \u0628"),
        ("\u0627\u00a0a\u00a0\u0628", "\u0627\u00a0a\u00a0\u0628"),
    ],
)
def test_saslprep(password, expected):
    assert saslprep(password) == expected
