"""Trunks that take over outbound calls while one is down."""

import pytest

from bot.detection.outbound_detour import UNKNOWN_DETOUR, Detour, detour
from bot.pbx import OutboundRoute

WORKING = {"mango": "Mango Office", "beeline": "Beeline"}


def routes(*written: tuple[str, str, object]) -> list[OutboundRoute]:
    return [
        OutboundRoute.model_validate(
            {"providerid": trunk, "numberbeginswith": begins, "restnumbers": rest, "priority": str(place)}
        )
        for place, (trunk, begins, rest) in enumerate(written)
    ]


@pytest.mark.parametrize(
    ("others", "found"),
    [
        # The same numbers, fewer prefixes, any number.
        ([("mango", "7", 10)], Detour(False, ("Mango Office",))),
        ([("mango", "", 11)], Detour(False, ("Mango Office",))),
        ([("mango", "", "-1")], Detour(False, ("Mango Office",))),
        # In the PBX's order of routes.
        ([("beeline", "7", 10), ("mango", "7", 10)], Detour(False, ("Beeline",))),
        # Other numbers, other lengths, a failed trunk.
        ([("mango", "8", 10)], Detour(True)),
        ([("mango", "7", 9)], Detour(True)),
        ([("mango", "74", 9)], Detour(True)),
        ([("dead", "7", 10)], Detour(True)),
        ([], Detour(True)),
    ],
)
def test_calls_go_over_the_next_route_that_takes_all_of_them(
    others: list[tuple[str, str, object]], found: Detour
) -> None:
    assert detour("zadarma", routes(("zadarma", "7", 10), *others), WORKING) == found


def test_patterns_are_the_same_or_one_takes_everything() -> None:
    pattern = ("zadarma", "(7|8)", 10)
    assert detour("zadarma", routes(pattern, ("mango", "(7|8)", 10)), WORKING).loses_calls is False
    assert detour("zadarma", routes(pattern, ("mango", "", -1)), WORKING).loses_calls is False
    assert detour("zadarma", routes(pattern, ("mango", "7", 10)), WORKING).loses_calls is True


def test_of_a_trunk_that_is_not_watched_nobody_knows_whether_it_takes_calls() -> None:
    ways = routes(("zadarma", "7", 10), ("line", "7", 10))
    assert detour("zadarma", ways, WORKING, {"line"}) == UNKNOWN_DETOUR
    assert detour("zadarma", [*ways, *routes(("mango", "", -1))], WORKING, {"line"}).trunks == ("Mango Office",)


def test_with_a_route_that_names_no_trunk_nothing_is_known() -> None:
    assert detour("zadarma", routes(("", "7", 10)), WORKING) == UNKNOWN_DETOUR


def test_where_some_numbers_have_another_way_and_some_have_not_calls_are_lost() -> None:
    ways = routes(("zadarma", "7", 10), ("zadarma", "8", 10), ("mango", "7", 10))
    assert detour("zadarma", ways, WORKING) == Detour(True, ("Mango Office",))


def test_a_trunk_that_no_route_uses_loses_nobody_a_call() -> None:
    assert detour("zadarma", routes(("mango", "7", 10)), WORKING) == Detour(False)


def test_without_the_routes_nobody_knows() -> None:
    assert detour("zadarma", None, WORKING) == UNKNOWN_DETOUR
