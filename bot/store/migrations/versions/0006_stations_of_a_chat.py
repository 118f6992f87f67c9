"""stations bound to a chat, chosen by a person, and of a button or a question"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "bindings",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("alerts", sa.Boolean(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("by_name", sa.String(128), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "station"),
    )
    op.create_index("bindings_by_station", "bindings", ["station"])
    op.create_table(
        "choices",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("station", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("chat_id", "person_id"),
    )
    for table in ("keyboards", "questions"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.add_column(sa.Column("station", sa.String(64), nullable=False, server_default=""))


def downgrade() -> None:
    for table in ("keyboards", "questions"):
        with op.batch_alter_table(table) as batch_op:
            batch_op.drop_column("station")
    op.drop_index("bindings_by_station", "bindings")
    for table in ("choices", "bindings"):
        op.drop_table(table)
