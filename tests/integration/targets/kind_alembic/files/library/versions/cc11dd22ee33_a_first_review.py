"""A first review

Revision ID: cc11dd22ee33
Revises: bb00cc11dd22
"""
from typing import Sequence, Union

import sqlalchemy as sa
from alembic import op
from sqlalchemy.orm import Session

try:
    from sqlalchemy.orm import declarative_base
except ImportError:
    from sqlalchemy.ext.declarative import declarative_base

Base = declarative_base()


class Review(Base):
    __tablename__ = "review"
    id = sa.Column(sa.Integer, primary_key=True)
    book_id = sa.Column(sa.Integer)
    text = sa.Column(sa.Text)
    stars = sa.Column(sa.SmallInteger)


revision: str = 'cc11dd22ee33'
down_revision: Union[str, Sequence[str], None] = 'bb00cc11dd22'
branch_labels: Union[str, Sequence[str], None] = None
depends_on: Union[str, Sequence[str], None] = None


def upgrade() -> None:
    session = Session(bind=op.get_bind())
    session.add(Review(book_id=1, text="Long.", stars=4))
    session.commit()


def downgrade() -> None:
    session = Session(bind=op.get_bind())
    session.query(Review).delete()
    session.commit()
