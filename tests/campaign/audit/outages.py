"""Audit the outages: one incident for each visible one, with its begin and end delivered to every open chat."""

import json
import re
from collections.abc import Iterator

from bot.incidents.model import kind_info
from tests.campaign.audit.evidence import Evidence
from tests.campaign.audit.finding import Finding
from tests.campaign.audit.people import handed_out
from tests.campaign.audit.records import Outage, RoundRecords, Row, Span
from tests.end_to_end.harness import ANNA as ADMIN

# Consecutive answers that prove an outage: two measurements decide, the PBX dates them by the second, and the first
# answer may be cached.
LOOKS_THAT_SHOW = 4
# Seconds from the PBX's answer until the poll is stored.
CONSIDERED_WITHIN = 2.0


def audit_outages(records: RoundRecords) -> Iterator[Finding]:
    evidence = Evidence(records)
    for outage in records.diary.outages:
        found = [
            one
            for one in records.tables["incidents"]
            if one["subject"] == outage.subject and one["kind"] == "trunk_down"
        ]
        seen = [one for one in found if not _was_learned_afterwards(one)]
        if len(seen) > 1 or (len(found) > 1 and not records.diary.faults["clock set"]):
            yield Finding("double", f"{outage.name} broke once and has {len(found)} incidents")
        # If the clock was set in between, the incident may come from the backfill instead.
        learned = found and records.diary.faults["clock set"]
        if not seen and not learned and could_be_seen(records, outage):
            yield Finding(
                "lost", f"{outage.name} was down for {outage.ended - outage.began:.1f} s, and has no incident"
            )
        for incident in seen:
            yield from _told(records, evidence, outage, incident)
    for incident in records.tables["incidents"]:
        if incident["open_key"] is not None and kind_info(incident["kind"]).real_outage:
            yield Finding("end state", f"incident {incident['id']} ({incident['kind']}) is still open")


def _was_learned_afterwards(incident: Row) -> bool:
    """Return True for an incident from the PBX's history, backfilled after downtime or a change of the clock."""
    return incident["ended_at"] is not None and incident["opened_at"] > incident["ended_at"]


def could_be_seen(records: RoundRecords, outage: Outage) -> bool:
    run = 0
    for look in records.looks:
        at = look["answered"]
        if at is None or not outage.began <= look["at"] <= at <= outage.ended:
            continue
        if _hidden(records, look["at"], at):
            run = 0
        elif look["status"] == 200 and not _forgotten(records, look["at"], at + CONSIDERED_WITHIN):
            run += 1
        if run >= LOOKS_THAT_SHOW:
            return True
    return False


def _hidden(records: RoundRecords, begin: float, end: float) -> bool:
    """Return True if a PBX fault in the interval reset the confirmation count."""
    return any(span.touches(begin, end) for span in records.diary.pbx_troubles)


def _forgotten(records: RoundRecords, begin: float, end: float) -> bool:
    """Return True if the state may not have been stored in the interval."""
    diary = records.diary
    ends = [*(at for at, _ in diary.kills), *diary.stops, *(at for at, _ in diary.collapses)]
    return any(span.touches(begin, end) for span in (*diary.store_troubles, *(Span(at, at) for at in ends)))


def _told(records: RoundRecords, evidence: Evidence, outage: Outage, incident: Row) -> Iterator[Finding]:
    if not incident["ended_at"]:
        return
    events = [one for one in records.tables["incident_events"] if one["incident_id"] == incident["id"]]
    for what in ("opened", "ended", "taken"):
        if sum(one["what"] == what for one in events) > 1:
            yield Finding("double", f"{outage.name}: {what} more than once in its chain")
    told = {json.loads(one["facts"])["chat"] for one in events if one["what"] == "told"}
    if not told:
        if not any(one["what"] == "held" for one in events):
            yield Finding("lost", f"{outage.name}: nobody was told, and nothing held it back")
        return
    # A lost edit is made good once the chat is open again.
    lost = {json.loads(one["facts"])["chat"] for one in events if one["what"] == "undelivered"}
    yield from _told_everywhere(records, evidence, outage, incident, told, lost)
    # A silence suppresses new notifications.
    silenced = any(one["what"] == "held" for one in events)
    for chat in _left_alone(records, incident, events):
        if ADMIN not in told and not silenced:
            yield Finding("lost", f"{outage.name}: {chat} shut the bot out meanwhile, and nobody stood in for it")


def _left_alone(records: RoundRecords, incident: Row, events: list[Row]) -> Iterator[int]:
    """Yield alert chats that were notified and, before the end of the incident, known to be closed."""
    told = {json.loads(one["facts"])["chat"]: one["noted_at"] for one in events if one["what"] == "told"}
    ended = max((one["noted_at"] for one in events if one["what"] == "ended"), default="")
    received = {row["update_id"]: row["received_at"] for row in records.tables["inbox"]}
    for number, update in handed_out(records).items():
        change = update.get("my_chat_member")
        if change is None or number not in received or change["new_chat_member"]["status"] not in ("kicked", "left"):
            continue
        chat = int(change["chat"]["id"])
        if chat in records.alert_chats and chat in told and told[chat] < received[number] < ended:
            yield chat


def _told_everywhere(
    records: RoundRecords, evidence: Evidence, outage: Outage, incident: Row, told: set[int], lost: set[int]
) -> Iterator[Finding]:
    for chat in records.alert_chats:
        here = records.diary.moved.get(chat, chat)
        if not {chat, here} & told and chat in records.diary.shut and ADMIN in told:
            # The chat was known to be closed, so the administrator was notified instead.
            continue
        if not {chat, here} & told:
            yield Finding("lost", f"{outage.name}: nothing was owed to {chat}, which gets alerts")
        elif here != chat or _reached(records, evidence, outage, incident, chat):
            continue
        elif not (_fell_back(records, chat) or chat in lost) or not _reached(
            records, evidence, outage, incident, ADMIN
        ):
            yield Finding("lost", f"{outage.name} was never shown in {chat}")


def _reached(records: RoundRecords, evidence: Evidence, outage: Outage, incident: Row, chat: int) -> bool:
    ids = {link["card_id"] for link in records.tables["card_incidents"] if link["incident_id"] == incident["id"]}
    cards = [card for card in records.tables["cards"] if card["id"] in ids and card["chat_id"] == chat]
    return any(
        any(
            outage.name in text for text in evidence.texts.get((chat, evidence.rows[card["message"]]["message_id"]), ())
        )
        for card in cards
    )


def _fell_back(records: RoundRecords, chat: int) -> bool:
    """Return True if a message to the closed chat is dead: the administrator was notified instead."""
    return bool(records.diary.shut.get(chat)) and any(
        row["chat_id"] == chat
        and row["state"] == "dead"
        and re.search("(?i)forbidden|kicked|blocked", row["error"] or "")
        for row in records.tables["outbox"]
    )
