"""Rename and widen

Revision ID: 0007
Revises: 5566778899aa
"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op

revision: str = '0007'
down_revision: Union[str, Sequence[str], None] = '5566778899aa'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.alter_column("book", "title", existing_type=sa.String(length=200), type_=sa.Text(), existing_nullable=False)
    op.rename_table("reader", "member")
    op.create_table_comment("member", "who may borrow")
    op.create_check_constraint(op.f("ck_book_title"), "book", sa.column("title") != "")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_book_title"), "book", type_="check")
    op.drop_table_comment("member", existing_comment="who may borrow")
    op.rename_table("member", "reader")
    op.alter_column("book", "title", existing_type=sa.Text(), type_=sa.String(length=200), existing_nullable=False)
