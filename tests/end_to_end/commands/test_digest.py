"""The digest of calls: asked for in words, sent once at its time, and equal to /stats and /missed."""

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial

import pytest

from tests.end_to_end.commands.test_call_records import MOBILE, Archive
from tests.end_to_end.harness import BORIS, VERA, Program, Seen, Standins, running_standins

BARS = re.compile("[▁▂▃▄▅▆▇█]{24}")
NUMBER = re.compile(r"\d+:\d+|\d+")


@pytest.fixture
def standins() -> Iterator[Standins]:
    """Yield stand-ins whose time passes fast: a digest comes at a full minute at the earliest."""
    with running_standins(speed=8) as standins:
        yield standins


def fill(standins: Standins) -> None:
    """Put calls of today and of the same day two weeks ago."""
    standins.post("/control/traffic", running=False)
    archive = Archive(standins)
    today, then = partial(archive.at, 0), partial(archive.at, 14)
    archive.put(
        [archive.incoming(today("09:00:00"), 60)],
        [archive.incoming(today("09:30:00"), 60, seconds=75, caller="79160000001")],
        [archive.incoming(today("10:00:00"), None, seconds=134, caller="79160000002")],
        [archive.incoming(today("11:00:00"), None, caller=MOBILE)],
        [archive.outgoing(today("11:30:00"), 30)],
        [archive.outgoing(today("12:00:00"), None, to="79160000003")],
        [archive.incoming(then("15:00:00"), 10)],
        [archive.incoming(then("15:10:00"), None, seconds=40)],
        [archive.incoming(then("16:00:01"), None, seconds=400)],
    )


def figures(*lines: str) -> list[str]:
    """Return the first number of each line."""
    return [found[0] for line in lines if (found := NUMBER.search(line))]


def line(shown: Seen, pattern: str) -> str:
    return next(line for line in shown.text.splitlines() if re.search(pattern, line))


@pytest.mark.parametrize(
    ("language", "ask", "weekly", "told", "unclear", "off"),
    [
        ("en", "daily {}", "weekly {} at {}", "Daily, ", "Write the days and one time", "gets no digest"),
        ("ru", "ежедневно в {}", "еженедельно {} {}", "Ежедневно, ", "Напишите дни", "не получает сводок"),
    ],
    ids=["en", "ru"],
)
def test_a_chat_gets_the_figures_of_stats_and_missed_once_at_its_time(
    standins: Standins,
    start_bot: Callable[..., Program],
    language: str,
    ask: str,
    weekly: str,
    told: str,
    unclear: str,
    off: str,
) -> None:
    program = start_bot(LANGUAGE=language)
    fill(standins)
    group = standins.new_group()
    now = Archive(standins).now
    at, weekday = f"{now + timedelta(seconds=90):%H:%M}", ["пн", "вт", "ср", "чт", "пт", "сб", "вс"][now.weekday()]
    assert f"{told}{at}" in standins.asks(BORIS, f"/digest {ask.format(at)}", group)
    standins.asks(BORIS, f"/digest {weekly.format(weekday, at)}")
    assert "⛔" in standins.asks(VERA, "/digest off", group)
    assert unclear in standins.asks(BORIS, "/digest 16:00 17:00", group)
    program.kill()
    program = start_bot(LANGUAGE=language)
    shown = standins.wait_for_message(f"🗞 .* 00:00–{at}", group)
    standins.wait_for_message(f"🗞 .* 00:00 – .* {at}", BORIS, seen_by=BORIS)
    stats = standins.asks(BORIS, f"/stats today until {at}", group)
    missed = standins.asks(BORIS, f"/missed today until {at}", group)
    assert figures(line(shown, "calls|звонк"), line(shown, "✅"), line(shown, "🔴"), line(shown, "⏱")) == [
        *figures(line(stats, "calls:|звонк")),
        "50",
        *figures(line(stats, "🔴"), line(stats, "⏱")),
    ]
    assert "50%" in line(stats, "✅") or "50 %" in line(stats, "✅")
    assert re.findall(r"\d+", line(missed, "^2 missed|^Пропущено 2"))[:2] == figures(
        line(shown, "🔴"), line(shown, "📵")
    )
    assert BARS.findall(shown.text) == BARS.findall(stats.text)
    for emoji, typed in (("📊", stats), ("🔴", missed)):
        standins.presses(BORIS, shown, emoji)
        opened = standins.wait_for_message(typed.text[:1], group, typed.id + 1)
        assert opened.text == typed.text
    assert standins.again(shown) == shown
    program.kill()
    start_bot(LANGUAGE=language)
    standins.wait_until_known()
    assert off in standins.asks(BORIS, "/digest off", group)
    assert len([m for m in standins.from_bot(group) if re.search(f"^🗞 .*–{at}", m.text)]) == 1
