"""Kinds of books

Revision ID: c40aa9e2f7d3
Revises: 1d93e7ab0c52
"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op

revision: str = 'c40aa9e2f7d3'
down_revision: Union[str, Sequence[str], None] = '1d93e7ab0c52'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    kind = sa.Enum("novel", "essay", name="book_kind")
    kind.create(op.get_bind(), checkfirst=True)
    op.add_column("book", sa.Column("kind", kind, server_default="novel", nullable=False))


def downgrade() -> None:
    op.drop_column("book", "kind")
    sa.Enum(name="book_kind").drop(op.get_bind(), checkfirst=True)
