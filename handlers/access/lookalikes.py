"""Who could be taken for somebody else: by a username that another account had, or by a name that looks the same."""

from collections.abc import Sequence
from typing import Any

from bot.access.policy import Grant
from bot.messages.confusables import skeleton
from bot.store.access.contacts import Known
from handlers.access import access
from handlers.dispatch.declare import Request


async def likeness(request: Request, one: Known | None) -> dict[str, list[dict[str, Any]]]:
    """`had` are the other accounts that had the username, as far as they may be shown here; `alike` the people with a
    role here whose name looks like theirs."""
    if one is None or one.id < 0:
        return {"had": [], "alike": []}
    granted = access.of_station(await request.desk.grants.current(), request)
    holders = dict.fromkeys(grant.subject for grant in granted if not grant.is_of_chat and grant.subject != one.id)
    names = await request.known(holders)
    had = await request.desk.people.who_had(one.username, request.people_of) if one.username else {}
    looks = skeleton(one.name)
    return {
        "had": [
            _facts(person, known, granted)
            for person, known in had.items()
            if person != one.id and (known is not None or person in holders)
        ]
        or [_facts(0, None, ()) for person in had if person != one.id][:1],
        "alike": [
            _facts(person, known, granted) for person, known in names.items() if looks and skeleton(known.name) == looks
        ],
    }


def _facts(person: int, known: Known | None, granted: Sequence[Grant]) -> dict[str, Any]:
    """Without a `subject` it is somebody who may not be shown here."""
    given = [grant for grant in granted if grant.subject == person]
    return {
        "subject": person,
        "name": known.name if known else "",
        # Plain values: they may go through the outbox.
        "grants": [{"role": one.role, "until": one.until.isoformat() if one.until else None} for one in given],
    }
