"""Call records: one row for each leg, local times as text, and the list's filters."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from random import Random
from zoneinfo import ZoneInfo

from bot.demo.pbx.telephony.calls import ActiveCall, ActiveLeg
from bot.demo.pbx.telephony.local_time import text, text_or_empty

Row = dict[str, object]
Test = Callable[[Row], bool]
SORTS = ("id", "start", "linkedid", "src_num", "dst_num", "did", "disposition", "duration", "billsec")
_FIRST_SERIAL_BY_HAND = 500_000
_BLANK: Row = {
    "src_chan": "",
    "dst_chan": "",
    "appname": "",
    "src_call_id": "",
    "dst_call_id": "",
    "playback_url": "",
    "download_url": "",
    "work_completed": "1",
}
_ALPHABET = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class RecordTable:
    """Table of records. Ids grow in order of calls' ends, not starts."""

    def __init__(self, random: Random) -> None:
        self.rows: list[Row] = []
        self._random = random
        self._last_id = 0
        self._last_serial = _FIRST_SERIAL_BY_HAND

    def add(self, call: ActiveCall, zone: ZoneInfo) -> None:
        for leg in call.legs:
            self._last_id += 1
            self.rows.append(self._row(self._last_id, call, leg, zone))

    def insert(self, fields: Row) -> None:
        """Insert a row with the given values and defaults for the others."""
        self._last_id += 1
        self.rows.append(_BLANK | fields | {"id": self._last_id})

    def next_serial(self) -> int:
        """Return a serial for inserted records, distinct from those of calls."""
        self._last_serial += 1
        return self._last_serial

    def remove(self, wanted: Callable[[Row], bool]) -> list[Row]:
        gone = [row for row in self.rows if wanted(row)]
        self.rows = [row for row in self.rows if not wanted(row)]
        return gone

    def _row(self, id_: int, call: ActiveCall, leg: ActiveLeg, zone: ZoneInfo) -> Row:
        # The PBX subtracts whole seconds, so a call of 6.3 s may be one of 7.
        billsec = 0 if leg.answer is None else int(leg.end) - int(leg.answer)
        return {
            "id": id_,
            "start": text(leg.start, zone),
            "endtime": text(leg.end, zone),
            "answer": text_or_empty(leg.answer, zone),
            "src_chan": leg.src_chan,
            "src_num": leg.src_num,
            "src_name": leg.src_name,
            "dst_chan": leg.dst_chan,
            "dst_num": leg.dst_num,
            "dst_name": leg.dst_name,
            "UNIQUEID": f"mikopbx-{int(leg.start)}.{call.serial}_{''.join(self._random.choices(_ALPHABET, k=6))}",
            "linkedid": call.linkedid,
            "did": leg.did,
            "disposition": disposition(billsec, leg.dialstatus),
            "recordingfile": _recording(call, leg, zone) if billsec else "",
            "from_account": leg.from_account,
            "to_account": leg.to_account,
            "dialstatus": leg.dialstatus,
            "appname": "",
            "transfer": "1" if leg.transfer else "0",
            "is_app": "1" if leg.is_app else "",
            "duration": int(leg.end) - int(leg.start),
            "billsec": billsec,
            "work_completed": "1",
            "src_call_id": f"{self._random.getrandbits(64):016x}",
            "dst_call_id": f"{self._random.getrandbits(64):016x}" if leg.dst_chan.startswith("PJSIP") else "",
            "verbose_call_id": f"[C-{call.serial:08x}]",
            "rec_src_channel": "0" if billsec else "",
            "dtmf_digits": leg.dtmf,
            "playback_url": "",
            "download_url": "",
        }


def disposition(billsec: int, dialstatus: str) -> str:
    """Return the disposition: NOANSWER for a talk shorter than a second; `NO ANSWER` with a space does not exist."""
    if billsec > 0:
        return "ANSWERED"
    return dialstatus if dialstatus not in ("", "ANSWERED") else "NOANSWER"


