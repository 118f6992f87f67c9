"""Stations file: valid files, and the errors for invalid ones."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.access.policy import Destination
from bot.config.errors import WrongSettings
from bot.config.loading import environment, load_settings
from bot.config.station_settings import StationSettings
from bot.config.stations_file import KNOWN, read_stations
from tests.fixtures.paths import ROOT

NEEDED = {"TELEGRAM_TOKEN": "1234567890:" + "A" * 35, "ADMINS": "1001", "STATIONS_FILE": "stations.toml"}
KEY = "5ca1ab1e" * 8
EXAMPLE = ROOT / "stations.example.toml"
TWO = f"""
[[station]]
name = "acme"
title = "Acme Ltd"
url = "https://pbx.acme.example"
key = "{KEY}"

[[station]]
name = "branch2"
url = "https://pbx.branch.example"
key_env = "BRANCH2_KEY"
"""


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, value in NEEDED.items():
        monkeypatch.setenv(name, value)
    return tmp_path


def read(text: str, **more: str) -> tuple[StationSettings, ...]:
    Path("stations.toml").write_text(text, "utf-8")
    return read_stations(load_settings(), {**environment(), "BRANCH2_KEY": KEY[::-1], **more})


def complaints(text: str, **more: str) -> tuple[str, ...]:
    with pytest.raises(WrongSettings) as wrong:
        read(text, **more)
    assert KEY not in str(wrong.value)
    return wrong.value.lines


def one(**fields: str) -> str:
    """Return the table of one PBX; empty fields are left out."""
    whole = {"name": '"acme"', "url": '"https://pbx.acme.example"', "key": f'"{KEY}"'} | fields
    return "[[station]]\n" + "\n".join(f"{name} = {value}" for name, value in whole.items() if value)


# --- valid ------------------------------------------------------------------------------------------------------------


def test_two_pbxs() -> None:
    acme, branch = read(TWO)
    assert (acme.name, acme.title, acme.url) == ("acme", "Acme Ltd", "https://pbx.acme.example")
    assert acme.key.get_secret_value() == KEY
    assert (branch.name, branch.title) == ("branch2", "branch2")
    assert branch.key.get_secret_value() == KEY[::-1]


def test_the_example_is_read_without_a_complaint_and_shows_every_field() -> None:
    text = EXAMPLE.read_text("utf-8")
    acme, branch = read(text, ACME_KEY=KEY, BRANCH2_KEY=KEY)
    assert acme.alert_chats == (Destination(-1001234567890), Destination(-1001234567891, 42))
    assert branch.title == "branch2"
    written = {line.lstrip("#").partition(" = ")[0] for line in text.splitlines() if " = " in line}
    assert written == KNOWN


def test_a_key_may_stand_in_the_environment_or_in_dotenv(monkeypatch: pytest.MonkeyPatch) -> None:
    text = one(key="", key_env='"ACME_KEY"')
    Path(".env").write_text(f"ACME_KEY={KEY}\n")
    assert read(text)[0].key.get_secret_value() == KEY
    monkeypatch.setenv("ACME_KEY", KEY[::-1])
    assert read(text)[0].key.get_secret_value() == KEY[::-1], "the environment comes first, as for every setting"


def test_what_a_pbx_does_not_say_is_as_the_settings_say_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    Path(".env").write_text(
        "POLL_INTERVAL=20\nALERT_AFTER=60\nPBX_TIMEZONE=Europe/Moscow\nPBX_ALLOW_HTTP=10.0.0.5\nPBX_COUNTRY=ru\n"
    )
    first, second = read(TWO + 'poll_interval = 5\ntimezone = "Asia/Omsk"\ncountry = "KZ"\n')
    assert (first.country, second.country) == ("RU", "KZ")
    assert (first.poll_interval, first.alert_after, first.timezone) == (20, 60, ZoneInfo("Europe/Moscow"))
    assert (second.poll_interval, second.alert_after, second.timezone) == (5, 60, ZoneInfo("Asia/Omsk"))
    assert read(one(url='"http://10.0.0.5"'))[0].url == "http://10.0.0.5"


def test_the_path_is_seen_from_where_the_bot_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("etc").mkdir()
    Path("etc/pbx.toml").write_text(one())
    monkeypatch.setenv("STATIONS_FILE", "etc/pbx.toml")
    assert [station.name for station in read_stations(load_settings(), {})] == ["acme"]


def test_the_address_of_the_page_that_one_looks_at_will_do() -> None:
    (acme,) = read(one(url='"https://pbx.acme.example/admin-cabinet/extensions/index"'))
    assert acme.url == "https://pbx.acme.example"


def test_without_a_file_the_settings_describe_the_only_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STATIONS_FILE")
    monkeypatch.setenv("PBX_URL", "https://pbx.example.com")
    monkeypatch.setenv("PBX_API_KEY", KEY)
    (only,) = read_stations(load_settings(), {})
    assert (only.name, only.title) == ("pbx.example.com", "pbx.example.com")
    assert only.alert_chats == (Destination(1001),)


# --- invalid ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "complaint"),
    [
        ({"name": ""}, 'PBX no. 1: name: is missing; write a short word that people can type: name = "acme"'),
        ({"name": '"Acme Ltd"'}, "Acme Ltd: name: is not a short word; write it with small letters, digits, - and _"),
        ({"name": '""'}, "PBX no. 1: name: is not a short word"),
        ({"name": "7"}, "7: name: is not a text; write it in quotes"),
        ({"name": '"fleet"'}, "fleet: name: fleet means all PBXs together; take another word"),
        ({"title": '""'}, "acme: title: is empty; write at least 1 character"),
        ({"url": ""}, 'acme: url: is missing; write the address of the MikoPBX: url = "https://pbx.example.com"'),
        ({"url": '"ftp://pbx"'}, "acme: url: is not a web address; write it like https://pbx.example.com"),
        ({"url": '"http://10.0.0.5"'}, "acme: url: plain http would show the API key to the network; use https"),
        ({"key": ""}, "acme: key: is missing; write key = "),
        ({"key": '"two words"'}, "acme: key: has spaces or unusual characters in it; copy the key again from the PBX"),
        ({"key_env": '"ACME_KEY"'}, "acme: has both key and key_env; take one of them out"),
        ({"key": "", "key_env": '"NOWHERE"'}, "acme: key_env: NOWHERE is not set; put it into the environment or .env"),
        ({"key": "", "key_env": f'"{"ab" * 32}"'}, "acme: key_env: what it names is not set; put it into the environ"),
        ({"tls_verify": '"ca.pem"'}, "acme: tls_verify: is neither true nor false nor the path of an existing CA file"),
        ({"timezone": '"Moscow"'}, "acme: timezone: is not a time zone; write it like Europe/Moscow"),
        ({"country": '"Russia"'}, "acme: country: is not a country; write its two letters, like RU"),
        ({"alert_chats": '["@acme"]'}, "acme: alert_chats: has '@acme' in it; only numeric ids are accepted"),
        ({"poll_interval": "0"}, "acme: poll_interval: is too small; write at least 1"),
        ({"no_calls_after": "600"}, "acme: no_calls_after: no_calls_hours never last that long; write less than 540"),
        ({"poll_intervall": "5"}, "acme: poll_intervall: is no setting of a PBX; did you mean poll_interval?"),
        ({"formerly": '""'}, "acme: formerly: is empty; write at least 1 character"),
    ],
)
def test_what_is_wrong_with_a_pbx_is_said_in_one_line(fields: Mapping[str, str], complaint: str) -> None:
    (line,) = complaints(one(**fields))
    assert line.startswith(f"STATIONS_FILE: stations.toml: {complaint}")


def test_all_complaints_are_reported_at_once() -> None:
    text = "\n".join((one(name='"A"', poll_interval="0"), one(key=""), one(name='"c"', url='"https://c.example"')))
    assert [line.split(": ")[2:4] for line in complaints(text)] == [["A", "poll_interval"], ["acme", "key"]]


@pytest.mark.parametrize(
    ("second", "complaint"),
    [
        ({"url": '"https://other.example"'}, "two have the same name: acme"),
        ({"name": '"beta"', "title": '"acme"', "url": '"https://other.example"'}, "two have the same title: acme"),
        ({"name": '"beta"'}, "two have the same url: https://pbx.acme.example"),
    ],
)
def test_no_two_are_the_same(second: Mapping[str, str], complaint: str) -> None:
    told = complaints(f"{one()}\n{one(**second)}")
    assert f"STATIONS_FILE: stations.toml: {complaint}; give each its own" in told


def test_a_former_name_is_that_of_one_pbx_alone() -> None:
    other = {"name": '"b"', "url": '"https://b.example"'}
    twice = one(formerly='"Office"') + "\n" + one(**other, formerly='"Office"')
    assert complaints(twice) == ("STATIONS_FILE: stations.toml: two have the same formerly: Office; give each its own",)
    taken = one() + "\n" + one(**other, formerly='"acme"')
    assert complaints(taken) == (
        "STATIONS_FILE: stations.toml: b: formerly: acme is the name of another PBX now; take it out",
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "names no PBX; begin each with a line [[station]]"),
        ("[station]\nname = 'acme'\n", "names no PBX; begin each with a line [[station]]"),
        ("poll_interval = 5\n" + one(), "poll_interval belongs into a [[station]]"),
        ("[[station]]\nname = acme\n", "is not TOML: Invalid value (at line 2, column 8); text stands in quotes"),
    ],
)
def test_a_file_that_is_none_is_said_to_be_so(text: str, complaint: str) -> None:
    (line,) = complaints(text)
    assert line.endswith(complaint)


def test_a_file_that_cannot_be_read_is_said_to_be_so(folder: Path) -> None:
    several = load_settings()
    for prepare, complaint in (
        (lambda path: None, "cannot be read: No such file or directory"),
        (lambda path: path.write_bytes(b'# \xff\n[[station]]\nname = "acme"'), "is not UTF-8; save it anew as that"),
    ):
        prepare(folder / "stations.toml")
        with pytest.raises(WrongSettings, match=complaint):
            read_stations(several, {})


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_complaint_about_a_torn_file_holds_a_part_of_a_key(data: st.DataObject) -> None:
    text = one()
    cut = data.draw(st.integers(0, len(text)))
    torn = text[:cut] + data.draw(st.sampled_from(("", '"', "'", "\n", "\\", "=", "[", "\0"))) + text[cut:]
    Path("stations.toml").write_text(torn, "utf-8")
    said = ""
    try:
        read_stations(load_settings(), {})
    except WrongSettings as wrong:
        said = str(wrong)
    assert not any(KEY[i : i + 4] in said for i in range(len(KEY) - 3))


@pytest.mark.parametrize("name", ["PBX_URL", "PBX_API_KEY"])
def test_one_pbx_and_a_file_of_several_do_not_go_together(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "https://pbx.example.com" if name == "PBX_URL" else KEY)
    with pytest.raises(WrongSettings) as wrong:
        load_settings()
    assert wrong.value.lines == (
        f"{name}: stands beside STATIONS_FILE; describe that PBX in the file, or take one of the two out",
    )


def test_a_time_is_a_time_of_the_station() -> None:
    (acme,) = read(one(no_calls_after="45", no_calls_hours='"mon-sat 08:00-20:00"'))
    assert timedelta(minutes=acme.no_calls_after) == timedelta(minutes=45)
    assert acme.no_calls_hours.longest == 12 * 60
