"""Calls by AMI over https: what is asked of Asterisk, what its recorded answers mean, and no call made twice."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.app.wiring.pbx_clients import trusting
from bot.pbx import (
    AmiAccount,
    AmiClassMissing,
    AmiLoginRefused,
    AmiOff,
    Calling,
    CallOutcome,
    ConnectionRefused,
    Invalid,
    NotJson,
    OtherFingerprint,
    PbxError,
    ServerError,
    TimedOut,
    Uncertain,
    Unreachable,
    Untrusted,
    WriteRefused,
)
from bot.pbx.calling import CALLING, packets
from bot.pbx.calling.ajam import MAX_BYTES, PAUSE, Ajam
from bot.pbx.certificate import trust_by_fingerprint
from tests.fixtures.certificates import make_certificate
from tests.fixtures.examples import examples
from tests.pbx.ajam_server import RECORDED, AjamServer, Answer, in_session, recorded, recording
from tests.pbx.test_certificate import served

SECRET = "Tr0ub4dor-of-ami"
ACCOUNT = AmiAccount("https://pbx:8089", "mikopbx-bot", SecretStr(SECRET))
ACCEPTED = b"Response: Success\r\nMessage: Authentication accepted\r\n\r\n"
ODD_SESSION = {"Set-Cookie": 'mansession_id="\\351"'}
PAGE = httpx.Response(200, headers={"Content-Type": "text/html"}, content=b"<!DOCTYPE html><html>Router</html>")


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@asynccontextmanager
async def calling(server: AjamServer, clock: Clock | None = None) -> AsyncIterator[Calling]:
    made = Calling(Ajam(ACCOUNT, transport=httpx.MockTransport(server), clock=clock or Clock()))
    yield made
    await made.close()


async def called(server: AjamServer, phone: str = "201", number: str = "79161234501") -> CallOutcome:
    async with calling(server) as made:
        return await made.call(phone, number)


def answer(status: int = 200, content: bytes = b"", **headers: str) -> Callable[[], Answer]:
    return lambda: httpx.Response(status, headers=headers, content=content)


# --- what is asked ----------------------------------------------------------------------------------------------------


async def test_a_call_is_the_action_that_was_tried_on_a_real_asterisk() -> None:
    server = AjamServer()
    assert await called(server) is CallOutcome.ANSWERED
    assert server.actions == ["Login", "Originate", "Logoff"]
    login, originate, logoff = server.asked
    assert login == {"Action": "Login", "Username": "mikopbx-bot", "Secret": SECRET, "cookie": ""}
    cookie = recorded("login_accepted").headers["Set-Cookie"].partition(";")[0]
    assert originate == recording("originate_answered")["request"]["body"] | {"cookie": cookie}
    assert logoff["cookie"] == cookie


async def test_a_check_calls_nobody() -> None:
    server = AjamServer()
    async with calling(server) as made:
        assert await made.check() is False
    assert server.actions == ["Login", "ListCommands", "Logoff"]


async def test_an_account_that_may_read_all_passwords_is_noticed() -> None:
    async with calling(AjamServer(ListCommands=lambda: in_session("list_commands_system"))) as made:
        assert await made.check() is True


async def test_an_account_that_may_not_call_is_noticed_without_a_call() -> None:
    listed = recorded("list_commands").text.replace("Originate: ", "Other: ")
    async with calling(AjamServer(ListCommands=answer(content=listed.encode()))) as made:
        with pytest.raises(AmiClassMissing, match="originate"):
            await made.check()


# --- no line end reaches AMI ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "number",
    ["", "7916\r\nAction: Command", "7916\n", "+7 916", "７９１６", "7916,a=b", "2" * 33, "201@x", "abc", "7|8"],
)
async def test_what_no_phone_dials_is_not_sent(number: str) -> None:
    server = AjamServer()
    for pair in ((number, "79161234501"), ("201", number)):
        with pytest.raises(Invalid):
            await called(server, *pair)
    assert server.asked == []


TYPED = st.one_of(st.from_regex(packets.DIALLED, fullmatch=True), st.text("0123456789+\r\n:", max_size=40), st.text())


@given(TYPED, TYPED)
@examples(30)
def test_no_text_makes_another_field_or_action(phone: str, number: str) -> None:
    server = AjamServer()
    try:
        asyncio.run(called(server, phone, number))
    except Invalid:
        assert server.asked == []
        return
    assert not any(mark in raw for raw in server.raw for mark in (b"%0D", b"%0A", b"\r", b"\n"))
    originate = server.asked[1]
    assert originate["Channel"] == f"Local/{phone}@internal-originate"
    assert originate["Exten"] == number


@given(st.dictionaries(st.text(st.characters(categories=["L"]), min_size=1, max_size=9), st.text(), max_size=5))
def test_a_control_character_in_a_field_is_an_error_of_the_program(fields: dict[str, str]) -> None:
    if all(value.isprintable() for value in fields.values()):
        assert packets.action("Ping", **fields) == {"Action": "Ping", **fields}
        return
    with pytest.raises(ValueError, match="control character"):
        packets.action("Ping", **fields)


@given(st.binary(max_size=300))
def test_no_answer_breaks_the_reader(content: bytes) -> None:
    packet = packets.parse(content)
    assert packet is None or packet["response"] in ("Success", "Error", "Follows", "Goodbye")


# --- what the answers of a real Asterisk mean -------------------------------------------------------------------------


@pytest.mark.parametrize("file", sorted(RECORDED.glob("*.json")), ids=lambda file: file.stem)
def test_every_recorded_answer_is_read(file: Path) -> None:
    response = recording(file.stem)["response"]
    packet = packets.parse(response["body"].encode())
    if response["status"] == 404:
        assert packet is None
        return
    assert packet is not None
    assert packet["response"] == response["body"].partition("\r\n")[0].removeprefix("Response: ")
    assert packets.is_denied(packet) is (file.stem in ("class_missing", "session_lost"))
    assert packets.is_call_failed(packet) is (file.stem in ("originate_busy", "originate_not_answered"))


@pytest.mark.parametrize("name", ["originate_busy", "originate_not_answered"])
async def test_a_phone_that_is_not_answered(name: str) -> None:
    server = AjamServer(Originate=lambda: in_session(name))
    assert await called(server) is CallOutcome.NOT_ANSWERED
    assert server.actions.count("Originate") == 1


@pytest.mark.parametrize("name", ["login_refused", "login_by_filter"])
async def test_a_refused_account_is_not_tried_again_for_a_while(name: str) -> None:
    server, clock = AjamServer(Login=lambda: recorded(name)), Clock()
    async with calling(server, clock) as made:
        for passed, waits in ((0, PAUSE), (100, PAUSE - 100)):
            clock.now = passed
            with pytest.raises(AmiLoginRefused) as refused:
                await made.call("201", "79161234501")
            assert refused.value.again_in == waits
        assert server.actions == ["Login"]
        clock.now = PAUSE
        with pytest.raises(AmiLoginRefused):
            await made.check()
        assert server.actions == ["Login", "Login"]


async def test_of_many_at_once_one_is_a_failed_login() -> None:
    server = AjamServer(Login=lambda: recorded("login_refused"))
    async with calling(server) as made:
        found = await asyncio.gather(*(made.call("201", "7916") for _ in range(20)), return_exceptions=True)
    assert {type(one) for one in found} == {AmiLoginRefused}
    assert server.actions == ["Login"]


@pytest.mark.parametrize(
    ("answers", "error"),
    [
        ({"Login": lambda: recorded("ajam_off")}, AmiOff),
        ({"Originate": lambda: in_session("class_missing")}, AmiClassMissing),
        ({"Originate": lambda: recorded("session_lost")}, Unreachable),
        ({"Originate": lambda: in_session("originate_no_context")}, Invalid),
        ({"Originate": lambda: in_session("originate_system")}, Invalid),
        ({"Login": lambda: PAGE}, NotJson),
        ({"Login": answer(302, Location="https://elsewhere")}, WriteRefused),
        ({"Login": answer(500)}, ServerError),
        ({"Login": answer(403, b"<html>nginx</html>")}, NotJson),
        ({"Login": answer(content=b"x" * (MAX_BYTES + 1))}, NotJson),
        ({"Login": answer(content=b"Response: Success\r\n\r\n")}, NotJson),
        ({"Login": lambda: httpx.Response(200, headers=ODD_SESSION, content=ACCEPTED)}, NotJson),
        ({"Login": lambda: httpx.ReadTimeout("slow")}, TimedOut),
        ({"Login": lambda: httpx.ReadError("lost")}, Unreachable),
        ({"Originate": lambda: httpx.ConnectError("gone")}, Unreachable),
    ],
)
async def test_without_a_call_the_error_says_so(
    answers: dict[str, Callable[[], Answer]], error: type[PbxError]
) -> None:
    server = AjamServer(**answers)
    with pytest.raises(error) as caught:
        await called(server)
    assert caught.value.resource == CALLING
    assert not isinstance(caught.value, Uncertain)
    assert SECRET not in str(caught.value)
    assert server.actions.count("Originate") <= 1


@pytest.mark.parametrize(
    "lost",
    [
        lambda: httpx.ReadTimeout("slow"),
        lambda: httpx.ReadError("reset"),
        lambda: httpx.RemoteProtocolError("closed"),
        lambda: httpx.WriteError("reset"),
        answer(500),
        answer(content=b"Response: Succ"),
        answer(content=b"\x00" * (MAX_BYTES + 1)),
        lambda: PAGE,
    ],
)
async def test_after_a_lost_answer_it_is_not_known_and_nothing_is_sent_again(lost: Callable[[], Answer]) -> None:
    server = AjamServer(Originate=lost)
    with pytest.raises(Uncertain) as caught:
        await called(server)
    assert caught.value.resource == CALLING
    assert server.actions.count("Originate") == 1


async def test_what_the_pbx_says_is_cut() -> None:
    said = b"Response: Error\r\nMessage: " + b"x" * 60_000 + b"\r\n\r\n"
    with pytest.raises(Invalid) as caught:
        await called(AjamServer(Originate=answer(content=said)))
    assert len(str(caught.value)) < 2000


@pytest.mark.parametrize(("until", "error"), [("Login", Unreachable), ("Originate", Uncertain)])
async def test_a_station_that_is_changed_meanwhile_ends_its_calls(until: str, error: type[PbxError]) -> None:
    """The client is closed, as on a reload of the stations: nothing more is sent."""
    made: Calling

    async def closes(request: httpx.Request) -> httpx.Response:
        response = await server(request)
        if server.actions[-1] == until:
            await made.close()
            if until == "Originate":
                raise httpx.ReadError("closed")
        return response

    server = AjamServer()
    made = Calling(Ajam(ACCOUNT, transport=httpx.MockTransport(closes), clock=Clock()))
    with pytest.raises(error):
        await made.call("201", "79161234501")
    assert server.actions[-1] == until


async def test_a_lost_logoff_changes_nothing() -> None:
    server = AjamServer(Logoff=lambda: httpx.ReadTimeout("slow"))
    assert await called(server) is CallOutcome.ANSWERED


# --- whom it trusts ---------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("real_time")
async def test_the_secret_goes_only_to_a_certificate_that_is_trusted(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("certificates")
    own, other = make_certificate(folder, "own"), make_certificate(folder, "other")
    trusts: list[tuple[Any, type[PbxError]]] = [
        (trust_by_fingerprint([other.fingerprint]), OtherFingerprint),
        (trusting(other.file), Untrusted),
        (True, Untrusted),
        # Trusted: what answers here is not AMI.
        (trust_by_fingerprint([own.fingerprint]), NotJson),
        (trusting(own.file), NotJson),
    ]
    for verify, error in trusts:
        async with served(own) as (port, heads):
            made = Calling(Ajam(AmiAccount(f"https://127.0.0.1:{port}", "bot", SecretStr(SECRET)), verify=verify))
            with pytest.raises(error):
                await made.call("201", "79161234501")
            await made.close()
            assert bool(heads) is (error is NotJson)


async def test_nothing_listens() -> None:
    async with served(None) as (port, _):
        pass
    made = Calling(Ajam(AmiAccount(f"http://127.0.0.1:{port}", "bot", SecretStr(SECRET))))
    with pytest.raises(ConnectionRefused):
        await made.check()
    await made.close()


def test_plain_http_elsewhere_is_refused_before_anything_is_sent() -> None:
    with pytest.raises(WriteRefused):
        Ajam(AmiAccount("http://10.0.0.5:8088", "bot", SecretStr(SECRET)))
    Ajam(AmiAccount("http://10.0.0.5:8088", "bot", SecretStr(SECRET)), allow_http=frozenset({"10.0.0.5"}))
