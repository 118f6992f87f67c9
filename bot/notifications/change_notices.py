"""Silent notifications about changes that are no incidents; those queued for one chat are sent as one message.

Measured when each trunk was a message of its own: a PBX that gives 200 trunks new ids every half minute made the bot
queue 574 of them to a chat that it shared with other PBXs.
"""

from datetime import datetime
from typing import Any

from bot.access.policy import Destination
from bot.store.database import Session
from bot.store.messages import outbox, outbox_queries
from bot.store.messages.outbox import Urgency

# Trunks named in a notification; the rest is counted.
MAX_NAMED = 3
OF_TRUNKS = ("note_gone", "note_switched_off", "note_not_told")


def enqueue(session: Session, to: Destination, template: str, facts: dict[str, Any], now: datetime) -> None:
    """Queue a notification for the chat in the caller's session, or add it to a queued one of the same kind."""
    if template in OF_TRUNKS:
        for row in outbox_queries.untried(session, to.chat, to.thread, template, facts["station"]):
            if row.facts.get("type") == facts.get("type"):
                row.facts = _with_one_more(row.facts, facts["trunk"])
                return
    outbox.enqueue(
        session,
        chat_id=to.chat,
        thread_id=to.thread,
        template=template,
        facts=facts,
        now=now,
        silent=True,
        urgency=Urgency.DIGEST,
    )


def _with_one_more(facts: dict[str, Any], trunk: str) -> dict[str, Any]:
    also, more = facts.get("also", []), facts.get("more", 0)
    if trunk in (facts["trunk"], *also):
        return facts
    if len(also) + 1 < MAX_NAMED:
        return facts | {"also": [*also, trunk], "more": more}
    return facts | {"more": more + 1}
