"""Passwords in the statements of a schema."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.schema.secrets import masked

TEXTS = {
    "an option": ("USER MAPPING", """OPTIONS (\n    password 's3''cret',\n    "user" 'bob'\n)"""),
    "a quoted option": ("USER MAPPING", """OPTIONS ("password" 's3cret', "user" 'bob')"""),
    "a connection string": ("SUBSCRIPTION", "CONNECTION 'host=h password=s3cret user=bob'"),
    "in quotes in a connection string": ("SUBSCRIPTION", r"CONNECTION 'host=h password=''a s3cret\'' b'' user=bob'"),
    "a URL": ("SUBSCRIPTION", "CONNECTION 'postgresql://bob:s3cret@h/d'"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_passwords_are_masked_and_users_are_not(name: str) -> None:
    kind, text = TEXTS[name]
    assert "s3" not in masked(kind, text)
    assert "bob" in masked(kind, text)
    assert "********" in masked(kind, text)


def test_other_objects_are_left_alone() -> None:
    text = "CREATE FUNCTION f() ... password 'x'"
    assert masked("FUNCTION", text) == text
