"""Settings of calls: all or none, over https, one account a PBX, and a secret that is shown nowhere."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from bot.app.wiring.pbx_clients import PbxClients, ami_of
from bot.config.errors import WrongSettings
from bot.config.loading import environment, load_settings
from bot.config.startup_warnings import startup_risks
from bot.config.station_settings import StationSettings
from bot.config.stations_file import read_stations

SECRET = "Tr0ub4dor-of-ami"
GIVEN = {
    "TELEGRAM_TOKEN": "1234567890:AAtestTestTestTestTestTestTestTestTest0",
    "PBX_URL": "https://pbx.example.com",
    "PBX_API_KEY": "key",
    "ADMINS": "1001",
}
CALLS = {
    "PBX_AMI_URL": "https://pbx.example.com:8089",
    "PBX_AMI_USER": "mikopbx-bot",
    "PBX_AMI_SECRET": SECRET,
}
ACME = '[[station]]\nname = "acme"\nurl = "https://pbx.acme.example"\nkey = "k"\n'
CALLS_OF_ACME = f'ami_url = "https://pbx.acme.example:8089"\nami_user = "bot"\nami_secret = "{SECRET}"\n'


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(settings: Mapping[str, str], stations: str = "") -> tuple[StationSettings, ...]:
    """Write .env and the file of stations, and read both as the program does."""
    if stations:
        Path("stations.toml").write_text(stations)
        settings = {k: v for k, v in settings.items() if k not in ("PBX_URL", "PBX_API_KEY")}
        settings |= {"STATIONS_FILE": "stations.toml"}
    Path(".env").write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
    return read_stations(load_settings(), environment())


def complaints(settings: Mapping[str, str], stations: str = "") -> tuple[str, ...]:
    with pytest.raises(WrongSettings) as wrong:
        written(settings, stations)
    assert SECRET not in str(wrong.value)
    return wrong.value.lines


async def test_the_account_reaches_the_client_of_its_pbx() -> None:
    (only,) = written(GIVEN | CALLS)
    account = ami_of(only)
    assert account is not None
    assert (account.url, account.user) == ("https://pbx.example.com:8089", "mikopbx-bot")
    assert account.secret.get_secret_value() == SECRET
    async with PbxClients().open(only) as pbx:
        assert pbx.calling is not None


async def test_without_it_nobody_can_call() -> None:
    (only,) = written(GIVEN)
    assert ami_of(only) is None
    async with PbxClients().open(only) as pbx:
        assert pbx.calling is None


def test_of_many_each_has_its_own_and_the_secret_may_stand_in_the_environment() -> None:
    text = CALLS_OF_ACME.replace(f'ami_secret = "{SECRET}"', 'ami_secret_env = "ACME_AMI"')
    branch = ACME.replace("acme", "branch")
    acme, other = written(GIVEN | {"ACME_AMI": SECRET}, ACME + text + branch)
    assert acme.ami_secret is not None
    assert acme.ami_secret.get_secret_value() == SECRET
    assert ami_of(other) is None


def test_another_secret_is_another_station_at_a_reload() -> None:
    (before,) = written(GIVEN, ACME + CALLS_OF_ACME)
    (after,) = written(GIVEN, ACME + CALLS_OF_ACME.replace(SECRET, "another-secret"))
    assert before != after


def test_the_secret_is_redacted_and_shown_by_no_printed_settings() -> None:
    (only,) = written(GIVEN | CALLS)
    assert SECRET in only.secrets()
    assert SECRET not in repr(only) + str(only) + repr(ami_of(only)) + repr(load_settings())


@pytest.mark.parametrize("left_out", CALLS)
def test_a_part_alone_is_refused_with_what_is_missing(left_out: str) -> None:
    (line,) = complaints(GIVEN | {name: value for name, value in CALLS.items() if name != left_out})
    assert line.startswith(f"{left_out}: is missing; calls need PBX_AMI_URL, PBX_AMI_USER and PBX_AMI_SECRET")


@pytest.mark.parametrize(
    ("changed", "complaint"),
    [
        (
            {"PBX_AMI_URL": "http://10.0.0.5:8088"},
            "PBX_AMI_URL: plain http would show the secret of AMI to the network",
        ),
        ({"PBX_AMI_URL": "ftp://pbx"}, "PBX_AMI_URL: is not a web address"),
        ({"PBX_AMI_URL": "https://me:x@pbx:8089"}, "PBX_AMI_URL: must be a plain address"),
        ({"PBX_AMI_USER": '"two words"'}, "PBX_AMI_USER: has spaces or unusual characters in it"),
        (
            {"PBX_AMI_SECRET": "s3cret"},
            "PBX_AMI_SECRET: is too short; give the AMI account one of at least 8 characters",
        ),
        ({"PBX_AMI_SECRET": '"a line\\nend"'}, "PBX_AMI_SECRET: has unusual characters in it"),
        (
            {"PBX_AMI_URL": "http://127.0.0.1:8088", "PBX_TLS_FINGERPRINT": "AB" * 32},
            "PBX_AMI_URL: is plain http, which shows no certificate for the fingerprint; write https there",
        ),
    ],
)
def test_what_is_wrong_is_said_in_one_line(changed: dict[str, str], complaint: str) -> None:
    (line,) = complaints(GIVEN | CALLS | changed)
    assert line.startswith(complaint)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (
            CALLS_OF_ACME.replace("ami_url", "# ami_url"),
            "acme: ami_url: is missing; calls need ami_url, ami_user and ami_secret",
        ),
        (CALLS_OF_ACME.replace("https", "http"), "acme: ami_url: plain http would show the secret of AMI"),
        (f'{CALLS_OF_ACME}ami_secret_env = "X"\n', "acme: has both ami_secret and ami_secret_env"),
        (
            CALLS_OF_ACME.replace("ami_secret =", "ami_secret_env ="),
            "acme: ami_secret_env: what it names is not set; put it into the environment or .env",
        ),
        (
            CALLS_OF_ACME.replace(f'ami_secret = "{SECRET}"', 'ami_secret_env = "ACME_AMI"'),
            "acme: ami_secret_env: ACME_AMI is not set; put it into the environment or .env",
        ),
    ],
)
def test_of_many_what_is_wrong_is_said_in_one_line(text: str, complaint: str) -> None:
    (line,) = complaints(GIVEN, ACME + text)
    assert line.startswith(f"STATIONS_FILE: stations.toml: {complaint}")


def test_two_pbxs_never_share_an_address_of_calls() -> None:
    branch = (ACME + CALLS_OF_ACME).replace('"acme"', '"branch"').replace('pbx.acme.example"', 'branch.example"')
    assert complaints(GIVEN, ACME + CALLS_OF_ACME + branch) == (
        "STATIONS_FILE: stations.toml: two have the same ami_url: https://pbx.acme.example:8089; give each its own",
    )


def test_beside_a_file_of_stations_it_belongs_into_the_file() -> None:
    assert [line.partition(";")[0] for line in complaints(GIVEN | CALLS, ACME)] == [
        f"{name}: is of one PBX" for name in CALLS
    ]


@pytest.mark.parametrize("copied", ["https://pbx:8089/asterisk/rawman", "https://pbx:8089/asterisk/", "pbx:8089"])
def test_an_address_copied_from_elsewhere_is_understood(copied: str) -> None:
    (only,) = written(GIVEN | CALLS | {"PBX_AMI_URL": copied})
    assert only.ami_url == "https://pbx:8089"


def test_plain_http_that_was_allowed_is_warned_of() -> None:
    stations = written(GIVEN | CALLS | {"PBX_AMI_URL": "http://10.0.0.5:8088", "PBX_ALLOW_HTTP": "10.0.0.5"})
    (risk,) = [one for one in startup_risks(stations, "https://api.telegram.org", as_root=False) if "AMI" in one.name]
    assert "unencrypted" in risk.text
    assert "8089" in risk.remedy
