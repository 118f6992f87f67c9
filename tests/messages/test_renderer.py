"""Telegram HTML from templates: hostile names stay plain text, tags are not split, lengths are within the limits."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import UndefinedError

from bot.demo.telegram.bot_api.entities import detect, read_html, strip
from bot.messages.renderer import LIMIT, TEMPLATES, Renderer
from bot.messages.sanitize import plain, sanitize, units
from tests.fixtures.examples import examples
from tests.messages.renderers import renderer

NOW = datetime(2026, 11, 23, 11, 2, 50, tzinfo=UTC)
HERE = Path(__file__).parent / "templates"
JOINER = "\u2060"
# Ways from a fact to the text.
PATHS = {
    "printed": "{{ name }}",
    "translated": "{% trans %}From {{ name }} today{% endtrans %}",
    "renamed": "{% trans who=name %}From {{ who }} today{% endtrans %}",
    "counted": "{% trans count=2, who=name %}{{ count }} visit{% pluralize %}{{ count }} of {{ who }}{% endtrans %}",
    "escaped": "{{ name|e }}",
    "escaped_by_its_long_name": "{{ name|escape }}",
    "joined": "{{ [name, name]|join(', ') }}",
    "joined_to_escaped": "{{ [name, name|e]|join(', ') }}",
    "phone": "{{ name|phone }}",
    "bold": "<b>{{ name }}</b>",
    "in_code": "<code>{{ name }}</code>",
    "in_a_loop": "{% for letter in [name] %}{{ letter }}{% endfor %}",
    "macro": "{% macro shown(x) %}{{ x }}{% endmacro %}{{ shown(name) }}",
    "defaulted": "{{ missing|default(name) }}",
    "shortened": "{{ name|truncate(400) }}",
    "put_together": "{{ name ~ ('<b>'|e) }}",
    "nested": "{{ deep[0].who }}",
    "marked": "{{ _('hello') }} {{ name }}",
}


@pytest.fixture(scope="module")
def templates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("templates")


Show = Callable[..., str]


@pytest.fixture(scope="module")
def show(templates: Path) -> Show:
    """Render a text as a template; a template is compiled once for all names tried in it."""
    renderers = {language: Renderer(language, templates) for language in ("en", "ru")}
    names: dict[str, str] = {}

    def shown(template: str, language: str = "en", **facts: object) -> str:
        if template not in names:
            names[template] = f"it{len(names)}"
            (templates / f"{names[template]}.html").write_text(template)
        return renderers[language].text(names[template], facts, zone=UTC, now=NOW)

    return shown


# Typed name, and its visible form.
LITERALLY = {
    "</b><a href='tg://user?id=1'>x</a>": "</b><a href='tg://user?id=1'>x</a>",
    "{{ 7 * 7 }} %(name)s %s 100%": "{{ 7 * 7 }} %(name)s %s 100%",
    "Bob & Co &amp; &lt;": "Bob & Co &amp; &lt;",
    "one\r\ntwo\u2028three": "one two three",
    "\u202eevil\u2066\u200b\x00\x1b[31m": "evil[31m",
    "half \ud83d": "half ",
    "👨‍👩‍👧 🏴": "👨‍👩‍👧 🏴",
}
MENTIONS_AND_COMMANDS = ("@durov", "hi @durov", "(/start)", "/add_employee@bot", f"@{JOINER}durov")
TO_PRESS = (
    "https://evil.example/x",
    "HTTP://😀.😀😀",
    "tg://resolve?domain=evil",
    "call evil.com!",
    "пример.рф",
    "xn--e1afmkfd.xn--p1ai",
    "192.168.0.1:8080",
    "1.2.3.4.5",
    "boss@evil.com",
    "me:you@evil.com",
    "/@durov",
    "#sale",
    "#·распродажа",
    "$BTC",
)


@pytest.mark.parametrize("language", ["en", "ru"])
@pytest.mark.parametrize("way", PATHS)
def test_a_hostile_name_is_shown_literally_on_every_way(show: Show, way: str, language: str) -> None:
    for name, seen in LITERALLY.items():
        html = show(PATHS[way], language, name=name, deep=[{"who": name}])
        # strip(): the message is trimmed as a whole.
        assert seen.strip() in plain(html).replace(JOINER, ""), name
        assert set(re.findall(r"<[^>]*>", html)) <= {"<b>", "</b>", "<code>", "</code>"}, name
        html.encode()


@pytest.mark.parametrize("way", [way for way in PATHS if way != "in_code"])
def test_a_name_makes_neither_a_mention_nor_a_command(show: Show, way: str) -> None:
    for name in MENTIONS_AND_COMMANDS:
        html = show(PATHS[way], name=name, deep=[{"who": name}])
        assert not re.search(r"(?<![\w<])[@/]\w", html), html


@pytest.mark.parametrize("way", [way for way in PATHS if way != "in_code"])
def test_a_name_holds_nothing_to_press(show: Show, way: str) -> None:
    for name in TO_PRESS:
        html = show(PATHS[way], name=name, deep=[{"who": name}])
        assert detect(*strip(*read_html(html))) == strip(*read_html(html))[1], name
        assert name in plain(html).replace(JOINER, ""), name


@given(st.text(st.sampled_from("@#$/.:;-_~aZ1·рф😀 \u200c\u200d\u2060") | st.characters(exclude_categories=["Cs"])))
def test_no_text_at_all_holds_anything_to_press(text: str) -> None:
    assert {one.type for one in detect(sanitize(text), [])} <= {"phone_number"}


@pytest.mark.parametrize(
    "text", ["2026-11-23T11:02:10.123456+00:00", "12.5", "-0.25", "23.11.2026", "Europe/Moscow", "SIP-TRUNK-1", "a. b"]
)
def test_what_a_template_still_reads_is_left_as_it_is(text: str) -> None:
    assert sanitize(text) == text


def test_what_stands_in_code_can_be_copied_exactly(show: Show) -> None:
    html = show("<code>{{ usage|e }}</code> {{ usage }}", usage="/add_employee @x")
    assert html == f"<code>/add_employee @x</code> /{JOINER}add_employee @{JOINER}x"


def test_a_marked_text_is_translated_whatever_is_cleaned_out_of_it(show: Show) -> None:
    html = show("{{ _(said) }}", "ru", said="The employees as a file that /import_employees reads")
    assert "/import_employees" in plain(html).replace(JOINER, "")
    assert "Сотрудники" in html


@given(st.text())
def test_cleaning_twice_is_cleaning_once(text: str) -> None:
    assert sanitize(sanitize(text)) == sanitize(text)


def test_a_fact_that_is_missing_is_an_error_and_not_a_hole(show: Show) -> None:
    with pytest.raises(UndefinedError):
        show("{{ nobody }}")


@pytest.mark.parametrize("fact", [object(), Path("x"), [object()], {"a": b"bytes"}])
def test_a_fact_that_cannot_be_cleaned_is_refused(show: Show, fact: object) -> None:
    with pytest.raises(TypeError, match="plain values"):
        show("x", fact=fact)


def test_times_are_known_inside_imported_macros(show: Show, templates: Path) -> None:
    (templates / "_part.html").write_text("{% macro when(at) %}{{ at|clock }}{% endmacro %}")
    html = show('{% from "_part.html" import when %}{{ when(at) }}', at="2026-11-23T11:02:10Z")
    assert html == "11:02:10"


@pytest.mark.parametrize(
    ("language", "count", "shown"),
    [("en", 1, "1 line more"), ("en", 2, "2 lines more"), ("ru", 1, "1 line more"), ("ru", 5, "5 lines more")],
)
def test_a_text_without_a_translation_is_shown_in_english(show: Show, language: str, count: int, shown: str) -> None:
    template = "{% trans count=count %}{{ count }} line more{% pluralize %}{{ count }} lines more{% endtrans %}"
    assert show(template, language, count=count) == shown


@cache
def names_renderer(language: str) -> Renderer:
    return Renderer(language, HERE)


@pytest.mark.parametrize(("language", "last"), [("en", r"… and \d+ more lines?"), ("ru", r"… и ещё \d+ строк[аи]?")])
@examples(daily=10, ci=30)
@given(names=st.lists(st.text(max_size=600), min_size=30, max_size=60))
def test_a_long_list_ends_with_a_count_of_what_is_missing(language: str, last: str, names: list[str]) -> None:
    names = [f"{number} {name}" for number, name in enumerate(names)]
    html = names_renderer(language).text("names", {"names": names}, zone=UTC, now=NOW)
    shown = plain(html)
    assert units(shown) <= LIMIT
    assert html.count("<b>") == html.count("</b>")
    if len(html.split("\n")) != len(names):
        *kept, end = shown.split("\n")
        assert re.fullmatch(last, end)
        assert int(re.findall(r"\d+", end)[0]) == len(names) - len(kept)


@pytest.mark.parametrize("language", ["en", "ru"])
def test_wherever_a_list_ends_the_count_still_fits(language: str) -> None:
    for length in range(60, 100):
        text = plain(names_renderer(language).text("names", {"names": ["x" * length] * 100}, zone=UTC, now=NOW))
        assert LIMIT - length - 40 < units(text) <= LIMIT


def test_length_is_counted_in_utf_16_units_after_parsing() -> None:
    renderer = Renderer("en", HERE)
    fits = [*["😀" * 255] * 7, "x" * 380]
    assert "more line" not in renderer.text("names", {"names": fits}, zone=UTC, now=NOW)
    assert renderer.text("names", {"names": [*fits, "x" * 60]}, zone=UTC, now=NOW).endswith("… and 1 more line")


def test_a_quotation_is_closed_where_it_is_cut() -> None:
    text = Renderer("en", HERE).text("quotation", {"lines": ["x" * 300] * 40}, zone=UTC, now=NOW)
    assert text.count("<blockquote expandable>") == text.count("</blockquote>") == 1
    assert re.search(r"x</blockquote>\n… and \d+ more lines$", text)


def test_blank_lines_that_conditions_leave_are_closed_up(show: Show) -> None:
    assert show("\n\none  \n\n{% if false %}x{% endif %}\n\n\ntwo\n") == "one\n\ntwo"


def test_a_label_is_translated_and_harmless() -> None:
    russian, english = renderer("ru"), renderer("en")
    assert russian.label("🔁 possible repeat") == "🔁 возможно, повтор"
    assert english.label("\u202eAnna\n") == "Anna "
    assert russian.label("") == ""


def test_templates_keep_to_their_conventions() -> None:
    lines = [
        (f"{template.name}:{number}", line)
        for template in sorted(TEMPLATES.rglob("*.html"))
        for number, line in enumerate(template.read_text().splitlines(), 1)
    ]
    assert len(lines) > 200
    for where, line in lines:
        opened = re.findall(r"<(\w+)[^>]*>", line)
        assert set(opened) <= {"b", "i", "u", "s", "code", "pre", "a", "blockquote", "tg-spoiler"}, where
        assert sorted(opened) == sorted(re.findall(r"</(\w+)>", line)), f"{where}: a tag does not close on its line"
        assert not re.search(r"\|\s*safe|autoescape", line), f"{where}: goes around the cleaning of foreign text"
