"""Alert texts: state, cause, next step, without repetition."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from bot.detection.trunk_machine import Policy
from bot.incidents.model import Kind
from bot.messages.sanitize import WORD_JOINER, plain
from bot.notifications.presenter import NOTHING
from tests.fixtures.kind_examples import facts_of
from tests.messages.renderers import renderer

NOW = datetime(2026, 11, 23, 14, 2, 50, tzinfo=UTC)
ENGLISH = renderer()


def moment(minutes: float) -> str:
    return (NOW + timedelta(minutes=minutes)).isoformat()


def incident(kind: str = "trunk_down", **facts: Any) -> dict[str, Any]:
    base = {"station": "Head office", "kind": kind, "began_at": moment(-1), "ended_at": None, "end_reason": None}
    trunk = {"trunk": "Zadarma", "host": "sip.zadarma.com", "cause": "no_answer"} if kind.startswith("trunk") else {}
    return NOTHING | base | {"taken_by": None, "taken_at": None, "held_by": ""} | trunk | facts


def read(*incidents: dict[str, Any], template: str = "alert", superseded: bool = False) -> list[str]:
    facts = {"incidents": incidents, "superseded": superseded, "told_at": moment(0)}
    return plain(ENGLISH.text(template, facts, zone=UTC, now=NOW)).replace(WORD_JOINER, "").split("\n")


ASKED: dict[str, Any] = {"asked": ["Anna"], "next_at": moment(10)}
OVER: dict[str, Any] = {"ended_at": moment(0), "end_reason": "recovered"}


def test_an_outage_from_the_state_to_who_is_asked() -> None:
    assert read(incident(up_since=moment(-61), bad_since=moment(-1), of=3, remaining=2, **ASKED)) == [
        "🔴 Zadarma is down · Head office",
        "The provider does not answer.",
        "Since 14:01:50 (1 min before this message). sip.zadarma.com",
        "It had been up for 1 h. 2 of 3 trunks remain.",
        "Check the PBX's internet connection; if it works, call the provider.",
        "📟 On call: Anna (if nobody takes it, the next at 14:12)",
    ]


@pytest.mark.parametrize("kind", Kind)
def test_no_line_of_an_alert_is_left_blank(kind: Kind) -> None:
    assert "" not in read(incident(kind, **{"gives_up_at": moment(600), **ASKED, **facts_of(kind)}))


def test_a_trunk_that_comes_and_goes_says_why_it_is_quiet_and_when_it_rings_again() -> None:
    shown = read(incident("trunk_flapping", flaps=4, downtime=42.0, flapping_since=moment(-3)))
    assert shown[:3] == [
        "🟡 Zadarma comes and goes: down 4 times · Head office",
        "42 s down altogether since 13:59. sip.zadarma.com",
        "Check the line, then ask the provider.",
    ]
    assert "\n".join(shown[3:]) == (
        "🔕 Each time is counted here without a sound. "
        "It rings again when it stays down for 3 min; it is over after 15 min without an outage."
    )
    policy = Policy()
    assert (policy.settled, policy.calm) == (3 * 60, 15 * 60)


MANY: dict[str, Any] = {"station": "", "hit": 14, "of": 15, "trunks": 16, "stations": ["Bakery", "Clinic", "Depot"]}


def test_a_provider_that_is_down_for_many_pbxs() -> None:
    assert read(incident("provider_down", **MANY, host="sip.provider.example", **ASKED)) == [
        "🔴 sip.provider.example is down for 14 of 15 PBXs",
        "16 trunks are down: Bakery, Clinic, Depot and 11 more.",
        "Since 14:01:50 (1 min before this message).",
        "Call the provider; it is not your customers' lines.",
        "📟 On call: Anna (if nobody takes it, the next at 14:12)",
    ]
    assert read(incident("provider_down", **MANY, host="sip.provider.example", **OVER)) == [
        "🟢 sip.provider.example works again",
        "It lasted 1 min: 14:01:50 – 14:02:50.",
    ]


def test_the_internet_of_the_bot_itself() -> None:
    all_of_them = MANY | {"hit": 20, "of": 20}
    assert read(incident("own_internet", **all_of_them, **ASKED)) == [
        "🔴 The bot cannot reach any of 20 PBXs: it is its own internet",
        "Bakery, Clinic, Depot and 17 more. Their own alerts are held back.",
        "Since 14:01:50 (1 min before this message).",
        "Check the line of the machine the bot runs on.",
        "📟 On call: Anna (if nobody takes it, the next at 14:12)",
    ]
    assert read(incident("own_internet", **MANY))[0].startswith("🔴 The bot cannot reach 14 of 15 PBXs:")
    assert read(incident("own_internet", **all_of_them, **OVER))[0] == "🟢 The bot reaches the PBXs again"


def test_several_of_the_fleet_on_one_card() -> None:
    assert read(incident("provider_down", **MANY, host="sip.provider.example"), incident("own_internet", **MANY)) == [
        "🔴 2 incidents",
        "🔴 sip.provider.example · 14:01",
        "🔴 the bot's own internet is down · 14:01",
    ]


def test_a_pbx_that_only_the_bots_internet_hides_is_held_back() -> None:
    held = incident("station", trouble="unreachable", held_by="internet", hold={"rule": "internet"})
    assert read(held)[-1] == "🔕 Held back: the bot itself has no internet."


def test_while_it_is_muted_nobody_else_is_asked() -> None:
    hold: dict[str, Any] = {"rule": "mute", "until": moment(60), "by": "Boris", "reason": "works"}
    assert read(incident(held_by="mute", hold=hold, **ASKED))[-2:] == [
        "📟 On call: Anna",
        "🔕 Muted by Boris until 15:02: works",
    ]


def test_who_had_taken_it_is_notified_of_the_past() -> None:
    assert read(incident(taken_by="Anna", taken_at=moment(-0.5), **OVER)) == [
        "🟢 Zadarma is up again · Head office",
        "It lasted 1 min: 14:01:50 – 14:02:50.",
        "✅ Anna took it at 14:02:20.",
    ]


def test_the_end_of_a_rehearsal_is_one_line() -> None:
    over: dict[str, Any] = {
        "ended_at": moment(0),
        "end_reason": "called_off",
        "taken_by": "Anna",
        "taken_at": moment(0),
    }
    assert read(incident("rehearsal", by="Anna", **over)) == [
        "⚪ The rehearsal is over: Anna took it after 1 min · Head office"
    ]


def test_several_at_once_begin_with_what_is_wrong() -> None:
    own: dict[str, Any] = {"cause": "own_internet"}
    assert read(incident(**own, **ASKED), incident(trunk="Mango", **own)) == [
        "🔴 2 trunks are down · Head office",
        "Several providers are silent at once: it is probably the PBX's own internet.",
        "Check the router and the line of the PBX, then call the internet provider.",
        "🔴 Zadarma · 14:01",
        "🔴 Mango · 14:01",
        "📟 On call: Anna (if nobody takes it, the next at 14:12)",
    ]


def test_several_of_different_kinds_are_each_called_by_what_they_are() -> None:
    phone = incident("extension_offline", extension="202", name="Boris")
    assert read(incident(), phone, incident("clock_off"))[0] == "🔴 3 incidents · Head office"
    assert read(incident(), phone, incident("clock_off"))[-3:] == [
        "🔴 Zadarma · 14:01 · the provider does not answer",
        "🟡 202 Boris · 14:01",
        "🟡 the clock of the PBX is wrong · 14:01",
    ]


def test_several_of_which_some_are_over() -> None:
    assert read(incident(**OVER), incident(trunk="Mango"))[0] == "🔴 1 of 2 still to be solved · Head office"
    both = incident(**OVER), incident(trunk="Mango", **OVER)
    assert read(*both)[0] == "🟢 2 incidents are over · Head office"
    assert read(*both, template="alert_over") == ["🟢 2 incidents are over. It lasted 1 min."]


def test_where_stations_differ_each_line_names_its_own() -> None:
    lines = read(incident(), incident(trunk="Mango", station="Branch"))
    assert lines[0] == "🔴 2 trunks are down"
    assert "🔴 Mango · Branch · 14:01" in lines


def test_what_was_reported_anew_below_says_only_that() -> None:
    several = incident(), incident(trunk="Mango")
    assert read(*several, superseded=True) == ["🟡 2 trunks are down · Head office: see the newer message below."]


def test_a_kind_that_the_templates_do_not_know_alarms() -> None:
    facts: dict[str, Any] = {"subject": "SIP-1", "trunk": "Zadarma", **ASKED}
    assert read(incident("smoke_detected", **facts)) == [
        "🔴 smoke detected — Zadarma: something is wrong · Head office",
        "This version of the bot does not know this kind of incident; it may be an outage.",
        "Since 14:01:50 (1 min before this message).",
        "Look at /incidents and at the PBX.",
        "📟 On call: Anna (if nobody takes it, the next at 14:12)",
    ]
    assert read(incident("smoke_detected", **OVER))[0] == "🟢 smoke detected — Head office: it is over · Head office"


def test_a_kind_that_is_not_known_is_red_among_others() -> None:
    # An outbox message of an older version: it has no subject.
    lines = read(incident("smoke_detected", cause=None), incident("clock_off"))
    assert lines[0] == "🔴 2 incidents · Head office"
    assert lines[1] == "🔴 smoke detected: something is wrong · 14:01"


@pytest.mark.parametrize("kind", ["", "../alerts/alert", "of_trunk", "a/b", "Ключ"])
def test_no_name_of_a_kind_breaks_an_alert(kind: str) -> None:
    assert read(incident(kind, trunk="Zadarma"))[0].startswith("🔴")
