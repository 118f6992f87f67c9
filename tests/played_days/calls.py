"""Calls as people lived them, and the rows in which the PBX lists them.

The truth of a call, who talked with the caller, is decided first; the rows follow from it, in the shapes of recorded
ones and of the code that writes them (MikoPBX Core: extensions.lua, WorkerCallEvents, WorkerCdr). A phone that is
forwarded has an empty account, a phone that is offline rings for no time, a talk shorter than a second is not answered,
the rows of a call appear one by one some ten seconds after its end, and its recordings then or some minutes later.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal

from bot.demo.pbx.telephony.calls import ActiveCall, ActiveLeg

TRUNK, SECOND_TRUNK = "SIP-TRUNK-44BBC135", "SIP-TRUNK-5D0C1A22"
NUMBERS = ("74951110001", "74951110002", "84951110003")
PHONES = ("201", "202", "203", "204", "205")
QUEUE, MENU, MOBILE = "2200", "2001", "89261111111"
VOICEMAIL = "voicemail"
RECORDINGS = "/storage/usbdisk1/mikopbx/astspool/monitor"
Way = Literal["incoming", "outgoing", "internal"]
Row = dict[str, Any]


@dataclass(frozen=True)
class PlayedCall:
    """`caller`: the number outside, as its owner would say it, "" if it is withheld or the call is internal. `talked`:
    number of the person with whom the caller talked first, "" for nobody. Row `n` is listed at `listed[n]`; the
    recordings that the rows name can be heard from `converted` on."""

    linkedid: str
    way: Way
    story: str
    caller: str
    talked: str
    start: datetime
    end: datetime
    rows: tuple[Row, ...]
    listed: tuple[datetime, ...]
    converted: datetime

    @property
    def is_missed(self) -> bool:
        return self.way == "incoming" and not self.talked

    @property
    def is_contact(self) -> bool:
        return bool(self.caller and self.talked)

    @property
    def reached_voicemail(self) -> bool:
        return any(row["dst_num"] == VOICEMAIL for row in self.rows)

    @property
    def left_message(self) -> bool:
        return any(row["recordingfile"] for row in self.rows if row["dst_num"] == VOICEMAIL)

    @property
    def is_recorded(self) -> bool:
        return any(row["recordingfile"] for row in self.rows)

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
    """Call that is being told, leg after leg. Times in seconds from its start. `recorded`: the PBX records the talk of
    phones."""

    random: Random
    start: datetime
    source: str
    did: str = ""
    name: str = ""
    recorded: bool = False
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
        recorded = self.recorded and billsec and not machine
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
            "recordingfile": f"{RECORDINGS}/{self.start:%Y/%m/%d/%H}/{len(self.rows)}.webm" if recorded else "",
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
