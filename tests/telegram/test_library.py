"""Contract with python-telegram-bot: the private parts and the behaviour that bot/telegram/library.py relies on."""

import json
from typing import Any

import httpx
import pytest
from telegram import Bot, ChatFullInfo, InputFile, Message
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Conflict,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
    TimedOut,
)
from telegram.request import BaseRequest, HTTPXRequest, RequestData

from bot.telegram import library
from bot.telegram.library import ClientRequest, RawBot, is_gateway_timeout, is_http_status

TOKEN = "1234567890:" + "A" * 35
PRIVATE = {"id": 1, "type": "private"}
MESSAGE = {"message_id": 1, "date": 0, "chat": PRIVATE}


class Recording(ClientRequest):
    """Answers `answer`, and keeps the options of the last request."""

    answer: tuple[int, bytes] = (200, b'{"ok": true, "result": [{"update_id": 1, "of_tomorrow": {}}]}')

    async def do_request(self, *args: Any, **more: Any) -> tuple[int, bytes]:
        self.args, self.options = args, more
        return self.answer


def recording(status: int = 200, body: bytes = Recording.answer[1]) -> Recording:
    request = Recording()
    request.answer = (status, body)
    return request


def answering(handler: Any) -> ClientRequest:
    return ClientRequest(httpx_kwargs={"transport": httpx.MockTransport(handler)})


async def failure(request: BaseRequest) -> TelegramError:
    with pytest.raises(TelegramError) as failed:
        await request.post("https://telegram/bot/sendMessage")
    return failed.value


async def test_a_request_uses_the_client_that_build_client_gave_last() -> None:
    seen: list[str] = []

    class Marked(ClientRequest):
        def configure(self, client: httpx.AsyncClient) -> None:
            client.headers["X-Client"] = str(len(seen))

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["X-Client"])
        return httpx.Response(200)

    request = Marked(httpx_kwargs={"transport": httpx.MockTransport(handler)})
    await request.do_request("https://telegram", "POST")
    old = request.replace_client()
    assert not old.is_closed
    assert request.client is not old
    await request.do_request("https://telegram", "POST")
    assert seen == ["0", "1"]
    closed = []
    for change in (request.shutdown, request.initialize, request.shutdown):
        await change()
        closed.append(request.client.is_closed)
    assert closed == [True, False, True]


async def test_every_method_goes_through_do_request_with_the_options_by_name() -> None:
    polled, posted = recording(), recording(body=b'{"ok": true, "result": true}')
    bot = RawBot(TOKEN, request=posted, get_updates_request=polled)
    assert bot.pools == (polled, posted)
    # Unparsed, also with what the library does not know.
    assert await bot.call("getUpdates", {"offset": 7}, read_timeout=60) == [{"update_id": 1, "of_tomorrow": {}}]
    assert polled.options["request_data"].json_parameters == {"offset": "7"}
    assert library.timeouts_of(polled.options, httpx.Timeout(connect=1, read=2, write=3, pool=4)) == 1 + 60 + 3 + 4
    await bot.send_chat_action(1, "typing", connect_timeout=10, read_timeout=20, write_timeout=30, pool_timeout=40)
    assert library.timeouts_of(posted.options, httpx.Timeout(1)) == 100
    assert library.upload_size(posted.options) == 0
    assert not polled.args
    assert not posted.args


async def test_files_are_bytes_in_the_second_place_of_each_part() -> None:
    request = recording(
        body=b'{"ok": true, "result": {"message_id": 1, "date": 0, "chat": {"id": 1, "type": "private"}}}'
    )
    bot = Bot(TOKEN, request=request, get_updates_request=recording())
    sent = await bot.send_document(1, InputFile(b"12345", filename="a.txt"))
    assert isinstance(sent, Message)
    assert isinstance(request.options["request_data"], RequestData)
    assert library.upload_size(request.options) == 5


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (httpx.ConnectError, NetworkError),
        (httpx.ReadError, NetworkError),
        (httpx.RemoteProtocolError, NetworkError),
        (httpx.PoolTimeout, TimedOut),
        (httpx.ConnectTimeout, TimedOut),
        (httpx.ReadTimeout, TimedOut),
    ],
)
async def test_an_error_of_httpx_is_the_cause(error: type[httpx.TransportError], raised: type[NetworkError]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error("broken", request=request)

    found = await failure(answering(handler))
    assert type(found) is raised
    assert isinstance(found, NetworkError)
    assert isinstance(found.__cause__, error)
    assert not is_http_status(found)


@pytest.mark.parametrize(
    ("status", "raised"),
    [
        (400, BadRequest),
        (401, InvalidToken),
        (403, Forbidden),
        (404, InvalidToken),
        (409, Conflict),
        (500, NetworkError),
        (502, NetworkError),
        (504, NetworkError),
    ],
)
async def test_a_status_is_known_by_the_class_of_its_error(status: int, raised: type[TelegramError]) -> None:
    body = json.dumps({"ok": False, "error_code": status, "description": "Bad Request: MESSAGE_ID_INVALID"}).encode()
    found = await failure(recording(status, body))
    assert type(found) is raised
    assert found.__cause__ is None
    # In front of what Telegram says nothing is left, and its first letter is a capital.
    assert str(found) == "Message_id_invalid"


async def test_parameters_of_an_answer_become_errors_of_their_own() -> None:
    waits = await failure(recording(429, b'{"ok": false, "parameters": {"retry_after": 7}}'))
    assert isinstance(waits, RetryAfter)
    after = waits.retry_after
    assert not isinstance(after, int)
    assert after.total_seconds() == 7
    moved = await failure(recording(400, b'{"ok": false, "parameters": {"migrate_to_chat_id": -100}}'))
    assert isinstance(moved, ChatMigrated)
    assert moved.new_chat_id == -100


async def test_a_body_that_is_not_json() -> None:
    found = await failure(recording(504, b"<html>gateway"))
    assert isinstance(found, NetworkError)
    assert is_http_status(found)
    assert is_gateway_timeout(found)
    assert isinstance(found.__cause__, TelegramError)
    found = await failure(recording(502, b"<html>gateway"))
    assert isinstance(found, NetworkError)
    assert is_http_status(found)
    assert not is_gateway_timeout(found)
    with pytest.raises(TelegramError, match=f"^{library.INVALID_RESPONSE}$"):
        HTTPXRequest.parse_json_payload(b"<html>captive portal")


async def test_payloads_are_parsed_by_the_static_method_that_a_subclass_replaces() -> None:
    class Own(Recording):
        @staticmethod
        def parse_json_payload(payload: bytes) -> Any:
            return {"ok": True, "result": len(payload)}

    assert await Own().post("https://telegram") == len(Recording.answer[1])


@pytest.mark.parametrize("answer", [{"id": 1}, {"type": "private"}, PRIVATE | {"max_reaction_count": 1}])
def test_an_answer_that_lacks_fields_raises_one_of_unparsable(answer: dict[str, Any]) -> None:
    with pytest.raises(library.UNPARSABLE):
        ChatFullInfo.de_json(answer, None)


def test_a_field_that_the_library_does_not_know_is_kept_in_api_kwargs() -> None:
    assert Message.de_json(MESSAGE | {"of_tomorrow": 5}, None).api_kwargs == {"of_tomorrow": 5}
