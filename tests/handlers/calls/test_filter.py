"""Call filters: words, numbers, and a PBX query that loses no matching call."""

from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pbx import CallRecord, CallRecordLeg
from handlers.calls.filter import CallFilter, from_button
from handlers.calls.filter_words import read_filter
from handlers.parsing.periods import NotAPeriod, read_period

NOW = datetime(2026, 11, 23, 14, 30)  # noqa: DTZ001 (PBX local time)
TRUNK = "SIP-TRUNK-44BBC135"


def meant(text: str) -> dict[str, str]:
    return {name: value for name, value in read_filter(text, NOW).facts().items() if value}


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("", {}),
        ("today missed", {"ending": "missed"}),
        ("сегодня пропущенные", {"ending": "missed"}),
        ("yesterday from 201", {"source": "201"}),
        ("вчера от 201", {"source": "201"}),
        ("7d to 89161111111", {"destination": "89161111111"}),
        ("7d на 8 916 111-11-11", {"destination": "8916111-11-11"}),
        ("from +7 916 1111111 today", {"source": "+79161111111"}),
        ("2026-11-01 2026-11-05 answered", {"ending": "answered"}),
        ("from 2026-11-01 to 2026-11-05 from 201 to 202", {"source": "201", "destination": "202"}),
        ("с 01.11 по 05.11 входящие неотвеченные", {"direction": "incoming", "ending": "unanswered"}),
        ("today Anna", {"search": "Anna"}),
        ('today "Anna Johnson" busy', {"search": "Anna Johnson", "ending": "busy"}),
        ("today Anna Johnson", {"search": "Anna Johnson"}),
        ("201", {"party": "201"}),
        ("8 916 111-11-11", {"party": "8916111-11-11"}),
        ("with Anna", {"party": "Anna"}),
        ("с Анной вчера", {"party": "Анной"}),
        ("со Складом", {"party": "Складом"}),
        ("с 201", {"source": "201"}),
        ("покажи только пропущенные звонки", {"ending": "missed"}),
        ("did=74951110001", {"did": "74951110001"}),
        ("не отвеченные вчера", {"ending": "unanswered"}),
        ("with 916 123 45 01", {"party": "9161234501"}),
        ("от 8 (916) 123-45-01 9-12", {"source": "8(916)123-45-01"}),
        ("did 74951110001 outgoing", {"did": "74951110001", "direction": "outgoing"}),
        ("src=201 dst=202", {"source": "201", "destination": "202"}),
        ("без ответа исходящие", {"ending": "unanswered", "direction": "outgoing"}),
        ("no answer", {"ending": "unanswered"}),
        ("занятые", {"ending": "busy"}),
        ("недоступен 7d", {"ending": "unavailable"}),
        ("поиск=today", {"search": "today"}),
        ("пропущенные и занятые", {"ending": "missed busy"}),
        ("входящие и исходящие вчера", {"direction": "incoming outgoing"}),
        ("missed, busy", {"ending": "missed busy"}),
        ("вчера дольше 2 минут", {"longer_than": "120"}),
        ("больше 2 мин входящие", {"longer_than": "120", "direction": "incoming"}),
        ("короче 10 секунд", {"shorter_than": "10"}),
        ("longer than half an hour yesterday", {"longer_than": "1800"}),
        ("over the last 90 days over 2 minutes", {"longer_than": "120"}),
        ("> 1m <30m", {"longer_than": "60", "shorter_than": "1800"}),
        ("longer then 2 min", {"longer_than": "120"}),
        ("over 2 min over the last 90 days", {"longer_than": "120"}),
        ("с номера 201", {"source": "201"}),
        ("to ext. 201", {"destination": "201"}),
        ("from: 201", {"source": "201"}),
        ("c 201", {"source": "201"}),
        ("по номеру 201", {"party": "201"}),
        ("внутренний номер 201", {"party": "201"}),
        ("внутренние 201", {"party": "201", "direction": "internal"}),
        ("тел. 8 916 111 11 11", {"party": "89161111111"}),
        ("вх. непринятые", {"direction": "incoming", "ending": "missed"}),
        ("не принятые вчера", {"ending": "missed"}),
        ("only missed", {"ending": "missed"}),
        ("201 неделя", {"party": "201"}),
    ],
)
def test_words(text: str, wanted: dict[str, str]) -> None:
    assert meant(text) == wanted


