"""encrypt columns that may hold passwords or secret addresses; calendar addresses in a column of their own"""

import json

import sqlalchemy as sa
from alembic import op

from bot.store.sealing import seal

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

# Id prefixes of switch payloads, which hold no secret and must survive a change of the token.
OPEN = ("anew ", "before ")


def upgrade() -> None:
    op.add_column("outbox", sa.Column("html", sa.JSON(), nullable=True))
    op.add_column("rotations", sa.Column("source", sa.JSON(), nullable=True))
    bind = op.get_bind()
    _seal(bind, "questions", "data", "chat_id", "person_id")
    _seal(bind, "imports", "rows", "id")
    _seal(bind, "inbox", "payload", "update_id", where="done_at IS NULL")
    _seal(bind, "kept", "payload", "id", where=" AND ".join(f"id NOT LIKE '{prefix}%'" for prefix in OPEN))
    _take_html_out(bind)
    _take_addresses_out(bind)


def downgrade() -> None:
    op.drop_column("rotations", "source")
    op.drop_column("outbox", "html")


def _seal(bind: sa.Connection, table: str, column: str, *key: str, where: str = "1 = 1") -> None:
    found = bind.execute(sa.text(f"SELECT {column} AS plain, {', '.join(key)} FROM {table} WHERE {where}"))  # noqa: S608
    this = " AND ".join(f"{name} = :{name}" for name in key)
    for row in found.mappings().all():
        if not (plain := json.loads(row["plain"])):
            continue
        values = {name: row[name] for name in key} | {"sealed": json.dumps(seal(plain))}
        bind.execute(sa.text(f"UPDATE {table} SET {column} = :sealed WHERE {this}"), values)  # noqa: S608


def _take_html_out(bind: sa.Connection) -> None:
    found = bind.execute(sa.text("SELECT id, state, facts FROM outbox WHERE template = 'rendered'"))
    for row in found.mappings().all():
        facts = json.loads(row["facts"])
        html = facts.pop("html", "")
        waits = row["state"] in ("pending", "uncertain", "sending")
        values = {"id": row["id"], "facts": json.dumps(facts), "html": json.dumps(seal(html)) if waits else None}
        bind.execute(sa.text("UPDATE outbox SET facts = :facts, html = :html WHERE id = :id"), values)


def _take_addresses_out(bind: sa.Connection) -> None:
    found = bind.execute(sa.text("SELECT station, level, calendar FROM rotations WHERE calendar IS NOT NULL"))
    for row in found.mappings().all():
        if calendar := json.loads(row["calendar"]):
            source = {name: calendar.pop(name, "") for name in ("url", "text")}
            values = {
                "station": row["station"],
                "level": row["level"],
                "calendar": json.dumps(calendar),
                "source": json.dumps(seal(source)),
            }
            change = "UPDATE rotations SET calendar = :calendar, source = :source"
            bind.execute(sa.text(f"{change} WHERE station = :station AND level = :level"), values)
