"""phones of people, and calls that the card of a missed caller asks for"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "person_phones",
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("phone", sa.String(32), nullable=False),
        sa.PrimaryKeyConstraint("station", "person_id"),
    )
    with op.batch_alter_table("missed_cards") as batch_op:
        batch_op.add_column(sa.Column("claimed_by_id", sa.BigInteger()))
        batch_op.add_column(sa.Column("can_call", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("rings", sa.String(32)))
        batch_op.add_column(sa.Column("called_at", sa.DateTime()))


def downgrade() -> None:
    with op.batch_alter_table("missed_cards") as batch_op:
        for column in ("claimed_by_id", "can_call", "rings", "called_at"):
            batch_op.drop_column(column)
    op.drop_table("person_phones")
