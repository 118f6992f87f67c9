"""Minimal Telegram: records the calls, and fails on demand."""

import json
from collections import defaultdict, deque
from dataclasses import dataclass, field
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

SHOWN = ("sendMessage", "editMessageText", "sendDocument", "sendAudio", "sendPhoto")


@dataclass
class Call:
    method: str
    chat: int
    parameters: dict[str, Any]

    @property
    def text(self) -> str:
        return str(self.parameters.get("text", ""))


@dataclass
class FakeTelegram:
    """`failures[chat]` are errors to return, one per call."""

    calls: list[Call] = field(default_factory=list)
    failures: dict[int, deque[Response]] = field(default_factory=lambda: defaultdict(deque))
    last_id: int = 100
    address: str = ""
    file: str = "243;John"

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/bot{token}/{method}", self._answer, methods=["POST"]),
                Route("/file/bot{token}/{path:path}", self._file),
            ]
        )

    def to(self, chat: int, method: str = "sendMessage") -> list[Call]:
        return [call for call in self.calls if call.chat == chat and call.method == method]

    async def _answer(self, request: Request) -> Response:
        async with request.form() as form:
            parameters: dict[str, Any] = {
                name: await value.read() if isinstance(value, UploadFile) else _value(str(value))
                for name, value in form.items()
            }
        chat = parameters.get("chat_id", 0)
        call = Call(request.path_params["method"], chat, parameters)
        self.calls.append(call)
        if self.failures[chat]:
            return self.failures[chat].popleft()
        return JSONResponse({"ok": True, "result": self._result(call)})

    async def _file(self, request: Request) -> Response:
        return (
            PlainTextResponse(self.file) if request.path_params["path"] == "documents/1.csv" else refusal(404, "gone")
        )

    def _result(self, call: Call) -> object:
        if call.method == "getFile":
            return {"file_id": "f", "file_unique_id": "u", "file_path": "documents/1.csv"}
        if call.method not in SHOWN:
            return True
        self.last_id += call.method.startswith("send")
        kind = "private" if call.chat > 0 else "supergroup"
        return {"message_id": self.last_id, "date": 1, "chat": {"id": call.chat, "type": kind}, "text": call.text}


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def refusal(code: int, description: str, **parameters: object) -> Response:
    body: dict[str, object] = {"ok": False, "error_code": code, "description": description}
    if parameters:
        body["parameters"] = parameters
    return JSONResponse(body, code)


def garbled() -> Response:
    """Return a page in place of the answer: Telegram carried out the call."""
    return PlainTextResponse("<html>welcome to the hotel's network</html>", 200)
