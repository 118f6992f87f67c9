"""Wait until Asterisk has dropped the registration of a trunk that was switched off.

Measured on a real PBX: a change reaches Asterisk 5 s after the last change of all, 11 to 24 s on a loaded machine. A
trunk that is switched on before that is not re-registered; newer versions, which unregister at once, leave it without a
registration for good.
"""

from collections.abc import Callable

from bot.pbx import PbxError
from handlers.dispatch.services import Station

# Timeout in seconds; the longest that was measured is 24 s.
TIMEOUT = 60.0
POLL_INTERVAL = 2.0


async def wait_unregistered(
    station: Station,
    trunk_id: str,
    *,
    stopping: Callable[[], bool],
    on_wait: Callable[[float], None] = lambda _seconds: None,
    retry_errors: bool = False,
) -> bool:
    """Return True once Asterisk has no registration of the trunk. `on_wait` gets the seconds waited so far, before each
    pause. On an error of the PBX a `retry_errors` caller waits until the timeout, others not at all. The wait ends at a
    shutdown: a trunk without a registration is better than one that stays switched off."""
    waited = 0.0
    while waited < TIMEOUT and not stopping():
        try:
            if trunk_id not in (await station.pbx.trunks.registrations()).value:
                return True
        except PbxError:
            if not retry_errors:
                return False
        on_wait(waited)
        await station.pause(POLL_INTERVAL)
        waited += POLL_INTERVAL
    return False
