"""Roles, grants, the decision: may this actor do this here? Pure, and closed unless something opens it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple


class Destination(NamedTuple):
    """Where a message goes. `thread` is a forum topic; None for ordinary chats and for the General topic."""

    chat: int
    thread: int | None = None


class Role(IntEnum):
    """Each role may do what the one before it may."""

    VIEWER = 1
    OPERATOR = 2
    ADMIN = 3


class Permission:
    """The names of what can be done; a command declares exactly one of them."""

    ANYONE = "anyone"
    STATUS = "status.read"
    CALLS = "calls.read"
    RECORDS = "cdr.read"
    LISTEN = "recordings.listen"
    EMPLOYEES_READ = "employees.read"
    EMPLOYEES = "employees.write"
    SECRETS = "employees.secrets"
    TRUNKS_READ = "trunks.read"
    TRUNKS_CHECK = "trunks.check"
    TRUNKS = "trunks.write"
    ACKNOWLEDGE = "incidents.acknowledge"


NEEDED_ROLE: Mapping[str, Role | None] = MappingProxyType(
    {
        Permission.ANYONE: None,
        Permission.STATUS: Role.VIEWER,
        Permission.CALLS: Role.VIEWER,
        Permission.RECORDS: Role.VIEWER,
        Permission.EMPLOYEES_READ: Role.VIEWER,
        Permission.TRUNKS_READ: Role.VIEWER,
        Permission.TRUNKS_CHECK: Role.OPERATOR,
        Permission.ACKNOWLEDGE: Role.OPERATOR,
        Permission.LISTEN: Role.ADMIN,
        Permission.EMPLOYEES: Role.ADMIN,
        Permission.SECRETS: Role.ADMIN,
        Permission.TRUNKS: Role.ADMIN,
    }
)


@dataclass(frozen=True, slots=True)
class Grants:
    """Who was given what. Keys are numeric ids: names and usernames change hands."""

    people: Mapping[int, Role] = field(default_factory=dict)
    chats: Mapping[int, Role] = field(default_factory=dict)

    def role(self, person: int, chat: int) -> Role | None:
        """The higher of the person's own role and the chat's; a chat never makes anybody an administrator."""
        from_chat = self.chats.get(chat)
        roles = [role for role in (self.people.get(person), from_chat and min(from_chat, Role.OPERATOR)) if role]
        return max(roles, default=None)


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is for the audit row: short, fixed words, nothing a person typed."""

    allowed: bool
    reason: str


def grants_from(admins: frozenset[int], operators: frozenset[int], viewers: frozenset[int]) -> Grants:
    """Settings name people by positive ids and chats by negative ones."""
    people: dict[int, Role] = {}
    chats: dict[int, Role] = {}
    for ids, role in ((viewers, Role.VIEWER), (operators, Role.OPERATOR), (admins, Role.ADMIN)):
        for number in ids:
            (people if number > 0 else chats)[number] = role
    return Grants(MappingProxyType(people), MappingProxyType(chats))


def decide(grants: Grants, *, person: int, chat: int, permission: str, private: bool) -> Decision:
    """One decision. An unknown permission is refused, and `anyone` holds for strangers in private only."""
    if permission not in NEEDED_ROLE:
        return Decision(False, "unknown permission")
    needed = NEEDED_ROLE[permission]
    role = grants.role(person, chat)
    if needed is None:
        open_to = private or role is not None
        return Decision(open_to, "open to anyone" if open_to else "stranger in a group")
    if role is None:
        return Decision(False, "stranger")
    return Decision(role >= needed, f"role {role.name.lower()}")
