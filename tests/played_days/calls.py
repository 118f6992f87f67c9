"""Calls as people lived them, and the rows in which the PBX lists them.

The truth of a call, who talked with the caller, is decided first; the rows follow from it, in the shapes of recorded
ones and of the code that writes them (MikoPBX Core: extensions.lua, WorkerCallEvents, WorkerCdr). A phone that is
forwarded has an empty account, a phone that is offline rings for no time, a talk shorter than a second is not answered,
the rows of a call appear one by one some ten seconds after its end.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from random import Random
from typing import Any, Literal

from bot.demo.pbx.telephony.calls import ActiveCall, ActiveLeg

TRUNK, SECOND_TRUNK = "SIP-TRUNK-44BBC135", "SIP-TRUNK-5D0C1A22"
NUMBERS = ("74951110001", "74951110002", "84951110003")
PHONES = ("201", "202", "203", "204", "205")
QUEUE, MENU, MOBILE = "2200", "2001", "89261111111"
Way = Literal["incoming", "outgoing", "internal"]
Row = dict[str, Any]


@dataclass(frozen=True)
class PlayedCall:
    """`caller`: the number outside, as its owner would say it, "" if it is withheld or the call is internal. `talked`:
    number of the person with whom the caller talked, "" for nobody. Row `n` is listed at `listed[n]`."""

    linkedid: str
    way: Way
    story: str
    caller: str
    talked: str
    start: datetime
    end: datetime
    rows: tuple[Row, ...]
    listed: tuple[datetime, ...]

    @property
    def is_missed(self) -> bool:
        return self.way == "incoming" and not self.talked

    @property
    def is_contact(self) -> bool:
        return bool(self.caller and self.talked)

    @property
    def listed_first(self) -> datetime:
        return min(self.listed)

    @property
    def listed_whole(self) -> datetime:
        return max(self.listed)

    def active(self) -> ActiveCall:
        legs = [
            ActiveLeg(
                start=_moment(row["start"]),
                answer=_moment(row["answer"]) if row["answer"] else None,
                end=_moment(row["endtime"]),
                src_num=row["src_num"],
                dst_num=row["dst_num"],
                did=row["did"],
            )
            for row in self.rows
        ]
        return ActiveCall(self.linkedid, self.way, legs=legs)


def _moment(text: str) -> float:
    return datetime.fromisoformat(f"{text}+00:00").timestamp()


@dataclass
class Telling:
    """Call that is being told, leg after leg. Times in seconds from its start."""

    random: Random
    start: datetime
    source: str
    did: str = ""
    name: str = ""
    talked: str = ""
    now: float = 0.0
    rows: list[Row] = field(default_factory=list)

    def leg(
        self,
        to: str,
        lasts: float,
        *,
        talk: float = 0.0,
        machine: bool = False,
        account: str | None = None,
        **more: Any,
    ) -> None:
        """Ring for `lasts` seconds, then talk. The next leg begins afterwards."""
        from_account = TRUNK if self.did else self.source
        answer, end = self.now + lasts, self.now + lasts + talk
        # The PBX subtracts whole seconds.
        billsec = int(talk)
        row = {
            "start": self._written(self.now),
            "answer": self._written(answer) if talk else "",
            "endtime": self._written(end),
            "src_num": self.source,
            "src_name": self.name,
            "dst_num": to,
            "dst_name": "",
            "did": self.did,
            "from_account": from_account,
            "to_account": to if account is None else account,
            "disposition": "ANSWERED" if billsec else "NOANSWER",
            "is_app": "1" if machine else "",
            "duration": int(end - self.now),
            "billsec": billsec,
            "transfer": "0",
            "dtmf_digits": "",
            "recordingfile": "",
            "dialstatus": "",
        }
        self.rows.append(row | more)
        self.now = end

    def parallel(self, phones: list[str], lasts: float, answers: str = "", talk: float = 0.0) -> None:
        """Ring phones at once; one of them may answer."""
        begin, end = self.now, self.now
        for phone in phones:
            self.now = begin
            self.leg(phone, lasts, talk=talk if phone == answers else 0.0)
            end = max(end, self.now)
        self.now = end

    def _written(self, seconds: float) -> str:
        return (self.start + timedelta(seconds=seconds)).replace(tzinfo=None).isoformat(" ", "milliseconds")


Story = Callable[[Telling], None]


def _ring(call: Telling) -> float:
    return call.random.uniform(3, 40)


def _talk(call: Telling, by: str) -> float:
    call.talked = by
    return call.random.choice((1.5, 20.0, 95.0, 400.0))


def rings_out(call: Telling) -> None:
    call.leg("202", _ring(call))


def offline(call: Telling) -> None:
    call.leg("205", 0.12, account="", disposition="CHANUNAVAIL", dialstatus="CHANUNAVAIL")


def busy(call: Telling) -> None:
    call.leg("203", 0.1, disposition=call.random.choice(("NOANSWER", "BUSY")))


def forwarded_to_nobody(call: Telling) -> None:
    call.leg("204", 8)
    call.leg("201", 6, account="", dialstatus="NOANSWER")
    call.leg(MOBILE, 5, account=call.random.choice(("", SECOND_TRUNK)), dialstatus="NOANSWER")


def queue_of_nobody(call: Telling) -> None:
    call.leg(QUEUE, _wait(call), machine=True, account="", from_account="")
    end = call.now
    for phone in call.random.sample(PHONES, 3):
        call.now = call.random.uniform(0, 5)
        call.leg(phone, 15)
    call.now = max(call.now, end)


def leaves_the_queue(call: Telling) -> None:
    call.leg(QUEUE, 0.1, machine=True, disposition=call.random.choice(("NOANSWER", "ANSWERED", "CANCEL")))


def hangs_up_in_the_menu(call: Telling) -> None:
    call.leg(
        MENU,
        _wait(call),
        talk=call.random.choice((0.0, 5.0)),
        machine=True,
        dtmf_digits=call.random.choice(("", "2", "99")),
    )


def menu_to_nobody(call: Telling) -> None:
    call.leg(MENU, 0.1, talk=7, machine=True, dtmf_digits="2")
    call.leg("202", _ring(call))


def after_hours(call: Telling) -> None:
    talk = call.random.choice((0.0, 14.0))
    call.leg("outworktimes", 0, talk=talk, machine=True, account="")


def voicemail(call: Telling) -> None:
    call.leg("201", 20)
    call.leg("voicemail", 0, talk=25, account="", from_account="")


def hangs_up_before_it_rings(call: Telling) -> None:
    # The PBX has no leg for such a call, and lists one without a destination.
    call.start = call.start.replace(microsecond=0)
    call.leg("", 1.2, account="", from_account="")


def hangs_up_at_once(call: Telling) -> None:
    # Answered, but for less than a second: the PBX counts no talk.
    call.leg("201", 6, talk=0.6)


def group_of_nobody(call: Telling) -> None:
    call.parallel(["201", "202", "203"], _ring(call))


def answered(call: Telling) -> None:
    call.leg("202", _ring(call), talk=_talk(call, "202"))


def second_phone(call: Telling) -> None:
    call.leg("202", 12)
    call.leg("203", 6, talk=_talk(call, "203"))


def group(call: Telling) -> None:
    by = call.random.choice(("201", "202", "203"))
    call.parallel(["201", "202", "203"], 9, by, _talk(call, by))


def queue(call: Telling) -> None:
    by, waits = call.random.choice(PHONES), _wait(call)
    talk = _talk(call, by)
    call.leg(QUEUE, waits, talk=talk, machine=True, account="", from_account="")
    call.now = waits
    call.leg("205" if by != "205" else "204", 15)
    call.now = waits
    call.leg(by, 2, talk=talk)


def menu(call: Telling) -> None:
    call.leg(MENU, 0.1, talk=9, machine=True, dtmf_digits="1")
    call.leg("201", 5, talk=_talk(call, "201"))


def transferred(call: Telling) -> None:
    call.leg("202", 4, talk=_talk(call, "202"))
    call.leg("203", 2, talk=28, from_account="202", src_num="202", did="", transfer="1")


def transferred_to_nobody(call: Telling) -> None:
    call.leg("202", 4, talk=_talk(call, "202"))
    call.leg("203", 20, from_account="202", src_num="202", did="", transfer="1")


def consulted_and_transferred(call: Telling) -> None:
    call.leg("202", 4, talk=_talk(call, "202"))
    call.now -= 1
    call.leg("203", 3, talk=9, from_account="202", src_num="202", did="", transfer="0")
    # The two who are left: a leg of no account.
    call.leg("203", 0, talk=31, account="", from_account="")


def conference(call: Telling) -> None:
    call.leg("3000", 0, talk=_talk(call, "3000"), account="", from_account="")


def picked_up(call: Telling) -> None:
    call.leg("202", 7)
    call.leg("204", 0.1, talk=_talk(call, "204"), dialstatus="ANSWERED")


def forwarded(call: Telling) -> None:
    call.leg("204", 8)
    call.leg(MOBILE, 6, talk=_talk(call, MOBILE), account=SECOND_TRUNK, dialstatus="ANSWERED")


def calls_out(call: Telling) -> None:
    talk = _talk(call, call.source)
    call.leg(call.name, _ring(call), talk=talk, account=TRUNK, dialstatus="ANSWERED")


def calls_out_and_hands_over(call: Telling) -> None:
    calls_out(call)
    call.leg("203", 3, talk=40, transfer="1")


def calls_out_in_vain(call: Telling) -> None:
    trunk = call.random.choice((TRUNK, ""))
    call.leg(call.name, _ring(call), account=trunk, disposition=call.random.choice(("NOANSWER", "BUSY", "CHANUNAVAIL")))


def colleagues(call: Telling) -> None:
    call.leg(call.random.choice(("203", QUEUE)), 5, talk=call.random.choice((0.0, 60.0)))


def _wait(call: Telling) -> float:
    return call.random.choice((4.0, 33.0, 180.0))


MISSED: tuple[Story, ...] = (
    rings_out,
    offline,
    busy,
    forwarded_to_nobody,
    queue_of_nobody,
    leaves_the_queue,
    hangs_up_in_the_menu,
    menu_to_nobody,
    after_hours,
    voicemail,
    hangs_up_before_it_rings,
    hangs_up_at_once,
    group_of_nobody,
)
ANSWERED: tuple[Story, ...] = (
    answered,
    second_phone,
    group,
    queue,
    menu,
    transferred,
    transferred_to_nobody,
    consulted_and_transferred,
    conference,
    picked_up,
    forwarded,
)
OUTGOING: tuple[Story, ...] = (calls_out, calls_out_and_hands_over, calls_out_in_vain)
# How a provider, and an employee's phone, write +7 916 000-00-01.
AS_CALLER = ("7{}", "+7{}", "8{}", "{}")
AS_DIALLED = ("8{}", "7{}", "+7{}")
WITHHELD = ("anonymous", "", "Unavailable")


def a_day(random: Random, size: int, nine: datetime, hours: float = 10) -> list[PlayedCall]:
    """Return calls of a working day in order of their start. Some callers try again and again."""
    callers = [f"916{number:07}" for number in range(1, max(3, size // 6))]
    starts = sorted(nine + timedelta(hours=random.uniform(0, hours)) for _ in range(size))
    numbers = count(1)
    return [_call(random, start, random.choice(callers), next(numbers)) for start in starts]


def _call(random: Random, start: datetime, caller: str, number: int) -> PlayedCall:
    way: Way = random.choices(("incoming", "outgoing", "internal"), (70, 22, 8))[0]
    if way == "incoming":
        withheld = random.random() < 0.02
        source = random.choice(WITHHELD) if withheld else random.choice(AS_CALLER).format(caller)
        caller = "" if withheld else caller
        name = random.choice(("", "Anonymous", "ООО «Ромашка»"))
        call = Telling(random, start, source, random.choice(NUMBERS), name)
        story = random.choice(MISSED if random.random() < 0.5 else ANSWERED)
    elif way == "outgoing":
        call = Telling(random, start, random.choice(PHONES), name=random.choice(AS_DIALLED).format(caller))
        story = random.choice(OUTGOING)
    else:
        caller, call, story = "", Telling(random, start, "201"), colleagues
    story(call)
    began = [datetime.fromisoformat(f"{row['endtime']}+00:00") for row in call.rows]
    end = max(began)
    # Measured: some ten seconds after the end, at once or one after another.
    late, between = random.choice((8, 10, 12, 25)), random.choice((0, 0, 0.3, 1))
    order = random.sample(range(len(call.rows)), len(call.rows))
    return PlayedCall(
        linkedid=f"mikopbx-{int(start.timestamp())}.{number}",
        way=way,
        story=story.__name__,
        caller=caller,
        talked=call.talked,
        start=start,
        end=end,
        rows=tuple(row | {"src_name": "" if way == "outgoing" else row["src_name"]} for row in call.rows),
        listed=tuple(end + timedelta(seconds=late + between * place) for place in order),
    )
