"""Wait until Asterisk has dropped the registration of a trunk that was switched off.

Measured on a real PBX: a change reaches Asterisk 5 s after the last change of all, 11 to 24 s on a loaded machine. A
trunk that is switched on before that is not re-registered; newer versions, which unregister at once, leave it without a
registration for good.
"""

from collections.abc import Callable

from bot.pbx import PbxError
from handlers.dispatch.services import Station

# Timeout in seconds; the longest that was measured is 24 s.
WITHIN = 60.0
EVERY = 2.0


async def let_go(
    station: Station,
    trunk_id: str,
    *,
    stopping: Callable[[], bool],
    tell: Callable[[float], None] = lambda _seconds: None,
    patient: bool = False,
) -> bool:
    """Return True once Asterisk has no registration of the trunk. `tell` gets the seconds waited so far, before each
    pause. On an error of the PBX a `patient` caller waits until the timeout, others not at all. The wait ends at a
    shutdown: a trunk without a registration is better than one that stays switched off."""
    waited = 0.0
    while waited < WITHIN and not stopping():
        try:
            if trunk_id not in (await station.pbx.trunks.registrations()).value:
                return True
        except PbxError:
            if not patient:
                return False
        tell(waited)
        await station.pause(EVERY)
        waited += EVERY
    return False
