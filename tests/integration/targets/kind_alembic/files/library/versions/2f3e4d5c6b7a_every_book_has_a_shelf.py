"""Every book has a shelf

Revision ID: 2f3e4d5c6b7a
Revises: 09a8b7c6d5e4
"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op

revision: str = '2f3e4d5c6b7a'
down_revision: Union[str, Sequence[str], None] = '09a8b7c6d5e4'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    connection = op.get_bind()
    connection.execute(sa.text("INSERT INTO shelf (code) VALUES ('A1')"))
    for (number,) in connection.execute(sa.text("SELECT id FROM book ORDER BY id")).fetchall():
        connection.execute(sa.text("UPDATE book SET shelf_code = 'A1' WHERE id = :id"), {"id": number})
    op.alter_column("book", "shelf_code", existing_type=sa.String(8), nullable=False)


def downgrade() -> None:
    op.alter_column("book", "shelf_code", existing_type=sa.String(8), nullable=True)
    op.execute("UPDATE book SET shelf_code = NULL")
    op.execute("DELETE FROM shelf")
