"""Access requests: the action of an update with its rule and handler, and the authorization that results."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.access.policy import EVERY_STATION, Access, AccessContext, Decision
from bot.store.access.audit import EarlierDecision
from bot.store.database import Session
from bot.store.messages import keyboards, questions, temporary_payloads
from bot.store.messages.unfinished_updates import Checkpoint
from bot.store.tables.dialog import QuestionRow
from bot.store.tables.messages import Keyboard
from handlers.authorization.preconditions import Approval
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
    undeclared. `label`: text of the pressed button. `question`: the question that is answered. `waiting`: the approval
    request stored under `token`."""

    what: str
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
    waiting: Mapping[str, Any] | None = None
    token: str = ""

    @property
    def resume(self) -> OnRestart:
        """Return the restart policy of the handler."""
        return self.handler.resume if self.handler else OnRestart.RERUN

    @property
    def recorded(self) -> str:
        """Return the arguments as the audit may store them."""
        return recorded(self.handler, self.arguments) if isinstance(self.handler, Command) else self.arguments

    def taken(self) -> Checkpoint:
        """Return the single-use data claimed for the action, which is stored in no other place any more."""
        asked = self.question
        kept = ("answer", "data", "station", "said")
        question = {name: getattr(asked, name) for name in kept} if asked else None
        found = {"kept": self.kept, "question": question, "waiting": self.waiting}
        return {name: dict(value) for name, value in found.items() if value is not None}


Look = Callable[[Session, Access, AccessContext], Awaitable[ResolvedAction]]


@dataclass(frozen=True, slots=True)
class AccessRequest:
    """Request to authorize: a resolved action, or one that `look` resolves within the transaction. `station`: the PBX,
    if known beforehand."""

    intent: Intent
    update_id: int
    subject: ResolvedAction
    look: Look | None = None
    station: str | None = None


@dataclass(frozen=True, slots=True)
class Target:
    """Resolved action with its actor's context at each candidate station; `views[0]` decides once it is settled.
    `by_word`: the station was named. `unbound`: no station is possible here. `known` is the station in the audit."""

    subject: ResolvedAction
    views: tuple[AccessContext, ...]
    by_word: bool = False
    unbound: bool = False
    unsettled: bool = False

    @property
    def asking(self) -> AccessContext:
        return self.views[0]

    @property
    def among(self) -> tuple[str, ...]:
        return tuple(view.station for view in self.views)

    @property
    def known(self) -> str:
        return EVERY_STATION if self.unsettled else self.asking.station


@dataclass(frozen=True, slots=True)
class Authorization:
    """Result of an authorization. `entry`: id of the audit row. `asking`: context of the actor. `before`: the decision
    of a killed run that this one resumes or drops; `again`: a killed run may have replied already. `among`: all
    stations at which the actor is allowed to do it here; `named`: the station was named; `settled`: no other station is
    possible."""

    decision: Decision
    subject: ResolvedAction
    entry: int
    asking: AccessContext
    access: Access
    station: Station
    before: EarlierDecision | None = None
    again: bool = False
    among: tuple[str, ...] = ()
    named: bool = False
    settled: bool = True

    def may(self, permission: str) -> Decision:
        return self.access.may(self.asking, permission)

    def may_at(self, station: str, permission: str) -> Decision:
        return self.access.may(replace(self.asking, station=station), permission)

    def theirs(self) -> "Authorization":
        """Return a copy with the rights of the actor only, for checks at many stations."""
        return replace(self, access=self.access.of(self.asking))

    def of(self, actor: Actor, place: Place) -> "Authorization":
        """Return a copy for another actor and place."""
        return replace(self, asking=self.asking.of(actor.id, place.chat, private=place.private))

    def seen_by(self, about: Target) -> "Authorization":
        return replace(self, among=about.among, named=about.by_word, settled=not about.unsettled)

    @property
    def result(self) -> str:
        """Return the decision as a label of metrics."""
        return "allowed" if self.decision.allowed else "denied"


def with_second_word(catalogue: Catalogue, typed: CommandTyped) -> CommandTyped:
    """Move the second word into the name if there is such a command."""
    first, *rest = typed.arguments.split(None, 1) or [""]
    for one in catalogue.commands.values():
        name, _, word = one.name.partition(" ")
        if name == typed.name and word and first.lower() in (word, *one.words):
            return replace(typed, name=one.name, arguments=rest[0] if rest else "")
    return typed


def of_command(catalogue: Catalogue, typed: CommandTyped) -> ResolvedAction:
    """Resolve a command. The arguments of an unknown command are dropped: they may contain a password."""
    command = catalogue.commands.get(typed.name)
    return ResolvedAction(
        what=f"/{typed.name}",
        rule=command.rule if command else None,
        handler=command,
        arguments=typed.arguments if command else "",
        sent_at=typed.sent_at,
    )


async def claimed(subject: ResolvedAction, session: Session, now: datetime) -> ResolvedAction | None:
    """Claim single-use data; return None if another update was faster."""
    keyboard, question = subject.keyboard, subject.question
    if subject.token and await temporary_payloads.pop(session, subject.token, now) is None:
        return None
    if question and not await questions.remove(session, chat_id=question.chat_id, person_id=question.person_id):
        return None
    if keyboard is not None and keyboard.single_use and not await keyboards.use_once(session, keyboard.id, now):
        return None
    kept_at = subject.sent_at or now
    if subject.waiting is None and subject.rule is not None and subject.rule.writes and "kept" in subject.data:
        return replace(subject, kept=await temporary_payloads.pop(session, str(subject.data["kept"]), kept_at))
    return subject


def recorded(command: Command, arguments: str) -> str:
    """Return the arguments as the audit may store them: of an unknown field its name only."""
    return of_known_fields(arguments, command.fields) if command.fields else arguments
