"""grants, acquaintances, access requests; append-only audit"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

CLOSED = ("audit", "audit_outcomes")


def upgrade() -> None:
    op.create_table(
        "grants",
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("subject_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("role", sa.String(length=32), nullable=False),
        sa.Column("given_by_id", sa.BigInteger(), nullable=False),
        sa.Column("given_by_name", sa.String(length=128), nullable=False),
        sa.Column("given_at", sa.DateTime(), nullable=False),
        sa.Column("until", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("station", "subject_id", "role"),
    )
    op.create_table(
        "acquaintances",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column("username", sa.String(length=64), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("username"),
    )
    op.create_table(
        "access_requests",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("station", sa.String(length=64), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(), nullable=False),
        sa.Column("notices", sa.JSON(), nullable=False),
        sa.Column("answer", sa.String(length=32), nullable=True),
        sa.Column("answered_by", sa.String(length=128), nullable=True),
        sa.Column("answered_at", sa.DateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("requests_by_person", "access_requests", ["station", "person_id"])
    op.create_table(
        "audit_outcomes",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.Column("outcome", sa.String(length=128), nullable=False),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.ForeignKeyConstraint(["decision_id"], ["audit.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("outcomes_by_decision", "audit_outcomes", ["decision_id"])
    op.execute(
        "INSERT INTO audit_outcomes (decision_id, at, outcome) "
        "SELECT id, at, outcome FROM audit WHERE outcome IS NOT NULL"
    )
    with op.batch_alter_table("audit") as batch_op:
        batch_op.drop_column("outcome")
        batch_op.create_index("audit_by_update", ["update_id"])
    if op.get_bind().dialect.name == "postgresql":
        _close_in_postgresql()
        return
    for table in CLOSED:
        for deed in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                "BEGIN SELECT RAISE(ABORT, 'the audit is only ever added to'); END"
            )


def _close_in_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'the audit is only ever added to' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$"
    )
    for table in CLOSED:
        for deed, each in (("UPDATE", "ROW"), ("DELETE", "ROW"), ("TRUNCATE", "STATEMENT")):
            op.execute(
                f"CREATE TRIGGER {table}_no_{deed.lower()} BEFORE {deed} ON {table} "
                f"FOR EACH {each} EXECUTE FUNCTION refuse_audit_change()"
            )


def downgrade() -> None:
    for table in CLOSED:
        for deed in ("update", "delete"):
            op.execute(f"DROP TRIGGER {table}_no_{deed}")
    with op.batch_alter_table("audit") as batch_op:
        batch_op.drop_index("audit_by_update")
        batch_op.add_column(sa.Column("outcome", sa.String(length=128), nullable=True))
    op.execute(
        "UPDATE audit SET outcome = "
        "(SELECT outcome FROM audit_outcomes WHERE decision_id = audit.id ORDER BY id DESC LIMIT 1)"
    )
    for table in ("audit_outcomes", "access_requests", "acquaintances", "grants"):
        op.drop_table(table)
