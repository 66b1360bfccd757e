# Copyright (c) 2026, the pgops.migrations authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a digest has of the values of variables."""

from __future__ import annotations

from ansible_collections.pgops.migrations.plugins.module_utils.planning.variables import Variables


def test_names_and_values_count_and_secrets_can_t_be_read() -> None:
    one = Variables({"b": "1", "a": "2"}, {"token": "s3cret"})
    lines = one.lines()
    assert lines[:2] == ["a=2", "b=1"] and lines[2].startswith("token:")
    assert "s3cret" not in "".join(lines)
    others = [
        Variables({"b": "1", "a": "3"}, one.secret),
        Variables(one.plain, {"token": "other"}),
        Variables(one.plain, {"other": "s3cret"}),
        Variables({**one.plain, "token": "s3cret"}, {}),
    ]
    assert len({tuple(each.lines()) for each in (one, *others)}) == 5
    assert Variables(dict(reversed(one.plain.items())), one.secret).lines() == lines
