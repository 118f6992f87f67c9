"""Build the replier and the request of a handler from a decision."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from bot.access.policy import Permission
from bot.messages.renderer import Renderer
from bot.messages.sanitize import plain
from bot.runtime.clock import Clock
from bot.runtime.waiting import Signal
from bot.store.database import Store
from bot.store.messages import outbox
from bot.telegram.delivery.sender import Sender
from bot.telegram.errors import DeliveryError
from handlers.dialog.stations import StationChooser
from handlers.dispatch.access_request import Authorization
from handlers.dispatch.action_lookup import ResolvedAction
from handlers.dispatch.declare import Request
from handlers.dispatch.preconditions import May
from handlers.dispatch.replier import Replier
from handlers.dispatch.services import Services
from handlers.dispatch.update_parser import ButtonPressed, CommandTyped, TextSent
from handlers.recovery.pending_replies import Address

log = structlog.get_logger(__name__)

# Key in the data of a button that repeats work a killed run may have done already.
AGAIN = "again"


@dataclass(frozen=True, slots=True)
class RequestFactory:
    """Factory of requests and repliers. `mask_numbers`: mask phone numbers in groups for people without the right to
    them. `needs_second`: predicate for actions under two-person approval."""

    directory: StationChooser
    services: Services
    store: Store
    sender: Sender
    renderer: Renderer
    clock: Clock
    mask_numbers: bool = False
    wake: Signal | None = None
    needs_second: Callable[[str], bool] = lambda _action: False

    def conversation(self, to: Address, may: May, *, again: bool = False, settled: bool = True) -> Replier:
        """Build the replier. `again`: a killed run may have replied already. `settled`: one station is meant, and is
        named."""
        return Replier(
            sender=self.sender,
            store=self.store,
            zone=self.directory.zone(to.station),
            clock=self.clock,
            to=to,
            says_station=settled and self.directory.single_station is None,
            masked=self.mask_numbers and not may(Permission.NUMBERS).allowed,
            wake=self.wake,
            again=again,
            needs_second=self.needs_second,
        )

    async def said(self, subject: ResolvedAction) -> dict[str, Any] | None:
        """Return template and facts of the message whose button was pressed or that was answered; None if unknown."""
        if subject.question is not None:
            return subject.question.said
        keyboard = subject.keyboard
        if keyboard is None or keyboard.said is not None:
            return keyboard.said if keyboard is not None else None
        async with self.store.begin() as session:
            return await outbox.said_above(session, keyboard.id)

    def read(self, said: Mapping[str, Any], station: str) -> str:
        """Render stored template and facts as plain text. `quoted` leaves out the time limit and the chat, which do not
        hold for the other reader."""
        facts = said["facts"] | {"quoted": True}
        return plain(self.renderer.text(said["template"], facts, zone=self.directory.zone(station), now=self.clock()))

    def request(
        self,
        intent: CommandTyped | TextSent | ButtonPressed,
        replier: Replier,
        authorization: Authorization,
        *,
        arguments: str = "",
        stop: asyncio.Event,
    ) -> Request:
        return Request(
            actor=intent.actor,
            place=intent.place,
            station=authorization.station,
            now=self.clock(),
            chat=replier,
            may=authorization.may,
            may_at=authorization.theirs().may_at,
            asking=authorization.asking,
            settled=authorization.settled,
            services=self.services,
            translate=self.renderer.label,
            stop=stop,
            among=authorization.among,
            named=authorization.named,
            arguments=arguments,
            data=authorization.subject.data,
            kept=authorization.subject.kept,
            resumed=authorization.before is not None or AGAIN in authorization.subject.data,
            document=None if isinstance(intent, ButtonPressed) else intent.document,
            about=intent.about if isinstance(intent, CommandTyped) else None,
            shown=(intent.message_id or None) if isinstance(intent, ButtonPressed) else None,
        )

    async def toast(self, pressed: ButtonPressed, text: str | None, *, alert: bool = False) -> None:
        """Answer a press with a notification."""
        try:
            await self.sender.answer(pressed.query_id, text and self.renderer.label(text), alert=alert)
        except DeliveryError as error:
            log.warning("callback query could not be answered", reason=str(error))
