"""What comes to be decided, and what was decided."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from bot.access.policy import Access, Asking, Decision
from bot.store.access.audit import Earlier
from bot.store.database import Session
from handlers.dispatch.action_lookup import Subject
from handlers.dispatch.services import Station
from handlers.dispatch.station_resolver import About
from handlers.dispatch.update_parser import Actor, Intent, Place

# Of what the bot goes on with by itself.
NO_UPDATE = 0

Look = Callable[[Session, Access, Asking], Awaitable[Subject]]


@dataclass(frozen=True, slots=True)
class Matter:
    """What comes to be decided: about the subject, or about what `look` finds within the transaction. `station` is
    whose PBX it is about, where that is known beforehand."""

    intent: Intent
    update_id: int
    subject: Subject
    look: Look | None = None
    station: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """`entry` is the audit row; `asking` who, where and when, `station` about which PBX. `before` is what a killed run
    had decided, when this goes on with it or gives it up; `again` that a killed run may have answered already. `among`
    are all stations at which the person may do it here, `named` whether it was said which, `settled` whether it is
    about this one, and not just as well about another."""

    decision: Decision
    subject: Subject
    entry: int
    asking: Asking
    access: Access
    station: Station
    before: Earlier | None = None
    again: bool = False
    among: tuple[str, ...] = ()
    named: bool = False
    settled: bool = True

    def may(self, permission: str) -> Decision:
        return self.access.may(self.asking, permission)

    def may_at(self, station: str, permission: str) -> Decision:
        return self.access.may(replace(self.asking, station=station), permission)

    def theirs(self) -> "Verdict":
        """For looking at many stations."""
        return replace(self, access=self.access.of(self.asking))

    def of(self, actor: Actor, place: Place) -> "Verdict":
        """The same, seen from where somebody else asked."""
        return replace(self, asking=self.asking.of(actor.id, place.chat, private=place.private))

    def seen_by(self, about: About) -> "Verdict":
        return replace(self, among=about.among, named=about.by_word, settled=not about.unsettled)
