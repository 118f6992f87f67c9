"""Find people that can be confused: by a username another account had, or by a similar name."""

import unicodedata
from collections.abc import Sequence
from typing import Any

from bot.access.policy import Grant
from bot.messages.sanitize import visible
from bot.store.access.contacts import Contact
from bot.text.person_names import CYRILLIC_LOOKALIKES
from handlers.access import access
from handlers.dispatch.request import Request

# Letters and digits of any alphabet, by the character they look like.
CONFUSABLES = str.maketrans(
    {
        **{cyrillic.casefold(): latin.casefold() for latin, cyrillic in CYRILLIC_LOOKALIKES.items()},
        **dict(zip("ѕјһԁԛԝ", "sjhdqw", strict=True)),
        **dict(zip("αερκνοτυχι", "aepkvotuxi", strict=True)),
        **dict.fromkeys("0", "o"),
        **dict.fromkeys("i1|ıӏ", "l"),
        "і": "l",
        "ι": "l",
    }
)


async def likeness(request: Request, contact: Contact | None) -> dict[str, list[dict[str, Any]]]:
    """Return `had`: other accounts that had the username, as far as visible here; and `alike`: people with a role here
    and a similar name."""
    if contact is None or contact.id < 0:
        return {"had": [], "alike": []}
    granted = access.of_station(await request.services.grants.current(), request)
    holders = dict.fromkeys(grant.subject for grant in granted if not grant.is_of_chat and grant.subject != contact.id)
    names = await request.known(holders)
    had = await request.services.people.owners_of(contact.username, request.people_of) if contact.username else {}
    own_skeleton = skeleton(contact.name)
    return {
        "had": [
            _facts(person, known, granted)
            for person, known in had.items()
            if person != contact.id and (known is not None or person in holders)
        ]
        or [_facts(0, None, ()) for person in had if person != contact.id][:1],
        "alike": [
            _facts(person, known, granted)
            for person, known in names.items()
            if own_skeleton and skeleton(known.name) == own_skeleton
        ],
    }


def _facts(person: int, known: Contact | None, granted: Sequence[Grant]) -> dict[str, Any]:
    """Return the facts of a person; `subject` 0 is an account that is not visible here."""
    given = [grant for grant in granted if grant.subject == person]
    return {
        "subject": person,
        "name": known.name if known else "",
        # Plain values, which can be stored in the outbox.
        "grants": [{"role": one.role, "until": one.until.isoformat() if one.until else None} for one in given],
    }


def skeleton(name: str) -> str:
    """Return a key that is equal for names that look the same, ignoring case, accents, alphabet, punctuation and
    invisible characters. Empty if no character is visible."""
    letters = unicodedata.normalize("NFKD", visible(name).casefold()).translate(CONFUSABLES)
    return "".join(letter for letter in letters if letter.isalnum())
