"""Fields of a trunk: names, syntax, and the limits that the PBX has, or should have. Pure."""

import re
from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any

from pydantic import SecretStr

from bot.messages.message import mark
from bot.pbx import Trunk, TrunkDraft
from handlers.parsing.fields import (
    EMPTY_WORDS,
    PASSWORD,
    PASSWORD_WORDS,
    Field,
    Fields,
    Problem,
    WrongValue,
    one_line,
    one_of,
    whole_number,
    yes_or_no,
)

REGISTRATIONS = {
    "outbound": "outbound",
    "out": "outbound",
    "исходящая": "outbound",
    "inbound": "inbound",
    "in": "inbound",
    "входящая": "inbound",
    "none": "none",
    "no": "none",
    "нет": "none",
}
# A host name or an address; the PBX itself accepts any text.
LABEL = r"[A-Za-z0-9_]([A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST = re.compile(rf"(?=.{{1,253}}$){LABEL}(\.{LABEL})*")
WITH_PORT = re.compile(r"\A(?P<host>\[[0-9a-fA-F:.]+\]|[^:\[\]]+):(?P<port>\d{1,5})")
IPV6 = re.compile(r"\A\[?[0-9a-fA-F:][0-9a-fA-F]*:[0-9a-fA-F:.]*\]?")


def name(text: str) -> str:
    if not text.strip():
        raise WrongValue(mark("1 to 255 characters"))
    return one_line(text, 255, mark("1 to 255 characters"))


def host(text: str) -> str:
    if not HOST.fullmatch(text) and not IPV6.fullmatch(text) and not _is_network(text):
        raise WrongValue(mark("a host name or an address, like sip.provider.com"))
    return text


def _is_network(text: str) -> bool:
    try:
        return "/" in text and bool(ip_network(text, strict=False))
    except ValueError:
        return False


def port(text: str) -> int:
    return whole_number(text, 1, 65535, mark("1 to 65535"))


def username(text: str) -> str:
    if text in EMPTY_WORDS:
        return ""
    if re.search(r"\s", text) or len(text) > 100:
        raise WrongValue(mark("at most 100 characters and no spaces"))
    return text


def password(text: str) -> SecretStr:
    if not 1 <= len(text) <= 100:
        raise WrongValue(mark("1 to 100 characters"))
    return SecretStr(text)


def registration(text: str) -> str:
    return REGISTRATIONS[one_of(text, tuple(REGISTRATIONS), mark("outbound, inbound or none"))]


def transport(text: str) -> str:
    choices = ("udp", "tcp", "tls", "udp,tcp")
    return one_of(text.replace(" ", "").replace("/", ","), choices, mark("udp, tcp, tls or udp,tcp"))


def dtmf(text: str) -> str:
    choices = ("auto", "auto_info", "rfc4733", "inband", "info")
    return one_of(text, choices, mark("auto, auto_info, rfc4733, inband or info"))


def qualify_every(text: str) -> int:
    return whole_number(text, 10, 3600, mark("10 to 3600 seconds"))


def note(text: str) -> str:
    return one_line(text, 500, mark("at most 500 characters"))


FIELDS = Fields(
    Field("name", mark("Name"), ("имя", "название", "description"), name),
    Field("host", mark("Host"), ("хост", "сервер", "server", "адрес"), host),
    Field("port", mark("Port"), ("порт",), port),
    Field("username", mark("Login"), ("логин", "login", "user", "пользователь"), username),
    Field("registration", mark("Registration"), ("регистрация", "registration_type"), registration),
    Field("transport", mark("Transport"), ("транспорт",), transport),
    Field("dtmf", mark("DTMF"), ("тон", "dtmfmode"), dtmf),
    Field("qualify", mark("Qualify (OPTIONS check)"), ("проверка", "monitoring"), yes_or_no),
    Field("qualify_every", mark("Qualify every"), ("qualifyfreq",), qualify_every),
    Field("disabled", mark("Switched off"), ("выключен",), yes_or_no),
    Field("note", mark("Note"), ("заметка",), note),
    Field(PASSWORD, mark("Password"), PASSWORD_WORDS, password),
)
# Of these a value may have several words without quotes.
NAME_WORDS = FIELDS.names_of("name") | FIELDS.names_of("note")


def read_fields(written: Mapping[str, str]) -> tuple[TrunkDraft, list[Problem]]:
    values, problems = FIELDS.read(_host_and_port(written))
    return TrunkDraft(**values), problems


def _host_and_port(written: Mapping[str, str]) -> dict[str, str]:
    """`sip.provider.com:5061` is a host and a port, unless a port is written besides. A newer PBX refuses a host with a
    port in it, an older one takes it and never finds the provider."""
    apart: dict[str, str] = {}
    ports = {FIELDS.by_key["port"]}
    for word, text in written.items():
        found = WITH_PORT.fullmatch(text.strip()) if FIELDS.find(word) is FIELDS.by_key["host"] else None
        if found is not None and not any(FIELDS.find(other) in ports for other in written):
            apart |= {word: found["host"], "port": found["port"]}
        else:
            apart[word] = text
    return apart


def completed(draft: TrunkDraft) -> TrunkDraft:
    """Set the kind of registration that follows from the other fields: the PBX requires it."""
    if draft.registration is not None:
        return draft
    return draft.model_copy(update={"registration": "outbound" if draft.username else "none"})


def missing(draft: TrunkDraft) -> list[Problem]:
    """Required fields of this kind of trunk that are not set, besides the password."""
    required = {"outbound": ("name", "host", "username"), "inbound": ("name", "username"), "none": ("name", "host")}
    return [
        Problem(FIELDS.by_key[key].label, mark("is missing"))
        for key in required[draft.registration or "outbound"]
        if not getattr(draft, key)
    ]


def draft_values(draft: TrunkDraft) -> dict[str, Any]:
    """Return the fields that are set, without the password, by key."""
    return draft.model_dump(exclude_none=True, exclude={"secret"})


def current_values(trunk: Trunk) -> dict[str, Any]:
    """Return the same for a trunk of the PBX."""
    return trunk.model_dump(include=set(FIELDS.by_key) - {PASSWORD})
