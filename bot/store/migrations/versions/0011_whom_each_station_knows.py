"""stations where people and chats were seen, username history, numbers of incidents and silences per station"""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

NUMBERED = ("incidents", "silences")


def upgrade() -> None:
    op.create_table(
        "met_at",
        sa.Column("station", sa.String(64), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("station", "id"),
    )
    # Earlier meetings were not stored; grants and alert bindings stand in for them.
    op.execute("INSERT INTO met_at (station, id) SELECT DISTINCT station, subject_id FROM grants")
    op.execute(
        "INSERT INTO met_at (station, id) SELECT station, chat_id FROM bindings WHERE true ON CONFLICT DO NOTHING"
    )
    op.create_table(
        "former_usernames",
        sa.Column("username", sa.String(64), nullable=False),
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("username", "person_id"),
    )
    op.execute(
        "INSERT INTO former_usernames (username, person_id) "
        "SELECT username, id FROM acquaintances WHERE username IS NOT NULL"
    )
    for table in NUMBERED:
        op.execute(f"ALTER TABLE {table} ADD COLUMN number INTEGER NOT NULL DEFAULT 0")
        # With a single station, incidents keep the numbers already shown.
        op.execute(
            f"UPDATE {table} SET number = CASE (SELECT count(DISTINCT station) FROM {table}) "  # noqa: S608 (our own words)
            f"WHEN 1 THEN {table}.id ELSE counted.number END "
            f"FROM (SELECT id, row_number() OVER (PARTITION BY station ORDER BY id) AS number FROM {table}) AS counted "
            f"WHERE counted.id = {table}.id"
        )
        op.create_index(f"{table}_by_number", table, ["station", "number"], unique=True)


def downgrade() -> None:
    for table in NUMBERED:
        op.drop_index(f"{table}_by_number", table)
        op.execute(f"ALTER TABLE {table} DROP COLUMN number")
    for table in ("former_usernames", "met_at"):
        op.drop_table(table)