@pytest.mark.parametrize(
    "text", ["Zadarma", "from zadarma", "с Zadarma", "от Zadarma", "over zadarma", "on zad", "по линии zad"]
)
def test_a_trunk_is_no_name_of_a_caller(text: str) -> None:
    wanted = {name: value for name, value in read_filter(text, NOW, {"T1": "Zadarma"}).facts().items() if value}
    assert wanted == {"trunk": "T1", "trunk_name": "Zadarma"}


@pytest.mark.parametrize(
    "text",
    [
        *("colour=red", "did=", "2026-13-40", "today 7d", "201 202"),
        *("from 201 and 202", "на 201, 202", "last 4 digits 0123", "последние 4 цифры 1111"),
        *("except 201", "not internal", "не входящие", "кроме пропущенных", "вчера без внутренних", "не от 201"),
        *("at least 2 minutes", "no longer than 2 minutes", "не дольше 10 секунд", "от 5 минут"),
        *("не пропущенные", "all except missed", "вчера без Анны", "вчера от", "with"),
    ],
)
def test_what_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(NotAPeriod):
        read_filter(text, NOW)


PIECES = {
    "ending": {"missed": "missed", "отвеченные": "answered", "busy": "busy", "без ответа": "unanswered"},
    "direction": {"incoming": "incoming", "исходящие": "outgoing"},
    "source": {"from 201": "201", "от Анны": "Анны"},
    "destination": {"to 89161111111": "89161111111", "на 202": "202"},
    "did": {"did=74951110001": "74951110001"},
    "search": {"search=Anna": "Anna"},
}
TIMES = ["", "today", "вчера", "7d", "с 01.11 по 05.11", "2026-11-01 9:00 2026-11-02 18:00"]


@given(st.data())
def test_any_pieces_in_any_order_mean_the_same(data: st.DataObject) -> None:
    kinds = data.draw(st.lists(st.sampled_from(sorted(PIECES)), unique=True))
    words = {kind: data.draw(st.sampled_from(sorted(PIECES[kind]))) for kind in kinds}
    time = data.draw(st.sampled_from(TIMES))
    text = " ".join(data.draw(st.permutations([*words.values(), time])))
    assert meant(text) == {kind: PIECES[kind][word] for kind, word in words.items()}
    assert read_filter(text, NOW).period == read_period(time, NOW)


@given(st.text())
def test_any_text_is_a_filter_or_refused(text: str) -> None:
    try:
        wanted = read_filter(text, NOW)
    except NotAPeriod:
        return
    assert from_button(wanted.stored()) == wanted


def record(*legs: dict[str, Any], **group: Any) -> CallRecord:
    return CallRecord.model_validate(group | {"records": list(legs)})


def matches(text: str, call: CallRecord) -> bool:
    return read_filter(text, NOW).matches(call)


INCOMING = record(
    {"from_account": TRUNK, "dst_num": "201", "dst_name": "Boris", "disposition": "NOANSWER"},
    {"from_account": TRUNK, "dst_num": "202", "dst_name": "Anna Johnson", "disposition": "ANSWERED", "billsec": 5},
    src_num="+7 916 111-11-11",
    src_name="Ivan",
    dst_num="74951110001",
    did="74951110001",
    disposition="ANSWERED",
)


@pytest.mark.parametrize(
    "text",
    [
        "from 89161111111",
        "from Ivan",
        "to 202",
        "to 201",
        "to 74951110001",
        "to anna",
        "with 202",
        "did=84951110001",
        "answered",
        "incoming",
        "\n    9161111111",
        "answered incoming from ivan to johnson",
        "answered and missed",
        "incoming and outgoing",
        "longer than 4 seconds",
        "короче 6 сек",
    ],
)
def test_a_call_is_found_by_everything_about_it(text: str) -> None:
    assert matches(text, INCOMING)
    assert matches(f"answered incoming {text}", INCOMING)


@pytest.mark.parametrize(
    "text", ["from 202", "to 20", "to 2", "from 111", "missed", "outgoing", "did=1", "missed busy", ">5s", "<5s"]
)
def test_and_not_by_what_it_is_not(text: str) -> None:
    assert not matches(text, INCOMING)


