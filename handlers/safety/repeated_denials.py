"""Which denials are the same one again. Pure."""

from collections.abc import Hashable

from bot.access.policy import STRANGER, Decision
from handlers.dispatch import preconditions
from handlers.dispatch.update_parser import Intent
from handlers.safety.rate_limits import TOO_MUCH

# Whatever it was that they wanted: it is nothing that anybody decides about, or they choose its name themselves.
WHATEVER = frozenset(
    {STRANGER, *(one.reason for one in (preconditions.NO_SUCH_COMMAND, preconditions.UNKNOWN_BUTTON, *TOO_MUCH))}
)


def denial(intent: Intent, what: str, decision: Decision) -> Hashable | None:
    """The same for what the same person may not do for the same reason. None when it is allowed, or when the reason is
    of this one moment."""
    if decision.allowed or decision in (preconditions.UNDECIDED, preconditions.INTERRUPTED):
        return None
    if decision.reason in WHATEVER:
        return intent.actor.id, decision.reason
    return intent.actor.id, intent.place.chat, what, decision.reason
