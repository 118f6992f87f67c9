"""Texts of incidents that are not about trunks."""

import shutil
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.messages.renderer import TEMPLATES, Renderer
from bot.messages.sanitize import WORD_JOINER

NOW = datetime(2026, 11, 23, 14, 30, tzinfo=UTC)
BEGAN, ENDED = "2026-11-23T14:00:00+00:00", "2026-11-23T14:02:05+00:00"
EVERYTHING = (
    '{% from "_of_kind.html" import of_kind %}'
    '{% if incident.ended_at %}{{ of_kind("resolved", incident) }}{% else %}'
    '{{ of_kind("title", incident)|trim }}\n{{ of_kind("cause", incident)|trim }}\n'
    '{{ of_kind("step", incident) }}{% endif %}'
)


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Renderer:
    """Renderer of the templates by kind, called as an alert calls them."""
    folder = tmp_path_factory.mktemp("templates")
    shutil.copytree(TEMPLATES, folder, dirs_exist_ok=True)
    Path(folder / "blocks_of_kind.html").write_text(EVERYTHING)
    return Renderer("en", folder)


def incident(kind: str, **facts: Any) -> dict[str, Any]:
    base = {"station": "Head office", "kind": kind, "began_at": BEGAN, "ended_at": None, "end_reason": None}
    return base | {"taken_by": None, "taken_at": None} | facts


def read(renderer: Renderer, kind: str, **facts: Any) -> list[str]:
    text = renderer.text("blocks_of_kind", {"incident": incident(kind, **facts)}, zone=UTC, now=NOW)
    return text.replace(WORD_JOINER, "").split("\n")


PHONE = {"extension": "202", "name": "Brown <b>Brandon"}
NO_CALLS: dict[str, Any] = {"minutes": 45, "hours": "mon-fri 09:00-18:00", "last_call": "2026-11-23T13:15:00+00:00"}


def test_an_extension_that_is_offline(renderer: Renderer) -> None:
    assert read(renderer, "extension_offline", **PHONE) == [
        "<b>202 Brown &lt;b&gt;Brandon</b> is offline",
        "No phone is registered for it: nobody can call it.",
        "Check the phone's power, network and password.",
    ]


@pytest.mark.parametrize(("off_by", "way"), [(125, "2 min 5 s ahead of"), (-3700, "1 h 1 min behind")])
def test_a_clock_that_is_wrong(renderer: Renderer, off_by: int, way: str) -> None:
    title, cause, step = read(renderer, "clock_off", off_by=off_by)
    assert title == "<b>The PBX's clock is wrong</b>"
    assert f"It is {way} the bot's clock." in cause
    assert "Time Settings" in step


def test_a_second_copy(renderer: Renderer) -> None:
    title, cause, step = read(renderer, "second_copy")
    assert "Another copy of the bot is running" in title
    assert "same token" in cause
    assert "TELEGRAM_TOKEN" in step


def test_no_calls(renderer: Renderer) -> None:
    title, cause, step = read(renderer, "no_calls", **NO_CALLS)
    assert title == "<b>No incoming call for 45 min</b>"
    assert cause == "The last one came 13:15; usually people call mon-fri 09:00-18:00."
    assert step.startswith("Call your own number")
    assert read(renderer, "no_calls", **(NO_CALLS | {"last_call": None}))[1].startswith("Usually people call")


def test_a_rehearsal_says_that_it_is_one(renderer: Renderer) -> None:
    title, cause, step = read(renderer, "rehearsal", by="Anna")
    assert title == "<b>Rehearsal: this is how an outage would reach you</b>"
    assert cause == "Anna tests whether alerts arrive. Nothing is broken."
    assert "I'm on it" in step


@pytest.mark.parametrize(
    ("kind", "facts", "expected"),
    [
        (
            "extension_offline",
            {**PHONE, "end_reason": "recovered"},
            "<b>202 Brown &lt;b&gt;Brandon</b> is online again",
        ),
        ("extension_offline", {**PHONE, "name": "", "end_reason": "deleted"}, "<b>202</b> was deleted on the PBX"),
        (
            "extension_offline",
            {**PHONE, "name": "", "end_reason": "called_off"},
            "<b>202</b> is not watched any more",
        ),
        ("clock_off", {"off_by": 125}, "The PBX's clock is right again"),
        ("second_copy", {}, "The other copy of the bot is gone"),
        ("no_calls", NO_CALLS, "Incoming calls arrive again"),
        ("no_calls", {**NO_CALLS, "end_reason": "called_off"}, "Incoming calls are not waited for any more"),
        (
            "rehearsal",
            {"by": "Anna", "taken_by": "Boris", "taken_at": ENDED},
            "The rehearsal is over: Boris took it after 2 min 5 s",
        ),
        ("rehearsal", {"by": "Anna"}, "The rehearsal is over: nobody took it in 2 min 5 s"),
    ],
)
def test_how_it_ended(renderer: Renderer, kind: str, facts: dict[str, Any], expected: str) -> None:
    assert read(renderer, kind, ended_at=ENDED, **facts) == [expected]
