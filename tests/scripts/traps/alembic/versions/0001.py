revision = "0001"
down_revision = "0b02"


def upgrade():
    pass
