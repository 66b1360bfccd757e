"""Reviews

Revision ID: bb00cc11dd22
Revises:
"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision: str = 'bb00cc11dd22'
down_revision: Union[str, Sequence[str], None] = None
branch_labels: Union[str, Sequence[str], None] = 'reviews'
depends_on: Union[str, Sequence[str], None] = 'ab12cd34ef56'


def upgrade() -> None:
    op.create_table(
        "review",
        sa.Column("id", sa.Integer(), primary_key=True),
        sa.Column("book_id", sa.Integer(), sa.ForeignKey("book.id"), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("tags", postgresql.ARRAY(sa.Text()), nullable=True),
        sa.Column("stars", sa.SmallInteger(), sa.CheckConstraint("stars BETWEEN 1 AND 5", name="ck_review_stars")),
    )


def downgrade() -> None:
    op.drop_table("review")
