"""What is said once at the start, with the remedy."""

import pytest

from bot.config.startup_warnings import startup_warnings
from bot.config.station_settings import StationSettings

TELEGRAM = "https://api.telegram.org"


def described(url: str, title: str) -> StationSettings:
    return StationSettings.model_validate({"name": "acme", "title": title, "url": url, "key": "k"})


@pytest.mark.parametrize("address", ["10.0.0.5", "pbx.example.com"])
def test_a_pbx_that_messages_call_by_its_address_is_told(address: str) -> None:
    (line,) = startup_warnings([described(f"https://{address}:8443", address)], TELEGRAM, as_root=False)
    assert line.startswith(f"messages are headed {address}")
    assert "PBX_NAME=Head office" in line
    assert startup_warnings([described(f"https://{address}", "Office")], TELEGRAM, as_root=False) == []
