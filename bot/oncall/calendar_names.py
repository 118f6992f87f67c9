"""Person named by a calendar event. Pure.

A title names its person by @username, numeric id, e-mail or name, with other words around it; if it names nobody, the
attendees do. Where two people are named and nothing says which, none is taken.
"""

import re
from collections.abc import Callable, Iterable, Iterator

Resolve = Callable[[str], int | None]

MENTION = re.compile(r"(?<![\w.@+-])@\w{4,32}")
ID = re.compile(r"(?<!\d)\d{4,19}(?!\d)")
EMAIL = re.compile(r"[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,9}")
# Between the parts of `On call - Anna Ivanova - Primary`, `Night: Anna Ivanova (phone)`.
BETWEEN = re.compile(r"\s[-\u2010-\u2015]+\s|[:;,|/()\[\]{}\u00b7\u2022\u2192>]")
# Words of a name that is found among others: fewer could be somebody else's first name.
FEWEST, MOST = 2, 4
MAX_WORDS = 40


def person_of(title: str, attendees: Iterable[str], resolve: Resolve) -> int | None:
    """Return the person on duty; `resolve` returns the user id for a @username, id, e-mail or name, None if unknown."""
    for name in (*MENTION.findall(title), *ID.findall(title), title.strip()):
        if (person := resolve(name)) is not None:
            return person
    for names in (EMAIL.findall(title), BETWEEN.split(title), _runs(title), attendees):
        people = {person for name in names if (person := resolve(name.strip())) is not None}
        if people:
            return people.pop() if len(people) == 1 else None
    return None


def _runs(title: str) -> Iterator[str]:
    """Yield the neighbouring words that can be a name."""
    for part in BETWEEN.split(title):
        words = part.split()[:MAX_WORDS]
        for count in range(FEWEST, MOST + 1):
            yield from (" ".join(words[at : at + count]) for at in range(len(words) - count + 1))
