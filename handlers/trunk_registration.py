"""Watching a trunk register, for a minute after something was done to it."""

from typing import Any

from bot.alerts.health import Cause, Health
from bot.chat.message import Button, Message, Rows, mark
from bot.pbx import PbxError, TrunkStatus
from bot.store.audit import Change
from handlers import problems, trunk_card
from handlers.command import Reply, Request
from handlers.trunk_facts import facts_of

FOR = 60.0
EVERY = 4.0
# A failure is told from a start that is not over by lasting over two looks.
SURE_AFTER = 2
# Watching longer what was registered before shows nothing: the PBX tries a new password only later.
OLD_FOR = 20.0
ANSWERED_BEFORE = 30.0


async def watch(request: Request, trunk_id: str, said: dict[str, Any], old: TrunkStatus | None = None) -> Reply:
    """`said` are the facts of what was done before; the result is said under them. `old` is the registration that may
    outlive the change."""
    waited, failed = 0.0, 0
    state: dict[str, Any] | None = None
    while waited < FOR and not request.stopping():
        await request.station.pause(EVERY)
        waited += EVERY
        try:
            state = facts_of(request, await trunk_card.status_of(request, trunk_id, fresh=True))
        except PbxError:
            continue
        if _outlives(old, state):
            if waited >= OLD_FOR:
                break
            continue
        if state["health"] in (Health.UP, Health.OFF):
            break
        if _is_refused(state, waited):
            state["cause"] = Cause.CREDENTIALS_REFUSED
        failed = failed + 1 if _has_failed(state) else 0
        if failed > SURE_AFTER:
            break
    facts = said | {"state": state, "waited": waited, "waiting": False, "outlives": _outlives(old, state)}
    result = str(state["health"]) if state else "not seen"
    return Reply(Message("trunk_done", facts, to_card(trunk_id)), outcome=f"{said['done']}: {result}")


def _has_failed(state: dict[str, Any]) -> bool:
    """Refused, or rejected without a sign of life: that is what the PBX calls a registrar that does not answer."""
    silent = state["state"].lower() == "rejected" and state["contact"] == "Unreachable"
    return silent or state["cause"] is Cause.CREDENTIALS_REFUSED


def _is_refused(state: dict[str, Any], waited: float) -> bool:
    """Measured: after a start a provider that does not answer is unregistered for 30 s before it is called rejected;
    so what is rejected sooner was answered, though its contact is not measured yet."""
    return state["state"].lower() == "rejected" and state["contact"] != "Unreachable" and waited < ANSWERED_BEFORE


def _outlives(old: TrunkStatus | None, state: dict[str, Any] | None) -> bool:
    """Measured: a wrong password is refused 110 s after it was set; until then the registration made before stands."""
    return old is not None and state is not None and (old.state, old.last_change) == (state["state"], state["since"])


def begun(
    request: Request, trunk_id: str, said: dict[str, Any], change: Change, old: TrunkStatus | None = None
) -> Reply:
    """What was done, and that its registration is being watched."""
    facts = said | {"state": None, "waited": 0.0, "waiting": True}
    return Reply(
        Message("trunk_done", facts, to_card(trunk_id)),
        then=lambda: watch(request, trunk_id, said, old),
        outcome=f"{said['done']} {said['name']}",
        change=change,
    )


def unseen(trunk_id: str, said: dict[str, Any], error: PbxError) -> Reply:
    """The PBX said yes, and then did not tell how things are: that is neither done nor failed."""
    facts = said | {"problem": problems.describe(error)}
    return Reply(Message("trunk_unseen", facts, to_card(trunk_id)), outcome="accepted, but not read back")


def to_card(trunk_id: str) -> Rows:
    # Fresh: the PBX remembers states for some seconds, and would show what was before.
    return ((Button(mark("🔎 Card"), "trunk.card", {"id": trunk_id, "fresh": True}),),)
