"""The PBX's words for a trunk, in every dialect and in the words of the fallback list."""

import pytest

from bot.alerts.health import Cause, Health, cause_of, health_of, health_of_word
from bot.pbx import Dialect, TrunkStatus, told_by


def trunk(state: str, contact: str | None = None, **more: str) -> TrunkStatus:
    return TrunkStatus.model_validate({"id": "SIP-1", "type": "sip", "state": state, "contactStatus": contact} | more)


@pytest.mark.parametrize("answers", ["Reachable", "Avail", "reachable"])
def test_registered_and_answering_it_is_up(answers: str) -> None:
    assert health_of(trunk("registered", answers)) is Health.UP
    assert health_of(trunk("REGISTERED", answers)) is Health.UP
    assert cause_of(trunk("rejected", answers)) is Cause.CREDENTIALS_REFUSED


@pytest.mark.parametrize("silent", ["Unreachable", "Unavail", "UNAVAIL"])
def test_registered_and_silent_is_half_an_outage_whatever_the_word_of_the_state(silent: str) -> None:
    april = trunk("registered", silent)
    newest = trunk("unreachable", silent, degradedReason="registered_but_unreachable")
    assert health_of(april) is health_of(newest) is Health.PARTIAL
    assert cause_of(april) is cause_of(newest) is Cause.NO_ANSWER


def test_a_provider_that_registers_here_keeps_its_calls_in_and_is_no_half_outage() -> None:
    assert health_of(trunk("REGISTERED", "Unreachable")) is Health.DEGRADED


@pytest.mark.parametrize("contact", ["NonQualified", "NonQual", None])
def test_a_trunk_that_is_not_probed_is_up_while_it_is_registered(contact: str | None) -> None:
    assert health_of(trunk("registered", contact)) is Health.UP


@pytest.mark.parametrize(
    ("state", "contact", "health"),
    [
        ("unreachable", "Unreachable", Health.DOWN),
        ("rejected", "Unreachable", Health.DOWN),
        ("unregistered", None, Health.DOWN),
        ("UNREGISTERED", None, Health.DOWN),
        ("UNKNOWN", "Unreachable", Health.DOWN),
        ("UNKNOWN", "Unavail", Health.DOWN),
        ("UNKNOWN", None, Health.UNKNOWN),
        ("", None, Health.UNKNOWN),
        ("moonwalking", "Reachable", Health.UNKNOWN),
        ("OFF", None, Health.OFF),
        ("lagged", "Reachable", Health.DEGRADED),
    ],
)
def test_the_other_words(state: str, contact: str | None, health: Health) -> None:
    assert health_of(trunk(state, contact)) is health


@pytest.mark.parametrize(
    ("state", "registration", "health"),
    [
        # Only listed.
        ("", "outbound", Health.UNWATCHED),
        # Asterisk says OK, the PBX says so for ever.
        ("unregistered", "none", Health.UNWATCHED),
        ("unregistered", "inbound", Health.UNWATCHED),
        # Where a release tells it, it is believed.
        ("unregistered", "outbound", Health.DOWN),
        ("registered", "none", Health.UP),
        ("unreachable", "none", Health.DOWN),
    ],
)
def test_iax_is_believed_only_where_its_word_says_something(state: str, registration: str, health: Health) -> None:
    assert health_of(trunk(state, id="IAX-1", type="iax"), registration) is health


def test_unreachable_in_the_history_of_a_sip_trunk_is_half_an_outage() -> None:
    assert health_of_word("unreachable") is Health.PARTIAL
    assert health_of_word("unreachable", iax=True) is Health.DOWN
    assert health_of_word("rejected") is Health.DOWN


@pytest.mark.parametrize(
    ("shown", "dialect"),
    [
        (trunk("registered", "Reachable", stateColor="green"), None),
        (trunk("OFF", stateColor="grey"), None),
        (trunk("rejected", "Unreachable", stateColor="grey"), Dialect.EARLIER),
        (trunk("rejected", "Unreachable", stateColor="red"), Dialect.FROM_2026_3_40),
        (trunk("unreachable", "Unreachable", degradedReason="registered_but_unreachable"), Dialect.FROM_2026_3_40),
        (trunk("rejected", "Unreachable", stateColor="mauve"), None),
    ],
)
def test_which_mikopbx_it_is_shows_in_its_colours_and_reasons(shown: TrunkStatus, dialect: Dialect | None) -> None:
    assert told_by([trunk("registered", "Reachable"), shown]) is dialect
