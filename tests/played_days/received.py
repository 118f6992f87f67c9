"""What a chat that is told of missed calls received: cards, messages of several callers, reminders."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from tests.played_days.telegram import Shown

REPEAT = r"^(?:🔁 possible repeat\n)?"
CARD = re.compile(REPEAT + r"[🔴✅⚪] Head office · missed · (?P<who>[^\n]*)")
AGAIN = re.compile(REPEAT + r"🔴 Head office · (?P<who>[^\n]*) called again, .*, (?P<times>\d+) times missed$")
# Many at once, or those who called while the chat was closed, share a message.
STORM = re.compile(REPEAT + r"[🌊✅] Head office · \d+ callers? missed")
CLOSED = re.compile(REPEAT + r"[🌙✅] Head office · (?P<calls>\d+) calls? while closed, (?:(?P<open>\d+)|nobody left)")
LINE = re.compile(r"^\d+\. (?P<mark>[🔴✅⚪]) (?P<who>.*?) · (?:\w+ \d+ )?\d\d:\d\d(?P<claimed>.*📞)?", re.MULTILINE)
MORE = re.compile(r"^and (\d+) more: /missed", re.MULTILINE)
REMINDER = re.compile(
    REPEAT + r"⏰ Head office · (?:(?P<callers>\d+) callers wait|nobody has called back (?P<who>.*) for) "
)
TIMES = re.compile(r"^(\d+) times,", re.MULTILINE)


@dataclass
class Received:
    """Messages of a chat, by caller where they are about one."""

    cards: dict[str, list[Shown]] = field(default_factory=lambda: defaultdict(list))
    again: dict[str, list[tuple[datetime, int]]] = field(default_factory=lambda: defaultdict(list))
    marks: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    storms: list[Shown] = field(default_factory=list)
    openings: list[Shown] = field(default_factory=list)
    reminders: list[Shown] = field(default_factory=list)
    again_repeated: list[str] = field(default_factory=list)
    others: list[Shown] = field(default_factory=list)


def received(messages: Sequence[Shown]) -> Received:
    """Return the messages, sorted out."""
    found = Received()
    for message in messages:
        if said := AGAIN.match(message.text):
            if message.may_repeat:
                found.again_repeated.append(number_in(said["who"]))
            else:
                found.again[number_in(said["who"])].append((message.at, int(said["times"])))
        elif card := CARD.match(message.text):
            found.cards[number_in(card["who"])].append(message)
        elif REMINDER.match(message.text):
            found.reminders.append(message)
        elif STORM.match(message.text) or CLOSED.match(message.text):
            (found.openings if CLOSED.match(message.text) else found.storms).append(message)
            for mark, caller in lines(message.text):
                found.marks[caller].append(mark)
        else:
            found.others.append(message)
    return found


def lines(text: str) -> list[tuple[str, str]]:
    """Return the mark and the caller of each line of a message of several."""
    return [(line["mark"], number_in(line["who"])) for line in LINE.finditer(text)]


def open_lines(text: str) -> list[str]:
    """Return the callers of a message of several who wait, and whom nobody has taken."""
    found = LINE.finditer(text)
    return [number_in(line["who"]) for line in found if line["mark"] == "🔴" and not line["claimed"]]


def names(message: Shown, caller: str) -> bool:
    """Return True if a message of several ever had a line of the caller, or more callers than lines."""
    return bool(left_out(message)) or any(caller in (one for _, one in lines(text)) for _, text in message.texts)


def left_out(message: Shown) -> int:
    """Return how many callers of a message of several have no line."""
    return max(int(found[1]) if (found := MORE.search(text)) else 0 for _, text in message.texts)


def times(card: Shown) -> int:
    """Return how often the caller was missed, as the card says."""
    found = TIMES.search(card.text)
    return int(found[1]) if found else 1


def number_in(who: str) -> str:
    """Return the number as its owner would say it; "" for a caller without one."""
    return re.sub(r"\D", "", who)[-10:]
