"""Access requests: the action of an update with its rule and handler, and the authorization that results."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from bot.access.policy import EVERY_STATION, Access, AccessContext, Decision
from bot.store.access.audit import EarlierDecision
from bot.store.database import Session
from bot.store.messages import keyboards, questions, temporary_payloads
from bot.store.messages.unfinished_updates import Checkpoint
from bot.store.tables.dialog import QuestionRow
from bot.store.tables.messages import Keyboard
from handlers.authorization.preconditions import Approval
from handlers.dispatch.command_names import resolved
from handlers.dispatch.declare import ButtonAction, Catalogue, Command
from handlers.dispatch.intents import Actor, CommandTyped, Intent, Place
from handlers.dispatch.rules import OnRestart, Rule
from handlers.dispatch.services import Station
from handlers.parsing.arguments import of_known_fields

# Update id of work that the bot resumes by itself.
NO_UPDATE = 0


@dataclass(frozen=True, slots=True)
class ResolvedAction:
    """Action of an update. `handler` is called with `data` and the stored payload `kept`; without a `rule` it is
    undeclared. `label`: text of the pressed button. `question`: the question that is answered. `approval_request`: the
    one stored under `token`."""

    name: str
    rule: Rule | None = None
    handler: Command | ButtonAction | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    kept: Mapping[str, Any] | None = None
    arguments: str = ""
    sent_at: datetime | None = None
    keyboard: Keyboard | None = None
    label: str = ""
    approval: Approval | None = None
    question: QuestionRow | None = None
    approval_request: Mapping[str, Any] | None = None
    token: str = ""

    @property
    def resume(self) -> OnRestart:
        """Return the restart policy of the handler."""
        return self.handler.resume if self.handler else OnRestart.RERUN

    @property
    def audit_arguments(self) -> str:
        """Return the arguments as the audit may store them."""
        return audit_arguments(self.handler, self.arguments) if isinstance(self.handler, Command) else self.arguments

    def single_use_data(self) -> Checkpoint:
        """Return the single-use data claimed for the action, which is stored in no other place any more."""
        question_row = self.question
        stored_fields = ("answer", "data", "station", "said")
        question = {name: getattr(question_row, name) for name in stored_fields} if question_row else None
        found = {"kept": self.kept, "question": question, "waiting": self.approval_request}
        return {name: dict(value) for name, value in found.items() if value is not None}


Resolver = Callable[[Session, Access, AccessContext], ResolvedAction]


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Request to authorize: a resolved action, or one that `resolve` returns within the transaction. `station`: the
    PBX, if known beforehand."""

    intent: Intent
    update_id: int
    subject: ResolvedAction
    resolve: Resolver | None = None
    station: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Resolved action with its actor's context at each candidate station; `contexts[0]` decides once it is settled.
    `named`: the station was named. `unbound`: no station is possible here. `written`: words that name several."""

    subject: ResolvedAction
    contexts: tuple[AccessContext, ...]
    named: bool = False
    unbound: bool = False
    unsettled: bool = False
    written: str = ""

    @property
    def asking(self) -> AccessContext:
        return self.contexts[0]

    @property
    def candidates(self) -> tuple[str, ...]:
        return tuple(view.station for view in self.contexts)

    @property
    def audit_station(self) -> str:
        return EVERY_STATION if self.unsettled else self.asking.station


class MembershipUnknown(Exception):
    """Telegram must be asked whether the person is a member of the chat."""


class MembershipAnswer(NamedTuple):
    """Telegram's answer; None if it gave none."""

    is_member: bool | None


@dataclass(frozen=True, slots=True)
class Authorization:
    """Result of an authorization. `audit_id`: id of the audit row. `asking`: context of the actor.
    `interrupted_decision`: the decision of a killed run that this one resumes or drops; `possible_repeat`: a killed run
    may have replied already. `candidates`: all stations at which the actor is allowed to do it here; `named`: the
    station was named; `settled`: no other station is possible."""

    decision: Decision
    subject: ResolvedAction
    audit_id: int
    asking: AccessContext
    access: Access
    station: Station
    interrupted_decision: EarlierDecision | None = None
    possible_repeat: bool = False
    candidates: tuple[str, ...] = ()
    named: bool = False
    settled: bool = True

    def may(self, permission: str) -> Decision:
        return self.access.may(self.asking, permission)

    def may_at(self, station: str, permission: str) -> Decision:
        return self.access.may(replace(self.asking, station=station), permission)

    def limited_to_actor(self) -> "Authorization":
        """Return a copy with the rights of the actor only, for checks at many stations."""
        return replace(self, access=self.access.of(self.asking))

    def on_behalf_of(self, actor: Actor, place: Place) -> "Authorization":
        """Return a copy for another actor and place."""
        return replace(self, asking=self.asking.of(actor.id, place.chat, private=place.private))

    def with_target(self, target: Target) -> "Authorization":
        return replace(self, candidates=target.candidates, named=target.named, settled=not target.unsettled)

    @property
    def result(self) -> str:
        """Return the decision as a label of metrics."""
        return "allowed" if self.decision.allowed else "denied"


def with_subcommand(catalogue: Catalogue, typed: CommandTyped) -> CommandTyped:
    """Return the command that is meant, with its second word in its name if there is such a command."""
    typed = resolved(typed)
    first, *remaining = typed.arguments.split(None, 1) or [""]
    for command in catalogue.commands.values():
        name, _, subcommand = command.name.partition(" ")
        if name == typed.name and subcommand and first.lower() in (subcommand, *command.aliases):
            return replace(typed, name=command.name, arguments=remaining[0] if remaining else "")
    return typed


def resolve_command(catalogue: Catalogue, typed: CommandTyped) -> ResolvedAction:
    """Resolve a command. The arguments of an unknown command are dropped: they may contain a password."""
    command = catalogue.commands.get(typed.name)
    return ResolvedAction(
        name=f"/{typed.name}",
        rule=command.rule if command else None,
        handler=command,
        arguments=typed.arguments if command else "",
        sent_at=typed.sent_at,
    )


def claim(subject: ResolvedAction, session: Session, now: datetime) -> ResolvedAction | None:
    """Claim single-use data; return None if another update was faster."""
    keyboard, question = subject.keyboard, subject.question
    if subject.token and temporary_payloads.pop(session, subject.token, now) is None:
        return None
    if question and not questions.remove(session, chat_id=question.chat_id, person_id=question.person_id):
        return None
    if keyboard is not None and keyboard.single_use and not keyboards.use_once(session, keyboard.id, now):
        return None
    claimed_at = subject.sent_at or now
    if subject.approval_request is None and subject.rule is not None and subject.rule.writes and "kept" in subject.data:
        return replace(subject, kept=temporary_payloads.pop(session, str(subject.data["kept"]), claimed_at))
    return subject


def audit_arguments(command: Command, arguments: str) -> str:
    """Return the arguments as the audit may store them: of an unknown field its name only."""
    return of_known_fields(arguments, command.fields) if command.fields else arguments
