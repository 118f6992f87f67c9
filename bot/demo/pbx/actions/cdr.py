"""Actions of `/cdr`."""

import re
import string
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from bot.demo.pbx.employees import search_index
from bot.demo.pbx.telephony import cdr, recordings
from bot.demo.pbx.telephony.cdr import Row
from bot.demo.pbx.telephony.recordings import RecordingSetting
from bot.demo.pbx.web.envelope import ActionCall, ActionResult, Plain, refused

if TYPE_CHECKING:
    from bot.demo.pbx.world import StandinPbx

_PROCESSOR = "Cdr\\{}Action::main"
_ANY_FILTER = ("dateFrom", "dateTo", "linkedid", "src_num", "dst_num", "did", "search")
_MOST_DAYS = 365
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_TOO_LONG = f"Date range exceeds maximum allowed ({_MOST_DAYS} days). Please narrow your search criteria."


@dataclass(frozen=True)
class CdrActions:
    pbx: "StandinPbx"

    def get_list(self, call: ActionCall) -> ActionResult:
        wanted = {name: str(value) for name, value in call.params.items()}
        wrong = _wrong(wanted)
        if wrong:
            return _told(refused([wrong], coded=True), "getList", "GetList")
        limit = min(1000, max(1, _whole(wanted.get("limit"), 50)))
        offset = _whole(wanted.get("offset"), 0)
        sort, descending = wanted.get("sort", "id"), wanted.get("order", "DESC").upper() != "ASC"
        matching_rows = cdr.chosen(self.pbx.records.rows, self._default_dates(wanted), self._numbers_of)
        if wanted.get("grouped", "true").lower() in ("false", "0"):
            legs = cdr.ordered(matching_rows, sort, descending=descending)
            page = legs[offset : offset + limit]
            records = [self._with_recording(leg) for leg in page]
            return self._page(records, len(legs), limit, offset, page[-1]["id"] if page else None)
        groups = cdr.grouped(matching_rows, self.pbx.records.rows, sort, descending=descending)
        shown = groups[offset : offset + limit]
        calls = [cdr.group_record([self._with_recording(leg) for leg in legs]) for legs in shown]
        last = max(int(str(leg["id"])) for leg in shown[-1]) if shown else None
        return self._page(calls, len(groups), limit, offset, last)

    def get_record(self, call: ActionCall) -> ActionResult:
        """Return an empty record for any id, as the real PBX does."""
        return _told(ActionResult(), "getRecord", "GetRecord")

    def get_metadata(self, call: ActionCall) -> ActionResult:
        size = min(1000, max(1, _whole(str(call.params.get("limit", "")), 100)))
        starts = sorted((str(row["start"]) for row in self.pbx.records.rows), reverse=True)[:size]
        data = {
            "earliestDate": starts[-1] if starts else None,
            "latestDate": starts[0] if starts else None,
            "hasRecords": bool(starts),
            "sampleSize": len(starts),
        }
        return _told(ActionResult(data), "getMetadata", "GetMetadata")

    def get_stats_by_provider(self, call: ActionCall) -> ActionResult:
        wanted = {name: str(value) for name, value in call.params.items() if name in ("dateFrom", "dateTo")}
        wrong = _wrong(wanted)
        if not (wanted.get("dateFrom") and wanted.get("dateTo")):
            wrong = "Both dateFrom and dateTo parameters are required."
        elif wanted["dateFrom"] > wanted["dateTo"]:
            wrong = "dateFrom must be before dateTo."
        if wrong:
            return _told(refused([wrong], coded=True), "getStatsByProvider", "GetStatsByProvider")
        rows = cdr.chosen(self.pbx.records.rows, wanted, self._numbers_of)
        only = str(call.params.get("provider", ""))
        data = [
            figures
            for trunk in sorted(self.pbx.trunks)
            for account, direction in (("from_account", "incoming"), ("to_account", "outgoing"))
            if (not only or trunk == only) and (figures := _figures(rows, trunk, account, direction))
        ]
        return _told(ActionResult(data), "getStatsByProvider", "GetStatsByProvider")

    def delete(self, call: ActionCall) -> ActionResult:
        """Delete one leg by number, or all legs of a call by linkedid; the collection itself cannot be deleted."""
        if not re.fullmatch(r"\d+|mikopbx-[\d.]+", call.id):
            return _told(refused(["Invalid record ID"], 400, coded=True), "delete", "DeleteRecord")
        name = "id" if call.id.isdigit() else "linkedid"
        gone = self.pbx.records.remove(lambda row: str(row[name]) == call.id)
        if not gone:
            return _told(refused(["CDR record not found"], 404, coded=True), "delete", "DeleteRecord")
        with_sound = call.params.get("deleteRecording") == "true"
        data = {
            "id": gone[0]["id"],
            "linkedid": gone[0]["linkedid"],
            "recordingDeleted": with_sound,
            "linkedRecordsDeleted": len(gone) - 1,
        }
        return _told(ActionResult(data), "delete", "DeleteRecord")

    def playback(self, call: ActionCall) -> ActionResult | Plain:
        return self._sound(call, attachment=False)

    def download(self, call: ActionCall) -> ActionResult | Plain:
        return self._sound(call, attachment=True)

    def _sound(self, call: ActionCall, *, attachment: bool) -> ActionResult | Plain:
        token = str(call.params.get("token", ""))
        function, action = ("download", "DownloadRecord") if attachment else ("playback", "Playback")
        if not token:
            return _told(refused(["Token or view parameter is required"], 400, coded=True), function, action)
        row = self.pbx.tokens.row(token, self.pbx.now())
        if row is None:
            return _told(refused(["Invalid or expired token"], 403, coded=True), function, action)
        if self.pbx.shelf.missing:
            return _told(refused(["Recording file not found"], 404, coded=True), function, action)
        form = str(call.params.get("format", ""))
        own_name = f"{row['linkedid']}.{'mp3' if form == 'mp3' else 'wav'}"
        name = str(call.params.get("filename", "")) or own_name if attachment else ""
        return recordings.sound(row, self.pbx.shelf, RecordingSetting(form, call.headers.get("range", ""), name))

    def _with_recording(self, leg: Row) -> Row:
        if not leg["recordingfile"]:
            return leg
        token = self.pbx.tokens.mint(leg, self.pbx.now())
        path = "/pbxcore/api/v3/cdr:"
        return leg | {"playback_url": f"{path}playback?token={token}", "download_url": f"{path}download?token={token}"}

    def _page(self, records: list[Row], total: int, limit: int, offset: int, last: object) -> ActionResult:
        more = offset + len(records) < total and bool(records)
        pagination = {"total": total, "limit": limit, "offset": offset, "hasMore": more, "lastId": last}
        answer = ActionResult({"records": records, "pagination": pagination}, cost=0.02 + len(records) * 0.00015)
        return _told(answer, "getList", "GetList")

    def _default_dates(self, wanted: dict[str, str]) -> dict[str, str]:
        if any(wanted.get(name) for name in _ANY_FILTER):
            return wanted
        month_ago = datetime.fromtimestamp(self.pbx.now(), self.pbx.zone) - timedelta(days=30)
        return wanted | {"dateFrom": f"{month_ago:%Y-%m-%d %H:%M:%S}"}

    def _numbers_of(self, search: str) -> set[str]:
        """Return the numbers of matching employees.

        Measured: `Анна` finds no one, `анна` does. The index is in lower case, and the database folds Latin letters
        only; the list of employees folds the word itself.
        """
        wanted = search.translate(_LOWER)
        named = [person for person in self.pbx.employees.values() if wanted in search_index(person)]
        return {number for person in named for number in (person.number, person.mobile) if number}


