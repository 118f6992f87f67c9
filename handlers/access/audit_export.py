"""Export of the audit as CSV, in the reader's words."""

from collections.abc import Mapping
from typing import Any

from bot.messages.access_words import RIGHTS
from bot.messages.audit_words import in_words
from bot.messages.message import File, Message, mark
from bot.spreadsheet.writer import serialized
from bot.store.access.audit_queries import AuditFilter, AuditRow
from bot.store.access.contacts import Contact
from handlers.access.audit_changes import differences
from handlers.dispatch.request import Reply, Request
from handlers.parsing import spreadsheet

MAX_EXPORTED = 50_000
# Rows read and written at once; a larger batch blocks the event loop.
BATCH_SIZE = 200
NAME = mark("audit")
COLUMNS = (
    *(mark("time"), mark("who"), "id", mark("where"), mark("chat id"), mark("PBX")),
    *(mark("what"), mark("arguments"), mark("permission"), mark("decision"), mark("why"), mark("outcome")),
    *(mark("before"), mark("after")),
)


async def export(request: Request, audit_filter: AuditFilter) -> Reply:
    """Send the entries, newest first, to the private chat."""
    table = [serialized([[request.translate(column) for column in COLUMNS]])]
    total = 0
    before: int | None = None
    while total < MAX_EXPORTED and not request.stopping():
        rows = await request.services.audit.newest(audit_filter, BATCH_SIZE, before=before)
        if not rows:
            break
        names = await request.known({row.entry.chat_id for row in rows})
        table.append(serialized(_cells(request, row, names) for row in rows))
        total += len(rows)
        before = rows[-1].entry.id
    facts = {"station": request.station.name, "total": total}
    name = f"{request.translate(NAME)}-{request.station.local(request.now):%Y-%m-%d}.csv"
    content = await spreadsheet.write_packed(b"".join(table), "csv", "", request.actor.id)
    file = File(name, content, caption=Message("audit_caption", facts))
    sent = await request.chat.send_privately(file)
    return Reply(outcome=f"{total} rows exported" if sent else "the export was not delivered")


def _cells(request: Request, row: AuditRow, names: Mapping[int, Contact]) -> list[Any]:
    entry, outcome, translate = row.entry, row.outcome, request.translate
    chat = names.get(entry.chat_id)
    changed = [*differences(outcome.before, outcome.after, translate)] if outcome else []
    return [
        f"{request.station.local(entry.at):%Y-%m-%d %H:%M:%S}",
        entry.actor_name,
        entry.actor_id,
        chat.name if chat and entry.chat_id < 0 else translate(mark("in private")),
        entry.chat_id,
        entry.station,
        entry.what,
        entry.arguments,
        translate(RIGHTS.get(entry.permission, entry.permission)) if entry.permission else "",
        translate(mark("allowed") if entry.allowed else mark("denied")),
        in_words(entry.reason, translate),
        in_words(outcome.outcome, translate) if outcome else "",
        "; ".join(f"{one.name}: {one.before}" for one in changed if one.before),
        "; ".join(f"{one.name}: {one.after}" for one in changed if one.after),
    ]
