"""Calls that Telegram accepted from the program, in order."""

import json
import re
from collections import defaultdict
from typing import Any

from tests.campaign.audit.records import RoundRecords, Row

REPEAT = re.compile(r"^<i>[^<]*(possible repeat|возможн)[^<]*</i>\n")
# Reply to a command that crashed the program twice.
SET_ASIDE = "crashed me twice"
SENDING = frozenset({"sendMessage", "sendDocument", "sendPhoto", "sendAudio"})


class Evidence:
    def __init__(self, records: RoundRecords) -> None:
        self.rows: dict[int, Row] = {row["id"]: row for row in records.tables["outbox"]}
        self.accepted = [call for call in records.calls if call["method"] in SENDING and call["ok"]]
        self.texts: dict[tuple[int, int], list[str]] = defaultdict(list)
        for call in self.accepted:
            self.texts[chat_of(call), message_of(call)].append(text_of(call))
        for call in records.calls:
            if call["method"] == "editMessageText" and call["ok"]:
                self.texts[chat_of(call), int(call["params"]["message_id"])].append(text_of(call))


def chat_of(call: Row) -> int:
    return int(call["params"]["chat_id"])


def message_of(call: Row) -> int:
    return int(call["result"]["message_id"])


def text_of(call: Row) -> str:
    return str(call["params"].get("text") or call["params"].get("caption") or "")


def reply_of(call: Row) -> int | None:
    written: Any = call["params"].get("reply_parameters")
    found = json.loads(written) if isinstance(written, str) else written
    return int(found["message_id"]) if found else None


def is_labelled(call: Row) -> bool:
    return REPEAT.match(text_of(call)) is not None


def is_set_aside(call: Row) -> bool:
    """Return True if the call announces that the request will not be retried, answered before or not."""
    return SET_ASIDE in text_of(call)
