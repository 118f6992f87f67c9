"""Audit the outbox and the chats: final states of rows, messages without a row, and final texts."""

import re
from collections import defaultdict
from collections.abc import Iterator

from tests.campaign.audit.evidence import Evidence, chat_of, is_labelled, is_set_aside, message_of, reply_of, text_of
from tests.campaign.audit.finding import Finding
from tests.campaign.audit.records import RoundRecords, Row

# Seconds between Telegram's acceptance of a message and its commit, on a busy machine.
WRITTEN_DOWN_WITHIN = 3.0
# These remain valid at the end: the conflict clears after a quiet minute, and the bot's clock stays ahead.
STILL_TRUE = ("Another copy of the bot is running", "The PBX's clock is wrong")
INTRODUCTION = re.compile("I look after|I serve only groups")


def audit_chats(records: RoundRecords) -> Iterator[Finding]:
    evidence = Evidence(records)
    yield from _rows(records, evidence)
    yield from _messages(records, evidence)
    yield from _end_states(records, evidence)


def _rows(records: RoundRecords, evidence: Evidence) -> Iterator[Finding]:
    taken = {(chat_of(call), message_of(call)) for call in evidence.accepted}
    for row in evidence.rows.values():
        named = f"row {row['id']} ({row['action']} {row['template']} to {row['chat_id']})"
        match row["state"]:
            case "sent" if row["action"] == "send":
                moved = row["chat_id"] in records.diary.moved.values()
                if row["message_id"] is None and not moved:
                    yield Finding("unexplained", f"{named} counts as sent, and has no message")
                if row["message_id"] is not None and not _is_there(records, taken, row):
                    yield Finding("lost", f"{named} counts as sent, and Telegram never took it")
            case "sent" | "dropped":
                pass
            case "dead":
                if not _may_be_dead(records, row):
                    yield Finding("unexplained", f"{named} is dead for no reason of the script: {row['error']}")
            case state:
                yield Finding("unexplained", f"{named} is still {state}: {row['error']}")


def _is_there(records: RoundRecords, taken: set[tuple[int, int]], row: Row) -> bool:
    """Return True if Telegram accepted the row's message; a supergroup takes over its group's messages."""
    old = next((old for old, new in records.diary.moved.items() if new == row["chat_id"]), None)
    return (row["chat_id"], row["message_id"]) in taken or (old, row["message_id"]) in taken


def _may_be_dead(records: RoundRecords, row: Row) -> bool:
    return bool(records.diary.shut.get(row["chat_id"])) and bool(
        re.search("(?i)forbidden|kicked|blocked|not a member", row["error"] or "")
    )


def _messages(records: RoundRecords, evidence: Evidence) -> Iterator[Finding]:
    """Yield messages without a row that are neither replies nor labelled repeats of an unconfirmed delivery."""
    asked = {(one.chat, one.message) for one in records.diary.said}
    known = {(row["chat_id"], row["message_id"]) for row in evidence.rows.values() if row["action"] == "send"}
    answers: dict[tuple[int, int], list[Row]] = defaultdict(list)
    unknown: dict[int, list[Row]] = defaultdict(list)
    said: dict[int, set[str]] = defaultdict(set)
    labelled: dict[int, list[Row]] = defaultdict(list)
    for call in evidence.accepted:
        chat, reply = chat_of(call), reply_of(call)
        home = records.diary.moved.get(chat, chat)
        if is_labelled(call):
            labelled[home].append(call)
        again = is_labelled(call) and text_of(call).partition("\n")[2] in said[home]
        said[home].add(text_of(call))
        if reply is not None and (chat, reply) in asked:
            answers[chat, reply].append(call)
        elif reply is not None and (chat, reply) in records.diary.pressed and (chat, message_of(call)) not in known:
            continue
        elif INTRODUCTION.search(text_of(call)):
            # The greeting of a new group is not a reply, and is not sent again once the group is known.
            continue
        elif not again and not {(chat, message_of(call)), (home, message_of(call))} & known and home == chat:
            unknown[home].append(call)
    for (chat, command), calls in answers.items():
        if any(not is_labelled(call) and not is_set_aside(call) for call in calls[1:]):
            yield Finding("double", f"the command {command} in {chat} was answered {len(calls)} times")
    for chat, calls in unknown.items():
        yield from _unknown(records, chat, calls, labelled[chat])


def _unknown(records: RoundRecords, chat: int, calls: list[Row], labelled: list[Row]) -> Iterator[Finding]:
    # Ordered by message id: a slow request is logged late.
    repeats = [message_of(call) for call in labelled]
    for call in calls:
        named = f"message {message_of(call)} in {chat} ({text_of(call)[:60]!r})"
        later = next((number for number in repeats if number > message_of(call)), None)
        if not _answer_was_lost(records, call):
            yield Finding("unexplained", f"{named} is in no row, and its answer was not lost")
        # The repeat was dead-lettered because the chat was closed; do not match it with a later message.
        elif any(span.end > call["at"] for span in records.diary.shut.get(chat, ())):
            continue
        elif later is not None:
            repeats.remove(later)
        else:
            yield Finding("double", f"{named} is in no row, and nothing that follows says that it may be a repeat")


def _answer_was_lost(records: RoundRecords, call: Row) -> bool:
    diary = records.diary
    begin, end = call["at"], call["at"] + WRITTEN_DOWN_WITHIN
    ended = [*(at for at, _ in diary.kills), *(at for at, _ in diary.collapses)]
    return (
        bool(call.get("answer_lost"))
        or any(begin - 0.1 <= at <= end for at in ended)
        or any(span.touches(begin, end) for span in diary.store_troubles)
    )


def _end_states(records: RoundRecords, evidence: Evidence) -> Iterator[Finding]:
    """Yield delivered alert messages that still show an outage or an acknowledge button."""
    known = {(row["chat_id"], row["message_id"]) for row in evidence.rows.values() if row["template"] == "alert"}
    for shown in records.shown:
        if any(words in shown.text for words in STILL_TRUE):
            continue
        if (shown.chat, shown.id) in known and ("🔴" in shown.text or any("on it" in label for label in shown.buttons)):
            yield Finding("end state", f"message {shown.id} in {shown.chat} still shows {shown.text[:80]!r}")
