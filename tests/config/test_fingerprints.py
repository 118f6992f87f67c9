"""PBX_TLS_FINGERPRINT in all the forms in which programs print it."""

from pathlib import Path

import pytest

from bot.config.errors import WrongSettings
from bot.config.loading import environment, load_settings
from bot.config.startup_warnings import startup_warnings
from bot.config.station_settings import StationSettings
from bot.config.stations_file import read_stations

DIGITS = "ab" * 31 + "0c"
COLONS = ":".join(["AB"] * 31 + ["0C"])
OTHER = ":".join(["11"] * 32)
NEEDED = {"TELEGRAM_TOKEN": "1234567890:" + "A" * 35, "ADMINS": "1001"}
ONE = NEEDED | {"PBX_URL": "https://10.0.0.5", "PBX_API_KEY": "k" * 32}


@pytest.fixture(autouse=True)
def _folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def stations(monkeypatch: pytest.MonkeyPatch, **settings: str) -> tuple[StationSettings, ...]:
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return read_stations(load_settings(), environment())


@pytest.mark.parametrize(
    "written",
    [DIGITS, DIGITS.upper(), COLONS, COLONS.lower(), f"sha256 Fingerprint={COLONS}", COLONS.replace(":", " ")],
)
def test_every_usual_form_is_read(monkeypatch: pytest.MonkeyPatch, written: str) -> None:
    (station,) = stations(monkeypatch, **ONE, PBX_TLS_FINGERPRINT=written)
    assert station.tls_fingerprint == {COLONS}
    (station,) = stations(monkeypatch, PBX_TLS_FINGERPRINT=f"{written}, {OTHER}")
    assert station.tls_fingerprint == {COLONS, OTHER}


def test_each_pbx_of_a_file_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    table = '[[station]]\nname = "{0}"\nurl = "https://{0}.example"\nkey = "k"\n{1}\n'
    Path("stations.toml").write_text(
        table.format("a", f'tls_fingerprint = "{DIGITS}"')
        + table.format("b", f'tls_fingerprint = ["{COLONS}", "{OTHER}"]')
        + table.format("c", "")
    )
    found = stations(monkeypatch, **NEEDED, STATIONS_FILE="stations.toml")
    assert [station.tls_fingerprint for station in found] == [{COLONS}, {COLONS, OTHER}, set()]
    with pytest.raises(WrongSettings, match="tls_fingerprint of that PBX"):
        stations(monkeypatch, PBX_TLS_FINGERPRINT=COLONS)


def test_it_decides_alone_and_that_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    (station,) = stations(monkeypatch, **ONE, PBX_TLS_FINGERPRINT=COLONS, PBX_TLS_VERIFY="false", PBX_NAME="Office")
    (line,) = startup_warnings([station], "https://api.telegram.org", as_root=False)
    assert line.startswith("PBX_TLS_VERIFY is not used for Office")
