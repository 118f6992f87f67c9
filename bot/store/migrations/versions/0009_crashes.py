"""crash counters of updates, messages and imports, to limit retries"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

COUNTS = (("inbox", "crashes"), ("outbox", "crashes"), ("imports", "crashes"))


def upgrade() -> None:
    for table, name in COUNTS:
        with op.batch_alter_table(table) as batch_op:
            batch_op.add_column(sa.Column(name, sa.Integer(), nullable=False, server_default="0"))
    with op.batch_alter_table("inbox") as batch_op:
        batch_op.add_column(sa.Column("begun", sa.Boolean(), nullable=False, server_default=sa.true()))


def downgrade() -> None:
    for table, name in (*COUNTS, ("inbox", "begun")):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column(name)
