"""Replies as stored until they are sent: the next run sends those that a kill interrupted."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from bot.messages.message import Button, Message, stored
from bot.store.messages.unfinished_updates import Checkpoint
from handlers.dispatch.intents import Actor, Place
from handlers.dispatch.request import Question, Reply


@dataclass(frozen=True, slots=True)
class Address:
    """Address of a reply: see Replier. `station` is its PBX, empty if none."""

    actor: Actor
    place: Place
    station: str
    shown: int | None = None
    asked: int | None = None


def to_checkpoint(reply: Reply, address: Address) -> Checkpoint:
    """Return the visible part of a reply. Replies with a secret, a file or a background task are not stored."""
    message, question = reply.message, reply.question
    answer = {
        "message": message
        and {"template": message.template, "facts": message.facts, "buttons": stored(message.buttons)},
        "question": question and {"answer": question.answer, "data": question.data},
        "beside": reply.as_new_message,
        "settled": reply.closes_question,
        "confirm_within": reply.confirm_within.total_seconds() if reply.confirm else None,
    }
    plain: Checkpoint = json.loads(json.dumps({"answer": answer, "address": asdict(address)}, default=_plain))
    return plain


def plain_message(message: Message) -> dict[str, Any]:
    """Return a message as stored, to be shown to another person later."""
    plain: dict[str, Any] = json.loads(
        json.dumps({"template": message.template, "facts": message.facts}, default=_plain)
    )
    return plain


def from_checkpoint(checkpoint: Checkpoint) -> tuple[Reply, Address]:
    answer, address_data = checkpoint["answer"], checkpoint["address"]
    actor, place = Actor(**address_data["actor"]), Place(**address_data["place"])
    # Replies of versions that knew one PBX only have no station.
    address = Address(actor, place, address_data.get("station", ""), address_data["shown"], address_data["asked"])
    options: dict[str, Any] = {}
    if (seconds := answer["confirm_within"]) is not None:
        options = {"confirm": True, "confirm_within": timedelta(seconds=seconds)}
    if answer["question"]:
        options["question"] = Question(**answer["question"])
    message = answer["message"] and _message(answer["message"])
    return Reply(message, as_new_message=answer["beside"], closes_question=answer["settled"], **options), address


def _message(message: Mapping[str, Any]) -> Message:
    rows = tuple(tuple(Button(**button) for button in row) for row in message["buttons"])
    return Message(message["template"], message["facts"], rows)


def _plain(value: object) -> Any:
    """Convert facts to JSON; templates also accept a time in ISO format."""
    match value:
        case datetime() | date():
            return value.isoformat()
        case timedelta():
            return value.total_seconds()
        case Mapping():
            return dict(value)
        case set() | frozenset():
            return sorted(value)
    return str(value)
