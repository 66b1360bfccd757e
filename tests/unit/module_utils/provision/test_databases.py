# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a database differs, what of that can be changed, and the statements that follow from it."""

from __future__ import annotations

import pytest
from ansible_collections.pgops.migrations.plugins.module_utils.errors import Conflict, OptionInvalid
from ansible_collections.pgops.migrations.plugins.module_utils.provision.databases import (
    Database,
    DatabaseWish,
    change,
    creation,
    fixed_differences,
    left_alone,
    removal,
    template_for,
)

THERE = Database(16500, "shop", "shop", "UTF8", "en_US.UTF-8", "en_US.UTF-8")
ICU = THERE._replace(icu_locale="de-DE")
WISH = DatabaseWish("shop")


def text(statement):
    return " ".join(clause.text.format(**clause.names, **clause.values) for clause in statement.clauses)


@pytest.mark.parametrize(
    "there, wish, names",
    [
        (THERE, WISH, []),
        (THERE, WISH._replace(encoding="UTF8", collate="en_US.UTF-8", ctype="en_US.UTF-8"), []),
        (THERE, WISH._replace(collate="en_US.utf8", ctype="en_US.UTF8"), []),
        (THERE, WISH._replace(encoding="LATIN1"), ["encoding"]),
        (THERE, WISH._replace(collate="en_US"), ["collate"]),
        (THERE, WISH._replace(collate="en_GB.UTF-8"), ["collate"]),
        (THERE, WISH._replace(collate="en_us.UTF-8"), ["collate"]),
        (THERE, WISH._replace(collate="en_US.UTF-8@euro"), ["collate"]),
        (THERE, WISH._replace(collate="C", ctype="C"), ["collate", "ctype"]),
        (THERE._replace(collate="C"), WISH._replace(collate="POSIX"), []),
        (THERE, WISH._replace(icu_locale="de-DE"), ["icu_locale"]),
        (ICU, WISH._replace(icu_locale="de-DE"), []),
        (ICU, WISH._replace(icu_locale="de_DE"), []),
        (ICU, WISH._replace(icu_locale="de"), ["icu_locale"]),
    ],
)
def test_fixed_differences(there, wish, names):
    assert [each.name for each in fixed_differences(wish, there)] == names


@pytest.mark.parametrize(
    "template, collate, source, expected",
    [
        (None, None, "template1", None),
        (None, "en_US.UTF-8", "template1", None),
        (None, "C", "template1", "template0"),
        ("template0", "C", "template0", "template0"),
        ("model", None, "model", "model"),
        ("model", "en_US.utf8", "model", "model"),
        ("template1", None, "template1", "template1"),
    ],
)
def test_template(template, collate, source, expected):
    assert template_for(WISH._replace(template=template, collate=collate), THERE._replace(name=source)) == expected


@pytest.mark.parametrize("wish", [{"collate": "C"}, {"encoding": "LATIN1"}, {"icu_locale": "de"}])
def test_template_of_another_locale(wish):
    with pytest.raises(OptionInvalid, match="template: model has another %s" % next(iter(wish))):
        template_for(WISH._replace(template="model", **wish), THERE._replace(name="model"))


@pytest.mark.parametrize(
    "wish, template, statement",
    [
        (WISH, None, "CREATE DATABASE shop"),
        (WISH._replace(owner="ann"), None, "CREATE DATABASE shop OWNER ann"),
        (
            WISH._replace(encoding="UTF8", collate="C", ctype="C", connection_limit=0),
            "template0",
            "CREATE DATABASE shop TEMPLATE template0 ENCODING UTF8 LC_COLLATE C LC_CTYPE C CONNECTION LIMIT 0",
        ),
        (
            WISH._replace(icu_locale="de"),
            "template0",
            "CREATE DATABASE shop TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE de",
        ),
    ],
)
def test_creation(wish, template, statement):
    difference = creation(wish, template)
    assert [text(each) for each in difference.statements] == [statement]
    assert text(difference.undo) == "DROP DATABASE shop"


@pytest.mark.parametrize(
    "wish", [WISH, WISH._replace(owner="shop", connection_limit=-1), WISH._replace(template="of_no_interest")]
)
def test_no_change(wish):
    assert change(wish, THERE) is None


@pytest.mark.parametrize(
    "wish, statements, shown",
    [
        ({"owner": "ann"}, ["ALTER DATABASE shop OWNER TO ann"], [("owner", "shop", "ann")]),
        ({"connection_limit": 3}, ["ALTER DATABASE shop CONNECTION LIMIT 3"], [("connection_limit", "-1", "3")]),
        (
            {"owner": "ann", "connection_limit": 0},
            ["ALTER DATABASE shop OWNER TO ann", "ALTER DATABASE shop CONNECTION LIMIT 0"],
            [("owner", "shop", "ann"), ("connection_limit", "-1", "0")],
        ),
    ],
)
def test_change(wish, statements, shown):
    difference = change(WISH._replace(**wish), THERE)
    assert [text(each) for each in difference.statements] == statements
    assert [(each.name, each.before, each.after) for each in difference.attributes] == shown
    assert difference.undo is None


def test_what_cannot_be_changed_is_an_error_that_names_all_of_it():
    with pytest.raises(Conflict) as caught:
        change(WISH._replace(owner="ann", encoding="LATIN1", ctype="C"), THERE)
    assert "encoding (UTF8, not LATIN1), ctype (en_US.UTF-8, not C)" in caught.value.message


@pytest.mark.parametrize(
    "wish, owner",
    [(WISH, None), (WISH._replace(creator="ann"), "ann"), (WISH._replace(creator="ann", owner="bob"), "bob")],
)
def test_owner_of_a_new_database(wish, owner):
    assert [each.after for each in creation(wish, None).attributes if each.name == "owner"] == [owner][: bool(owner)]


@pytest.mark.parametrize(
    "creator, owner, warns",
    [(None, None, False), ("shop", None, False), ("ann", None, True), ("ann", "shop", False), ("ann", "ann", False)],
)
def test_a_database_of_somebody_else_is_left_alone_with_a_warning(creator, owner, warns):
    wish = WISH._replace(creator=creator, owner=owner)
    warning = left_alone(wish, THERE)
    assert (warning is not None) is warns
    assert (change(wish, THERE) is not None) is (owner == "ann")
    assert not warns or '"shop" belongs to "shop"' in warning


@pytest.mark.parametrize("force, statement", [(False, "DROP DATABASE shop"), (True, "DROP DATABASE shop WITH (FORCE)")])
def test_removal(force, statement):
    assert [text(each) for each in removal(THERE, force).statements] == [statement]
