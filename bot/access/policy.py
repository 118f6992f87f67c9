"""Roles, grants, the decision: may this person do this here? Pure, and closed unless something opens it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple


class Destination(NamedTuple):
    """Where a message goes. `thread` is a forum topic; None for ordinary chats and for the General topic."""

    chat: int
    thread: int | None = None


class Permission:
    """The names of what can be done; every command and button has exactly one of them."""

    ANYONE = "anyone"
    SOMEBODY = "somebody with a role"
    STATUS = "status.read"
    CALLS = "calls.read"
    RECORDS = "cdr.read"
    LISTEN = "recordings.listen"
    NUMBERS = "numbers.read"
    EMPLOYEES_READ = "employees.read"
    EMPLOYEES = "employees.write"
    EMPLOYEES_DELETE = "employees.delete"
    SECRETS = "employees.secrets"
    TRUNKS_READ = "trunks.read"
    TRUNKS_CHECK = "trunks.check"
    TRUNKS = "trunks.write"
    INCIDENTS = "incidents.read"
    ACKNOWLEDGE = "incidents.acknowledge"
    MUTE = "incidents.mute"
    WATCH = "extensions.watch"
    ONCALL_READ = "oncall.read"
    ONCALL_TAKE = "oncall.take"
    ONCALL = "oncall.write"
    ACCESS_READ = "access.read"
    GRANT = "access.grant"
    AUDIT = "audit.read"


# What a role can hold; the first two are doors, not rights.
PERMISSIONS = frozenset(v for name, v in vars(Permission).items() if name.isupper()) - {
    Permission.ANYONE,
    Permission.SOMEBODY,
}
# What changes the PBX or the access to it: done once, and by two people where a site wants that.
WRITES = frozenset({Permission.EMPLOYEES, Permission.EMPLOYEES_DELETE, Permission.TRUNKS, Permission.GRANT})


@dataclass(frozen=True, slots=True)
class Role:
    """A named set of permissions."""

    name: str
    permissions: frozenset[str]


VIEWER = Role(
    "viewer",
    frozenset(
        {
            Permission.STATUS,
            Permission.CALLS,
            Permission.RECORDS,
            Permission.EMPLOYEES_READ,
            Permission.TRUNKS_READ,
            Permission.INCIDENTS,
            Permission.ONCALL_READ,
        }
    ),
)
OPERATOR = Role(
    "operator",
    VIEWER.permissions
    | {
        Permission.TRUNKS_CHECK,
        Permission.ACKNOWLEDGE,
        Permission.MUTE,
        Permission.WATCH,
        Permission.ONCALL_TAKE,
        Permission.NUMBERS,
    },
)
ADMIN = Role("admin", PERMISSIONS)
BUILT_IN: Mapping[str, Role] = MappingProxyType({role.name: role for role in (VIEWER, OPERATOR, ADMIN)})

EVERY_STATION = ""
# What people write for it.
FLEET_WORD = "fleet"


@dataclass(frozen=True, slots=True)
class Grant:
    """Who was given which role on which station. `subject` is the id of a person, or of a chat (negative): names and
    usernames change hands. Without `given_by` it stands in the settings."""

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
        """The same gift, whoever gave it and for however long."""
        mine, theirs = ((g.subject, g.role, g.station, g.is_from_settings) for g in (self, other))
        return mine == theirs


@dataclass(frozen=True, slots=True)
class Asking:
    """Who asks, where and when. `member`: whether the person is in the chat now; None when nobody can tell."""

    person: int
    chat: int
    private: bool
    station: str
    now: datetime
    member: bool | None = None

    def of(self, person: int, chat: int, *, private: bool) -> "Asking":
        """The same moment for somebody else, of whom it is not known whether they are in the chat."""
        return replace(self, person=person, chat=chat, private=private, member=None)


@dataclass(frozen=True, slots=True)
class Decision:
    """`reason` is for the audit row: short, fixed words, nothing a person typed. `grant` is what opened the way."""

    allowed: bool
    reason: str
    grant: Grant | None = None


# A grant counts only while every one of these holds.
CONDITIONS: Mapping[str, Callable[[Grant, Asking], bool]] = {
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
    """Everything that was granted, and what the roles mean."""

    grants: tuple[Grant, ...] = ()
    roles: Mapping[str, Role] = field(default_factory=lambda: BUILT_IN)

    def permissions(self, grant: Grant) -> frozenset[str]:
        """A role that no setting knows any more gives nothing, and no chat makes anybody an administrator."""
        role = self.roles.get(grant.role)
        held = role.permissions if role else frozenset()
        return held & OPERATOR.permissions if grant.is_of_chat else held

    def holding(self, asking: Asking, *, without: str = "") -> Iterator[Grant]:
        """The grants that count; `without` leaves one condition aside, to tell why there are no more."""
        conditions = [holds for name, holds in CONDITIONS.items() if name != without]
        return (grant for grant in self.grants if all(holds(grant, asking) for holds in conditions))

    def may(self, asking: Asking, permission: str) -> Decision:
        """One decision. An unknown permission is refused; `anyone` holds for strangers in private only."""
        held = list(self.holding(asking))
        if permission == Permission.ANYONE and asking.private:
            return Decision(True, "open to anyone")
        if permission in (Permission.ANYONE, Permission.SOMEBODY):
            return Decision(bool(held), _named(held) if held else self._why_nothing(asking))
        if permission not in PERMISSIONS:
            return Decision(False, "unknown permission")
        opens = next((grant for grant in held if permission in self.permissions(grant)), None)
        if opens is not None:
            return Decision(True, _named([opens]), opens)
        if any(permission in self.permissions(grant) for grant in self.holding(asking, without="member")):
            return Decision(False, self._why_nothing(asking))
        return Decision(False, f"beyond {_named(held)}" if held else self._why_nothing(asking))

    def _why_nothing(self, asking: Asking) -> str:
        if any(self.holding(asking, without="member")):
            return NOT_A_MEMBER if asking.member is False else MEMBERSHIP_UNKNOWN
        return STRANGER

    def rights(self, asking: Asking) -> frozenset[str]:
        return frozenset[str]().union(*(self.permissions(grant) for grant in self.holding(asking)))

    def of(self, asking: Asking) -> "Access":
        """Only what this person and this chat were given: for seeing them at many stations."""
        return replace(self, grants=tuple(g for g in self.grants if g.subject in (asking.person, asking.chat)))

    def needs_membership(self, asking: Asking) -> bool:
        """Whether it matters that the person is in the chat: the chat gives what the person has not."""
        if asking.private:
            return False
        return self.rights(asking) != frozenset[str]().union(
            *(self.permissions(grant) for grant in self.holding(asking, without="member"))
        )

    def people_with(self, permission: str, station: str, now: datetime) -> list[int]:
        """People who have it themselves, wherever they are."""
        theirs: dict[int, list[Grant]] = {}
        for grant in self.grants:
            if not grant.is_of_chat:
                theirs.setdefault(grant.subject, []).append(grant)
        # Each is asked about with their own grants alone: of thousands, all for each would be millions.
        return sorted(
            person
            for person, own in theirs.items()
            if Access(tuple(own), self.roles).may(_alone(person, station, now), permission).allowed
        )


def _named(grants: list[Grant]) -> str:
    words = sorted({f"{grant.role} of this chat" if grant.is_of_chat else grant.role for grant in grants})
    return f"role {', '.join(words)}"


def _alone(person: int, station: str, now: datetime) -> Asking:
    return Asking(person=person, chat=person, private=True, station=station, now=now)


def grants_from(admins: frozenset[int], operators: frozenset[int], viewers: frozenset[int]) -> tuple[Grant, ...]:
    """What stands in the settings; a subject named twice has the higher role."""
    highest = dict.fromkeys(viewers, VIEWER) | dict.fromkeys(operators, OPERATOR) | dict.fromkeys(admins, ADMIN)
    return tuple(Grant(subject, role.name) for subject, role in sorted(highest.items()))


class NotGranted(Exception):
    """What was asked for would break a rule of the house; `reason` is its short, fixed name."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


