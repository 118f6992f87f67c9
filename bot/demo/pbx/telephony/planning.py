"""Plan the legs of a call: ringing, answers, forwards, transfers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from bot.demo.pbx.employees import EmployeeRecord
from bot.demo.pbx.registration.trunks import ProviderRecord
from bot.demo.pbx.telephony.calls import ActiveCall, ActiveLeg, CallKind
from bot.demo.pbx.telephony.queues import CallQueue, Menu

# Seconds of an announcement.
_TOLD_SO = 6.1


@dataclass(frozen=True)
class Order:
    """Requested call. `answer_after` None: unanswered, it rings for `ring` seconds."""

    kind: CallKind
    src: str
    dst: str
    trunk: ProviderRecord | None = None
    src_name: str = ""
    ring: float = 10
    answer_after: float | None = None
    talk: float = 0
    dialstatus: str = ""


def unreachable(src: str, dst: str, trunk: ProviderRecord) -> Order:
    """Return an outbound call over a trunk that Asterisk cannot reach: it fails inside the PBX."""
    return Order("outgoing", src, dst, trunk, ring=_TOLD_SO, dialstatus="CHANUNAVAIL")


class Planner:
    """Plan legs. Channel and call numbers increase from call to call, as on a PBX since its start."""

    def __init__(self, people: Mapping[int, EmployeeRecord], first_serial: int = 0) -> None:
        self._people = people
        self._serials = count(first_serial)
        self._channels = count(2 * first_serial)

    def plan(self, order: Order, start: float) -> ActiveCall:
        serial = next(self._serials)
        trunk = order.trunk.id if order.trunk else ""
        call = ActiveCall(f"mikopbx-{int(start)}.{serial}", order.kind, trunk, serial=serial)
        call.legs.append(self._leg(order, start))
        return call

    def after_hours(self, order: Order, start: float, seconds: float) -> ActiveCall:
        """Plan a call outside working hours, which gets a greeting: a leg to a pseudo number, an application and no
        phone.
        """
        call = self.plan(order, start)
        leg = call.legs[0]
        leg.dst_num, leg.dst_name, leg.to_account, leg.dst_chan = "outworktimes", "", "", "App:outworktimes"
        leg.is_app, leg.answer, leg.end = True, None, start + seconds
        return call

    def by_menu(self, order: Order, start: float, seconds: float, menu: Menu, digits: str) -> ActiveCall:
        """Plan a call through the voice menu after `seconds` in it; with empty `digits` the caller hangs up there."""
        call = self._begun_with(self._plan_later(order, start, seconds), start, seconds, menu.number, menu.name)
        call.legs[0].dtmf = digits
        if not digits:
            del call.legs[1:]
        return call

    def by_queue(self, order: Order, start: float, queue: CallQueue, others: Sequence[EmployeeRecord]) -> ActiveCall:
        """Plan a call through a queue; `order` is for the member that answers or rings last, `others` ring before or
        with it, unanswered.
        """
        in_turn = queue.strategy != "ringall"
        call = self._plan_later(order, start, len(others) * order.ring if in_turn else 0)
        last = call.legs[0]
        ringing_ends = last.end if last.answer is None else last.answer
        for place, other in enumerate(others):
            began = start + place * order.ring if in_turn else last.start
            ended = began + order.ring if in_turn else ringing_ends
            leg = replace(last, start=began, end=ended, answer=None, dst_num=other.number, dst_name=other.caller_id)
            leg.to_account, leg.dst_chan = other.number, self._channel(other.number)
            call.legs.insert(place, leg)
        return self._begun_with(call, start, last.end - start, queue.number, queue.name)

    def _plan_later(self, order: Order, start: float, seconds: float) -> ActiveCall:
        """Plan a call that reaches a phone later; its linkedid is from its start."""
        call = self.plan(order, start + seconds)
        call.linkedid = f"mikopbx-{int(start)}.{call.serial}"
        return call

    def _begun_with(self, call: ActiveCall, start: float, seconds: float, number: str, name: str) -> ActiveCall:
        leg = replace(call.legs[0], start=start, answer=None, end=start + seconds, dst_num=number, dst_name=name)
        leg.to_account, leg.dst_chan, leg.is_app, leg.dialstatus = "", f"App:{number}", True, ""
        call.legs.insert(0, leg)
        return call

    def forward(self, call: ActiveCall, to: str, rings: float, talk: float | None) -> None:
        """Forward the unanswered last leg to a mobile; `talk` None: that is unanswered too."""
        first = call.legs[-1]
        first.answer = None
        start = first.end + 0.23
        answer = None if talk is None else start + rings
        leg = ActiveLeg(start, answer, start + rings + (talk or 0), first.src_num, to, first.src_name, did=first.did)
        leg.src_chan, leg.from_account = first.src_chan, first.from_account
        if talk is not None:
            leg.dst_chan, leg.to_account = self._channel(call.trunk), call.trunk
        else:
            leg.dialstatus = "NOANSWER"
        call.legs.append(leg)

    def transfer(self, call: ActiveCall, to: EmployeeRecord, rings: float, talk: float) -> None:
        """Transfer the caller to another employee."""
        last = call.legs[-1]
        start = last.end
        leg = ActiveLeg(
            start, start + rings, start + rings + talk, last.dst_num, to.number, last.dst_name, to.caller_id
        )
        leg.src_chan, leg.dst_chan = last.dst_chan, self._channel(to.number)
        leg.from_account, leg.to_account, leg.transfer = last.to_account, to.number, True
        call.legs.append(leg)

    def person(self, number: str) -> EmployeeRecord | None:
        return next((person for person in self._people.values() if person.number == number), None)

    def _leg(self, order: Order, start: float) -> ActiveLeg:
        trunk = order.trunk
        src, dst = order.src.lstrip("+"), order.dst.lstrip("+")
        caller, called = self.person(src), self.person(dst)
        answer = None if order.answer_after is None else start + order.answer_after
        end = start + order.ring if answer is None else answer + order.talk
        leg = ActiveLeg(start, answer, end, src, dst, order.src_name or (caller.caller_id if caller else ""))
        leg.dst_name = called.caller_id if called else ""
        leg.dialstatus = order.dialstatus or ("ANSWERED" if answer is not None and order.kind != "incoming" else "")
        leg.did = trunk.did if trunk and order.kind == "incoming" else ""
        leg.from_account = trunk.id if trunk and order.kind == "incoming" else src
        leg.to_account = trunk.id if trunk and order.kind == "outgoing" else dst
        leg.src_chan, leg.dst_chan = self._channel(leg.from_account), self._channel(leg.to_account)
        if order.dialstatus == "CHANUNAVAIL":
            # Measured: the record does not name the trunk that failed.
            leg.to_account = leg.dst_chan = ""
        return leg

    def _channel(self, account: str) -> str:
        technology = "IAX2" if account.startswith("IAX-") else "PJSIP"
        return f"{technology}/{account}-{next(self._channels):08x}"
