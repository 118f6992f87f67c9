"""Cause of a trunk's outage: from its own state, from its neighbours, and in recordings of a real PBX."""

import json
from typing import Any

import pytest

from bot.detection.observation import from_answer, healths_of, suggests_asterisk_down
from bot.detection.trunk_cause import in_context
from bot.detection.trunk_health import Cause, Health, health_of
from bot.detection.unreported_trunks import UnreportedTrunks
from bot.pbx import Answer, TrunkStatus
from tests.fixtures.paths import RECORDINGS
from tests.incident_harness.station import DEAD, LOST, REFUSED, SILENT, START, UP

State = tuple[str, str | None]
# A host in Europe, one in America, and a gateway in the office's own network.
EUROPE, AMERICA, OFFICE = "sip.zadarma.com", "sip.twilio.com", "192.168.1.20"
PENDING = ("rejected", "NonQualified")


def trunk(name: str, state: State, host: str, type_: str = "sip") -> TrunkStatus:
    word, contact = state
    fields = {"id": name, "type": type_, "state": word, "contactStatus": contact, "host": host}
    return TrunkStatus.model_validate(fields)


def why(*trunks: TrunkStatus) -> dict[str, Cause]:
    return dict(in_context((one, health_of(one, "outbound")) for one in trunks))


@pytest.mark.parametrize(
    ("state", "host", "neighbour", "cause"),
    [
        # Alone, or with a working neighbour at another host.
        (DEAD, EUROPE, None, Cause.NO_ANSWER),
        (REFUSED, EUROPE, None, Cause.CREDENTIALS_REFUSED),
        (PENDING, EUROPE, None, Cause.UNKNOWN),
        (DEAD, EUROPE, (UP, AMERICA), Cause.NO_ANSWER),
        (REFUSED, EUROPE, (UP, EUROPE), Cause.CREDENTIALS_REFUSED),
        # The same host answers for another account: it is reachable.
        (DEAD, EUROPE, (UP, EUROPE), Cause.UNKNOWN),
        (DEAD, EUROPE, (UP, EUROPE.upper()), Cause.UNKNOWN),
        # Two hosts are silent at once.
        (DEAD, EUROPE, (DEAD, AMERICA), Cause.OWN_INTERNET),
        (DEAD, EUROPE, (SILENT, AMERICA), Cause.OWN_INTERNET),
        # One host with two accounts is still one provider.
        (DEAD, EUROPE, (DEAD, EUROPE), Cause.NO_ANSWER),
        # A gateway in the office is no evidence about the internet, silent or answering.
        (DEAD, EUROPE, (DEAD, OFFICE), Cause.NO_ANSWER),
        # A rejection is an answer.
        (DEAD, EUROPE, (REFUSED, AMERICA), Cause.NO_ANSWER),
        (REFUSED, EUROPE, (DEAD, AMERICA), Cause.CREDENTIALS_REFUSED),
        # Others have a contact, this one has none: its name does not resolve. An IP address proves no such cause.
        (LOST, EUROPE, (UP, AMERICA), Cause.NAME_NOT_RESOLVED),
        (LOST, "203.0.113.7", (UP, AMERICA), Cause.UNKNOWN),
        (LOST, EUROPE, None, Cause.UNKNOWN),
        (("UNREGISTERED", None), EUROPE, (UP, AMERICA), Cause.UNKNOWN),
        # Disabled is neither silent nor answering.
        (DEAD, EUROPE, (("OFF", None), AMERICA), Cause.NO_ANSWER),
    ],
)
def test_what_its_own_state_does_not_tell_its_neighbours_do(
    state: State, host: str, neighbour: tuple[State, str] | None, cause: Cause
) -> None:
    others = [trunk("other", *neighbour)] if neighbour else []
    assert why(trunk("one", state, host), *others)["one"] is cause


def test_two_silent_hosts_and_one_that_answers_are_two_outages() -> None:
    causes = why(trunk("a", DEAD, EUROPE), trunk("b", DEAD, AMERICA), trunk("c", UP, "sip.sipgate.de"))
    assert (causes["a"], causes["b"]) == (Cause.NO_ANSWER, Cause.NO_ANSWER)


def test_a_trunk_that_works_over_the_internet_speaks_against_it_whatever_shows_that() -> None:
    silent = trunk("a", DEAD, EUROPE), trunk("b", DEAD, AMERICA)
    by_iax = trunk("c", ("registered", None), "iax.sipgate.de", "iax")
    assert why(*silent, by_iax)["a"] is Cause.NO_ANSWER
    # Without *qualify* it counts as registered until its registration expires.
    unprobed = trunk("c", ("registered", "NonQualified"), "sip.sipgate.de")
    assert why(*silent, unprobed)["a"] is Cause.OWN_INTERNET


