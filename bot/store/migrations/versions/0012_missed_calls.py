"""chats that are told of missed calls, and the cards of the callers"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "call_subscriptions",
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("thread_id", sa.BigInteger()),
        sa.Column("phones", sa.JSON(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("by_name", sa.String(128), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("read_until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("station", "chat_id"),
    )
    op.create_table(
        "missed_cards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("caller", sa.String(16), nullable=False),
        sa.Column("calls", sa.JSON(), nullable=False),
        sa.Column("message", sa.Integer(), sa.ForeignKey("outbox.id"), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("claimed_by", sa.String(128)),
        sa.Column("claimed_at", sa.DateTime()),
        sa.Column("outcome", sa.String(16)),
        sa.Column("closed_by", sa.String(128)),
        sa.Column("after", sa.Integer()),
        sa.Column("closed_at", sa.DateTime()),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("missed_cards_by_chat", "missed_cards", ["station", "chat_id", "closed_at"])
    op.create_index("missed_cards_by_message", "missed_cards", ["message"])


def downgrade() -> None:
    op.drop_table("missed_cards")
    op.drop_table("call_subscriptions")
