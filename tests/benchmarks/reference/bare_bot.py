"""Reference: a minimal bot with the same libraries.

It sends the program's PBX requests for a command concurrently, and replies with the program's text and buttons. No
roles, audit, database, request budget or retries; the PBX's answers are not evaluated.
"""

import asyncio
import json
import os
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from telegram import InlineKeyboardMarkup, LinkPreviewOptions, Update
from telegram.error import RetryAfter
from telegram.ext import Application, CommandHandler, ContextTypes

PAGE = 1000
LIVE = {
    "status": ("providers:getStatuses", "sip:getStatuses", "pbx-status:getActiveCalls"),
    "calls": ("pbx-status:getActiveCalls", "pbx-status:getActiveChannels"),
}
NO_PREVIEW = LinkPreviewOptions(is_disabled=True)


def records_page(first: str, last: str, offset: int) -> dict[str, str]:
    limits = {"limit": str(PAGE), "offset": str(offset), "sort": "start", "order": "ASC"}
    return {"dateFrom": first, "dateTo": last} | limits


class Bare:
    def __init__(self) -> None:
        key = os.environ["PBX_API_KEY"]
        self._root = os.environ["PBX_URL"] + "/pbxcore/api/v3/"
        self._http = httpx.AsyncClient(headers={"Authorization": f"Bearer {key}"}, timeout=35)
        path = Path(os.environ["ANSWERS"])
        self._answers: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}

    async def live(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        name = _words(update)[0][1:]
        await asyncio.gather(*(self._read(path) for path in LIVE[name]))
        await self._say(update, name)

    async def cdr(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """`/cdr DATE`: a day that fits on one page."""
        day = datetime.fromisoformat(_words(update)[1])
        await self._read("cdr", records_page(str(day), str(day + timedelta(days=1)), 0))
        await self._say(update, "cdr")

    async def records(self, update: Update, _context: ContextTypes.DEFAULT_TYPE) -> None:
        """`/records DATE DATE`: all of them, page by page."""
        first, last = (str(datetime.fromisoformat(word)) for word in _words(update)[1:])
        count, more = 0, True
        while more:
            data = (await self._read("cdr", records_page(first, last, count)))["data"]
            count += len(data["records"])
            more = data["pagination"]["hasMore"]
        await self._send(update, f"{count}", None)

    async def _read(self, path: str, query: dict[str, str] | None = None) -> Any:
        answer = await self._http.get(self._root + path, params=query)
        answer.raise_for_status()
        return answer.json()

    async def _say(self, update: Update, name: str) -> None:
        answer = self._answers.get(name, {"text": name})
        markup = InlineKeyboardMarkup.de_json(answer["buttons"], update.get_bot()) if answer.get("buttons") else None
        await self._send(update, answer["text"], markup)

    async def _send(self, update: Update, text: str, markup: InlineKeyboardMarkup | None) -> None:
        """Retry when Telegram rate-limits the message."""
        assert update.message is not None
        while True:
            try:
                await update.message.chat.send_message(
                    text, parse_mode="HTML", reply_markup=markup, link_preview_options=NO_PREVIEW
                )
                return
            except RetryAfter as told:
                after = told.retry_after
                await asyncio.sleep(after.total_seconds() if isinstance(after, timedelta) else after)


def _words(update: Update) -> list[str]:
    assert update.message is not None
    return (update.message.text or "").split()


def main() -> None:
    bare = Bare()
    builder = Application.builder().token(os.environ["TELEGRAM_TOKEN"])
    app = builder.base_url(os.environ["TELEGRAM_API_URL"] + "/bot").concurrent_updates(True).build()
    app.add_handler(CommandHandler(list(LIVE), bare.live))
    app.add_handler(CommandHandler("cdr", bare.cdr))
    app.add_handler(CommandHandler("records", bare.records))
    app.run_polling(timeout=50)


if __name__ == "__main__":
    main()
