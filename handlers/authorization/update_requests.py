"""Access requests of updates."""

from dataclasses import replace
from functools import partial

from bot.access.policy import Access, AccessContext
from bot.runtime.clock import Clock
from bot.store.database import Session
from bot.store.messages import inbox, unfinished_updates
from handlers.authorization import access_request, stored_actions
from handlers.authorization.access_request import AccessRequest, ResolvedAction
from handlers.dispatch.declare import Catalogue
from handlers.dispatch.intents import AddedToChat, ButtonPressed, CommandTyped, Intent, TextSent
from handlers.dispatch.rules import RULES

ADDED = "chat.added"


class UpdateRequests:
    def __init__(self, catalogue: Catalogue, clock: Clock) -> None:
        self._catalogue = catalogue
        self._clock = clock

    def read(self, session: Session, intent: Intent, update_id: int) -> AccessRequest | None:
        """Return the request of an update; None for a text that answers no question."""
        if isinstance(intent, TextSent):
            return self._answer(session, intent, update_id)
        return self.build(intent, update_id)

    def build(self, intent: Intent, update_id: int) -> AccessRequest | None:
        """Return the request of an update that is no text."""
        if isinstance(intent, CommandTyped):
            return AccessRequest(intent, update_id, access_request.resolve_command(self._catalogue, intent))
        if isinstance(intent, ButtonPressed):
            resolve = partial(self._resolve_press, intent, update_id)
            return AccessRequest(intent, update_id, ResolvedAction("a button"), resolve)
        if isinstance(intent, AddedToChat):
            subject = ResolvedAction(ADDED, RULES[ADDED], arguments=intent.place.title)
            return AccessRequest(intent, update_id, subject)
        return None

    def _answer(self, session: Session, sent: TextSent, update_id: int) -> AccessRequest | None:
        question = stored_actions.open_question(session, sent, update_id, self._clock())
        answer = self._catalogue.answers.get(question.answer) if question else None
        if question is None or answer is None:
            return None
        subject = stored_actions.resolve_answer(answer, question, sent)
        return AccessRequest(sent, update_id, subject, station=question.station)

    def _resolve_press(
        self, pressed: ButtonPressed, update_id: int, session: Session, access: Access, asking: AccessContext
    ) -> ResolvedAction:
        checkpoint = unfinished_updates.find(session, update_id, asking.now)
        subject = stored_actions.resolve_press(session, self._catalogue, pressed, access, asking, checkpoint)
        # Telegram sends no time of a press, and forgets it soon: the time of receipt is used.
        return replace(subject, sent_at=inbox.received_at(session, update_id))