def _wrong(wanted: dict[str, str]) -> str:
    if _whole(wanted.get("offset"), 0) < 0:
        return f"Invalid offset value: {wanted['offset']}. Offset must be non-negative."
    since, until = wanted.get("dateFrom"), wanted.get("dateTo")
    # A single date is ignored, even an invalid one.
    if not since or not until:
        return ""
    first, last = _date(since), _date(until)
    if first is None or last is None:
        return "Invalid date format. Expected: YYYY-MM-DD or YYYY-MM-DD HH:MM:SS"
    return _TOO_LONG if (last - first).days > _MOST_DAYS else ""


def _date(value: str) -> datetime | None:
    """Parse ISO with a blank or a T, and dd.mm.yyyy; PHP accepts more."""
    for form in ("%Y-%m-%d", "%Y-%m-%d %H:%M:%S", "%d.%m.%Y", "%Y-%m-%d %H:%M"):
        try:
            return datetime.strptime(value.replace("T", " ")[:19], form)  # noqa: DTZ007 - a local wall-clock text
        except ValueError:
            continue
    return None


def _figures(rows: list[Row], trunk: str, account: str, direction: str) -> Row | None:
    legs = [row for row in rows if row[account] == trunk]
    if not legs:
        return None
    answered = {leg["linkedid"] for leg in legs if leg["disposition"] == "ANSWERED"}
    # Only the longest leg of a call counts.
    duration, billsec = (_longest(legs, name) for name in ("duration", "billsec"))
    return {
        "provider": trunk,
        "providerName": trunk,
        "direction": direction,
        "totalCalls": len({leg["linkedid"] for leg in legs}),
        "answeredCalls": len(answered),
        "totalDuration": duration,
        "totalBillsec": billsec,
    }


def _longest(legs: list[Row], name: str) -> int:
    calls: dict[object, int] = {}
    for leg in legs:
        calls[leg["linkedid"]] = max(calls.get(leg["linkedid"], 0), int(str(leg[name])))
    return sum(calls.values())


def _told(answer: ActionResult, function: str, action: str) -> ActionResult:
    return replace(answer, function=function, processor=_PROCESSOR.format(action), cost=answer.cost or 0.02)


def _whole(value: str | None, otherwise: int) -> int:
    return int(value) if value and re.fullmatch(r"-?\d+", value.strip()) else otherwise
