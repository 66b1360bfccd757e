"""Readers

Revision ID: 77e0b1d2c3f4
Revises: c40aa9e2f7d3
"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op

revision: str = '77e0b1d2c3f4'
down_revision: Union[str, Sequence[str], None] = 'c40aa9e2f7d3'
branch_labels: Union[str, Sequence[str], None] = 'people'
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    op.create_table(
        "reader",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("joined", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
    )
    op.execute(sa.text("INSERT INTO reader (name) VALUES (:name)").bindparams(name="O'Hara"))


def downgrade() -> None:
    op.drop_table("reader")
