"""Roles, grants, and access decisions. Pure; denied unless a grant allows it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple


class Destination(NamedTuple):
    """Target of a message. `thread` is a forum topic; None for ordinary chats and the General topic."""

    chat: int
    thread: int | None = None


class Permission:
    """Names of permissions; each command and button requires exactly one."""

    ANYONE = "anyone"
    ANY_ROLE = "somebody with a role"
    STATUS_READ = "status.read"
    CALLS_READ = "calls.read"
    CDR_READ = "cdr.read"
    RECORDINGS_LISTEN = "recordings.listen"
    NUMBERS_READ = "numbers.read"
    EMPLOYEES_READ = "employees.read"
    EMPLOYEES_WRITE = "employees.write"
    EMPLOYEES_DELETE = "employees.delete"
    EMPLOYEES_SECRETS = "employees.secrets"
    TRUNKS_READ = "trunks.read"
    TRUNKS_CHECK = "trunks.check"
    TRUNKS_WRITE = "trunks.write"
    FIREWALL_WRITE = "firewall.write"
    INCIDENTS_READ = "incidents.read"
    INCIDENTS_ACKNOWLEDGE = "incidents.acknowledge"
    INCIDENTS_MUTE = "incidents.mute"
    EXTENSIONS_WATCH = "extensions.watch"
    MISSED_FOLLOW = "missed.follow"
    CALLS_MAKE = "calls.make"
    ONCALL_READ = "oncall.read"
    ONCALL_TAKE = "oncall.take"
    ONCALL_WRITE = "oncall.write"
    ACCESS_READ = "access.read"
    ACCESS_GRANT = "access.grant"
    AUDIT_READ = "audit.read"


# Permissions that roles can hold; the first two are access levels, not rights.
PERMISSIONS = frozenset(v for name, v in vars(Permission).items() if name.isupper()) - {
    Permission.ANYONE,
    Permission.ANY_ROLE,
}
# Changes of the PBX or of access: run once, and approved by a second person where configured.
WRITES = frozenset(
    {
        Permission.EMPLOYEES_WRITE,
        Permission.EMPLOYEES_DELETE,
        Permission.TRUNKS_WRITE,
        Permission.FIREWALL_WRITE,
        Permission.ACCESS_GRANT,
    }
)


@dataclass(frozen=True, slots=True)
class Role:
    """Named set of permissions."""

    name: str
    permissions: frozenset[str]


VIEWER = Role(
    "viewer",
    frozenset(
        {
            Permission.STATUS_READ,
            Permission.CALLS_READ,
            Permission.CDR_READ,
            Permission.EMPLOYEES_READ,
            Permission.TRUNKS_READ,
            Permission.INCIDENTS_READ,
            Permission.ONCALL_READ,
        }
    ),
)
OPERATOR = Role(
    "operator",
    VIEWER.permissions
    | {
        Permission.TRUNKS_CHECK,
        Permission.INCIDENTS_ACKNOWLEDGE,
        Permission.INCIDENTS_MUTE,
        Permission.EXTENSIONS_WATCH,
        Permission.MISSED_FOLLOW,
        Permission.CALLS_MAKE,
        Permission.ONCALL_TAKE,
        Permission.NUMBERS_READ,
    },
)
ADMIN = Role("admin", PERMISSIONS)
BUILT_IN: Mapping[str, Role] = MappingProxyType({role.name: role for role in (VIEWER, OPERATOR, ADMIN)})

EVERY_STATION = ""
# Word for EVERY_STATION in commands.
FLEET_WORD = "fleet"


@dataclass(frozen=True, slots=True)
class Grant:
    """Role granted to a subject at a station.

    `subject` is the id of a person, or of a chat (negative): names and usernames can change owners. `given_by` None:
    from the settings.
    """

    subject: int
    role: str
    station: str = EVERY_STATION
    given_by: int | None = None
    giver: str = ""
    given_at: datetime | None = None
    until: datetime | None = None

    @property
    def is_from_settings(self) -> bool:
        return self.given_by is None

    @property
    def is_of_chat(self) -> bool:
        return self.subject < 0

    def has_ended(self, now: datetime) -> bool:
        return self.until is not None and self.until <= now

    def is_same(self, other: "Grant") -> bool:
        """Return True for the same subject, role, station and origin."""
        mine, theirs = ((g.subject, g.role, g.station, g.is_from_settings) for g in (self, other))
        return mine == theirs


@dataclass(frozen=True, slots=True)
class AccessContext:
    """Context of a decision: person, chat and time. `member`: the person is in the chat now; None if unknown."""

    person: int
    chat: int
    private: bool
    station: str
    now: datetime
    member: bool | None = None

    def of(self, person: int, chat: int, *, private: bool) -> "AccessContext":
        """Return the context of another person at the same time, membership unknown."""
        return replace(self, person=person, chat=chat, private=private, member=None)


@dataclass(frozen=True, slots=True)
class Decision:
    """Decision.

    `reason` is for the audit row: short, fixed words, never user input. `grant` is the one that allows it.
    """

    allowed: bool
    reason: str
    grant: Grant | None = None


# A grant applies only while all of these hold.
CONDITIONS: Mapping[str, Callable[[Grant, AccessContext], bool]] = {
    "subject": lambda grant, asking: grant.subject in (asking.person, asking.chat),
    "station": lambda grant, asking: grant.station in (EVERY_STATION, asking.station),
    "time": lambda grant, asking: not grant.has_ended(asking.now),
    "member": lambda grant, asking: not grant.is_of_chat or asking.member is True,
}
STRANGER = "stranger"
NOT_A_MEMBER = "not a member of the chat"
MEMBERSHIP_UNKNOWN = "membership not known"


@dataclass(frozen=True, slots=True)
class Access:
    """Grants of all subjects, and the roles they refer to."""

    grants: tuple[Grant, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=lambda: BUILT_IN)

    def permissions(self, grant: Grant) -> frozenset[str]:
        """Return the permissions of a grant: none for an unknown role, at most those of OPERATOR for a chat."""
        role = self.roles.get(grant.role)
        held = role.permissions if role else frozenset()
        return held & OPERATOR.permissions if grant.is_of_chat else held

    def applicable(self, asking: AccessContext, *, without: str = "") -> Iterator[Grant]:
        """Yield the grants that apply; `without` skips one condition, to find the reason of a denial."""
        conditions = [condition for name, condition in CONDITIONS.items() if name != without]
        return (grant for grant in self.grants if all(condition(grant, asking) for condition in conditions))

    def may(self, asking: AccessContext, permission: str) -> Decision:
        """Decide. An unknown permission is denied; `anyone` allows strangers in private chats only."""
        grants = list(self.applicable(asking))
        if permission == Permission.ANYONE and asking.private:
            return Decision(True, "open to anyone")
        if permission in (Permission.ANYONE, Permission.ANY_ROLE):
            return Decision(bool(grants), _named(grants) if grants else self._denial_reason(asking))
        if permission not in PERMISSIONS:
            return Decision(False, "unknown permission")
        allowing = next((grant for grant in grants if permission in self.permissions(grant)), None)
        if allowing is not None:
            return Decision(True, _named([allowing]), allowing)
        if any(permission in self.permissions(grant) for grant in self.applicable(asking, without="member")):
            return Decision(False, self._denial_reason(asking))
        return Decision(False, f"beyond {_named(grants)}" if grants else self._denial_reason(asking))

    def _denial_reason(self, asking: AccessContext) -> str:
        if any(self.applicable(asking, without="member")):
            return NOT_A_MEMBER if asking.member is False else MEMBERSHIP_UNKNOWN
        return STRANGER

    def rights(self, asking: AccessContext) -> frozenset[str]:
        return frozenset[str]().union(*(self.permissions(grant) for grant in self.applicable(asking)))

    def of(self, asking: AccessContext) -> "Access":
        """Return the part granted to this person and chat, for decisions at many stations."""
        return replace(self, grants=tuple(g for g in self.grants if g.subject in (asking.person, asking.chat)))

    def needs_membership(self, asking: AccessContext) -> bool:
        """Return True if membership affects the decision: the chat's grants exceed the person's own."""
        if asking.private:
            return False
        return self.rights(asking) != frozenset[str]().union(
            *(self.permissions(grant) for grant in self.applicable(asking, without="member"))
        )

    def people_with(self, permission: str, station: str, now: datetime) -> list[int]:
        """Return the people with their own grant of the permission at the station."""
        theirs: dict[int, list[Grant]] = {}
        for grant in self.grants:
            if not grant.is_of_chat:
                theirs.setdefault(grant.subject, []).append(grant)
        # Each is checked with their own grants alone: all grants for each of thousands of people would be millions of
        # checks.
        return sorted(
            person
            for person, own in theirs.items()
            if Access(tuple(own), self.roles).may(_private_context(person, station, now), permission).allowed
        )


def _named(grants: list[Grant]) -> str:
    words = sorted({f"{grant.role} of this chat" if grant.is_of_chat else grant.role for grant in grants})
    return f"role {', '.join(words)}"


def _private_context(person: int, station: str, now: datetime) -> AccessContext:
    return AccessContext(person=person, chat=person, private=True, station=station, now=now)


def grants_from(admins: frozenset[int], operators: frozenset[int], viewers: frozenset[int]) -> tuple[Grant, ...]:
    """Return the grants from the settings; a subject listed twice has the higher role."""
    highest = dict.fromkeys(viewers, VIEWER) | dict.fromkeys(operators, OPERATOR) | dict.fromkeys(admins, ADMIN)
    return tuple(Grant(subject, role.name) for subject, role in sorted(highest.items()))
