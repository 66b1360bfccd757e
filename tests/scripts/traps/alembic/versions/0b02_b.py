revision = "0b02"
down_revision = "aa01"


def upgrade():
    pass
