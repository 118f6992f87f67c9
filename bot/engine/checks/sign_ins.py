"""Ask a PBX for refused sign-ins. It tells them of one extension at a time, so that each look asks about a few."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta

import structlog

from bot.detection.refused_sign_ins import Told
from bot.pbx import Answer, Forbidden, Pbx, PbxError, Priority
from bot.pbx.cached_query import WITHOUT_RIGHT, CachedQuery

log = structlog.get_logger(__name__)

# All extensions are asked about within an hour of looks, as far as that many requests a look suffice: for 300.
LOOKS = 12
MAX_REQUESTS = 25
# Of these, extensions with refused passwords are asked about at every look.
MAX_SUSPECTS = 10
NUMBERS_EVERY = timedelta(hours=1)


class SignInQuery:
    """What is known of refused sign-ins at one PBX, by extension."""

    def __init__(self, pbx: Pbx) -> None:
        self._pbx = pbx
        self._numbers: CachedQuery[tuple[str, ...]] = CachedQuery()
        self._told: dict[str, Told] = {}
        # Last extension of the round.
        self._last = ""
        self._forbidden_until: datetime | None = None

    @property
    def told(self) -> Mapping[str, Told]:
        return self._told

    async def ask(self, suspects: Collection[str], now: datetime) -> None:
        """Ask about suspects and the next extensions of the round. A failure ends the look, and what was told stays."""
        if self._forbidden_until is not None and now < self._forbidden_until:
            return
        await self._numbers.renew(self._extensions, NUMBERS_EVERY, now)
        try:
            for number in self._next([*suspects, *self._suspects()]):
                await self._ask(number, now)
        except Forbidden:
            self._forbidden_until = now + WITHOUT_RIGHT
        except PbxError as error:
            log.info("PBX error, sign-ins asked at the next look", reason=str(error))

    def _next(self, suspects: Collection[str]) -> list[str]:
        """Return the extensions of this look, and go on in the round."""
        numbers = self._numbers.value or ()
        first = list(dict.fromkeys(suspects))[:MAX_SUSPECTS]
        after = [number for number in numbers if number > self._last] + [n for n in numbers if n <= self._last]
        share = min(-(-len(numbers) // LOOKS), MAX_REQUESTS - len(first))
        turn = after[:share]
        self._last = turn[-1] if turn else ""
        return list(dict.fromkeys([*first, *turn]))

    def _suspects(self) -> list[str]:
        """Return the extensions with refused passwords, those with most tries first."""
        tries = {number: sum(row.tries for row in told.recent) for number, told in self._told.items()}
        return sorted((number for number, count in tries.items() if count), key=lambda number: -tries[number])

    async def _ask(self, number: str, now: datetime) -> None:
        answer = await self._pbx.extensions.failed_sign_ins(number, Priority.BULK)
        self._told[number] = Told(answer.pbx_time or now, answer.value)

    async def _extensions(self) -> Answer[tuple[str, ...]]:
        """Return the extensions in the order of the round. Peers are extensions and trunks."""
        peers = (await self._pbx.extensions.peers(Priority.BULK)).value
        numbers = {peer.id for peer in peers if peer.id.isascii() and peer.id.isdigit()}
        self._told = {number: told for number, told in self._told.items() if number in numbers or told.recent}
        return Answer(tuple(sorted(numbers)))
