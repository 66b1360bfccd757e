"""First books

Revision ID: 1d93e7ab0c52
Revises: 8b2f1c04aa11
"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op

revision: str = '1d93e7ab0c52'
down_revision: Union[str, Sequence[str], None] = '8b2f1c04aa11'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    book = sa.table("book", sa.column("id", sa.Integer), sa.column("title", sa.String), sa.column("isbn", sa.String))
    op.bulk_insert(
        book,
        [
            {"id": 1, "title": "Der Zauberberg", "isbn": "978-3-10-348128-0"},
            {"id": 2, "title": "100% Ernst: %s", "isbn": None},
        ],
    )


def downgrade() -> None:
    op.execute("DELETE FROM book WHERE id IN (1, 2)")
