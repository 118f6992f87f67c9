"""Trunks: accepted input, and the availability of a day."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.pbx import TrunkDraft, TrunkEvent, TrunkStatus
from bot.pbx.resources.trunk_models import distinct
from bot.store.typed_secrets import without_secrets
from handlers.parsing.arguments import read_words
from handlers.safety import password_in_chat
from handlers.trunks import fields
from handlers.trunks.history import availability
from tests.messages.renderers import renderer

MIDNIGHT = datetime(2026, 11, 23, tzinfo=UTC)
HALF_A_DAY = timedelta(hours=12)


def read(text: str) -> tuple[TrunkDraft, list[tuple[str, str]]]:
    draft, problems = fields.read_fields(read_words(text).fields)
    return draft, [(problem.label, problem.problem) for problem in problems]


def test_every_field_of_the_article_is_read_in_both_languages() -> None:
    draft, problems = read(
        "имя=Задарма хост=sip.zadarma.com логин=316811 пароль=s3cret регистрация=исходящая порт=5061 "
        "транспорт=tls dtmf=rfc4733 проверка=нет выключен=да"
    )
    assert problems == []
    assert draft.body() == {
        "description": "Задарма",
        "host": "sip.zadarma.com",
        "port": 5061,
        "username": "316811",
        "secret": "s3cret",
        "registration_type": "outbound",
        "transport": "tls",
        "dtmfmode": "rfc4733",
        "qualify": False,
        "disabled": True,
    }
    assert "s3cret" not in repr(draft) + str(fields.draft_values(draft))


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("host=not_a_host!!", "Host"),
        ("host=-x", "Host"),
        ("port=99999", "Port"),
        ("port=0", "Port"),
        ("registration=maybe", "Registration"),
        ("transport=smoke", "Transport"),
        ("note=" + "x" * 501, "Note"),
        ('username="a b"', "Login"),
    ],
)
def test_what_the_pbx_would_take_or_refuse_later_is_named_now(text: str, label: str) -> None:
    assert [name for name, _ in read(text)[1]] == [label]


@pytest.mark.parametrize(
    ("text", "body"),
    [
        ("host=sip.provider.com:5061", {"host": "sip.provider.com", "port": 5061}),
        ("хост=[2001:db8::1]:5061", {"host": "[2001:db8::1]", "port": 5061}),
        ("host=2001:db8::1", {"host": "2001:db8::1"}),
        ("host=10.0.0.0/24", {"host": "10.0.0.0/24"}),
    ],
)
def test_a_port_in_the_host_is_taken_for_the_port(text: str, body: dict[str, object]) -> None:
    draft, problems = read(text)
    assert (draft.body(), problems) == (body, [])


def test_two_ports_are_one_too_many() -> None:
    assert [label for label, _ in read("host=a.b:5061 port=5062")[1]] == ["Host"]


@pytest.mark.parametrize(("text", "kind"), [("host=a.b username=u", "outbound"), ("host=10.0.0.1", "none")])
def test_the_kind_of_registration_follows_from_what_is_said(text: str, kind: str) -> None:
    assert fields.completed(read(text)[0]).registration == kind


def test_what_is_missing_depends_on_the_kind() -> None:
    def lacks(**said: str) -> list[str]:
        return [problem.label for problem in fields.missing(fields.completed(TrunkDraft(**said)))]

    assert lacks(name="A", username="u") == ["Host"]
    assert lacks(name="A", registration="inbound") == ["Login"]
    assert lacks(host="a.b") == ["Name"]
    assert lacks(name="A", host="a.b") == []


def statuses(*rows: tuple[str, str, str, str]) -> list[str]:
    given = [TrunkStatus(id=one, description=name, username=login, host=host) for one, name, login, host in rows]
    return [trunk.name for trunk in distinct(given)]


def test_trunks_of_one_name_are_distinguished_by_what_differs() -> None:
    sim = ("SIP-1", "Megafon", "79261110001", "sip.megafon.ru")
    other = ("SIP-2", "megafon", "79261110002", "sip.megafon.ru")
    twin = ("SIP-3", "Megafon", "79261110001", "sip2.megafon.ru")
    copy = ("SIP-4", "Megafon", "79261110001", "sip.megafon.ru")
    zadarma = ("SIP-5", "Zadarma", "1", "sip.zadarma.com")
    assert statuses(sim, other, zadarma) == ["Megafon (79261110001)", "megafon (79261110002)", "Zadarma"]
    assert statuses(sim, twin) == ["Megafon (79261110001@sip.megafon.ru)", "Megafon (79261110001@sip2.megafon.ru)"]
    assert statuses(sim, copy) == ["Megafon (SIP-1)", "Megafon (SIP-4)"]


def event(minute: int, state: str, previous: str) -> TrunkEvent:
    return TrunkEvent.model_validate(
        {"timestamp": (MIDNIGHT + timedelta(minutes=minute)).timestamp(), "state": state, "previousState": previous}
    )


def test_a_day_with_an_hour_down_of_four_is_three_quarters_good() -> None:
    events = (event(120, "registered", "rejected"), event(60, "rejected", "registered"))
    assert availability(events, "registered", MIDNIGHT, MIDNIGHT + timedelta(hours=4)) == 0.75


def test_what_was_not_known_before_the_trunk_had_ever_been_seen_does_not_count() -> None:
    # As the PBX records a trunk created at 11:41 and registered at 11:50.
    made = (event(710, "registered", "UNKNOWN"), event(701, "UNKNOWN", "UNKNOWN"))
    assert availability(made, "registered", MIDNIGHT, MIDNIGHT + timedelta(minutes=718)) == 1.0
    assert availability(made[1:], "UNKNOWN", MIDNIGHT, MIDNIGHT + timedelta(minutes=702)) is None
    assert availability((), "UNKNOWN", MIDNIGHT, MIDNIGHT + timedelta(minutes=702)) is None
    # A newer PBX does not record the creation, nor a trunk that never changed.
    assert availability((event(710, "registered", "unregistered"),), "registered", MIDNIGHT, MIDNIGHT + HALF_A_DAY) == 1
    assert availability((), "unregistered", MIDNIGHT, MIDNIGHT + HALF_A_DAY, MIDNIGHT + HALF_A_DAY) is None
    # A provider without registration that fails is UNKNOWN too; that counts as an outage.
    dead = (event(60, "UNKNOWN", "OK"), event(-300, "OK", "UNKNOWN"))
    assert availability(dead, "UNKNOWN", MIDNIGHT, MIDNIGHT + timedelta(minutes=120)) == 0.5


def test_upper_case_states_of_inbound_trunks_count_too() -> None:
    events = (event(60, "UNREGISTERED", "REGISTERED"),)
    assert availability(events, "UNREGISTERED", MIDNIGHT, MIDNIGHT + timedelta(hours=2)) == 0.5


def test_a_trunk_switched_off_was_neither_good_nor_bad() -> None:
    events = (event(60, "OFF", "registered"),)
    assert availability(events, "OFF", MIDNIGHT, MIDNIGHT + timedelta(hours=2)) == 1.0
    assert availability((), "OFF", MIDNIGHT, MIDNIGHT + timedelta(hours=2)) is None


STATES = st.sampled_from(["registered", "REGISTERED", "rejected", "OFF", "UNKNOWN", "OK", "lagged"])


@given(st.lists(st.tuples(st.integers(-60, 240), STATES), max_size=8, unique_by=lambda change: change[0]), STATES)
def test_it_equals_a_count_minute_by_minute(changes: list[tuple[int, str]], before: str) -> None:
    changes.sort()
    states = [before, *(state for _, state in changes)]
    events = tuple(
        event(minute, state, previous) for (minute, state), previous in zip(changes, states[:-1], strict=True)
    )[::-1]
    timeline = {}
    for minute in range(240):
        timeline[minute] = next((state for at, state in reversed(changes) if at <= minute), before)
    if before not in ("registered", "REGISTERED", "OK", "lagged", "OFF"):
        # It may have been created in that state, at any time before its first change.
        first = next((at for at, state in changes if state != "UNKNOWN"), 240)
        timeline = {minute: state for minute, state in timeline.items() if minute >= first}
    counted = [state for state in timeline.values() if state != "OFF"]
    good = sum(state.lower() in ("registered", "ok", "lagged") for state in counted)
    current = states[-1]
    late = [change for change in changes if change[0] < 240]
    share = availability(
        tuple(one for one in events if one.at and one.at < MIDNIGHT + timedelta(minutes=240)),
        current if len(late) == len(changes) else next(s for s in [states[len(late)]]),
        MIDNIGHT,
        MIDNIGHT + timedelta(minutes=240),
    )
    assert share == (pytest.approx(good / len(counted)) if counted else None)


@pytest.mark.parametrize(
    "text",
    [
        "Zadarma host=a.b password=hunter2",
        "Zadarma пароль=hunter2",
        "Zadarma PASSWORD=hunter2",
        "Zadarma pasword=hunter2",
        "Zadarma password hunter2",
        "Zadarma password: hunter2",
        "Zadarma password = hunter2",
        "Zadarma пароль:hunter2 host=a.b",
    ],
)
def test_a_password_is_seen_however_it_is_written_and_the_audit_keeps_none_of_it(text: str) -> None:
    words = read_words(text)
    assert password_in_chat.is_named(words) or password_in_chat.is_unassigned(words)
    assert "hunter2" not in without_secrets(text)


@pytest.mark.parametrize("text", ["Zadarma password", "Zadarma port=5061", '"Secret line" host=a.b', "Secret host=a.b"])
def test_where_no_password_stands_none_is_seen(text: str) -> None:
    words = read_words(text)
    assert not password_in_chat.is_named(words)
    assert not password_in_chat.is_unassigned(words)


@given(st.text(alphabet="ab paswordпароль=:\"'«» -\n", max_size=60))
def test_whatever_is_written_is_reported_without_an_error(text: str) -> None:
    words = read_words(text)
    assert password_in_chat.is_unassigned(words) in (True, False)
    draft, problems = fields.read_fields(words.fields)
    assert all(problem.value == "" for problem in problems if problem.label == "Password")
    assert "secret" not in fields.draft_values(draft)


def test_the_card_reads_as_the_language_does() -> None:
    noon = MIDNIGHT + HALF_A_DAY
    words = ("registered", "UNREACHABLE", "rejected", "<brandnew>")
    facts = {
        "station": "Office",
        "name": "Zadarma",
        "health": "up",
        "cause": "",
        "since": noon,
        "now": noon,
        "available": 99.5,
        "host": "sip.zadarma.com",
        "rtt": 28,
        "contact": "",
        "username": "316811",
        "settings": fields.FIELDS.labelled({"qualify": True, "qualify_every": 60}),
        "events": [{"at": noon, "state": word, "health": "up"} for word in words],
        "routes": {"incoming": [], "outbound": [], "problems": []},
        "problem": None,
    }
    english, russian = (renderer(one).text("trunk", facts, zone=UTC, now=noon) for one in ("en", "ru"))
    for part in (
        "99.5 %",
        "28 ms",
        "Qualify (OPTIONS check): yes",
        "Qualify every: 1 min",
        "registered",
        "unreachable",
    ):
        assert part in english
    for part in ("99,5 %", "28 мс", "Qualify (проверка OPTIONS): да", "Интервал Qualify: 1 мин"):
        assert part in russian
    for part in ("🟢 зарегистрирован", "🟢 недоступен", "🟢 отклонён", "&lt;brandnew&gt;", "По состоянию на 12:00:00"):
        assert part in russian
