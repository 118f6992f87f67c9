"""Employees: the stored record, and its two shapes in the API."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

NO_AVATAR = "/admin-cabinet/assets/img/unknownPerson.jpg"
_ANY_ADDRESS = '<i class="globe icon"></i> Connections from any addresses are allowed'
_USER = '<i class="icons"><i class="user outline icon"></i></i>'
_MOBILE = '<i class="icons"><i class="user outline icon"></i><i class="top right corner alternate mobile icon"></i></i>'
# Changes to a name in the PBX's configuration: one letter changes its alphabet, most signs are dropped.
_LATIN = str.maketrans({"ё": "e", "Ё": "E"})
_NO_CALLER_ID = re.compile(r"[^\w\s+\-.@]|_")


@dataclass
class Phone:
    ip: str
    agent: str
    rtt: float


@dataclass
class EmployeeRecord:
    """Employee. `secret` is the SIP password; the API returns it in clear text, so keep it out of logs."""

    id: int
    number: str
    name: str
    secret: str = field(repr=False)
    email: str = ""
    mobile: str = ""
    mobile_dialstring: str = ""
    avatar: str = NO_AVATAR
    disabled: bool = False
    recording: bool = True
    dtmfmode: str = "auto"
    transport: str = "udp"
    attributes: str = ""
    network_filter: str = "none"
    ring_length: int = 45
    forwarding: str = ""
    forwarding_busy: str = ""
    forwarding_unavailable: str = ""
    phone: Phone | None = None
    online: bool = False
    # Asterisk has loaded the number, which a phone needs to register.
    known: bool = True

    @property
    def caller_id(self) -> str:
        return _NO_CALLER_ID.sub("", self.name.translate(_LATIN))

    def represent(self) -> str:
        return f"{_USER} {self.name} <{self.number}>"

    def mobile_represent(self) -> str:
        return f"{_MOBILE} {self.name} <{self.mobile}>"

    def reachable(self) -> Phone | None:
        return self.phone if self.online and self.known and not self.disabled else None


def row(employee: EmployeeRecord) -> dict[str, object]:
    """Return the list's shape: the id is a number, the phone is `mobile`."""
    return {
        "id": employee.id,
        "number": employee.number,
        "user_username": employee.name,
        "user_email": employee.email,
        "mobile": employee.mobile,
        "avatar": employee.avatar,
        "disabled": employee.disabled,
    }


def record(employee: EmployeeRecord, everybody: Iterable[EmployeeRecord]) -> dict[str, object]:
    """Return the full shape: the id is a text, the phone is `mobile_number`, the secret is in clear."""
    names = {person.number: person.represent() for person in everybody}
    names |= {person.mobile: person.mobile_represent() for person in everybody if person.mobile}
    forwards = {
        "fwd_forwarding": employee.forwarding,
        "fwd_forwardingonbusy": employee.forwarding_busy,
        "fwd_forwardingonunavailable": employee.forwarding_unavailable,
    }
    shown: dict[str, object] = {}
    for name, target in forwards.items():
        shown |= {name: target, f"{name}_represent": names.get(target, target)}
    return {
        "id": str(employee.id) if employee.id else "",
        "user_username": employee.name,
        "user_email": employee.email,
        "user_avatar": employee.avatar,
        "number": employee.number,
        "extensions_length": 3,
        "sip_secret": employee.secret,
        "sip_enableRecording": employee.recording,
        "sip_dtmfmode": employee.dtmfmode,
        "sip_transport": employee.transport,
        "sip_manualattributes": employee.attributes,
        "fwd_ringlength": employee.ring_length,
        "mobile_number": employee.mobile,
        "mobile_dialstring": employee.mobile_dialstring,
        "sip_networkfilterid": employee.network_filter,
        "sip_networkfilterid_represent": _ANY_ADDRESS,
        **shown,
    }


def matching(people: Iterable[EmployeeRecord], search: str) -> list[EmployeeRecord]:
    """Return the search's result in the list's order: by name, upper-case Latin before lower before Cyrillic."""
    wanted = search.strip().lower()
    found = [person for person in people if not wanted or _matches(person, wanted)]
    return sorted(found, key=lambda person: person.name)


def _matches(person: EmployeeRecord, wanted: str) -> bool:
    field_name, colon, rest = wanted.partition(":")
    if colon and field_name in ("id", "number", "email", "mobile"):
        return {
            "id": rest in str(person.id),
            "number": rest == person.number,
            "email": rest in person.email.lower(),
            "mobile": rest in person.mobile,
        }[field_name]
    return wanted in search_index(person) or wanted in f"{person.email} {person.number} {person.mobile}".lower()


def search_index(person: EmployeeRecord) -> str:
    """Return both spellings of the name, in lower case."""
    return f"{person.name} {person.caller_id}".lower()


def next_free(people: Iterable[EmployeeRecord], taken: Iterable[str] = ()) -> str:
    used = {person.number for person in people} | set(taken)
    return next(str(number) for number in range(201, 10_000) if str(number) not in used)
