"""hours of a chat, reminders, and messages of several missed callers"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_chats",
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("hours", sa.String(512)),
        sa.Column("hours_at", sa.DateTime()),
        sa.Column("remind_after", sa.Integer()),
        sa.Column("remind_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("station", "chat_id"),
    )
    op.create_table(
        "missed_gatherings",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("cause", sa.String(16), nullable=False),
        sa.Column("callers", sa.JSON(), nullable=False),
        sa.Column("message", sa.Integer(), sa.ForeignKey("outbox.id")),
        sa.Column("began_at", sa.DateTime(), nullable=False),
        sa.Column("told_at", sa.DateTime()),
        sa.Column("over_at", sa.DateTime()),
        sa.Column("reminded_at", sa.DateTime()),
        sa.Column("closed_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("missed_gatherings_by_chat", "missed_gatherings", ["station", "chat_id", "closed_at"])
    op.create_index("missed_gatherings_by_message", "missed_gatherings", ["message"])
    with op.batch_alter_table("missed_cards") as batch_op:
        batch_op.alter_column("message", existing_type=sa.Integer(), nullable=True)
        batch_op.add_column(sa.Column("told_at", sa.DateTime()))
        batch_op.add_column(sa.Column("waits_since", sa.DateTime()))
        batch_op.add_column(sa.Column("reminded_at", sa.DateTime()))
    # The cards of the version before were told when they were opened.
    op.execute("UPDATE missed_cards SET told_at = opened_at")
    op.execute("UPDATE missed_cards SET waits_since = opened_at WHERE closed_at IS NULL AND claimed_at IS NULL")


def downgrade() -> None:
    op.execute("DELETE FROM missed_cards WHERE message IS NULL")
    with op.batch_alter_table("missed_cards") as batch_op:
        for column in ("told_at", "waits_since", "reminded_at"):
            batch_op.drop_column(column)
        batch_op.alter_column("message", existing_type=sa.Integer(), nullable=False)
    op.drop_table("missed_gatherings")
    op.drop_table("call_chats")
