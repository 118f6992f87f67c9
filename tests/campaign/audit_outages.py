"""Every outage that could be seen has one incident; it was told wherever messages were taken, and so was its end."""

import json
import re
from collections.abc import Iterator

from tests.campaign.audit_people import handed_out
from tests.campaign.evidence import Evidence
from tests.campaign.finding import Finding
from tests.campaign.ledger_audit import Books, Outage, Row, Span
from tests.end_to_end.harness import ANNA as ADMIN

# So many answers, in a row and with nothing in between, show an outage beyond doubt: two measurements decide, the PBX
# dates them by the second, and the first answer may be one that it kept.
LOOKS_THAT_SHOW = 4
# A look is over, and stored, so long after the PBX has answered.
CONSIDERED_WITHIN = 2.0


def audit_outages(books: Books) -> Iterator[Finding]:
    evidence = Evidence(books)
    for outage in books.diary.outages:
        found = [
            one for one in books.tables["incidents"] if one["subject"] == outage.subject and one["kind"] == "trunk_down"
        ]
        seen = [one for one in found if not _was_learned_afterwards(one)]
        if len(seen) > 1 or (len(found) > 1 and not books.diary.faults["clock set"]):
            yield Finding("double", f"{outage.name} broke once and has {len(found)} incidents")
        # With its clock set in between, the program may have learned of it afterwards instead.
        learned = found and books.diary.faults["clock set"]
        if not seen and not learned and could_be_seen(books, outage):
            yield Finding(
                "lost", f"{outage.name} was down for {outage.ended - outage.began:.1f} s, and has no incident"
            )
        for incident in seen:
            yield from _told(books, evidence, outage, incident)
    for incident in books.tables["incidents"]:
        if incident["open_key"] is not None and incident["kind"] in ("trunk_down", "station"):
            yield Finding("end state", f"incident {incident['id']} ({incident['kind']}) is still open")


def _was_learned_afterwards(incident: Row) -> bool:
    """From the PBX's own history, after the bot was away, or its clock was set."""
    return incident["ended_at"] is not None and incident["opened_at"] > incident["ended_at"]


def could_be_seen(books: Books, outage: Outage) -> bool:
    run = 0
    for look in books.looks:
        at = look["answered"]
        if at is None or not outage.began <= look["at"] <= at <= outage.ended:
            continue
        if _hidden(books, look["at"], at):
            run = 0
        elif look["status"] == 200 and not _forgotten(books, look["at"], at + CONSIDERED_WITHIN):
            run += 1
        if run >= LOOKS_THAT_SHOW:
            return True
    return False


def _hidden(books: Books, begin: float, end: float) -> bool:
    """By a trouble of the PBX: what was counted before does not count any more."""
    return any(span.touches(begin, end) for span in books.diary.pbx_troubles)


def _forgotten(books: Books, begin: float, end: float) -> bool:
    """Perhaps never stored."""
    diary = books.diary
    ends = [*(at for at, _ in diary.kills), *diary.stops, *(at for at, _ in diary.collapses)]
    return any(span.touches(begin, end) for span in (*diary.store_troubles, *(Span(at, at) for at in ends)))


def _told(books: Books, evidence: Evidence, outage: Outage, incident: Row) -> Iterator[Finding]:
    if not incident["ended_at"]:
        return
    events = [one for one in books.tables["incident_events"] if one["incident_id"] == incident["id"]]
    for what in ("opened", "ended", "taken"):
        if sum(one["what"] == what for one in events) > 1:
            yield Finding("double", f"{outage.name}: {what} more than once in its chain")
    told = {json.loads(one["facts"])["chat"] for one in events if one["what"] == "told"}
    if not told:
        if not any(one["what"] == "held" for one in events):
            yield Finding("lost", f"{outage.name}: nobody was told, and nothing held it back")
        return
    # Perhaps only a change of a message was lost, which was made good once the chat let the bot in again.
    lost = {json.loads(one["facts"])["chat"] for one in events if one["what"] == "undelivered"}
    yield from _told_everywhere(books, evidence, outage, incident, told, lost)
    # While it is muted nobody new is told of it.
    silenced = any(one["what"] == "held" for one in events)
    for chat in _left_alone(books, incident, events):
        if ADMIN not in told and not silenced:
            yield Finding("lost", f"{outage.name}: {chat} shut the bot out meanwhile, and nobody stood in for it")


def _left_alone(books: Books, incident: Row, events: list[Row]) -> Iterator[int]:
    """Chats for alerts that had been told of it, and of which the program knew before its end that they take nothing
    more."""
    told = {json.loads(one["facts"])["chat"]: one["noted_at"] for one in events if one["what"] == "told"}
    ended = max((one["noted_at"] for one in events if one["what"] == "ended"), default="")
    received = {row["update_id"]: row["received_at"] for row in books.tables["inbox"]}
    for number, update in handed_out(books).items():
        change = update.get("my_chat_member")
        if change is None or number not in received or change["new_chat_member"]["status"] not in ("kicked", "left"):
            continue
        chat = int(change["chat"]["id"])
        if chat in books.alert_chats and chat in told and told[chat] < received[number] < ended:
            yield chat


def _told_everywhere(
    books: Books, evidence: Evidence, outage: Outage, incident: Row, told: set[int], lost: set[int]
) -> Iterator[Finding]:
    for chat in books.alert_chats:
        here = books.diary.moved.get(chat, chat)
        if not {chat, here} & told and chat in books.diary.shut and ADMIN in told:
            # It was known to take nothing, so the administrator stood in for it.
            continue
        if not {chat, here} & told:
            yield Finding("lost", f"{outage.name}: nothing was owed to {chat}, which gets alerts")
        elif here != chat or _reached(books, evidence, outage, incident, chat):
            continue
        elif not (_fell_back(books, chat) or chat in lost) or not _reached(books, evidence, outage, incident, ADMIN):
            yield Finding("lost", f"{outage.name} was never shown in {chat}")


def _reached(books: Books, evidence: Evidence, outage: Outage, incident: Row, chat: int) -> bool:
    ids = {link["card_id"] for link in books.tables["card_incidents"] if link["incident_id"] == incident["id"]}
    cards = [card for card in books.tables["cards"] if card["id"] in ids and card["chat_id"] == chat]
    return any(
        any(
            outage.name in text for text in evidence.texts.get((chat, evidence.rows[card["message"]]["message_id"]), ())
        )
        for card in cards
    )


def _fell_back(books: Books, chat: int) -> bool:
    """Telegram let nothing into the chat for a while, and the row says so: the administrator must have had it."""
    return bool(books.diary.shut.get(chat)) and any(
        row["chat_id"] == chat
        and row["state"] == "dead"
        and re.search("(?i)forbidden|kicked|blocked", row["error"] or "")
        for row in books.tables["outbox"]
    )
