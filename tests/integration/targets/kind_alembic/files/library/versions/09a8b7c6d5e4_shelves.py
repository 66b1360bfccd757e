"""Shelves

Revision ID: 09a8b7c6d5e4
Revises: c40aa9e2f7d3
"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op

revision: str = '09a8b7c6d5e4'
down_revision: Union[str, Sequence[str], None] = 'c40aa9e2f7d3'
branch_labels: Union[str, Sequence[str], None] = ('places',)
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_table("shelf", sa.Column("code", sa.String(8), primary_key=True))
    with op.batch_alter_table("book") as batch_op:
        batch_op.add_column(sa.Column("shelf_code", sa.String(8)))
        batch_op.create_foreign_key("fk_book_shelf_code_shelf", "shelf", ["shelf_code"], ["code"])


def downgrade() -> None:
    with op.batch_alter_table("book", schema=None) as batch_op:
        batch_op.drop_constraint("fk_book_shelf_code_shelf", type_="foreignkey")
        batch_op.drop_column("shelf_code")
    op.drop_table("shelf")
