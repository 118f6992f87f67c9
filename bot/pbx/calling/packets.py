"""Packets of AMI: fields of an action as a form, and the fields of an answer. Pure."""

import re
from collections.abc import Mapping

# What a phone can dial; no line end, which would begin another field or action.
DIALLED = re.compile(r"[0-9*#+]{1,32}", re.ASCII)
MAX_FIELDS = 500

Packet = Mapping[str, str]


def is_dialled(number: str) -> bool:
    """Return True for what may stand in an action as a number."""
    return DIALLED.fullmatch(number) is not None


def action(name: str, **fields: str) -> dict[str, str]:
    """Return an action as a form. Raises ValueError for a control character in a value, like a line end, which would
    end the field."""
    form = {"Action": name, **fields}
    if any(not value.isprintable() for value in form.values()):
        raise ValueError(f"a value of {name} has a control character")
    return form


def is_denied(packet: Packet) -> bool:
    """Return True where the account lacks the class that the action needs."""
    return packet["response"] == "Error" and packet.get("message") == "Permission denied"


def is_call_failed(packet: Packet) -> bool:
    """Return True where the channel that was to be called has not answered: it rang in vain, was busy, or is not
    there."""
    return packet["response"] == "Error" and packet.get("message") == "Originate failed"


def parse(content: bytes | bytearray) -> Packet | None:
    """Return the fields of the response in an answer, names in small letters; None if it is no answer of AMI."""
    for packet in content.decode("utf-8", "replace").replace("\r\n", "\n").split("\n\n"):
        lines = packet.strip().split("\n", MAX_FIELDS)[:MAX_FIELDS]
        fields = {name.strip().lower(): value.strip() for name, colon, value in map(_halves, lines) if colon}
        if fields.get("response") in ("Success", "Error", "Follows", "Goodbye"):
            return fields
    return None


def _halves(line: str) -> tuple[str, str, str]:
    return line.partition(":")
