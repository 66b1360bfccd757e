"""Loans

Revision ID: e5f60718a9b0
Revises: 77e0b1d2c3f4
"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op

revision: str = 'e5f60718a9b0'
down_revision: Union[str, Sequence[str], None] = '77e0b1d2c3f4'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_table(
        "loan",
        sa.Column("book_id", sa.Integer(), nullable=False),
        sa.Column("reader_id", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["book_id"], ["book.id"], name=op.f("fk_loan_book_id_book"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["reader_id"], ["reader.id"], name=op.f("fk_loan_reader_id_reader")),
        sa.PrimaryKeyConstraint("book_id", name=op.f("pk_loan")),
    )
    op.create_index(op.f("ix_loan_due"), "loan", ["due"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_loan_due"), table_name="loan")
    op.drop_table("loan")
