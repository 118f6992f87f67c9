"""Whether what the program claims of incidents happened: whoever is said to be asked, told, or told once more has a row
of the outbox to exactly them, and nobody who was due was left out. Pure, on the rows of the store as they are."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import text

from bot.store.database import Store

Row = Mapping[str, Any]
Tables = Mapping[str, Sequence[Row]]

TABLES = ("outbox", "incidents", "incident_events", "cards", "card_incidents")
OWED = ("pending", "uncertain", "sending", "sent")
# What said something else, or was over before it was to be heard, need not be said.
UNSAID = ("told as something else", "over before it was to be told")
OUTAGES = ("trunk_down", "station", "provider_down", "own_internet", "rehearsal")


def broken_claims(tables: Tables, *, stand_ins: Collection[int] = (), alert_chats: Collection[int] = ()) -> list[str]:
    """One sentence for each. `stand_ins` can be written to, and take the place of `alert_chats` that cannot."""
    books = _Books(tables)
    return [
        found
        for incident in tables["incidents"]
        for found in (
            *_told(books, incident),
            *_asked(books, incident),
            *_said_again(books, incident),
            *_stood_in(books, incident, stand_ins, alert_chats),
        )
    ] + list(_points_to_nothing(books))


def passed_over(tables: Tables, order: Sequence[int], away: Collection[int] = ()) -> list[str]:
    """Of a list that stays as it is: whoever was asked after somebody else was asked in their turn. Who was `away` at
    some time may have been passed over."""
    found: list[str] = []
    for incident in tables["incidents"]:
        turns = [
            one
            for event in _Books(tables).chain[incident["id"]]
            if event["what"] == "told" and event["facts"]["chat"] in order
            for one in (event["facts"]["chat"],)
        ]
        last = max((order.index(one) for one in turns), default=-1)
        missing = [one for one in order[: last + 1] if one not in turns and one not in away]
        found += [f"incident {incident['id']}: {one} was passed over" for one in missing]
    return found


async def tables_of(store: Store) -> dict[str, list[Row]]:
    async with store.begin() as session:
        return {
            name: [dict(row) for row in (await session.execute(text(f"SELECT * FROM {name}"))).mappings()]  # noqa: S608
            for name in TABLES
        }


class _Books:
    def __init__(self, tables: Tables) -> None:
        self.rows = {row["id"]: row for row in tables["outbox"]}
        self.edits: dict[int, Row] = {}
        for row in sorted(tables["outbox"], key=itemgetter("id")):
            if row["action"] == "edit" and row["state"] in OWED and row["about"] is not None:
                self.edits[row["about"]] = row
        self.cards = {card["id"]: card for card in tables["cards"]}
        self.cards_of: dict[int, list[Row]] = defaultdict(list)
        for link in tables["card_incidents"]:
            self.cards_of[link["incident_id"]].append(self.cards[link["card_id"]])
        self.chain: dict[int, list[dict[str, Any]]] = defaultdict(list)
        for event in tables["incident_events"]:
            self.chain[event["incident_id"]].append({**event, "facts": json.loads(event["facts"])})

    def reaches(self, row: Row | None) -> bool:
        """It arrived or will; or somebody else was told in its place, by name."""
        if row is None:
            return False
        return row["state"] in OWED or (row["state"] == "dead" and bool(row["fallback"])) or row["error"] in UNSAID

    def looks(self, row: Row) -> dict[str, Any]:
        """What a message shows by now."""
        facts: dict[str, Any] = json.loads(self.edits.get(row["id"], row)["facts"])
        return facts

    def told(self, incident: Row, chat: int) -> list[Row]:
        """The messages that showed the incident there."""
        events = (event["facts"] for event in self.chain[incident["id"]] if event["what"] == "told")
        ids = {facts["message"] for facts in events if facts["chat"] == chat}
        ids |= {card["message"] for card in self.cards_of[incident["id"]] if card["chat_id"] == chat}
        return [row for id_ in ids if (row := self.rows.get(id_)) is not None]


def _told(books: _Books, incident: Row) -> Iterator[str]:
    for event in books.chain[incident["id"]]:
        if event["what"] != "told":
            continue
        facts = event["facts"]
        row = books.rows.get(facts["message"])
        if not books.reaches(row):
            yield f"incident {incident['id']}: {facts['chat']} counts as told, and its message is {_why(row)}"
        elif row is not None and row["thread_id"] == facts["thread"] and row["chat_id"] != facts["chat"] > 0:
            yield f"incident {incident['id']}: {facts['chat']} counts as told, and {row['chat_id']} was"


def _asked(books: _Books, incident: Row) -> Iterator[str]:
    """On its cards and in its chain; also whom it was handed over to."""
    facts = json.loads(incident["facts"])
    chain = books.chain[incident["id"]]
    for event in chain:
        if event["what"] not in ("escalated", "handed_over"):
            continue
        then = [one["facts"] for one in chain if one["what"] == "told" and one["id"] > event["id"]]
        for person in event["facts"]["ids"]:
            told = [books.rows.get(one["message"]) for one in then if one["chat"] == person]
            if not any(map(books.reaches, told)):
                yield f"incident {incident['id']}: {person} was asked ({event['what']}), and nothing was owed to them"
    if len(facts.get("asked") or ()) != len(facts.get("asked_ids") or ()):
        yield f"incident {incident['id']}: its cards name {facts['asked']}, and {facts.get('asked_ids')} were asked"
    for person in facts.get("asked_ids") or ():
        if not any(map(books.reaches, books.told(incident, person))):
            yield f"incident {incident['id']}: {person} was asked, as its cards say, and nothing was owed to them"


def _said_again(books: _Books, incident: Row) -> Iterator[str]:
    for event in books.chain[incident["id"]]:
        if event["what"] not in ("reminded", "paged_again"):
            continue
        facts = event["facts"]
        if not facts["messages"]:
            yield f"incident {incident['id']}: {event['what']}, and to nobody"
        for chat, message in zip(facts["chats"], facts["messages"], strict=True):
            row = books.rows.get(message)
            if row is None or not books.reaches(row) or row["chat_id"] != chat > 0:
                yield f"incident {incident['id']}: {event['what']} to {chat}, and row {message} is {_why(row)}"


def _stood_in(books: _Books, incident: Row, stand_ins: Collection[int], alert_chats: Collection[int]) -> Iterator[str]:
    """What a chat for alerts could not be shown was shown to somebody who stands in for it."""
    chain = books.chain[incident["id"]]
    lost = [
        event["facts"]["chat"]
        for event in chain
        if event["what"] == "undelivered" and event["facts"]["chat"] in alert_chats
    ]
    shown = any(books.reaches(row) for one in stand_ins for row in books.told(incident, one))
    if lost and stand_ins and not shown and not any(event["what"] == "held" for event in chain):
        yield f"incident {incident['id']}: {lost[0]} takes nothing, and nobody was told in its place"
    told = [event for event in chain if event["what"] == "told"]
    if (
        incident["kind"] in OUTAGES
        and told
        and not any(books.reaches(books.rows.get(e["facts"]["message"])) for e in told)
    ):
        yield f"incident {incident['id']}: an outage that reached nobody"


def _points_to_nothing(books: _Books) -> Iterator[str]:
    """A message that says that there is another one in its chat, where none tells of the same."""
    alerts = [row for row in books.rows.values() if (row["template"], row["action"]) == ("alert", "send")]
    looks = {row["id"]: books.looks(row) for row in alerts}
    numbers = {id_: {one["number"] for one in facts.get("incidents", ())} for id_, facts in looks.items()}
    for row in alerts:
        facts = looks[row["id"]]
        # A group that became another has its newer messages there.
        has_moved = all(card["chat_id"] != row["chat_id"] for card in books.cards.values())
        if row["state"] not in OWED or not facts.get("superseded") or has_moved:
            continue
        if not any(
            books.reaches(other) and numbers[other["id"]] & numbers[row["id"]]
            for other in alerts
            if other["chat_id"] == row["chat_id"]
            and (other["id"] > row["id"] or (facts.get("elsewhere") and other["id"] != row["id"]))
            and not looks[other["id"]].get("superseded")
        ):
            yield f"message {row['id']} to {row['chat_id']} points to another one, and there is none"


def _why(row: Row | None) -> str:
    return "not there" if row is None else f"{row['state']} ({row['error']}, to {row['chat_id']})"
