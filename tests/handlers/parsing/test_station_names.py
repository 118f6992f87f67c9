"""A PBX is named at the end or the beginning of a text, in any spelling, in part, or with a typing error."""

import pytest

from bot.text.person_names import is_named
from handlers.parsing.station_names import OwnWords, stations_named

TITLES = {
    "acme": "Acme",
    "branch1": "Branch 1",
    "branch7": "Branch 7",
    "msk-north": "Орёл и Тверь",
    "ural": "Уральский офис",
    "dallas": "Dallas",
    "marino": "Марьино",
}
TRUNKS = ("Branch IAX", "Zadarma Acme2")


def read(text: str, own_words: OwnWords = OwnWords.NOWHERE) -> tuple[tuple[str, ...], str]:
    """Return the stations and the remaining text."""
    found = stations_named(text, TITLES, lambda written: any(is_named(name, written) for name in TRUNKS), own_words)
    return (found.stations, found.remaining) if found else ((), text)


@pytest.mark.parametrize(
    ("text", "station", "remaining"),
    [
        ("ACME", "acme", ""),
        ("фсьу", "acme", ""),
        ("ac\u0301me", "acme", ""),
        ("202 Branch 7", "branch7", "202"),
        ("Branch 7, 202", "branch7", "202"),
        ("branch-7 202", "branch7", "202"),
        ("branch_7", "branch7", ""),
        ("Branch\xa07", "branch7", ""),
        ("brnch7", "branch7", ""),
        ("202 brnch 7", "branch7", "202"),
        ("ифтср7", "branch7", ""),
        ("msk north", "msk-north", ""),
        ("mskNorth", "msk-north", ""),
        ("north", "msk-north", ""),
        ("орел и тверь", "msk-north", ""),
        ("сегодня Тверь", "msk-north", "сегодня"),
        ("Тфрь", "", "Тфрь"),
        ("Урал", "ural", ""),
        ("уралский офис", "ural", ""),
        ("уральскй", "ural", ""),
        ("ehfkmcrbq", "ural", ""),
        ("for 1h dalas", "dallas", "for 1h"),
    ],
)
def test_one_is_named(text: str, station: str, remaining: str) -> None:
    assert read(text) == ((station,) if station else (), remaining)


@pytest.mark.parametrize(("text", "remaining"), [("brnch", ""), ("202 brach", "202")])
def test_several_are_named_by_what_they_have_in_common(text: str, remaining: str) -> None:
    assert read(text) == (("branch1", "branch7"), remaining)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "202",
        "7",
        "branch8",
        "Branch",
        "Zadarma",
        "all",
        "mar",
        "@acme2",
        "/acmee",
        "name=acmee",
        '"brnch7"',
        "all until mar",
        "с марта",
        "xyz",
        "al",
        "8 916 111-11-11",
    ],
)
def test_other_words_mean_themselves(text: str) -> None:
    """Also a trunk that is known, the number of another PBX, and what stands in quotes."""
    assert read(text) == ((), text)


@pytest.mark.parametrize("text", ["weekdays 18:00", "еженедельно пн 9:00", "по будням в 18", "weekly выкл"])
def test_days_and_how_often_mean_themselves(text: str) -> None:
    titles = {"shop": "Weekdays shop", "press": "Еженедельник", "display": "Выкладка", "army": "Буднямск"}
    assert stations_named(text, titles, lambda _written: False) is None


def test_a_reason_names_no_pbx_and_a_new_name_only_a_whole_one() -> None:
    assert read("all 1h dalas is dark", OwnWords.AT_THE_END)[0] == ()
    assert read("all 1h to dalas", OwnWords.AT_THE_END)[0] == ()
    assert read("dalas all 1h", OwnWords.AT_THE_END) == (("dallas",), "all 1h")
    assert read("all 1h Dallas", OwnWords.AT_THE_END) == (("dallas",), "all 1h")
    assert read("401 Anna Dalas", OwnWords.ANYWHERE)[0] == ()
    assert read("Урал Петров", OwnWords.ANYWHERE)[0] == ()
    assert read("401 Anna Branch 7", OwnWords.ANYWHERE) == (("branch7",), "401 Anna")


def test_a_value_with_words_is_no_pbx() -> None:
    assert read("203 name=Anna Dalas")[0] == ()


def test_a_thousand_pbxs_and_a_long_text_are_quick() -> None:
    titles = {f"branch-{number}": f"Филиал в городе № {number}" for number in range(1000)}
    found = stations_named("ыва " * 5000 + "filial", titles, lambda _written: False)
    assert found is None
