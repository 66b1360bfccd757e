"""Find titles fast

Revision ID: 5566778899aa
Revises: ab12cd34ef56
"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op

revision: str = '5566778899aa'
down_revision: Union[str, Sequence[str], None] = 'ab12cd34ef56'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    with op.get_context().autocommit_block():
        op.create_index("ix_book_title", "book", ["title"], postgresql_concurrently=True, if_not_exists=True)


def downgrade() -> None:
    with op.get_context().autocommit_block():
        op.drop_index("ix_book_title", table_name="book", postgresql_concurrently=True, if_exists=True)
