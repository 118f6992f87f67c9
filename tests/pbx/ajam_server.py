"""AJAM that answers as recorded from Asterisk 22.10.1, or as it is told; every action it got is kept."""

import asyncio
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

import httpx

from tests.fixtures.paths import RECORDINGS

Answer = httpx.Response | Exception
RECORDED = RECORDINGS / "ajam"


def recording(name: str) -> dict[str, Any]:
    exchange: dict[str, Any] = json.loads((RECORDED / f"{name}.json").read_text(encoding="utf-8"))
    return exchange


def recorded(name: str) -> httpx.Response:
    response = recording(name)["response"]
    return httpx.Response(response["status"], headers=response["headers"], content=response["body"].encode())


def in_session(name: str) -> httpx.Response:
    """Return a recorded answer in the session of `login_accepted`, as one session has one cookie."""
    answer = recorded(name)
    answer.headers["Set-Cookie"] = recorded("login_accepted").headers["Set-Cookie"]
    return answer


class AjamServer:
    """Server for a MockTransport. `answers` by the name of the action, in place of those of a call that is answered."""

    def __init__(self, **answers: Callable[[], Answer]) -> None:
        self.asked: list[Mapping[str, str]] = []
        self.raw: list[bytes] = []
        self._answers: dict[str, Callable[[], Answer]] = {
            "Login": lambda: recorded("login_accepted"),
            "Originate": lambda: in_session("originate_answered"),
            "ListCommands": lambda: in_session("list_commands"),
            "Logoff": lambda: in_session("logoff"),
        } | answers

    async def __call__(self, request: httpx.Request) -> httpx.Response:
        self.raw.append(request.content)
        form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
        self.asked.append(form | {"cookie": request.headers.get("Cookie", "")})
        # Others are sent meanwhile, as over a network.
        await asyncio.sleep(0)
        answer = self._answers[form["Action"]]()
        if isinstance(answer, Exception):
            raise answer
        return answer

    @property
    def actions(self) -> list[str]:
        return [form["Action"] for form in self.asked]
