"""A phone with a wrong password, and a password that is guessed, told apart by addresses and tries. Pure."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.detection.refused_sign_ins import RECENT, SEVERAL, TRIES, Guessing, Told, WrongPhone, guessing, wrong_phones
from bot.pbx import FailedSignIns

NOW = datetime(2026, 11, 28, 12, tzinfo=UTC)
LAN, OTHER_LAN, OUTSIDE = "192.168.0.15", "10.0.0.9", "8.8.8.8"


def told(*rows: tuple[str, int], ago: timedelta = timedelta(minutes=5)) -> Told:
    return Told(NOW, tuple(FailedSignIns(address, tries, NOW - ago) for address, tries in rows))


@pytest.mark.parametrize(("tries", "is_found"), [(TRIES - 1, False), (TRIES, True)])
def test_a_phone_of_ones_own_networks(tries: int, is_found: bool) -> None:
    seen = {"203": told((LAN, tries), (OTHER_LAN, 1)), "204": told()}
    assert wrong_phones(seen) == ([WrongPhone("203", LAN, tries)] if is_found else [])
    assert guessing(seen) is None


@pytest.mark.parametrize("address", [OUTSIDE, "2a02:6b8::1", ""])
def test_what_comes_from_outside_is_guessed_and_no_phone_of_ones_own(address: str) -> None:
    seen = {"203": told((address, TRIES)), "99": told((address, TRIES + 1))}
    assert wrong_phones(seen) == []
    assert guessing(seen) == Guessing(("99", "203"), (address,), 2 * TRIES + 1)
    assert guessing({"203": told((address, TRIES - 1))}) is None


def test_many_addresses_with_few_tries_each_guess_together() -> None:
    seen = {"203": told(*((f"8.8.4.{n}", 2) for n in range(TRIES)))}
    found = guessing(seen)
    assert found is not None
    assert (len(found.addresses), found.tries) == (TRIES, 2 * TRIES)


def test_one_address_that_tries_several_extensions_is_no_phone() -> None:
    each = -(-TRIES // SEVERAL)
    seen = {str(number): told((LAN, each)) for number in range(201, 201 + SEVERAL)}
    assert guessing(seen) == Guessing(("201", "202", "203"), (LAN,), SEVERAL * each)
    # Two extensions of one phone are no attack.
    assert guessing({"201": told((LAN, 50)), "202": told((LAN, 50))}) is None


def test_what_is_an_hour_old_by_the_pbxs_clock_is_over() -> None:
    old = told((LAN, 500), (OUTSIDE, 500), ago=RECENT + timedelta(seconds=1))
    assert wrong_phones({"203": old}) == []
    assert guessing({"203": old}) is None
    assert wrong_phones({"203": told((LAN, 500), ago=RECENT)})
