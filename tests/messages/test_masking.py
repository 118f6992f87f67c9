"""Masking of strangers' phone numbers in any notation and place; other text is unchanged."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.access.policy import Destination
from bot.messages.masking import masked
from bot.messages.message import Button, File, Message, TrustedText, mark
from bot.messages.renderer import TEMPLATES
from bot.messages.sanitize import plain
from bot.store.database import Database
from bot.store.messages import keyboards
from bot.store.messages.unstored_keyboards import UnstoredKeyboards
from bot.telegram.delivery.sender import Sender
from handlers import CATALOGUE
from handlers.dispatch.intents import Actor, Place
from handlers.dispatch.replier import Replier
from handlers.dispatch.request import Reply, Secret
from handlers.recovery.pending_replies import Address
from tests.messages.numbers_shown import CALLER, DID, FACTS, MOBILE, NUMBERS
from tests.messages.renderers import renderer
from tests.telegram.delivery.delivery_harness import NOON
from tests.telegram.fake_telegram import FakeTelegram

TEAM, ANNA = -1001, 42


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("+79161111111", "+7 916 •••-••-11"),
        ("+7 916 111-11-11", "+7 916 •••-••-11"),
        ("79161111111", "+7 916 •••-••-11"),
        ("+7(916)1111111", "+7 916 •••-••-11"),
        ("+7(916)111 11 11", "+7 916 •••-••-11"),
        ("+7.916.111.11.11", "+7 916 •••-••-11"),
        ("+7\u00a0916\u202f111‑11–11", "+7 916 •••-••-11"),
        ("+7 916 111−11—11", "+7 916 •••-••-11"),
        ("8 (916) 111-11-11", "8 (916) •••-••-11"),
        ("8[916]1111111", "8(916)•••••11"),
        ("12025550123", "+1 202-•••-••23"),
        ("1234567", "•••••67"),
        ("495 123-45-67", "495 •••-••-67"),
        ("+9990000000", "+999•••••00"),
        ("٧٩١٦١١١١١١١", "+7 916 •••-••-11"),
        ("＋７９１６１１１１１１１", "+7 916 •••-••-11"),
        ("⑦⑨①⑥①①①①①①①", "+7 916 •••-••-11"),
        ("79\u200b16\u2060111\u00ad11\u202e11", "+7 916 •••-••-11"),
        ("79\u200d16\u316411\ufe0f11111", "+7 916 •••-••-11"),
    ],
)
def test_a_number_keeps_its_beginning_and_its_last_two_digits(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Ivan +7 (916) 111-11-11", "Ivan +7 916 •••-••-11"),
        ("Ivan(79161111111)", "Ivan(+7 916 •••-••-11)"),
        ("a79161111111b", "a+7 916 •••-••-11b"),
        ("sip:79161111111@sip.example.com", "sip:+7 916 •••-••-11@sip.example.com"),
        ("at 14:02 +7 916 111-11-11", "at 14:02 +7 916 •••-••-11"),
        ("2026-11-23 79161111111", "2026-11-23 +7 916 •••-••-11"),
        ("79161111111, 79262222222", "+7 916 •••-••-11, +7 926 •••-••-22"),
        ("79161111111 79262222222", "+7 916 •••-••-11 +7 926 •••-••-22"),
        ("79161111111 ext 202", "+7 916 •••-••-11 ext 202"),
        ("89161111111 202", "8916•••••11 202"),
        ("202 79161111111", "202 791••••••11"),
        ("1234567 202", "•••••67 202"),
        ("1234567(202)", "•••••67(202)"),
    ],
)
def test_a_number_is_found_wherever_it_stands(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert masked(shown) == shown


@pytest.mark.parametrize(
    "text",
    [
        "+7 916 2026-11-11",
        "7.192.168.1.10",
        "8 916 111 11 11 202",
        "89161111111000000000",
        "8 916 111 11 11 8 916 222 22 22",
        "•79161111111",
        "79161111111•••••",
    ],
)
def test_what_only_looks_like_something_else_is_not_let_through(text: str) -> None:
    assert len(re.findall(r"\d", masked(text))) <= 8


def test_facts_are_masked_to_their_depth_and_only_their_texts() -> None:
    facts = {
        "person": 79161111111,
        "chat": -1001234567890,
        "at": datetime(2026, 11, 23, 14, 2, tzinfo=UTC),
        "day": date(2026, 11, 23),
        "takes": timedelta(seconds=7_916_111),
        "yes": True,
        "nobody": None,
        "rtt": 1234567.5,
        "79161111111": "a key",
    }
    deep = {"callers": [{"number": "79161111111"}, ("1234567",)]}
    assert masked(facts) == facts
    assert masked(deep) == {"callers": [{"number": "+7 916 •••-••-11"}, ["•••••67"]]}


ZONES = st.sampled_from([UTC, timezone(timedelta(hours=3)), timezone(-timedelta(hours=3, minutes=30))])
FIRST, LAST = datetime(1970, 1, 1), datetime(2099, 12, 31)  # noqa: DTZ001
MOMENTS = st.datetimes(FIRST, LAST) | st.datetimes(FIRST, LAST, timezones=ZONES)
DAYS = st.dates(FIRST.date(), LAST.date()).map(date.isoformat)
CLOCKS = st.times().map(lambda time: time.isoformat())
EXTENSIONS = st.from_regex(r"[0-9*#]{2,6}", fullmatch=True)
LEFT_ALONE = st.one_of(
    MOMENTS.map(datetime.isoformat),
    MOMENTS.map(lambda moment: moment.isoformat(" ")),
    DAYS,
    CLOCKS,
    EXTENSIONS,
    st.timedeltas(timedelta(0), timedelta(days=9999)).map(str),
    st.ip_addresses(v=4).map(str),
    st.ip_addresses(v=4).map("{}:5060".format),
    st.tuples(DAYS, st.sampled_from([" ", "–", " – ", "-", ".."]), DAYS).map("".join),
    st.tuples(CLOCKS, st.just("-"), CLOCKS).map("".join),
    st.tuples(MOMENTS, MOMENTS).map(lambda two: f"{two[0]:%Y-%m-%d %H:%M} – {two[1]:%Y-%m-%d %H:%M}"),
)


@given(LEFT_ALONE)
def test_dates_times_addresses_and_extensions_stay(text: str) -> None:
    assert masked(text) == text
    assert masked(f"Anna, {text}") == f"Anna, {text}"


ZEROS = ("0", "٠", "०", "０", "𝟎")
PUNCTUATION = ("", "", "", " ", "-", "‑", "–", "—", "−", ".", "(", ")", " (", ") ", " - ", "+", "\u00a0", "\u202f")
INVISIBLE = ("", "", "\u200b", "\u200d", "\u2060", "\u00ad", "\u202e", "\ufe0f")
WORDS = st.text("aя ,:№(+", max_size=5)


@st.composite
def phone_numbers(draw: st.DrawFn) -> tuple[int, str]:
    """Draw the number of digits and a notation of a phone number."""
    digits = draw(st.text("0123456789", min_size=7, max_size=15))
    zero = draw(st.sampled_from(ZEROS))
    between = st.tuples(st.sampled_from(PUNCTUATION), st.sampled_from(INVISIBLE)).map("".join)
    rest = (draw(between) + chr(ord(zero) + int(digit)) for digit in digits[1:])
    return len(digits), chr(ord(zero) + int(digits[0])) + "".join(rest)


@given(WORDS, phone_numbers(), WORDS)
def test_however_a_number_is_written_five_digits_of_it_are_hidden(
    before: str, number: tuple[int, str], end: str
) -> None:
    count, written = number
    # Four groups with dots are an IP address; this form is a date.
    assume(not re.search(r"\d\W*\.\W*\d+\W*\.\W*\d+\W*\.\W*\d", written))
    assume(not re.search(r"\d{4}\W+\d\d\W+\d\d", written))
    assert len(re.findall(r"\d", masked(f"{before}{written}{end}"))) <= count - 5


@given(st.text("0123456789٧+-.:()•/ a\u200d", max_size=60) | st.text())
def test_masking_twice_is_masking_once(text: str) -> None:
    assert masked(masked(text)) == masked(text)


@given(st.text("0123456789", min_size=7))
def test_of_a_long_row_of_digits_little_is_shown(digits: str) -> None:
    assert len(re.findall(r"\d", masked(digits))) <= min(8, len(digits) - 5)


def test_what_the_bot_says_itself_is_nobodys_number() -> None:
    example = "a number with its country, like +79001234567"
    assert masked(mark(example)) == example
    assert masked(example) != example
    assert masked([TrustedText("+79001234567")]) == ["+79001234567"]


@pytest.mark.parametrize("language", ["en", "ru"])
def test_help_can_be_copied_from_a_masked_group(language: str) -> None:
    cdr = CATALOGUE.commands["cdr"]
    facts = {"name": cdr.name, "usage": cdr.usage, "summary": cdr.summary, "examples": cdr.examples, "subcommands": ()}
    assert "89161111111" in shown_in("help_command", facts, language)
    wrong = {"label": mark("Mobile"), "value": MOBILE, "problem": mark("a number with its country, like +79001234567")}
    text = shown_in("wrong_step", wrong, language)
    assert "+79001234567" in text
    assert not numbers_in(text)


def test_a_label_is_masked_when_its_conversation_is() -> None:
    english = renderer()
    assert english.label(f"Line {DID}") == f"Line {DID}"
    assert english.label(f"Line {DID}", masked=True) == "Line +7 495 •••-••-78"


# --- the templates --------------------------------------------------------------------------------------------------


def shown_in(template: str, facts: Mapping[str, Any], language: str = "en", *, masked: bool = True) -> str:
    return plain(renderer(language).text(template, facts, zone=UTC, now=NOON, masked=masked))


def numbers_in(text: str) -> set[str]:
    """Return the test numbers that are readable in the text."""
    digits = "".join(re.findall(r"\d", text))
    return {number for number in NUMBERS if number[-7:] in digits}


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("template", FACTS)
def test_no_template_shows_a_whole_number_when_it_is_masked(template: str, language: str) -> None:
    for facts in FACTS[template]:
        assert numbers_in(shown_in(template, facts, language, masked=False))
        text = shown_in(template, facts, language)
        assert not numbers_in(text), text
        assert "•••" in text


def test_every_template_that_shows_numbers_is_among_them() -> None:
    shows = re.compile(r"\|phone|_(call|employee|trunk)\.html")
    assert {path.stem for path in TEMPLATES.rglob("[!_]*.html") if shows.search(path.read_text())} <= FACTS.keys()


def test_a_masked_list_still_tells_times_names_and_who_is_who() -> None:
    text = shown_in("cdr", FACTS["cdr"][0])
    assert "11:55 +7 916 •••-••-33 “Ivan +7 916 •••-••-33” → +7 926 •••-••-21 Boris •••••21 · 2:14" in text
    trunk = shown_in("trunk", FACTS["trunk"][0])
    assert "Since 12:00:00" in trunk
    assert "192.168.100.200" in trunk


# --- what is sent ---------------------------------------------------------------------------------------------------


async def test_a_message_its_buttons_and_what_is_said_of_a_file_are_masked_when_asked(
    sender: Sender, telegram: FakeTelegram
) -> None:
    said = Message("plain", {"text": CALLER})
    keyboard = keyboards.new_keyboard(
        TEAM, [[{"label": f"Line {DID}", "action": "a", "data": {}}]], now=NOON, station=""
    )
    file = File("call.mp3", b"ID3", "audio", caption=said, title=f"{CALLER} → 202", performer="Head office", seconds=9)
    for hide in (False, True):
        more: dict[str, Any] = {"zone": UTC, "now": NOON, "masked": hide}
        number = await sender.send(Destination(TEAM), said, keyboard=keyboard, **more)
        await sender.edit(TEAM, number, said, keyboard=keyboard, **more)
        await sender.send_file(Destination(TEAM), file, **more)
    for whole, hidden in zip(telegram.calls[:3], telegram.calls[3:], strict=True):
        assert numbers_in(str(whole.parameters))
        assert not numbers_in(str({**hidden.parameters, "reply_markup": labels(hidden.parameters)}))
    assert labels(telegram.calls[3].parameters) == ["Line +7 495 •••-••-78"]
    assert telegram.calls[5].parameters["title"] == "+7 916 •••-••-33 → 202"


def labels(parameters: Mapping[str, Any]) -> list[str]:
    """Return the button labels, without callback data, which contains an id of many digits."""
    rows = parameters.get("reply_markup", {"inline_keyboard": []})["inline_keyboard"]
    return [button["text"] for row in rows for button in row]


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("place", [Place(TEAM, None, private=False), Place(ANNA, None, private=True)])
async def test_a_masked_conversation_hides_numbers_in_its_group_and_nowhere_else(
    sender: Sender, database: Database, telegram: FakeTelegram, place: Place, masked: bool
) -> None:
    talk = Replier(
        sender=sender,
        database=database,
        unstored_keyboards=UnstoredKeyboards(),
        zone=UTC,
        clock=lambda: NOON,
        address=Address(Actor(ANNA, "Anna"), place, "office"),
        masked=masked,
    )
    said = Message("plain", {"text": CALLER}, ((Button(f"Line {DID}", "trunk.card"),),))
    await talk.progress(said)
    await talk.finish(Reply(said, secret=Secret(said), file=File("a.csv", b"x", caption=said)))
    await talk.send_privately(File("a.csv", b"x", caption=said))
    hides = {
        (call.chat, not numbers_in(call.text + str(call.parameters.get("caption", "")) + str(labels(call.parameters))))
        for call in telegram.calls
    }
    assert hides == ({(TEAM, masked), (ANNA, False)} if place.chat == TEAM else {(ANNA, False)})
