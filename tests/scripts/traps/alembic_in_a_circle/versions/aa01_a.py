revision = "aa01"
down_revision = "aa02"


def upgrade():
    pass
