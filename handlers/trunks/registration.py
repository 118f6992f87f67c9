"""Watch the registration of a trunk for a minute after a change."""

from typing import Any

from bot.detection.trunk_health import Cause, ContactStatus, Health, contact_of
from bot.messages.message import Button, Message, Rows, mark
from bot.pbx import PbxError
from bot.pbx.resources.trunk_models import type_of
from bot.store.access.audit import Change
from handlers.dialog import pbx_errors
from handlers.dispatch.request import Reply, Request
from handlers.trunks.card import status_of
from handlers.trunks.facts import ReregistrationNote, trunk_facts

TIMEOUT = 60.0
POLL_INTERVAL = 4.0
# A failure lasts longer than two polls; otherwise the registration is still starting.
MAX_FAILED_POLLS = 2
# Measured: a change reaches Asterisk 5 s after the last one, 24 s on a loaded machine. Watching a registered trunk
# longer has no use: the PBX tries a new password only when it registers next.
OLD_FOR = 30.0
ANSWERED_BEFORE = 30.0


async def watch(
    request: Request, trunk_id: str, change_facts: dict[str, Any], old: ReregistrationNote | None = None
) -> Reply:
    """`change_facts` are shown above the result. `old` is the state before the change, which may persist."""
    waited, failed, kept = 0.0, 0, False
    state: dict[str, Any] | None = None
    while waited < TIMEOUT and not request.stopping():
        await request.station.pause(POLL_INTERVAL)
        waited += POLL_INTERVAL
        try:
            status = await status_of(request, trunk_id, fresh=True)
        except PbxError:
            continue
        state, kept = trunk_facts(status), old is not None and old.is_kept(status)
        if _is_settled(state, waited, kept=kept):
            break
        if kept or _may_be_of_before(old, state, waited):
            continue
        if _is_refused(old, state, waited):
            state["cause"] = Cause.CREDENTIALS_REFUSED
        failed = failed + 1 if _has_failed(state) else 0
        if failed > MAX_FAILED_POLLS:
            break
    facts = change_facts | {"state": state, "waited": waited, "waiting": False, "kept": kept}
    result = "as before" if kept else str(state["health"]) if state else "not seen"
    is_down = state is not None and state["health"] is Health.DOWN
    buttons = details_rows(trunk_id, reregister=is_down and type_of(trunk_id) == "sip")
    return Reply(Message("trunk_done", facts, buttons), outcome=f"{change_facts['done']}: {result}")


def _is_settled(state: dict[str, Any], waited: float, *, kept: bool) -> bool:
    """Return True when further polls would show the same. A partial trunk is registered: its outgoing calls follow."""
    if state["health"] in (Health.UP, Health.PARTIAL):
        return not kept or waited >= OLD_FOR
    return state["health"] in (Health.OFF, Health.UNWATCHED)


def _has_failed(state: dict[str, Any]) -> bool:
    """Return True if it is refused, or `rejected` with a silent contact: the PBX's word for a registrar that does not
    answer."""
    silent = state["state"].lower() == "rejected" and contact_of(state["contact"]) is ContactStatus.SILENT
    return silent or state["cause"] is Cause.CREDENTIALS_REFUSED


def _may_be_of_before(old: ReregistrationNote | None, state: dict[str, Any], waited: float) -> bool:
    """Return True if `rejected` may end an attempt from before the change: until Asterisk has surely loaded it."""
    trying = old is not None and old.state.lower() in ("unregistered", "unknown", "")
    return trying and state["state"].lower() == "rejected" and waited < ANSWERED_BEFORE


def _is_refused(old: ReregistrationNote | None, state: dict[str, Any], waited: float) -> bool:
    """Measured: after a start a provider that does not answer is `unregistered` for 30 s before `rejected`; so a trunk
    that is rejected sooner was answered, though its contact is not measured yet."""
    started = old is None and waited < ANSWERED_BEFORE
    return started and state["state"].lower() == "rejected" and contact_of(state["contact"]) is not ContactStatus.SILENT


def watch_in_background(
    request: Request, trunk_id: str, change_facts: dict[str, Any], change: Change, old: ReregistrationNote | None = None
) -> Reply:
    """Report the change, and watch the registration in a background task."""
    facts = change_facts | {"state": None, "waited": 0.0, "waiting": True}
    return Reply(
        Message("trunk_done", facts, details_rows(trunk_id)),
        then=lambda: watch(request, trunk_id, change_facts, old),
        outcome=f"{change_facts['done']} {change_facts['name']}",
        change=change,
    )


def not_read_back(trunk_id: str, change_facts: dict[str, Any], error: PbxError) -> Reply:
    """Report a change that the PBX accepted, after a failed read-back: neither done nor failed."""
    facts = change_facts | {"problem": pbx_errors.describe(error)}
    return Reply(Message("trunk_unseen", facts, details_rows(trunk_id)), outcome="accepted, but not read back")


def details_rows(trunk_id: str, *, reregister: bool = False) -> Rows:
    # Fresh: the PBX caches states for some seconds, and would show the one before.
    details_button = Button(mark("🔎 Card"), "trunk.card", {"id": trunk_id, "fresh": True})
    return (
        (details_button, Button(mark("♻️ Re-register"), "trunk.reregister", {"id": trunk_id}))
        if reregister
        else (details_button,),
    )
