"""incident timeline, alert messages, silences, on call, watched extensions"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NEW = (
    "watched_extensions",
    "pagers",
    "overrides",
    "rotations",
    "silences",
    "card_incidents",
    "cards",
    "incident_events",
)


def upgrade() -> None:
    with op.batch_alter_table("incidents") as batch_op:
        batch_op.add_column(sa.Column("step", sa.Integer(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("due_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("warn_at", sa.DateTime(), nullable=True))
        batch_op.add_column(sa.Column("held_by", sa.String(length=48), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("version", sa.Integer(), nullable=False, server_default="0"))
        batch_op.create_index("incidents_by_subject", ["station", "subject", "began_at"])
        batch_op.create_index("incidents_due", ["due_at"])
        batch_op.create_index("incidents_to_warn", ["warn_at"])
    op.create_table(
        "incident_events",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("noted_at", sa.DateTime(), nullable=False),
        sa.Column("what", sa.String(length=24), nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("events_by_incident", "incident_events", ["incident_id"])
    op.create_table(
        "cards",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger(), nullable=True),
        sa.Column("loud", sa.Boolean(), nullable=False),
        sa.Column("opened_at", sa.DateTime(), nullable=False),
        sa.Column("joined_at", sa.DateTime(), nullable=False),
        sa.Column("message", sa.Integer(), nullable=False),
        sa.Column("closed_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["message"], ["outbox.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("cards_by_chat", "cards", ["chat_id", "closed_at"])
    op.create_table(
        "card_incidents",
        sa.Column("card_id", sa.Integer(), nullable=False),
        sa.Column("incident_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["card_id"], ["cards.id"]),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"]),
        sa.PrimaryKeyConstraint("card_id", "incident_id"),
    )
    op.create_index("cards_by_incident", "card_incidents", ["incident_id"])
    _silences_and_people()
    _take_over_open_alerts()
    with op.batch_alter_table("outbox") as batch_op:
        batch_op.drop_index("outbox_by_incident")
        batch_op.drop_column("incident_id")
        batch_op.create_index("outbox_by_original", ["about"])


def _silences_and_people() -> None:
    op.create_table(
        "silences",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("reason", sa.String(length=256), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("by_name", sa.String(length=128), nullable=False),
        sa.Column("begins_at", sa.DateTime(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=True),
        sa.Column("repeats", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("ended_by", sa.String(length=128), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("silences_by_station", "silences", ["station", "ended_at"])
    op.create_table(
        "rotations",
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("level", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("people", sa.JSON(), nullable=False),
        sa.Column("shift", sa.JSON(), nullable=False),
        sa.Column("calendar", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("changed_at", sa.DateTime(), nullable=False),
        sa.Column("changed_by", sa.String(length=128), nullable=False),
        sa.PrimaryKeyConstraint("station", "level"),
    )
    op.create_table(
        "overrides",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("begins_at", sa.DateTime(), nullable=False),
        sa.Column("ends_at", sa.DateTime(), nullable=False),
        sa.Column("state", sa.String(length=12), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("by_name", sa.String(length=128), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("overrides_by_time", "overrides", ["station", "ends_at"])
    op.create_table(
        "pagers",
        sa.Column("person_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("reachable", sa.Boolean(), nullable=True),
        sa.Column("checked_at", sa.DateTime(), nullable=True),
        sa.Column("warned_at", sa.DateTime(), nullable=True),
        sa.Column("quiet_from", sa.String(length=5), nullable=True),
        sa.Column("quiet_to", sa.String(length=5), nullable=True),
        sa.PrimaryKeyConstraint("person_id"),
    )
    op.create_table(
        "watched_extensions",
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("by_name", sa.String(length=128), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.PrimaryKeyConstraint("station", "number"),
    )


def _take_over_open_alerts() -> None:
    """Keep the messages of open incidents. Messages not yet confirmed as sent are queued again in the new format.
    Unacknowledged incidents continue to escalate."""
    unsent = (
        "SELECT incident_id FROM outbox "
        "WHERE template = 'alert' AND action = 'send' AND state IN ('pending', 'sending')"
    )
    op.execute(
        f"UPDATE incidents SET due_at = opened_at WHERE open_key IS NOT NULL AND id IN ({unsent})"  # noqa: S608 (no words of others)
    )
    op.execute(
        "UPDATE outbox SET state = 'dropped' "
        "WHERE template IN ('alert', 'alert_over') AND state IN ('pending', 'sending')"
    )
    newest = (
        "SELECT max(outbox.id) FROM outbox JOIN incidents ON incidents.id = outbox.incident_id "
        "WHERE outbox.action = 'send' AND outbox.about IS NULL AND outbox.state = 'sent' "
        "AND incidents.open_key IS NOT NULL GROUP BY outbox.incident_id, outbox.chat_id, outbox.thread_id"
    )
    op.execute(
        "INSERT INTO cards (station, chat_id, thread_id, loud, opened_at, joined_at, message) "  # noqa: S608 (no words of others)
        "SELECT incidents.station, outbox.chat_id, outbox.thread_id, NOT outbox.silent, outbox.created_at, "
        "outbox.created_at, outbox.id FROM outbox JOIN incidents ON incidents.id = outbox.incident_id "
        f"WHERE outbox.id IN ({newest})"
    )
    op.execute(
        "INSERT INTO card_incidents (card_id, incident_id) "
        "SELECT cards.id, outbox.incident_id FROM cards JOIN outbox ON outbox.id = cards.message"
    )
    op.execute("UPDATE incidents SET step = 1 WHERE id IN (SELECT incident_id FROM card_incidents) AND due_at IS NULL")
    op.execute(
        "UPDATE incidents SET due_at = opened_at "
        "WHERE step = 1 AND acknowledged_at IS NULL AND kind IN ('trunk_down', 'station')"
    )


def downgrade() -> None:
    with op.batch_alter_table("outbox") as batch_op:
        batch_op.drop_index("outbox_by_original")
        batch_op.add_column(sa.Column("incident_id", sa.Integer(), nullable=True))
        batch_op.create_foreign_key("outbox_incident", "incidents", ["incident_id"], ["id"])
        batch_op.create_index("outbox_by_incident", ["incident_id"])
    for table in NEW:
        op.drop_table(table)
    with op.batch_alter_table("incidents") as batch_op:
        batch_op.drop_index("incidents_to_warn")
        batch_op.drop_index("incidents_due")
        batch_op.drop_index("incidents_by_subject")
        for column in ("version", "held_by", "warn_at", "due_at", "step"):
            batch_op.drop_column(column)
