"""Log lines hold no secret, for any logged value and any error."""

import io
import logging
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from urllib.parse import quote

import httpx
import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.runtime.logs import HIDDEN, Redaction, printable
from tests.fixtures.program_log import logged_as_the_program_does

TOKEN = "1234567890:AAtestTestTestTestTestTestTestTestTest0"
KEY = "c0ffee" * 10 + "beef"
PROXY = "p@ss/w%rd"
OTHER_TOKEN = "9876543210:BBotherOtherOtherOtherOtherOtherOther1"
log = structlog.get_logger("test")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    with logged_as_the_program_does(monkeypatch, [TOKEN, KEY, PROXY, ""]) as stream:
        yield stream


def refused(header: str) -> Exception:
    request = httpx.Request("GET", f"https://api.telegram.org/bot{TOKEN}/getMe", headers={"Authorization": header})
    return httpx.ConnectError(f"{request.url} refused {dict(request.headers)}", request=request)


def raised_with_the_token() -> None:
    raise RuntimeError(f"https://api.telegram.org/bot{TOKEN}/getMe")


def raised_with_another_key() -> None:
    raise ValueError("Authorization: Bearer feedfacefeedface")


def raised_from_another() -> None:
    try:
        raised_with_the_token()
    except RuntimeError as error:
        raise LookupError(f"with {KEY}") from error


def raised_while_another_was_handled() -> None:
    try:
        raised_with_another_key()
    except ValueError:
        raised_from_another()


def raised_together() -> None:
    error = KeyError(KEY)
    error.add_note(f"socks5://me:{quote(PROXY, safe='')}@host")
    raise ExceptionGroup(f"both of {OTHER_TOKEN}", [error, refused("bearer  feedfacefeedface")])


WAYS = [
    raised_with_the_token,
    raised_with_another_key,
    raised_from_another,
    raised_while_another_was_handled,
    raised_together,
]


def is_clean(written: str) -> bool:
    forms = [form for secret in (TOKEN, OTHER_TOKEN, KEY, PROXY) for form in (secret, quote(secret, safe=""))]
    return not any(form in written for form in [*forms, "feedface"])


@pytest.mark.parametrize("way", WAYS)
def test_a_traceback_is_whole_but_for_its_secrets(way: Callable[[], None], written: io.StringIO) -> None:
    try:
        way()
    except Exception as error:
        log.exception("it failed", url=f"https://x/bot{TOKEN}")
        log.error("again", exc_info=error)
        logging.getLogger("elsewhere").warning("with %s", KEY, exc_info=sys.exc_info())
        logging.getLogger("elsewhere").exception("%r", error)
    shown = written.getvalue()
    assert is_clean(shown)
    assert shown.count("Traceback (most recent call last)") >= 4
    assert way.__name__ in shown
    assert HIDDEN in shown


def test_local_variables_are_not_shown(written: io.StringIO) -> None:
    password = KEY[::-1]
    try:
        float(password[:0])
    except ValueError:
        log.exception("it failed")
    assert "ValueError" in written.getvalue()
    assert password not in written.getvalue()


def test_a_line_that_cannot_be_written_does_not_print_what_it_was_made_of(
    written: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The handlers of the tests themselves raise instead.
    monkeypatch.setattr(logging.getLogger(), "handlers", logging.getLogger().handlers[:1])
    logging.getLogger("elsewhere").error("%d of %d", KEY, OTHER_TOKEN)
    assert is_clean(written.getvalue())
    assert "could not be written: " in written.getvalue()
    assert "test_logs.py" in written.getvalue()


@pytest.mark.filterwarnings("default")
def test_what_python_prints_by_itself_is_cleaned_too(written: io.StringIO) -> None:
    error = RuntimeError(f"https://api.telegram.org/bot{TOKEN}/getMe")
    sys.excepthook(type(error), error, None)
    sys.unraisablehook(SimpleNamespace(exc_value=error))
    thread = threading.Thread(target=raised_with_the_token)
    thread.start()
    thread.join()
    warnings.warn(KEY, stacklevel=1)
    shown = written.getvalue()
    assert is_clean(shown)
    assert shown.count(HIDDEN) >= 4
    for words in ("uncaught exception", "unraisable exception", "exception in a thread", "UserWarning"):
        assert words in shown


@pytest.mark.parametrize(
    "line",
    [
        f"GET /bot{TOKEN}/getUpdates",
        f"GET /bot{quote(TOKEN, safe='')}/getUpdates",
        f"GET /bot{quote(OTHER_TOKEN, safe='').replace('%3A', '%3a')}/getUpdates",
        f"Authorization: Bearer {KEY}",
        "authorization: BEARER feedfacefeedface",
        f"proxy {PROXY}",
        f"proxy socks5://me:{quote(PROXY, safe='')}@host:1080",
    ],
)
def test_a_secret_is_found_in_every_form(line: str, written: io.StringIO) -> None:
    log.debug(line, twice=[line])
    logging.getLogger("elsewhere").debug("%s", {"line": line})
    shown = written.getvalue()
    assert is_clean(shown)
    assert shown.count(HIDDEN) == 3


class Foreign:
    """Object with an arbitrary representation."""

    def __init__(self, shown: str) -> None:
        self._shown = shown

    def __repr__(self) -> str:
        return self._shown


FORGED = "2026-11-28T10:00:00Z [error    ] the bot ends                   [bot.exits]"
ACTING = "\x1b[2J\x1b]0;title\x07\x9b31m\r\x08\u202e\u2066\u2028\u2029\x85\x0b\x0c\x00\u200f"


@pytest.mark.filterwarnings("default")
def test_nobody_writes_a_line_of_their_own_or_acts_on_a_terminal(written: io.StringIO) -> None:
    hostile = f"Anna{ACTING}\n{FORGED}"
    alone = ACTING + "x"
    try:
        try:
            raise ValueError(hostile)
        except ValueError as error:
            error.add_note(hostile)
            raise ExceptionGroup(hostile, [error, OSError(hostile)]) from error
    except ExceptionGroup:
        log.exception(hostile, name=hostile, alone=alone, both=[hostile, Foreign(hostile)], **{f"a{ACTING}\nb": 1})
        logging.getLogger("elsewhere").exception("%s", hostile, stack_info=True)
    logging.getLogger("elsewhere").warning("library: %s %r", hostile, Foreign(hostile))
    log.warning(hostile, exception=hostile)
    warnings.warn(hostile, stacklevel=1)
    lines = written.getvalue().split("\n")
    assert all(line.isprintable() for line in lines)
    assert sum(not line.startswith("    ") for line in lines if line) == 5
    # The characters are kept, in escaped form.
    assert "Anna\\x1b[2J" in written.getvalue()
    assert "\\u202e" in written.getvalue()


@given(st.text())
def test_what_is_printable_is_shown_as_it_is_and_all_else_in_one_line(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    assert shown == text or not text.isprintable()


def test_half_a_character_is_written_out_too() -> None:
    assert printable("a\ud800") == "a\\ud800"


@given(before=st.text(), after=st.text(), secret=st.text(min_size=8))
def test_no_secret_is_left_whatever_stands_around_it(before: str, after: str, secret: str) -> None:
    written = Redaction([secret]).clean(before + secret + after)
    assert secret not in written.replace(HIDDEN, "") or secret in before + after


def test_what_is_no_secret_is_left_alone() -> None:
    line = "2026-11-23T11:02:10 the bearer of bad news: 12345:short, 1234567890"
    assert Redaction([]).clean(line).replace(HIDDEN, "of") == line
