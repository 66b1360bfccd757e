revision = "aa02"
down_revision = "aa01"


def upgrade():
    pass
