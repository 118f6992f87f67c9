"""Texts of all known PBX errors: one sentence, cause and remedy, no internals."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic import SecretStr

from bot.messages.sanitize import plain
from bot.pbx import (
    AmiClassMissing,
    AmiLoginRefused,
    AmiOff,
    Busy,
    Conflict,
    ConnectionRefused,
    ConnectTimedOut,
    Expired,
    Forbidden,
    HttpsPort,
    Invalid,
    KeyTooNarrow,
    NoRoute,
    NoSuchHost,
    NotFound,
    NotJson,
    NotMikoPbx,
    NotYetValid,
    OtherFingerprint,
    Pbx,
    PbxError,
    PlainHttpPort,
    ServerError,
    TimedOut,
    TooLarge,
    Unauthorised,
    Uncertain,
    Unreachable,
    Untrusted,
    WriteRefused,
    WrongName,
)
from bot.pbx.calling import CALLING
from handlers.dialog import pbx_errors
from handlers.dialog.pbx_messages import TRANSLATIONS, UNKNOWN, sentence
from tests.fixtures.paths import RECORDINGS
from tests.messages.renderers import renderer

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
# Equal in all languages: names of products, and the rows of the PBX's own page.
NAMES = {
    *("PBX_TLS_FINGERPRINT", "mikopbx", "VPN", "DNS"),
    *("API", "PBX_URL", "PBX_API_KEY", "PBX_TLS_VERIFY", "MikoPBX", "HTTP", "http", "https", "CA", "id"),
    *("AMI", "AJAM", "PBX_AMI_URL", "PBX_AMI_USER", "PBX_AMI_SECRET", "originate"),
    *("registration_type", "none", "outbound", "inbound", "port", "host", "username"),
}


def recorded_errors() -> list[Path]:
    def is_error(file: Path) -> bool:
        body = json.loads(file.read_text())["response"].get("body")
        return not (isinstance(body, dict) and body.get("result") is True) and body != "PONG"

    return [file for file in sorted(RECORDINGS.glob("*.json")) if is_error(file)]


def exchange_of(file: Path) -> Any:
    return json.loads(file.read_text())


async def error_of(file: Path, *, key_is_good: bool = True) -> PbxError:
    exchange = exchange_of(file)
    response, asked = exchange["response"], []
    body = response.get("body")
    content = body if isinstance(body, str) else json.dumps(body)

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        if len(asked) > 1 and response["status"] == 401:
            return httpx.Response(200 if key_is_good else 401, json={"result": key_is_good, "data": []})
        return httpx.Response(response["status"], headers=response["headers"], content=content.encode())

    method, path = exchange["request"]["method"], exchange["request"]["path"].partition("/api/v3/")[2] or "employees"
    async with Pbx("https://pbx", SecretStr("key"), transport=httpx.MockTransport(answer)) as pbx:
        read = method in ("GET", "HEAD")
        with pytest.raises(PbxError) as caught:
            await (pbx._connection.ask(method, path) if read else pbx._connection.write(path, {}, method))
    return caught.value


def said(error: PbxError, language: str) -> str:
    facts: dict[str, Any] = {"station": "Office", "problem": pbx_errors.describe(error)}
    text = plain(renderer(language).text("problem", facts, zone=UTC, now=NOW))
    return text.removeprefix("⚠️ Office\n")


def reads_well(error: PbxError) -> None:
    english, russian = said(error, "en"), said(error, "ru")
    for text in (english, russian):
        assert "\n" not in text
        assert text.endswith((".", "…"))
        assert len(text) < 300
        for insides in ("Stack trace", ".php", "ex_", "api_", "<", "{", "%(", "None"):
            assert insides not in text
    assert english != russian
    foreign = re.findall(r"[A-Za-z_]{2,}", re.sub("«[^»]*»", "", russian))
    assert set(foreign) <= NAMES, russian


@pytest.mark.parametrize("file", recorded_errors(), ids=lambda file: file.stem)
async def test_every_recorded_error_is_one_sentence_in_both_languages(file: Path) -> None:
    error = await error_of(file)
    reads_well(error)
    texts = [one["text"] for one in pbx_errors.describe(error).get("messages", ())]
    assert UNKNOWN not in texts, "a text of the PBX that people meet is not translated"


def test_an_unknown_text_of_the_pbx_is_quoted_in_the_reader_s_sentence() -> None:
    error = Invalid(("Something is wrong here.",))
    assert said(error, "ru") == "АТС отказала: «Something is wrong here»."
    assert said(error, "en") == "The PBX refused: “Something is wrong here”."


# What the address and the account of AMI can have wrong.
OF_CALLS = (
    AmiOff("x", CALLING),
    AmiLoginRefused("x", CALLING),
    AmiLoginRefused("x", CALLING, again_in=300),
    AmiClassMissing("originate", CALLING),
    ConnectionRefused("x", CALLING),
    ConnectTimedOut("x", CALLING),
    NoSuchHost("x", CALLING),
    Unreachable("x", CALLING),
    PlainHttpPort("x", CALLING),
    HttpsPort("x", CALLING),
    WrongName("x", CALLING),
    WrongName("x", CALLING, shown="mikopbx"),
    OtherFingerprint("x", CALLING, shown="AB:CD"),
    Untrusted("x", CALLING),
    TimedOut("x", CALLING),
    NotJson(200, CALLING),
    ServerError(500, CALLING),
    WriteRefused("x", CALLING),
    Uncertain(TimedOut("x"), CALLING),
    Invalid(("not a number that a phone can dial",), CALLING),
    Invalid(("Extension does not exist.",), CALLING),
)


@pytest.mark.parametrize(
    "error",
    [
        Unreachable("x"),
        NoSuchHost("x"),
        ConnectionRefused("x"),
        ConnectTimedOut("x"),
        NoRoute("x"),
        PlainHttpPort("x"),
        HttpsPort("x"),
        Untrusted("x"),
        WrongName("x"),
        WrongName("x", shown="mikopbx"),
        Expired("x"),
        Expired("x", shown="2026-11-20"),
        NotYetValid("x"),
        NotYetValid("x", shown="2026-12-20"),
        OtherFingerprint("x", shown="AB:CD"),
        TimedOut("x"),
        NotJson(502),
        NotMikoPbx(404),
        Unauthorised("x"),
        Unauthorised("x", again_in=300),
        Forbidden("SIP Providers", "read"),
        Forbidden("SIP Providers", "write"),
        KeyTooNarrow("SIP Providers"),
        NotFound(("x",)),
        Conflict(("Extension already occupied",)),
        Invalid(("Registration type is required",)),
        Busy("x", 300),
        ServerError(500),
        TooLarge(None),
        WriteRefused("x"),
        Uncertain(TimedOut("x")),
        *OF_CALLS,
    ],
    ids=lambda error: type(error).__name__,
)
def test_every_kind_of_error_is_one_sentence_in_both_languages(error: PbxError) -> None:
    assert pbx_errors.describe(error)["kind"] != "other"
    reads_well(error)


@pytest.mark.parametrize("error", OF_CALLS, ids=lambda error: type(error).__name__)
def test_an_error_of_calls_names_no_setting_of_the_api(error: PbxError) -> None:
    for language in ("en", "ru"):
        assert not re.search(r"PBX_URL|PBX_API_KEY|API key|\b443\b", said(error, language))


async def test_a_missing_right_names_the_row_of_the_pbx_s_own_page() -> None:
    file = next(RECORDINGS.glob("188_*.json"))
    text = said(await error_of(file), "en")
    assert "“Employees Management”" in text
    assert "Read" in text
    assert "PBX_API_KEY" in said(await error_of(file, key_is_good=False), "en")


@pytest.mark.parametrize(
    ("number", "means"),
    [
        ("074", "the number is taken"),
        ("076", "the mobile number belongs to somebody else"),
        ("078", "too weak"),
        ("084", "e-mail"),
        ("025", "must be one of: none, outbound, inbound"),
        ("028", "the limit is 65535"),
        ("021", "registration=outbound"),
        ("195", "update the PBX"),
        ("214", "internal error"),
        ("303", "restart the PBX's workers"),
        ("311", "Try again in"),
        ("313", "not its API"),
        ("314", "Try again in"),
        ("206", "https"),
        ("new_043", "internal error"),
        ("new_044", "the host is missing; add host=; the login is missing; add username="),
        ("new_047", "a name with a dot in it, without a port"),
    ],
)
async def test_the_cause_and_the_remedy_are_the_right_ones(number: str, means: str) -> None:
    assert means in said(await error_of(next(RECORDINGS.glob(f"{number}_*.json"))), "en")


def test_what_is_not_known_is_shown_as_it_came() -> None:
    assert "Nobody ever said this 100% <b>" in said(Invalid(("Nobody ever said this 100% <b>",)), "en")
    assert "Nobody ever said this 100% <b>" in said(Invalid(("Nobody ever said this 100% <b>",)), "ru")


def test_every_known_sentence_is_filled_from_its_own_pattern() -> None:
    for pattern, text in TRANSLATIONS:
        named = set(re.compile(pattern).groupindex)
        assert set(re.findall(r"%\((\w+)\)s", text)) <= named
    assert sentence("Extension already occupied").text.startswith("the number is taken")
