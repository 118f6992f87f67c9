"""Audit the requests: each was stored, authorized and answered, and took effect once."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.campaign.audit.evidence import SENDING, Evidence, chat_of, reply_of, text_of
from tests.campaign.audit.finding import Finding
from tests.campaign.audit.records import RoundRecords, Row, Said

TOGETHER = "nor was anything else asked here meanwhile"


def audit_people(records: RoundRecords) -> Iterator[Finding]:
    yield from _updates(records)
    yield from _answers(records)
    yield from _mutes(records)
    yield from _grants(records)
    yield from _presses(records)


def _updates(records: RoundRecords) -> Iterator[Finding]:
    if records.pending_updates:
        yield Finding("lost", f"{records.pending_updates} updates were never taken from Telegram")
    finished = {row["update_id"] for row in records.tables["inbox"] if row["done_at"]}
    decided = {row["update_id"] for row in records.tables["audit"]}
    # Further denials of the same request within the hour are only counted.
    denied = {row["actor_id"] for row in records.tables["audit"] if not row["allowed"]}
    taken = {row["update_id"] for row in records.tables["inbox"]}
    for update in handed_out(records).values():
        number = update["update_id"]
        if number not in finished and (number in taken or _matters(update)):
            yield Finding("lost", f"update {number} was handed out, and is not done")
        if _asks(update) and number not in decided and _person(update) not in denied:
            yield Finding("lost", f"update {number} was handed out, and nothing was decided about it")
    with_outcome = {row["decision_id"] for row in records.tables["audit_outcomes"]}
    last = {row["update_id"]: row for row in records.tables["audit"]}
    for row in last.values():
        if row["allowed"] and row["id"] not in with_outcome:
            yield Finding("lost", f"{row['what']} (update {row['update_id']}) was allowed, and nothing came of it")


def _asks(update: Row) -> bool:
    return "callback_query" in update or str(update.get("message", {}).get("text", "")).startswith("/")


def _matters(update: Row) -> bool:
    """Return False for updates that are not stored: membership of other people, and group messages not addressed to the
    bot.
    """
    message = update.get("message", {})
    private = message.get("chat", {}).get("type") == "private"
    answers = bool(message.get("reply_to_message", {}).get("from", {}).get("is_bot"))
    return _asks(update) or "my_chat_member" in update or private or answers


def _person(update: Row) -> int:
    content: Row = update.get("callback_query") or update.get("message") or {}
    return int(content["from"]["id"])


def handed_out(records: RoundRecords) -> dict[int, Row]:
    found: dict[int, Row] = {}
    for call in records.calls:
        if call["method"] == "getUpdates" and call["ok"]:
            found |= {update["update_id"]: update for update in call["result"]}
    return found


def _answers(records: RoundRecords) -> Iterator[Finding]:
    tried: Counter[tuple[int, int]] = Counter()
    for call in records.calls:
        if call["method"] in SENDING and (reply := reply_of(call)) is not None:
            tried[chat_of(call), reply] += 1
    waited = _told_with_the_others(records)
    for said in records.diary.said:
        if not tried[said.chat, said.message] and (said.chat, said.message) not in waited:
            yield Finding("lost", f"{said.text!r} (message {said.message}) was never answered")


def _told_with_the_others(records: RoundRecords) -> set[tuple[int, int]]:
    """Return the expired requests that one refusal per chat answers. Repeats by the same person are only counted in the
    audit.
    """
    decided = {row["update_id"]: row for row in records.tables["audit"]}
    late = {(row["actor_id"], row["chat_id"], row["what"]) for row in decided.values() if row["reason"] == "too old"}
    told = {chat_of(call) for call in Evidence(records).accepted if TOGETHER in text_of(call)}
    waited = set()
    for number, update in handed_out(records).items():
        row, message = decided.get(number), update.get("message", {})
        chat, words = message.get("chat", {}).get("id"), str(message.get("text", "")).split()
        asked = (message["from"]["id"], chat, words[0]) if words else None
        if chat in told and (row["reason"] == "too old" if row is not None else asked in late):
            waited.add((chat, message["message_id"]))
    return waited


def _mutes(records: RoundRecords) -> Iterator[Finding]:
    stored = Counter(row["reason"] for row in records.tables["silences"])
    for said, texts in _replies(records, "mute"):
        reason = said.text.split()[-1]
        promised = any(f"Why: {reason}" in text for text in texts)
        if stored[reason] > 1:
            yield Finding("double", f"{said.text!r} is in the books {stored[reason]} times")
        if promised and not stored[reason]:
            yield Finding("lost", f"{said.text!r} was promised, and is not in the books")


def _grants(records: RoundRecords) -> Iterator[Finding]:
    stored = Counter((row["subject_id"], row["role"]) for row in records.tables["grants"])
    promised = {
        (int(found[2]), found[1])
        for row in records.tables["audit_outcomes"]
        if (found := re.fullmatch(r"gave (\w+) to (-?\d+)", row["outcome"]))
    }
    shown = {
        int(found[0]) for one in records.shown if "Given" in one.text and (found := re.search(r"\b5\d{3}\b", one.text))
    }
    for subject, role in promised:
        if stored[subject, role] != 1:
            yield Finding("lost", f"{role} was given to {subject}, and is not in the books")
    for subject in shown - {subject for subject, _ in stored}:
        yield Finding("lost", f"the chat says that {subject} was given a role, and the books do not")


def _presses(records: RoundRecords) -> Iterator[Finding]:
    """Yield presses answered with `it is yours` without a recorded acknowledgement."""
    updates = {
        str(update["callback_query"]["id"]): number
        for number, update in handed_out(records).items()
        if "callback_query" in update
    }
    taken = defaultdict(set)
    for event in records.tables["incident_events"]:
        if event["what"] == "taken":
            taken[event["incident_id"]].add(event["id"])
    # What is shown is the number of an incident, not its id.
    ids = {row["number"]: row["id"] for row in records.tables["incidents"]}
    outcomes = {row["decision_id"]: row["outcome"] for row in records.tables["audit_outcomes"]}
    decided: dict[int, list[Row]] = defaultdict(list)
    for row in records.tables["audit"]:
        decided[row["update_id"]].append(row)
    for call in records.calls:
        if call["method"] != "answerCallbackQuery" or not call["ok"] or "yours" not in text_of(call):
            continue
        update = updates.get(str(call["params"]["callback_query_id"]))
        words = [outcomes.get(row["id"], "") for row in decided.get(update or 0, [])]
        numbers = [int(found[1]) for word in words if (found := re.match(r"incident (\d+): taken", word))]
        if numbers and not taken[ids[numbers[0]]]:
            yield Finding("lost", f"incident {numbers[0]} was taken, and its chain does not say so")
        if not any(row["allowed"] for row in decided.get(update or 0, [])):
            yield Finding("lost", f"a press was answered {text_of(call)!r}, and nothing was decided")


def _replies(records: RoundRecords, kind: str) -> Iterator[tuple[Said, list[str]]]:
    evidence = Evidence(records)
    for said in records.diary.said:
        if said.kind == kind:
            yield (
                said,
                [
                    text_of(call)
                    for call in evidence.accepted
                    if (chat_of(call), reply_of(call)) == (said.chat, said.message)
                ],
            )
