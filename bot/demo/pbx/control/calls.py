"""Start, answer and end calls from the control page."""

from collections.abc import Mapping

from bot.demo.pbx.control.refusal import ControlRefused, boolean, number, word
from bot.demo.pbx.registration.trunks import ProviderRecord
from bot.demo.pbx.telephony.calls import CALL_KINDS, ActiveCall, state_of
from bot.demo.pbx.telephony.planning import Order, unreachable
from bot.demo.pbx.world import StandinPbx

Body = Mapping[str, object]
_RING_SECONDS, _TALK_SECONDS = 5.0, 60.0


def start(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> dict[str, str]:
    """Start a call. `answer` false: it rings for `ring_seconds` unanswered. `src_name` is the caller's name."""
    kind = word(body, "kind", CALL_KINDS)
    src, dst, name = (str(body.get(field, "")) for field in ("src", "dst", "src_name"))
    if not src or not dst:
        raise ControlRefused("src and dst are needed")
    ring = number(body, "ring_seconds", otherwise=_RING_SECONDS)
    talk = number(body, "talk_seconds", otherwise=_TALK_SECONDS)
    answered = ring if boolean(body, "answer", otherwise=True) else None
    trunk = None if kind == "internal" else _trunk(pbx, body)
    order = Order(kind, src, dst, trunk, name, ring, answered, talk)
    if kind == "outgoing" and trunk and not trunk.reaches_out(pbx.now()):
        order = unreachable(src, dst, trunk)
    call = pbx.planner.plan(order, pbx.now())
    pbx.calls.add(call)
    return {"linkedid": call.linkedid}


def _trunk(pbx: StandinPbx, body: Body) -> ProviderRecord:
    named = str(body.get("trunk") or "")
    if not named:
        up = [trunk for trunk in pbx.trunks.values() if trunk.up(pbx.now())]
        if not up:
            raise ControlRefused("no trunk is up")
        return up[0]
    trunk = pbx.trunks.get(named)
    if trunk is None:
        raise ControlRefused(f"no trunk {named}", 404)
    return trunk


def answer(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    _found(pbx, path).pick_up(pbx.now(), number(body, "talk_seconds", otherwise=_TALK_SECONDS))


def hang_up(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    _found(pbx, path).hang_up(pbx.now())


def _found(pbx: StandinPbx, path: Mapping[str, str]) -> ActiveCall:
    call = pbx.calls.find(path["linkedid"])
    if call is None or state_of(call, pbx.now())[0] == "ended":
        raise ControlRefused(f"no call {path['linkedid']}", 404)
    return call
