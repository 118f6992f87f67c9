"""urgency, attempts and fallback of messages; flood waits, blocked chats"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("outbox") as batch_op:
        batch_op.add_column(sa.Column("masked", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("urgency", sa.Integer(), nullable=False, server_default="2"))
        batch_op.add_column(sa.Column("refusals", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("tried_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("fallback", sa.Text(), nullable=True))
        batch_op.create_index("outbox_by_chat", ["chat_id", "tried_at"])
        batch_op.create_index("outbox_by_keyboard", ["keyboard_id"])
    op.create_index("cards_by_message", "cards", ["message"])
    op.execute("UPDATE outbox SET urgency = 3 WHERE action != 'send'")
    op.execute("UPDATE outbox SET urgency = 0 WHERE action = 'send' AND template = 'alert' AND NOT silent")
    op.execute("UPDATE outbox SET urgency = 1 WHERE template = 'alert_over' OR (template = 'alert' AND silent)")
    op.execute("UPDATE outbox SET urgency = 3 WHERE template = 'alert' AND action = 'edit'")
    op.execute("UPDATE outbox SET state = 'uncertain' WHERE state = 'pending' AND possible_repeat")
    op.create_table(
        "chat_holds",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id"),
    )
    op.create_table(
        "closed_chats",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("chat_id"),
    )


def downgrade() -> None:
    op.drop_index("cards_by_message", "cards")
    for table in ("closed_chats", "chat_holds"):
        op.drop_table(table)
    op.execute("UPDATE outbox SET state = 'pending' WHERE state = 'uncertain'")
    with op.batch_alter_table("outbox") as batch_op:
        batch_op.drop_index("outbox_by_keyboard")
        batch_op.drop_index("outbox_by_chat")
        for column in ("fallback", "tried_at", "refusals", "urgency", "masked"):
            batch_op.drop_column(column)
