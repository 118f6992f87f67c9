"""message of a keyboard, and the text shown with it and in a question"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

# Known for messages of the outbox. Other keyboards live for two days: their buttons are checked against those that
# Telegram reports.
KNOWN = """
UPDATE keyboards SET message_id = (
    SELECT outbox.message_id FROM outbox
    WHERE outbox.keyboard_id = keyboards.id AND outbox.chat_id = keyboards.chat_id AND outbox.state = 'sent'
    ORDER BY outbox.id DESC LIMIT 1
)
"""


def upgrade() -> None:
    op.add_column("keyboards", sa.Column("message_id", sa.BigInteger(), nullable=True))
    op.add_column("keyboards", sa.Column("said", sa.JSON(), nullable=True))
    op.add_column("questions", sa.Column("said", sa.JSON(), nullable=True))
    op.execute(KNOWN)


def downgrade() -> None:
    op.drop_column("questions", "said")
    op.drop_column("keyboards", "said")
    op.drop_column("keyboards", "message_id")
