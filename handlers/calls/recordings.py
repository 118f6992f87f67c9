"""Send call recordings to the private chat. The PBX's links are valid for one hour for any holder, so they are never
sent."""

from bot.messages.message import Button, File, Message, Rows, mark
from bot.messages.sanitize import unmarked
from bot.notifications.calls.recording_buttons import APART
from bot.pbx import CallRecord, CallRecordLeg, NotFound, Pbx, PbxError, TooLarge
from bot.pbx.recording import Recording
from handlers.dialog import pbx_errors
from handlers.dispatch.declare import button
from handlers.dispatch.request import Reply, Request

# Telegram's limit for a bot is 50 MB, multipart form included.
LIMIT = 49_000_000
# Telegram plays MP3; other formats are sent as documents.
FILE_EXTENSIONS = {
    "audio/mpeg": "mp3",
    "audio/mp3": "mp3",
    "audio/ogg": "ogg",
    "audio/webm": "webm",
    "video/webm": "webm",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
}


@button("cdr.listen")
async def listen(request: Request) -> Reply:
    linkedid, index = str(request.data["linkedid"]), int(request.data["leg"])
    if not await request.chat.private_chat_is_open():
        return Reply(toast=mark("Open a private chat with me and press Start; I send recordings only there."))
    try:
        # Read again: the recording's address is valid for one hour.
        record = await request.station.pbx.records.find(linkedid)
        if record is None or index >= len(record.legs) or not record.legs[index].is_recorded:
            return Reply(toast=mark("The PBX has no recording of this call any more."), outcome="gone")
        leg = record.legs[index]
        recording = await _fetch(request.station.pbx, leg)
    except PbxError as error:
        back: Rows = (
            (Button(mark("↩ Call"), "cdr.record", {"linkedid": linkedid, "back": request.data.get("back")}),),
        )
        size = error.size if isinstance(error, TooLarge) else None
        facts = {"problem": pbx_errors.describe(error), "megabytes": round(size / 1_000_000) if size else None}
        return Reply(
            Message("no_recording", facts, back),
            as_new_message=bool(request.data.get(APART)),
            outcome=f"failed: {type(error).__name__}",
        )
    sent = await request.chat.send_privately(_file(request, record, leg, recording))
    note = mark("Sent to our private chat.") if sent else mark("Telegram did not take the file.")
    return Reply(toast=note, outcome=f"{linkedid} leg {index + 1}: {'sent' if sent else 'not sent'}")


async def _fetch(pbx: Pbx, leg: CallRecordLeg) -> Recording:
    """Fetch as MP3; as the original if the PBX cannot convert it; as OGG, which is smaller, if too large."""
    try:
        return await pbx.records.recording(leg, "mp3", LIMIT)
    except TooLarge:
        return await pbx.records.recording(leg, "ogg", LIMIT)
    except NotFound:
        raise
    except PbxError:
        return await pbx.records.recording(leg, "original", LIMIT)


def _file(request: Request, record: CallRecord, leg: CallRecordLeg, recording: Recording) -> File:
    start = leg.start or record.start
    extension = FILE_EXTENSIONS.get(recording.content_type, "bin")
    caption = Message(
        "recording",
        {
            "station": request.station.name,
            "start": start,
            "source": {"number": leg.source_number, "name": leg.source_name},
            "from_outside": leg.came_by_trunk,
            "target": {"number": leg.destination_number, "name": leg.destination_name},
            "talk": leg.talk_seconds,
        },
    )
    return File(
        f"call-{start:%Y-%m-%d-%H%M%S}.{extension}" if start else f"call.{extension}",
        recording.content,
        kind="audio" if extension == "mp3" else "document",
        caption=caption,
        title=f"{unmarked(leg.source_number)} → {unmarked(leg.destination_number)}",
        performer=request.station.title,
        seconds=recording.seconds if recording.seconds is not None else leg.talk_seconds,
    )