NO_SUCH_ROLE = "no such role"
TOO_MUCH_FOR_A_CHAT = "a chat can be operator at most"
MORE_THAN_ONES_OWN = "more than the giver has"
IN_THE_SETTINGS = "stands in the settings"
THE_LAST_ADMIN = "the last administrator"


def check_giving(access: Access, giver: Asking, grant: Grant) -> None:
    """Raises NotGranted: nobody gives more than they have, and no chat becomes an administrator."""
    role = access.roles.get(grant.role)
    if role is None:
        raise NotGranted(NO_SUCH_ROLE)
    if grant.is_of_chat and not role.permissions <= OPERATOR.permissions:
        raise NotGranted(TOO_MUCH_FOR_A_CHAT)
    if not role.permissions <= access.rights(giver):
        raise NotGranted(MORE_THAN_ONES_OWN)
    if grant.until is not None:
        _keep_an_admin(access, grant, giver.now)


def check_taking(access: Access, taker: Asking, grant: Grant) -> None:
    """Raises NotGranted: the settings are the owner's own, and somebody must be left who can grant."""
    if grant.is_from_settings:
        raise NotGranted(IN_THE_SETTINGS)
    if not access.permissions(grant) <= access.rights(taker):
        raise NotGranted(MORE_THAN_ONES_OWN)
    _keep_an_admin(access, grant, taker.now)


def _keep_an_admin(access: Access, going: Grant, now: datetime) -> None:
    """Somebody must be left who can grant, and for good when what goes was for good."""
    held = next((grant for grant in access.grants if grant.is_same(going)), None)
    if held is None or Permission.GRANT not in access.permissions(held):
        return
    left = tuple(g for g in access.grants if g is not held and (g.until is None or held.until is not None))
    if not Access(left, access.roles).people_with(Permission.GRANT, going.station, now):
        raise NotGranted(THE_LAST_ADMIN)
