"""kinds of calls that a chat is told of"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

KEPT = "station, chat_id, thread_id, phones, numbers, by_id, by_name, at, read_until"


def upgrade() -> None:
    _move_away()
    _create(sa.Column("kind", sa.String(16), nullable=False))
    op.execute(f"INSERT INTO call_subscriptions (kind, {KEPT}) SELECT 'missed', {KEPT} FROM moved")  # noqa: S608
    op.drop_table("moved")


def downgrade() -> None:
    _move_away()
    _create()
    op.execute(
        f"INSERT INTO call_subscriptions ({KEPT}) SELECT {KEPT} FROM moved WHERE kind = 'missed'"  # noqa: S608
    )
    op.drop_table("moved")


def _move_away() -> None:
    # SQLite cannot change the key of a table.
    op.rename_table("call_subscriptions", "moved")
    if op.get_context().dialect.name == "postgresql":
        op.execute("ALTER TABLE moved RENAME CONSTRAINT call_subscriptions_pkey TO moved_pkey")


def _create(*kind: sa.Column[str]) -> None:
    op.create_table(
        "call_subscriptions",
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        *kind,
        sa.Column("thread_id", sa.BigInteger()),
        sa.Column("phones", sa.JSON(), nullable=False),
        sa.Column("numbers", sa.JSON(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("by_name", sa.String(128), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("read_until", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("station", "chat_id", *(column.name for column in kind)),
    )
