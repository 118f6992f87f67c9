"""Report of `mikopbx-bot access`: roles, the rule of each command and button, and grants; for one person the reason why
each rule allows or denies. Reads the settings and the database, and sends no request to Telegram or the PBX."""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

from bot.access.policy import EVERY_STATION, Access, AccessContext, Decision, Grant, Permission, grants_from
from bot.config.settings import Settings
from bot.config.station_settings import StationSettings
from bot.runtime.logs import printable
from bot.runtime.waiting import Signal
from bot.store import sealing
from bot.store.access.contacts import Contact, Contacts
from bot.store.access.grants import Grants
from bot.store.database import Database
from bot.text.table import TextTable
from handlers.dispatch.rules import RULES, Rule

# Readable in a pipe; a terminal reports its own width.
PIPED_SIZE = (160, 24)


class NotMet(Exception):
    """Raised for an unknown person or PBX."""


async def print_report(settings: Settings, stations: Sequence[StationSettings], who: str, only: str = "") -> None:
    """Print the report; for one person at the PBX `only`, or at each PBX that one of their grants names. Raises
    NotMet."""
    if only and only not in {station.name for station in stations}:
        raise NotMet(f"There is no PBX {only} in the settings.")
    sealing.use_token(settings.telegram_token.get_secret_value())
    database = Database(settings.database_url)
    await database.open()
    try:
        people = Contacts(database)
        given = grants_from(settings.admins, settings.operators, settings.viewers)
        access = await Grants(database, _now, given, settings.roles, Signal()).current()
        person = await _person(people, who) if who else None
        names = await people.named({grant.subject for grant in access.grants}, EVERY_STATION)
    finally:
        await database.close()
    width = shutil.get_terminal_size(PIPED_SIZE).columns
    if person is not None:
        for name, heading in _where(access, stations, person, only):
            if len(stations) > 1:
                print(f"{printable(heading)}\n")
            for table in _of_one(access, name, person, names):
                print(table.rendered(width))
    else:
        for table in (_roles(access), _rules(access, settings.two_person), _grants(access, names, only)):
            print(table.rendered(width))


def _where(
    access: Access, stations: Sequence[StationSettings], person: Contact, only: str
) -> Iterable[tuple[str, str]]:
    """Yield the PBXs to report, each with a heading; all others are like EVERY_STATION."""
    if len(stations) > 1 and not only:
        yield EVERY_STATION, "At every PBX, as far as nothing else is said of it"
    theirs = {grant.station for grant in access.grants if grant.subject == person.id and not grant.has_ended(_now())}
    for station in stations:
        if len(stations) == 1 or station.name in (theirs if not only else {only}):
            yield station.name, f"{station.title} ({station.name})"


def _now() -> datetime:
    return datetime.now(UTC)


async def _person(people: Contacts, who: str) -> Contact:
    if who.isdecimal():
        return (await people.named([int(who)], EVERY_STATION)).get(int(who)) or Contact(int(who), "not met yet")
    known = await people.by_username(who, EVERY_STATION)
    if known is None:
        raise NotMet(f"The bot has not met {who}; give the numeric id (the person sees it with /id).")
    return known


def _roles(access: Access) -> TextTable:
    table = TextTable("Roles", "Role", "May")
    for role in access.roles.values():
        table.add_row(role.name, " ".join(sorted(role.permissions)))
    return table


def _rules(access: Access, two_person: frozenset[str]) -> TextTable:
    table = TextTable("Rules", "Command, button or answer", "Needs", "Where", "Roles", "")
    for name, rule in RULES.items():
        notes = _notes(rule, two_person)
        table.add_row(name, rule.permission, rule.where, " ".join(_holders(access, rule)) or "–", notes)
    return table


def _holders(access: Access, rule: Rule) -> Iterable[str]:
    if rule.permission == Permission.ANYONE:
        return ["anyone in private, any role in a group"]
    if rule.permission == Permission.ANY_ROLE:
        return ["any role"]
    return [role.name for role in access.roles.values() if rule.permission in role.permissions]


def _notes(rule: Rule, two_person: frozenset[str]) -> str:
    notes = ["changes something"] if rule.writes else []
    notes += ["by two people"] if rule.writes and rule.permission in two_person else []
    notes += ["costly"] if rule.costly else []
    notes += ["never limited"] if rule.exempt_from_rate_limit else []
    return ", ".join(notes)


def _grants(access: Access, names: Mapping[int, Contact], only: str) -> TextTable:
    table = TextTable("Grants", "Who", "Role", "PBX", "Until", "Given by")
    for grant in access.grants:
        if not grant.has_ended(_now()) and (not only or grant.station in (only, EVERY_STATION)):
            table.add_row(*_grant_cells(grant, names))
    return table


def _grant_cells(grant: Grant, names: Mapping[int, Contact]) -> list[str]:
    until = f"{grant.until:%Y-%m-%d %H:%M} UTC" if grant.until else "for good"
    giver = "the settings" if grant.is_from_settings else f"{grant.giver} ({grant.given_by})"
    return [_named(grant.subject, names), grant.role, printable(grant.station) or "every", until, printable(giver)]


def _of_one(access: Access, station: str, person: Contact, names: Mapping[int, Contact]) -> Iterable[TextTable]:
    yield _decision_table(access, station, person, person.id, "in private")
    there = (grant for grant in access.grants if grant.is_of_chat and grant.station in (station, EVERY_STATION))
    for chat in sorted({grant.subject for grant in there}):
        yield _decision_table(access, station, person, chat, f"in {_named(chat, names)}, while a member of it")


def _decision_table(access: Access, station: str, person: Contact, chat: int, where: str) -> TextTable:
    private = chat > 0
    asking = AccessContext(person.id, chat, private, station, _now(), member=True)
    table = TextTable(f"{_named(person.id, {person.id: person})} {where}", "Command, button or answer", "", "Why")
    for name, rule in RULES.items():
        decision = access.may(asking, rule.permission)
        fits = rule.where.allows(private=private)
        why = _why(decision, rule) if fits else f"only {rule.where}"
        table.add_row(name, "allowed" if decision.allowed and fits else "denied", why)
    return table


def _why(decision: Decision, rule: Rule) -> str:
    grant, reason = decision.grant, decision.reason
    if grant is None:
        return printable(reason if decision.allowed else f"{reason}; needs {rule.permission}")
    giver = "the settings" if grant.is_from_settings else f"{grant.giver}, {grant.given_at:%Y-%m-%d}"
    until = f", until {grant.until:%Y-%m-%d %H:%M} UTC" if grant.until else ""
    return printable(f"{reason}, from {giver}{until}")


def _named(subject: int, names: Mapping[int, Contact]) -> str:
    known = names.get(subject)
    if known is None:
        return str(subject)
    return printable(f"{known.name}{f' @{known.username}' if known.username else ''} ({subject})")