@pytest.mark.parametrize("heard", [REFUSED, ("lagged", "Reachable")])
def test_a_provider_that_answers_speaks_against_it_whatever_it_answers(heard: State) -> None:
    causes = why(trunk("a", DEAD, EUROPE), trunk("b", DEAD, AMERICA), trunk("c", heard, "sip.sipgate.de"))
    assert causes["a"] is Cause.NO_ANSWER


def test_a_trunk_that_ignores_options_for_long_has_registered_meanwhile() -> None:
    trunks = [trunk("a", SILENT, EUROPE), trunk("b", DEAD, AMERICA)]
    healths = [(one, health_of(one)) for one in trunks]
    assert in_context(healths)["b"] is Cause.OWN_INTERNET
    assert in_context(healths, reached={"a"})["b"] is Cause.NO_ANSWER


def test_a_provider_that_the_pbx_keeps_out_is_no_sign_of_the_internet() -> None:
    trunks = [trunk("a", DEAD, EUROPE), trunk("b", DEAD, AMERICA)]
    causes = in_context([(one, health_of(one)) for one in trunks], {"a"})
    assert causes == {"a": Cause.BANNED, "b": Cause.NO_ANSWER}
    # Rejected, hence reachable.
    refused = trunk("a", REFUSED, EUROPE)
    assert in_context([(refused, health_of(refused))], {"a"}) == {"a": Cause.CREDENTIALS_REFUSED}


def test_with_our_own_internet_down_every_silent_trunk_says_so_and_the_station_gateway_is_well() -> None:
    causes = why(trunk("a", DEAD, EUROPE), trunk("b", SILENT, AMERICA), trunk("c", UP, OFFICE))
    assert (causes["a"], causes["b"]) == (Cause.OWN_INTERNET, Cause.OWN_INTERNET)


def test_without_trunks_nothing_has_a_cause() -> None:
    assert why() == {}


# --- recordings of a real PBX ---------------------------------------------------------------------------------------


def recorded(number: str) -> dict[str, TrunkStatus]:
    (path,) = RECORDINGS.glob(f"{number}_*.json")
    data: dict[str, Any] = json.loads(path.read_text())["response"]["body"]["data"]
    if "state" in data:
        return {str(data["description"]): TrunkStatus.model_validate(data)}
    rows = [row for kind in data.values() if isinstance(kind, dict) for row in kind.values()]
    return {str(row["description"]): TrunkStatus.model_validate(row) for row in rows}


def causes_in(number: str) -> dict[str, Cause]:
    trunks = recorded(number)
    causes = why(*trunks.values())
    return {name: causes[one.id] for name, one in trunks.items()}


def test_a_host_that_does_not_resolve_is_the_only_trunk_so_nobody_can_tell() -> None:
    assert causes_in("003") == {"Demo provider": Cause.UNKNOWN}


def test_a_wrong_password_is_distinguished_from_a_registrar_that_is_down() -> None:
    assert causes_in("045") == {"Trunk 2 wrong password": Cause.CREDENTIALS_REFUSED}
    # Six seconds after the outage the contact was not yet measured: no cause is better than a wrong one.
    assert causes_in("046") == {"Trunk 3 registrar down": Cause.UNKNOWN}


def test_on_a_station_with_everything_at_once_each_has_its_own_cause() -> None:
    causes = causes_in("345")
    assert causes["Trunk 2 wrong password"] is Cause.CREDENTIALS_REFUSED
    assert causes["Trunk 3 registrar down"] is Cause.NO_ANSWER
    healths = {name: health_of(one, "outbound") for name, one in recorded("345").items()}
    assert healths["Trunk 1 OK"] is Health.UP
    assert healths["Trunk 4 disabled"] is Health.OFF
    assert Cause.OWN_INTERNET not in causes.values()


def test_a_stopped_asterisk_is_no_trunks_fault() -> None:
    trunks = {one.id: one for one in recorded("274").values()}
    assert suggests_asterisk_down(Answer(trunks))
    assert not suggests_asterisk_down(Answer({one.id: one for one in recorded("345").values()}))


def test_what_the_watch_sees_carries_the_causes() -> None:
    trunks = {one.id: one for one in recorded("345").values()}
    moment = max(one.last_update for one in trunks.values() if one.last_update)
    sight = from_answer(Answer(trunks, pbx_time=moment), START, healths_of(trunks, UnreportedTrunks()))
    names = {one.name: one.cause for one in sight.trunks.values()}
    assert names["Trunk 3 registrar down"] is Cause.NO_ANSWER
    assert not sight.stale
