"""Insert call records exactly as given, so that tests do not depend on random ones."""

from collections.abc import Mapping
from datetime import datetime

from bot.demo.pbx.control.refusal import ControlRefused, boolean, number
from bot.demo.pbx.telephony.cdr import Row
from bot.demo.pbx.telephony.recordings import RecordingFiles
from bot.demo.pbx.world import StandinPbx

Body = Mapping[str, object]
_NUMBERS = ("src_num", "src_name", "dst_num", "dst_name", "did", "from_account", "to_account")
_WORDS = ("disposition", "dialstatus", "dtmf_digits")
_MOST_MEGABYTES = 500
_NEEDED = ("src_num", "dst_num", "disposition")


def add(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> dict[str, list[str]]:
    """Insert records; `clear` first removes all existing ones, and the calls that would become some. If one is refused,
    no change is made.
    """
    records = [_record(pbx, record) for record in _list(body, "records", [])]
    if boolean(body, "clear", otherwise=False):
        pbx.records.remove(lambda row: True)
        pbx.calls.clear()
    for rows in records:
        for row in rows:
            pbx.records.insert(row)
    return {"linkedids": [str(rows[0]["linkedid"]) for rows in records]}


def set_recordings(pbx: StandinPbx, path: Mapping[str, str], body: Body) -> None:
    """Set the given switches; others stay."""
    megabytes = number(body, "megabytes", otherwise=pbx.shelf.megabytes)
    if not 0 <= megabytes <= _MOST_MEGABYTES:
        raise ControlRefused(f"megabytes are between 0 and {_MOST_MEGABYTES}")
    pbx.shelf = RecordingFiles(megabytes, boolean(body, "missing", otherwise=pbx.shelf.missing))


def _list(body: Body, name: str, otherwise: list[object] | None = None) -> list[Body]:
    items = body.get(name, otherwise)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise ControlRefused(f"{name} is a list of objects")
    return items


def _record(pbx: StandinPbx, record: Body) -> list[Row]:
    rows = [_row(leg) for leg in _list(record, "legs")]
    if not rows:
        raise ControlRefused("a record has at least one leg")
    serial = pbx.records.next_serial()
    began = int(datetime.fromisoformat(str(rows[0]["start"])).replace(tzinfo=pbx.zone).timestamp())
    linkedid = str(record.get("linkedid") or f"mikopbx-{began}.{serial}")
    return [_told_apart(row, linkedid, serial, place) for place, row in enumerate(rows)]


def _told_apart(row: Row, linkedid: str, serial: int, place: int) -> Row:
    file = {"recordingfile": f"{row['recordingfile']}/{linkedid}_{place}.wav"} if row["recordingfile"] else {}
    unique = f"{linkedid}_{serial:04d}{place:02d}"
    return row | file | {"linkedid": linkedid, "UNIQUEID": unique, "verbose_call_id": f"[C-{serial:08x}]"}


def _row(leg: Body) -> Row:
    missing = [name for name in _NEEDED if not leg.get(name)]
    if missing:
        raise ControlRefused(f"a leg needs {', '.join(missing)}")
    start, answer, end = (_moment(leg, name) for name in ("start", "answer", "endtime"))
    if start is None or end is None:
        raise ControlRefused("a leg needs start and endtime")
    talked = (end - answer).total_seconds() if answer else 0
    billsec = int(number(leg, "billsec", otherwise=talked))
    recorded = boolean(leg, "recorded", otherwise=billsec > 0)
    return {name: str(leg.get(name) or "") for name in (*_NUMBERS, *_WORDS)} | {
        "start": _text(start),
        "answer": _text(answer) if answer else "",
        "endtime": _text(end),
        "transfer": _flag(leg, "transfer", "0"),
        "is_app": _flag(leg, "is_app", ""),
        "duration": int(number(leg, "duration", otherwise=(end - start).total_seconds())),
        "billsec": billsec,
        "recordingfile": _folder(start) if recorded else "",
        "rec_src_channel": "0" if recorded else "",
    }


def _moment(leg: Body, name: str) -> datetime | None:
    text = str(leg.get(name) or "")
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    # A `T` or an offset would be a mistake in the test, hidden by the PBX's comparison of texts.
    if moment is None or moment.tzinfo is not None or text[10:11] != " ":
        raise ControlRefused(f'{name} is "YYYY-MM-DD HH:MM:SS" or with .mmm, not {text}')
    return moment


def _text(moment: datetime) -> str:
    return moment.isoformat(" ", "milliseconds")


def _flag(leg: Body, name: str, otherwise: str) -> str:
    return "1" if str(leg.get(name, "")).lower() in ("1", "true") else otherwise


def _folder(start: datetime) -> str:
    return f"/storage/usbdisk1/mikopbx/astspool/monitor/{start:%Y/%m/%d/%H}"
