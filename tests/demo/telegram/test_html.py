import contextlib
import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.telegram.bot_api.entities import detect, read_html, strip, units
from bot.demo.telegram.bot_api.refusal import BotApiRefused

Seen = tuple[str, int, int]


def seen(source: str) -> tuple[str, list[Seen]]:
    text, entities = strip(*read_html(source))
    return text, [(one.type, one.offset, one.length) for one in entities]


def test_offsets_count_utf16_units_so_that_an_emoji_is_two() -> None:
    assert seen("🔴 <b>Zadarma</b> is <i>down 🔴</i>") == (
        "🔴 Zadarma is down 🔴",
        [("bold", 3, 7), ("italic", 14, 7)],
    )
    assert units("🔴a") == 3


@pytest.mark.parametrize(
    ("source", "text", "entities"),
    [
        ("a &lt;b&gt; &amp;amp; &quot;c&quot; &#128512; &nbsp;", 'a <b> &amp; "c" 😀 &nbsp;', []),
        ("<b>bold <i>both</i></b>", "bold both", [("italic", 5, 4), ("bold", 0, 9)]),
        ('<pre><code class="language-python">x</code></pre>', "x", [("pre", 0, 1)]),
        ("<pre><code>x</code></pre>", "x", [("code", 0, 1), ("pre", 0, 1)]),
        ('<span class="tg-spoiler">x</span><tg-spoiler>y</tg-spoiler>', "xy", [("spoiler", 0, 1), ("spoiler", 1, 1)]),
        ("<blockquote expandable>long</blockquote>", "long", [("expandable_blockquote", 0, 4)]),
        ('<a href="https://example.com/?a=1&amp;b=2">x</a>', "x", [("text_link", 0, 1)]),
        ('<a href="nowhere">x</a>', "x", []),
        ("<b></b>x", "x", []),
        ("  <b> x </b> ", "x", [("bold", 0, 1)]),
        ("<B>x</B>", "x", [("bold", 0, 1)]),
    ],
)
def test_html_becomes_what_telegram_shows(source: str, text: str, entities: list[Seen]) -> None:
    assert seen(source) == (text, entities)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("é <foo>x</foo>", 'Unsupported start tag "foo" at byte offset 3'),
        ("1 < 2", 'Unsupported start tag "" at byte offset 2'),
        ("<b", "Unclosed start tag at byte offset 0"),
        ('<a href="x', "Unclosed start tag at byte offset 0"),
        ("<b>x", 'Can\'t find end tag corresponding to start tag "b"'),
        ("x</b>", "Unexpected end tag at byte offset 1"),
        ("<b>x</i>", 'Unmatched end tag at byte offset 4, expected "</b>", found "</i>"'),
        ("<b>x</b", "Unclosed end tag at byte offset 4"),
        ("<span>x</span>", 'Tag "span" must have class "tg-spoiler" at byte offset 0'),
    ],
)
def test_bad_html_is_refused_in_the_words_of_the_server(source: str, complaint: str) -> None:
    with pytest.raises(BotApiRefused) as refusal:
        read_html(source)
    assert refusal.value.description == f"Bad Request: can't parse entities: {complaint}"


def test_commands_mentions_and_links_are_found_in_plain_text() -> None:
    found = detect("😀 /status@mikopbx_demo_bot 202 @anna_ivanova https://example.com. #now +7 916 111-11-11", [])
    assert [(one.type, one.offset, one.length) for one in found] == [
        ("bot_command", 3, 24),
        ("mention", 32, 13),
        ("url", 46, 19),
        ("hashtag", 67, 4),
        ("phone_number", 72, 16),
    ]


@pytest.mark.parametrize(
    ("text", "kind", "covered"),
    [
        ("see evil.com/x?y=1.", "url", "evil.com/x?y=1"),
        ("(пример.рф)", "url", "пример.рф"),
        ("😀.ws", "url", "😀.ws"),
        ("at 192.168.0.1:8080", "url", "192.168.0.1:8080"),
        ("HTTP://a.1x", "url", "HTTP://a.1x"),
        ("ftp://files.example", "url", "ftp://files.example"),
        ("tg://resolve?domain=x", "url", "tg://resolve?domain=x"),
        ("john.smith@company.com", "email", "john.smith@company.com"),
        ("/@durov", "mention", "@durov"),
        ("#распродажа!", "hashtag", "#распродажа"),
        ("a $BTC b", "cashtag", "$BTC"),
    ],
)
def test_what_can_be_pressed_is_found_as_telegram_finds_it(text: str, kind: str, covered: str) -> None:
    (one,) = detect(text, [])
    assert (one.type, text.encode("utf-16-le")[2 * one.offset : 2 * one.end].decode("utf-16-le")) == (kind, covered)


@pytest.mark.parametrize(
    "text", ["a/b", "//x", "1/2", "user@", "</b", "1.2.3", "12.5", "a. b", "#1", "x#y", "US$5", "$btc", "@abc", "a..b"]
)
def test_what_only_looks_like_something_to_press_is_none(text: str) -> None:
    assert detect(text, []) == []


def test_nothing_is_found_inside_code() -> None:
    text, entities = read_html("<code>/status</code> /calls")
    assert [(one.type, one.offset) for one in detect(text, entities)] == [("code", 0), ("bot_command", 8)]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_escaped_text_comes_back_as_it_was(text: str) -> None:
    assert read_html(html.escape(text)) == (text, [])


@given(st.text(alphabet='<>/="& ab;#19', max_size=30))
def test_whatever_is_written_is_read_or_refused(source: str) -> None:
    with contextlib.suppress(BotApiRefused):
        text, entities = strip(*read_html(source))
        assert all(0 <= one.offset < one.end <= units(text) for one in detect(text, entities))
