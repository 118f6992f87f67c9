"""The stand-in's AMI over http compared with recordings of Asterisk 22.10.1, and the calls that it makes."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx
import pytest

from bot.demo.pbx import StandinPbx, app
from bot.demo.pbx.ami.manager import USER
from tests.pbx.ajam_server import recording

CALL = {
    "Action": "Originate",
    "Channel": "Local/201@internal-originate",
    "Context": "all_peers",
    "Exten": "79161234501",
    "Timeout": "25000",
}


@pytest.fixture(autouse=True)
def rung(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Record the seconds that a phone would ring, without waiting."""
    asked: list[float] = []

    async def sleep(seconds: float) -> None:
        asked.append(seconds)

    monkeypatch.setattr("bot.demo.pbx.ami.ajam.sleep", sleep)
    return asked


@pytest.fixture
async def ajam(pbx: StandinPbx) -> AsyncIterator[httpx.AsyncClient]:
    pbx.ami.secret = "right"
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app(pbx)), base_url="http://pbx") as client:
        yield client


async def act(ajam: httpx.AsyncClient, cookie: str = "", **form: str) -> httpx.Response:
    ajam.cookies.clear()
    headers = {"Cookie": cookie} if cookie else {}
    return await ajam.post("/asterisk/rawman", data=form, headers=headers)


async def logged_in(ajam: httpx.AsyncClient) -> str:
    answer = await act(ajam, Action="Login", Username=USER, Secret="right")
    return answer.headers["Set-Cookie"].partition(";")[0]


def seen(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    """Return the headers without what differs from one answer and one build to the next."""
    found = [(name.lower(), re.sub(r'"\w+"', '"…"', value)) for name, value in headers.items()]
    return [(name, value) for name, value in found if name not in ("date", "server", "content-length")]


@pytest.mark.parametrize(
    ("name", "classes", "phone"),
    [
        ("login_accepted", "originate", "answers"),
        ("login_refused", "originate", "answers"),
        ("originate_answered", "originate", "answers"),
        ("originate_busy", "originate", "busy"),
        ("originate_not_answered", "originate", "does_not_answer"),
        ("originate_no_context", "originate", "answers"),
        ("class_missing", "call", "answers"),
        ("session_lost", "originate", "answers"),
        ("logoff", "originate", "answers"),
        ("no_action", "originate", "answers"),
        ("ajam_off", "originate", "answers"),
    ],
)
async def test_it_answers_as_a_real_one(
    pbx: StandinPbx, ajam: httpx.AsyncClient, name: str, classes: str, phone: Any
) -> None:
    exchange = recording(name)
    pbx.ami.classes, pbx.ami.phone = frozenset({classes}), phone
    form = dict(exchange["request"]["body"])
    in_session = "Action" in form and not name.startswith(("login", "session", "ajam"))
    cookie = await logged_in(ajam) if in_session else ""
    if form.get("Action") == "Login":
        form |= {"Username": USER, "Secret": "right" if name == "login_accepted" else "wrong"}
    if name.startswith("originate"):
        form["Channel"] = "Local/201@internal-originate"
    pbx.ami.place = "off" if name == "ajam_off" else "on"
    found, expected = await act(ajam, cookie, **form), exchange["response"]
    assert found.status_code == expected["status"]
    assert seen(found.headers) == seen(expected["headers"])
    assert re.sub(r"Asterisk/[^<]*", "", found.text) == re.sub(r"Asterisk/[^<]*", "", expected["body"])
    if cookie:
        assert found.headers["Set-Cookie"].startswith(cookie)


@pytest.mark.parametrize(
    ("classes", "name"), [(["originate"], "list_commands"), (["originate", "system"], "list_commands_system")]
)
async def test_it_lists_what_the_account_may_do_as_a_real_one(
    pbx: StandinPbx, ajam: httpx.AsyncClient, classes: list[str], name: str
) -> None:
    pbx.ami.classes = frozenset(classes)
    lines = (await act(ajam, await logged_in(ajam), Action="ListCommands")).text.splitlines()
    assert set(lines) <= set(recording(name)["response"]["body"].splitlines())
    assert any(line.startswith("GetConfig:") for line in lines) is ("system" in classes)


async def test_an_answered_phone_makes_a_call_that_becomes_a_record(
    pbx: StandinPbx, ajam: httpx.AsyncClient, clock: Any, rung: list[float]
) -> None:
    before = len(pbx.records.rows)
    await act(ajam, await logged_in(ajam), **CALL)
    assert rung == [pbx.ami.rings]
    assert [(one.phone, one.number, one.outcome) for one in pbx.ami.calls] == [("201", "79161234501", "answered")]
    (call,) = pbx.calls
    clock.sleep(120)
    pbx.advance()
    (row,) = pbx.records.rows[before:]
    assert (row["src_num"], row["dst_num"], row["disposition"]) == ("201", "79161234501", "ANSWERED")
    assert row["linkedid"] == call.linkedid


@pytest.mark.parametrize(("phone", "outcome"), [("does_not_answer", "not answered"), ("busy", "failed")])
async def test_a_phone_that_is_not_answered_calls_nobody(
    pbx: StandinPbx, ajam: httpx.AsyncClient, phone: Any, outcome: str
) -> None:
    pbx.ami.phone = phone
    await act(ajam, await logged_in(ajam), **CALL)
    assert [one.outcome for one in pbx.ami.calls] == [outcome]
    assert list(pbx.calls) == []


async def test_a_phone_that_is_not_there_or_not_registered_is_not_answered(
    pbx: StandinPbx, ajam: httpx.AsyncClient
) -> None:
    person = pbx.planner.person("201")
    assert person is not None
    pbx.set_online(person, False)
    cookie = await logged_in(ajam)
    for channel in ("Local/201@internal-originate", "Local/999@internal-originate", "Local/202@elsewhere"):
        assert "Originate failed" in (await act(ajam, cookie, **CALL | {"Channel": channel})).text


async def test_a_session_ends_after_a_minute_or_with_asterisk(
    pbx: StandinPbx, ajam: httpx.AsyncClient, clock: Any
) -> None:
    for end in (lambda: clock.sleep(61), pbx.ami.forget_sessions):
        cookie = await logged_in(ajam)
        end()
        answer = await act(ajam, cookie, **CALL)
        assert "Permission denied" in answer.text
        assert not answer.headers["Set-Cookie"].startswith(cookie)
    assert pbx.ami.calls == []


async def test_its_switches_are_on_the_control_page(pbx: StandinPbx, control: httpx.AsyncClient) -> None:
    body = {"place": "html", "phone": "busy", "secret": "x", "classes": ["call"], "rings": 1, "talks": None}
    assert (await control.post("/ami", json=body)).is_success
    ami = pbx.ami
    assert (ami.place, ami.phone, ami.secret, sorted(ami.classes)) == ("html", "busy", "x", ["call"])
    assert (ami.rings, ami.talks) == (1, None)
    shown = (await control.get("/state")).json()["ami"]
    assert shown == {"place": "html", "phone": "busy", "classes": ["call"], "logins": 0, "calls": []}
    assert (await control.post("/ami", json={"phone": "explodes"})).status_code == 422