CALLED_PYOTR = record(
    {"from_account": TRUNK, "dst_num": "204", "dst_name": "Пeтр Сeмин", "disposition": "NOANSWER"},
    src_num="79161111111",
    src_name="Eжикова O'Neil",
    did="74951110001",
)


NAMES = ["Пётр", "петр", "ПЕТР", "Пeтр", "Сёмин Пётр", "Ежикова", "eжикова", "ONeil", "o’neil"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", ["{}", "with {}"])
def test_a_name_is_found_however_it_is_spelled(name: str, place: str) -> None:
    assert matches(place.format(f'"{name}"'), CALLED_PYOTR)


def test_a_name_is_found_by_the_numbers_of_whoever_has_it() -> None:
    wanted = read_filter("today Анна", NOW)
    assert [one.query() for one in wanted.server_filters(["204", "+79161110204"])] == [
        {"search": "204"},
        {"search": "9161110204"},
    ]
    called = record({"dst_num": "204", "dst_name": "Anna Ivanova"}, src_num="201")
    assert wanted.matches(called, ["204", "79161110204"])
    other = record({"dst_num": "2045", "dst_name": "Анна"}, src_num="201")
    assert not wanted.matches(other, ["204", "79161110204"])


@pytest.mark.parametrize("numbers", [(), ("201", "202", "203", "204", "205")])
def test_for_nobody_s_name_and_for_many_people_s_all_records_are_read(numbers: tuple[str, ...]) -> None:
    assert [one.query() for one in read_filter("Анна", NOW).server_filters(numbers)] == [{}]


def test_a_caller_who_found_the_line_busy_was_missed_and_busy() -> None:
    busy = record({"from_account": TRUNK, "dst_num": "201", "disposition": "BUSY"}, disposition="BUSY")
    assert matches("missed", busy)
    assert matches("busy", busy)
    assert not matches("answered", busy)


NUMBERS = st.sampled_from(["201", "202", "20", "89161111111", "+79161111111", "9161111111", "74951110001", "anonymous"])


def as_the_pbx_finds(call: CallRecord, wanted: CallFilter) -> bool:
    """Return True if the PBX's query finds the call: a part of a number, in any leg."""
    (narrowing,) = wanted.server_filters()
    query = narrowing.query()

    def has(leg: CallRecordLeg, name: str, text: str) -> bool:
        if name == "disposition":
            return leg.disposition == text
        numbers = {"src_num": [leg.source_number], "dst_num": [leg.destination_number], "did": [leg.did]}
        return any(text in number for number in numbers.get(name, [leg.source_number, leg.destination_number, leg.did]))

    return any(all(has(leg, name, text) for name, text in query.items()) for leg in call.legs)


@given(
    caller=NUMBERS,
    called=st.lists(NUMBERS, min_size=1, max_size=3),
    did=st.sampled_from(["", "74951110001"]),
    answered=st.booleans(),
    kinds=st.lists(st.sampled_from(["from", "to", "with", "did", "answered"]), unique=True, min_size=1),
    number=NUMBERS,
)
def test_what_the_pbx_is_asked_for_holds_everything_that_is_meant(
    caller: str, called: list[str], did: str, answered: bool, kinds: list[str], number: str
) -> None:
    said = "ANSWERED" if answered else "NOANSWER"
    legs = [{"src_num": caller, "dst_num": to, "did": did, "disposition": said, "billsec": 1} for to in called]
    call = record(*legs, src_num=caller, dst_num=did or called[0], did=did, disposition=said)
    wanted = read_filter(" ".join(kind if kind == "answered" else f"{kind} {number}" for kind in kinds), NOW)
    if wanted.matches(call):
        assert as_the_pbx_finds(call, wanted)


@pytest.mark.parametrize("text", ["через Манго", "входящие на Манго Офис", "from манго", "с Манго", "Манго"])
def test_a_trunk_behind_a_word_of_direction_is_the_trunk(text: str) -> None:
    found = read_filter(text, NOW, {TRUNK: "Манго Офис", "other": "Ростелеком 201"})
    assert (found.trunk, found.source, found.destination, found.party, found.search) == (TRUNK, "", "", "", "")


def test_a_number_behind_one_is_no_part_of_a_trunks_name() -> None:
    found = read_filter("from 201", NOW, {"other": "Ростелеком 201"})
    assert (found.trunk, found.source) == ("", "201")
