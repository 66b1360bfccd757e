"""Merge people and places

Revision ID: ab12cd34ef56
Revises: e5f60718a9b0, 2f3e4d5c6b7a
"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op

revision: str = 'ab12cd34ef56'
down_revision: Union[str, Sequence[str], None] = ('e5f60718a9b0', '2f3e4d5c6b7a')
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    pass


def downgrade() -> None:
    pass
