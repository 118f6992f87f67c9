"""Rules of all commands, buttons and answers; one without a rule does not import.

Read by the dispatcher, /help, Telegram's menus, `mikopbx-bot access`, the documents and the tests. Names with a
slash are commands, all others are actions of buttons and answers.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, StrEnum

from bot.access.policy import VIEWER, Permission
from bot.messages.message import mark


class Topic(Enum):
    """Topics of commands, in the order of /help, the menus and the docs. Values are headings, marked for translation.
    Commands within a topic are in the order of the rules."""

    NOW = mark("📞 Right now")
    INCIDENTS = mark("🚨 Incidents")
    CALLS = mark("📒 Past calls")
    EMPLOYEES = mark("👥 Employees")
    TRUNKS = mark("🔌 Trunks")
    SILENCES = mark("🔕 Mutes")
    ONCALL = mark("📟 On call")
    STATIONS = mark("🏢 PBXs")
    ACCESS = mark("🔐 Access")
    BOT = mark("🤖 The bot")


# Permissions answered from the bot's own data, without a request to the PBX.
LOCAL = frozenset(
    {
        Permission.ANYONE,
        Permission.ANY_ROLE,
        Permission.INCIDENTS_READ,
        Permission.INCIDENTS_ACKNOWLEDGE,
        Permission.INCIDENTS_MUTE,
        Permission.ONCALL_READ,
        Permission.ONCALL_TAKE,
        Permission.ONCALL_WRITE,
        Permission.ACCESS_READ,
        Permission.ACCESS_GRANT,
        Permission.AUDIT_READ,
    }
)


# Permissions that change no data.
READ_ONLY = VIEWER.permissions | {
    Permission.ANYONE,
    Permission.ANY_ROLE,
    Permission.RECORDINGS_LISTEN,
    Permission.NUMBERS_READ,
    Permission.EMPLOYEES_SECRETS,
    Permission.ACCESS_READ,
    Permission.AUDIT_READ,
}


class Where(StrEnum):
    ANYWHERE = "anywhere"
    PRIVATE = "in private"
    GROUP = "in a group"

    def allows(self, *, private: bool) -> bool:
        return self is Where.ANYWHERE or (self is Where.PRIVATE) is private


class OnRestart(StrEnum):
    """Restart policy: handling of work that a kill interrupted."""

    RERUN = "begun again: it only looks or asks, or doing it again changes nothing"
    ATOMIC = "all or nothing: it changes our own store alone, in one transaction with its outcome, and asks nobody else"
    VERIFY_FIRST = "begun again, and told so: it looks first what the PBX has done"
    ASK_USER = "not done again: its person is told to look"


@dataclass(frozen=True, slots=True)
class Rule:
    """Rule of an action. `writes`: name, marked for translation, of the change to the PBX or its access; it is done
    once, and under two-person approval if TWO_PERSON includes the permission. `costly`: expensive for the
    PBX; turning a page is not.
    `accepts_password`: the handler deletes a typed password itself; otherwise a password in a group ends the request.
    """

    permission: str
    where: Where = Where.ANYWHERE
    writes: str = ""
    costly: bool = False
    exempt_from_rate_limit: bool = False
    accepts_password: bool = False

    @property
    def is_read_only(self) -> bool:
        """Return True if the permission is read-only."""
        return self.permission in READ_ONLY

    @property
    def asks_pbx(self) -> bool:
        return self.permission not in LOCAL


RULES: Mapping[str, Rule] = {
    # right now
    "/status": Rule(Permission.STATUS_READ),
    "status.view": Rule(Permission.STATUS_READ),
    "status.extension": Rule(Permission.STATUS_READ),
    "status.trunk": Rule(Permission.STATUS_READ),
    "/calls": Rule(Permission.CALLS_READ),
    "calls.show": Rule(Permission.CALLS_READ),
    # calls that have ended
    "/cdr": Rule(Permission.CDR_READ, costly=True),
    "cdr.page": Rule(Permission.CDR_READ),
    "cdr.record": Rule(Permission.CDR_READ),
    "cdr.listen": Rule(Permission.RECORDINGS_LISTEN, costly=True),
    "/missed": Rule(Permission.CDR_READ, costly=True),
    "missed.page": Rule(Permission.CDR_READ),
    "/stats": Rule(Permission.CDR_READ, costly=True),
    "stats.show": Rule(Permission.CDR_READ, costly=True),
    "/digest": Rule(Permission.MISSED_FOLLOW),
    "digest.show": Rule(Permission.CDR_READ),
    "/notify": Rule(Permission.MISSED_FOLLOW),
    "notify.again": Rule(Permission.MISSED_FOLLOW),
    "missed_card.claim": Rule(Permission.MISSED_FOLLOW),
    "missed_card.call": Rule(Permission.CALLS_MAKE),
    "missed_card.phone": Rule(Permission.CALLS_MAKE),
    "missed_card.called_back": Rule(Permission.MISSED_FOLLOW),
    "missed_card.not_needed": Rule(Permission.MISSED_FOLLOW),
    "missed_card.open": Rule(Permission.MISSED_FOLLOW),
    "missed_card.details": Rule(Permission.MISSED_FOLLOW),
    "/my_phone": Rule(Permission.CALLS_MAKE),
    # employees
    "/employees": Rule(Permission.EMPLOYEES_READ),
    "employees.show": Rule(Permission.EMPLOYEES_READ),
    "employee.card": Rule(Permission.EMPLOYEES_READ),
    "employee.secret": Rule(Permission.EMPLOYEES_SECRETS),
    "/add_employee": Rule(Permission.EMPLOYEES_WRITE, accepts_password=True),
    "employee.add_with_mobile": Rule(Permission.EMPLOYEES_WRITE),
    "employee_step.answer": Rule(Permission.EMPLOYEES_WRITE),
    "employee_step.choose": Rule(Permission.EMPLOYEES_WRITE),
    "employee_step.choose_again": Rule(Permission.EMPLOYEES_WRITE),
    "employee_step.skip": Rule(Permission.EMPLOYEES_WRITE),
    "employee_step.back": Rule(Permission.EMPLOYEES_WRITE),
    "employee_step.more": Rule(Permission.EMPLOYEES_WRITE),
    "employee_step.cancel": Rule(Permission.EMPLOYEES_WRITE),
    "employee_step.done": Rule(Permission.EMPLOYEES_WRITE),
    "employee.create": Rule(Permission.EMPLOYEES_WRITE, writes=mark("Create an employee")),
    "employee.cancel": Rule(Permission.EMPLOYEES_WRITE),
    "/edit_employee": Rule(Permission.EMPLOYEES_WRITE, accepts_password=True),
    "employee.edit_with_mobile": Rule(Permission.EMPLOYEES_WRITE),
    "employee.edit": Rule(Permission.EMPLOYEES_WRITE),
    "employee.new_password": Rule(Permission.EMPLOYEES_WRITE),
    "employee.apply": Rule(Permission.EMPLOYEES_WRITE, writes=mark("Change an employee")),
    "employee.leave": Rule(Permission.EMPLOYEES_WRITE),
    "employee.undo": Rule(Permission.EMPLOYEES_WRITE, writes=mark("Take a change of an employee back")),
    "/delete_employee": Rule(Permission.EMPLOYEES_DELETE),
    "employee.delete": Rule(Permission.EMPLOYEES_DELETE),
    "employee.delete_now": Rule(Permission.EMPLOYEES_DELETE, writes=mark("Delete an employee")),
    "employee.keep": Rule(Permission.EMPLOYEES_DELETE),
    "/import_employees": Rule(Permission.EMPLOYEES_WRITE, costly=True),
    "import.template": Rule(Permission.EMPLOYEES_WRITE),
    "import.table": Rule(Permission.EMPLOYEES_WRITE, costly=True),
    "import.problems": Rule(Permission.EMPLOYEES_WRITE),
    "import.forget": Rule(Permission.EMPLOYEES_WRITE),
    "import.cancel": Rule(Permission.EMPLOYEES_WRITE),
    "import.begin": Rule(Permission.EMPLOYEES_WRITE, writes=mark("Create many employees")),
    "import.go_on": Rule(Permission.EMPLOYEES_WRITE, writes=mark("Go on with an import of employees")),
    "import.stop": Rule(Permission.EMPLOYEES_WRITE, exempt_from_rate_limit=True),
    "import.report": Rule(Permission.EMPLOYEES_WRITE),
    "/export_employees": Rule(Permission.EMPLOYEES_WRITE, costly=True),
    # trunks
    "/trunks": Rule(Permission.TRUNKS_READ),
    "trunks.show": Rule(Permission.TRUNKS_READ),
    "trunk.card": Rule(Permission.TRUNKS_READ),
    "trunk.check": Rule(Permission.TRUNKS_CHECK),
    "/add_trunk": Rule(Permission.TRUNKS_WRITE, accepts_password=True),
    "trunk.password": Rule(Permission.TRUNKS_WRITE),
    "trunk.create": Rule(Permission.TRUNKS_WRITE, writes=mark("Create a trunk")),
    "trunk.forget": Rule(Permission.TRUNKS_WRITE),
    "/edit_trunk": Rule(Permission.TRUNKS_WRITE, accepts_password=True),
    "trunk.edit": Rule(Permission.TRUNKS_WRITE),
    "trunk.new_password": Rule(Permission.TRUNKS_WRITE),
    "trunk.apply": Rule(Permission.TRUNKS_WRITE, writes=mark("Change a trunk")),
    "trunk.switch": Rule(Permission.TRUNKS_WRITE),
    "trunk.switch_now": Rule(Permission.TRUNKS_WRITE, writes=mark("Switch a trunk on or off")),
    "/delete_trunk": Rule(Permission.TRUNKS_WRITE),
    "trunk.delete": Rule(Permission.TRUNKS_WRITE),
    "trunk.name_to_delete": Rule(Permission.TRUNKS_WRITE, writes=mark("Delete a trunk")),
    # incidents
    "incident.take": Rule(Permission.INCIDENTS_ACKNOWLEDGE, exempt_from_rate_limit=True),
    "incident.take_all": Rule(Permission.INCIDENTS_ACKNOWLEDGE, exempt_from_rate_limit=True),
    "incident.which": Rule(Permission.INCIDENTS_READ, exempt_from_rate_limit=True),
    "incident.hand_over": Rule(Permission.INCIDENTS_ACKNOWLEDGE, exempt_from_rate_limit=True),
    "incident.give": Rule(Permission.INCIDENTS_ACKNOWLEDGE, exempt_from_rate_limit=True),
    "trunk.reregister": Rule(Permission.TRUNKS_WRITE),
    "trunk.reregister_now": Rule(Permission.TRUNKS_WRITE, writes=mark("Register a trunk anew")),
    "/incidents": Rule(Permission.INCIDENTS_READ),
    "incidents.show": Rule(Permission.INCIDENTS_READ),
    "incidents.of_card": Rule(Permission.INCIDENTS_READ),
    "incident.details": Rule(Permission.INCIDENTS_READ),
    "/ack": Rule(Permission.INCIDENTS_ACKNOWLEDGE, exempt_from_rate_limit=True),
    "incident.ack": Rule(Permission.INCIDENTS_ACKNOWLEDGE, exempt_from_rate_limit=True),
    # silences
    "/mute": Rule(Permission.INCIDENTS_MUTE),
    "/mutes": Rule(Permission.INCIDENTS_READ),
    "mutes.show": Rule(Permission.INCIDENTS_READ),
    "/unmute": Rule(Permission.INCIDENTS_MUTE),
    "mute.subject": Rule(Permission.INCIDENTS_MUTE),
    "mute.everywhere": Rule(Permission.INCIDENTS_MUTE),
    "mute.leave": Rule(Permission.INCIDENTS_MUTE),
    "incident.mute": Rule(Permission.INCIDENTS_MUTE, exempt_from_rate_limit=True),
    "mute.choose": Rule(Permission.INCIDENTS_MUTE, exempt_from_rate_limit=True),
    "mute.reason": Rule(Permission.INCIDENTS_MUTE),
    "mute.end": Rule(Permission.INCIDENTS_MUTE, exempt_from_rate_limit=True),
    "/maintenance": Rule(Permission.INCIDENTS_READ),
    "maintenance.show": Rule(Permission.INCIDENTS_READ),
    "maintenance.subject": Rule(Permission.INCIDENTS_MUTE),
    "maintenance.plan": Rule(Permission.INCIDENTS_MUTE),
    "maintenance.cancel": Rule(Permission.INCIDENTS_MUTE),
    "maintenance.end_now": Rule(Permission.INCIDENTS_MUTE),
    # on call
    "/oncall": Rule(Permission.ONCALL_READ),
    "oncall.show": Rule(Permission.ONCALL_READ),
    "oncall.shifts": Rule(Permission.ONCALL_READ),
    "/oncall take": Rule(Permission.ONCALL_TAKE),
    "oncall.ask_take": Rule(Permission.ONCALL_TAKE),
    "oncall.take": Rule(Permission.ONCALL_TAKE),
    "/oncall give": Rule(Permission.ONCALL_TAKE),
    "/oncall swap": Rule(Permission.ONCALL_TAKE),
    "oncall.ask_swap": Rule(Permission.ONCALL_TAKE),
    "oncall.answer_swap": Rule(Permission.ONCALL_TAKE, Where.PRIVATE, writes=mark("Answer a swap of shifts")),
    "/oncall cancel": Rule(Permission.ONCALL_TAKE),
    "oncall.cancel": Rule(Permission.ONCALL_TAKE),
    "/oncall set": Rule(Permission.ONCALL_WRITE),
    "oncall.set": Rule(Permission.ONCALL_WRITE, writes=mark("Set who is on call")),
    "/oncall remove": Rule(Permission.ONCALL_WRITE),
    "oncall.remove": Rule(Permission.ONCALL_WRITE, writes=mark("Remove a rotation")),
    "/oncall import": Rule(Permission.ONCALL_WRITE),
    "oncall.calendar": Rule(Permission.ONCALL_WRITE),
    "oncall.import": Rule(Permission.ONCALL_WRITE, writes=mark("Let a calendar say who is on call")),
    "oncall.leave": Rule(Permission.ONCALL_READ),
    "/quiet": Rule(Permission.ONCALL_TAKE),
    # history
    "/why": Rule(Permission.INCIDENTS_READ),
    "why.show": Rule(Permission.INCIDENTS_READ),
    "/history": Rule(Permission.INCIDENTS_READ),
    "history.show": Rule(Permission.INCIDENTS_READ),
    "history.chart": Rule(Permission.INCIDENTS_READ, costly=True),
    # watched extensions, test alerts
    "/watch": Rule(Permission.EXTENSIONS_WATCH),
    "/unwatch": Rule(Permission.EXTENSIONS_WATCH),
    "watch.show": Rule(Permission.EXTENSIONS_WATCH),
    "watch.stop": Rule(Permission.EXTENSIONS_WATCH),
    "/test_alert": Rule(Permission.ONCALL_TAKE),
    # access
    "/access": Rule(Permission.ACCESS_READ),
    "access.show": Rule(Permission.ACCESS_READ),
    "access.card": Rule(Permission.ACCESS_READ),
    "/grant": Rule(Permission.ACCESS_GRANT),
    "/revoke": Rule(Permission.ACCESS_GRANT),
    "access.ask_give": Rule(Permission.ACCESS_GRANT),
    "access.ask_take": Rule(Permission.ACCESS_GRANT),
    "access.give": Rule(Permission.ACCESS_GRANT, writes=mark("Give access")),
    "access.take": Rule(Permission.ACCESS_GRANT, writes=mark("Take access away")),
    "access.leave": Rule(Permission.ACCESS_GRANT),
    "access.request": Rule(Permission.ANYONE, Where.PRIVATE),
    "access.answer": Rule(Permission.ACCESS_GRANT, Where.PRIVATE, writes=mark("Answer a request for access")),
    "access.requests": Rule(Permission.ACCESS_GRANT, Where.PRIVATE),
    "access.show_request": Rule(Permission.ACCESS_GRANT, Where.PRIVATE),
    "chat.added": Rule(Permission.ACCESS_GRANT, exempt_from_rate_limit=True),
    "chat.give": Rule(Permission.ACCESS_GRANT, Where.GROUP, writes=mark("Give a group access")),
    "chat.dismiss": Rule(Permission.ACCESS_GRANT, Where.GROUP),
    "/audit": Rule(Permission.AUDIT_READ, Where.PRIVATE),
    "audit.page": Rule(Permission.AUDIT_READ, Where.PRIVATE),
    "audit.card": Rule(Permission.AUDIT_READ, Where.PRIVATE),
    "audit.export": Rule(Permission.AUDIT_READ, Where.PRIVATE, costly=True),
    # the PBXs
    "/stations": Rule(Permission.STATUS_READ),
    "stations.show": Rule(Permission.STATUS_READ),
    "/pbx": Rule(Permission.STATUS_READ),
    "pbx.show": Rule(Permission.STATUS_READ),
    "/pbx all": Rule(Permission.STATUS_READ),
    "pbx.all": Rule(Permission.STATUS_READ),
    "/bans": Rule(Permission.STATUS_READ),
    "bans.show": Rule(Permission.STATUS_READ),
    "ban.lift": Rule(Permission.FIREWALL_WRITE),
    "ban.lift_now": Rule(Permission.FIREWALL_WRITE, writes=mark("Unban an address")),
    "station.choose": Rule(Permission.ANY_ROLE),
    "suggestion.take": Rule(Permission.ANY_ROLE),
    "/bind": Rule(Permission.ACCESS_GRANT, Where.GROUP),
    "chat.ask_bind": Rule(Permission.ACCESS_GRANT, Where.GROUP),
    "chat.bind": Rule(Permission.ACCESS_GRANT, Where.GROUP, writes=mark("Bind a group to a PBX")),
    "/unbind": Rule(Permission.ACCESS_GRANT, Where.GROUP),
    "chat.unbind": Rule(Permission.ACCESS_GRANT, Where.GROUP, writes=mark("Unbind a group from a PBX")),
    "chat.leave_bound": Rule(Permission.ACCESS_GRANT, Where.GROUP),
    # the bot
    "/help": Rule(Permission.ANYONE),
    "help.show": Rule(Permission.ANY_ROLE),
    "/id": Rule(Permission.ANYONE),
    "/start": Rule(Permission.ANYONE),
    "/cancel": Rule(Permission.ANY_ROLE, exempt_from_rate_limit=True),
    "work.stop": Rule(Permission.ANY_ROLE, exempt_from_rate_limit=True),
    "identity.prove": Rule(Permission.ANY_ROLE, Where.GROUP),
    "identity.obey": Rule(Permission.ANY_ROLE, Where.GROUP),
    "identity.leave": Rule(Permission.ANY_ROLE, Where.GROUP),
}