def _recording(call: ActiveCall, leg: ActiveLeg, zone: ZoneInfo) -> str:
    folder = text(leg.start, zone)[:13].replace("-", "/").replace(" ", "/")
    return f"/storage/usbdisk1/mikopbx/astspool/monitor/{folder}/{call.linkedid}.wav"


def chosen(rows: Iterable[Row], wanted: Mapping[str, str], names: Callable[[str], set[str]]) -> list[Row]:
    """Return the matching legs.

    `wanted` has the query's own names; `names` returns the numbers of people by search text.
    """
    tests = _tests(wanted, names)
    return [row for row in rows if all(test(row) for test in tests)]


def _tests(wanted: Mapping[str, str], names: Callable[[str], set[str]]) -> list[Test]:
    tests: list[Test] = []
    # Dates are compared as texts: a `T` sorts after the blank of every record of the same day.
    if since := wanted.get("dateFrom"):
        first = f"{since} 00:00:00" if len(since) == 10 else since
        tests.append(lambda row: str(row["start"]) >= first)
    if until := wanted.get("dateTo"):
        last = f"{until} 23:59:59" if len(until) == 10 else until
        tests.append(lambda row: str(row["start"]) <= last)
    tests += [_containing(name, wanted[name]) for name in ("src_num", "dst_num", "did") if wanted.get(name)]
    tests += [_being(name, wanted[name]) for name in ("linkedid", "disposition") if wanted.get(name)]
    if (cursor := wanted.get("idFrom", "")).isdigit():
        tests.append(lambda row: int(str(row["id"])) > int(cursor))
    if search := wanted.get("search"):
        people = names(search)
        tests.append(lambda row: _found(row, search, people))
    return tests


def _containing(name: str, part: str) -> Test:
    return lambda row: part in str(row[name])


def _being(name: str, whole: str) -> Test:
    return lambda row: row[name] == whole


def _found(row: Row, search: str, people: set[str]) -> bool:
    numbers = (str(row["src_num"]), str(row["dst_num"]), str(row["did"]))
    return any(search in number for number in numbers) or not people.isdisjoint(numbers[:2])


def ordered(rows: Sequence[Row], sort: str, *, descending: bool) -> list[Row]:
    key = sort if sort in SORTS else "id"
    return sorted(rows, key=lambda row: row[key], reverse=descending)  # type: ignore[arg-type, return-value]


def grouped(matching: Sequence[Row], rows: Iterable[Row], sort: str, *, descending: bool) -> list[list[Row]]:
    """Return whole calls with a matching leg, legs in query order, ordered by the largest sort value."""
    wanted = {row["linkedid"] for row in matching}
    groups: dict[object, list[Row]] = {}
    for row in ordered([row for row in rows if row["linkedid"] in wanted], sort, descending=descending):
        groups.setdefault(row["linkedid"], []).append(row)
    if descending:
        return list(groups.values())
    key = sort if sort in SORTS else "id"
    return sorted(groups.values(), key=lambda legs: legs[-1][key])  # type: ignore[arg-type, return-value]


def group_record(legs: Sequence[Row]) -> Row:
    """Return the record of a call; `legs` in query order, which decides `dst_name` and the disposition of an unanswered
    call.
    """
    by_start = sorted(legs, key=lambda leg: str(leg["start"]))
    first, shown = by_start[0], legs[0]
    did = next((leg["did"] for leg in by_start if leg["did"]), "")
    answered = any(leg["disposition"] == "ANSWERED" for leg in legs)
    return {
        "linkedid": first["linkedid"],
        "start": first["start"],
        "src_num": first["src_num"],
        "src_name": first["src_name"],
        "dst_num": did or shown["dst_num"],
        "dst_name": shown["dst_name"],
        "did": did,
        "disposition": "ANSWERED" if answered else shown["disposition"],
        "totalDuration": sum(int(str(leg["duration"])) for leg in legs),
        "totalBillsec": sum(int(str(leg["billsec"])) for leg in legs),
        "records": by_start,
    }
