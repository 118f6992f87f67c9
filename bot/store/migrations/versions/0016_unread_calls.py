"""since when a chat knows that its calls are not read"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("call_subscriptions", sa.Column("unread_since", sa.DateTime()))


def downgrade() -> None:
    op.drop_column("call_subscriptions", "unread_since")
