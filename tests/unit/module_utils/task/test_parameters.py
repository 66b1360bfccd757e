# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be a variable, and its value."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import OptionInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.planning.variables import Variables
from ansible_collections.pgops.migrations.plugins.module_utils.task.parameters import variables_of


@pytest.mark.parametrize(
    "plain, secret, expected",
    [
        (None, None, None),
        ({}, None, Variables({}, {})),
        (None, {}, Variables({}, {})),
        (
            {"a": "x", "b": 1, "c": 1.5, "d": True},
            None,
            {"a": "x", "b": "1", "c": "1.5", "d": "true"},
        ),
        ({"a_1": "$x ${a_1}"}, {"s.t-u:v": "'"}, Variables({"a_1": "$x ${a_1}"}, {"s.t-u:v": "'"})),
    ],
)
def test_values(plain, secret, expected):
    found = variables_of({"variables": plain, "secret_variables": secret})
    assert found == (Variables(expected, {}) if isinstance(expected, dict) else expected)


@pytest.mark.parametrize(
    "plain, secret, told",
    [
        ({"1a": "x"}, None, "variables: 1a is no name of a variable"),
        ({"a b": "x"}, None, "variables: a b is no name"),
        ({"é": "x"}, None, "variables: é is no name"),
        (None, {"a": None}, "secret_variables: a has no value"),
        ({"a": ["s3cret"]}, None, "variables: a has no value"),
        (None, {"a": "s3cret\nx"}, "secret_variables: a has a value of several lines"),
        ({"a": "x"}, {"a": "s3cret"}, "a is in variables and in secret_variables"),
    ],
)
def test_refused(plain, secret, told):
    with pytest.raises(OptionInvalid) as caught:
        variables_of({"variables": plain, "secret_variables": secret})
    assert told in caught.value.message and caught.value.hint
    assert "s3cret" not in caught.value.sentence()
