"""When the PBX stops trying to register a trunk. Pure.

MikoPBX tells Asterisk to try 200 times, every 45 s when nobody answers and every 300 s after a refusal
(`max_retries`, `retry_interval`, `forbidden_retry_interval`, `fatal_retry_interval` in its SIP configuration). After
the last try the trunk stays down, even if the provider recovers, until its registration is begun anew.
"""

from datetime import datetime, timedelta

from bot.detection.trunk_health import Cause, is_inbound

TRIES = 200
UNANSWERED = timedelta(seconds=45)
REFUSED = timedelta(seconds=300)
WARN_BEFORE = timedelta(minutes=15)


def gives_up_at(type_: str, state: str, cause: Cause, began_at: datetime) -> datetime | None:
    """About when, for an outage that began then; None for what the PBX does not give up: IAX, and trunks whose provider
    registers with it or that need no registration."""
    if type_ != "sip" or is_inbound(state) or state.strip().lower() not in ("rejected", "unregistered"):
        return None
    return began_at + TRIES * (REFUSED if cause is Cause.CREDENTIALS_REFUSED else UNANSWERED)
