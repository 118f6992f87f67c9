"""Faulty PBXs in a fleet do not affect the others; each notification is delivered exactly once."""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

from tests.end_to_end.fleet_harness import FleetHarness, key_of, running_fleet, running_harness
from tests.end_to_end.harness import ANNA, BORIS, GROUP, SAM, press, running_bot

# Seconds of test time. The others are polled every second, possibly late on a busy machine; requests queued behind the
# slow PBX are later than that.
SLOW = 20.0
ON_TIME = 10.0


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[FleetHarness]:
    with running_harness("acme", "beta") as harness:
        yield harness


def test_dead_slow_and_refusing_pbxs_do_not_hold_up_the_others(tmp_path: Path) -> None:
    with running_harness("well", "dead", "slow", "shut") as harness, running_fleet(harness, tmp_path):
        harness.wait_until_watched(*harness.branches)
        harness["dead"].suffers("unplugged")
        harness["slow"].suffers("slow", SLOW)
        harness["shut"].revokes_key()
        harness.wait_for_message("🔴 Dead\n.*cannot be reached", harness["dead"].chat)
        harness.wait_for_message("🔴 Shut\n.*refuses the API key", harness["shut"].chat)
        harness["well"].wait_for_looks(10)
        looks = harness["well"].looks()[-10:]
        assert max(later - earlier for earlier, later in pairwise(looks)) < ON_TIME
        begun = harness.now()
        assert " Well · " in harness.asks(BORIS, "/status well", GROUP)
        assert (harness.now() - begun).total_seconds() < ON_TIME
        harness["well"].breaks("Zadarma")
        harness.wait_for_message("Zadarma is down · Well", harness["well"].chat)


def test_after_a_kill_the_incidents_of_all_go_on_and_nothing_is_reported_twice(
    pair: FleetHarness, tmp_path: Path
) -> None:
    acme, beta = pair["acme"], pair["beta"]
    with running_fleet(pair, tmp_path) as program:
        pair.wait_until_watched("acme", "beta")
        acme.breaks("Mango Office")
        beta.breaks("Zadarma")
        acmes = pair.wait_for_message("Mango Office is down", acme.chat)
        betas = pair.wait_for_message("Zadarma is down", beta.chat)
        press(pair, acmes, "I'm on it", "Boris Petrov is on it", BORIS)
        program.kill()
    beta.mends("Zadarma")
    with running_fleet(pair, tmp_path):
        pair.wait_until_it_says(betas, "🟢 Zadarma is up again")
        pair.wait_until_watched("acme", "beta")
        assert "Boris Petrov is on it" in pair.wait_until_it_says(acmes, "🔴 Mango Office is down")
        acme.mends("Mango Office")
        pair.wait_until_it_says(acmes, "🟢 Mango Office is up again", "Boris Petrov took it")
    assert len(pair.alerts("Mango Office is (down|up again) ·", acme.chat)) == 1
    assert len(pair.alerts("Zadarma is (down|up again) ·", beta.chat)) == 1


def test_what_is_written_anew_is_taken_up_without_a_restart(tmp_path: Path) -> None:
    trunks = {"kept": "Mango Office", "renamed": "Zadarma", "gone": "Branch IAX"}
    with running_harness(*trunks, "added") as harness, running_fleet(harness, tmp_path, *trunks) as program:
        harness.wait_until_watched(*trunks)
        for name, trunk in trunks.items():
            harness[name].breaks(trunk)
        alerts = {
            name: harness.wait_for_message(f"{trunk} is down", harness[name].chat) for name, trunk in trunks.items()
        }
        harness["renamed"].title = "Other"
        harness.write_stations(tmp_path, "kept", "renamed", "added")
        program.read_stations_again()
        told = harness.wait_for_message("STATIONS_FILE was read again", ANNA)
        assert "New: added\nChanged: renamed\nNot watched any more: gone" in told
        harness.wait_until_it_says(alerts["gone"], "⚪ Branch IAX: the PBX is not watched any more · Gone")
        asked = len(harness["gone"].looks())
        harness["added"].wait_for_looks(3)
        harness["added"].breaks("Zadarma")
        harness.wait_for_message("Zadarma is down · Added", harness["added"].chat)
        assert len(harness["gone"].looks()) == asked
        assert harness.again(alerts["kept"]) == alerts["kept"]
        harness["renamed"].mends("Zadarma")
        harness.wait_until_it_says(alerts["renamed"], "🟢 Zadarma is up again · Other")
        for name, trunk in trunks.items():
            cards = [
                m
                for m in harness.from_bot(harness[name].chat)
                if re.match(f". {trunk}.* · {harness[name].title}", m.text)
            ]
            assert cards == [harness.again(alerts[name])], "nothing is told anew"


def test_a_wrong_file_changes_nothing_and_the_administrator_is_notified_why(pair: FleetHarness, tmp_path: Path) -> None:
    with running_fleet(pair, tmp_path) as program:
        pair.wait_until_watched("acme", "beta")
        pair["beta"].extra = {"poll_intervall": "5"}
        pair.write_stations(tmp_path, "acme", "beta")
        program.read_stations_again()
        told = pair.wait_for_message("STATIONS_FILE is wrong", ANNA)
        assert "beta: poll_intervall: is no setting of a PBX" in told
        pair.wait_until_watched("acme", "beta")
        (tmp_path / "stations.toml").write_text(pair["acme"].table() + "\nkey = 'torn")
        program.read_stations_again()
        pair.wait_for_message("is not TOML", ANNA)
        pair.wait_until_watched("acme", "beta")


def test_the_only_pbx_becomes_one_of_two_and_its_incident_goes_on(pair: FleetHarness, tmp_path: Path) -> None:
    acme = pair["acme"]
    with running_bot(pair, tmp_path, PBX_API_KEY=key_of("acme"), ALERT_CHATS=str(acme.chat)):
        pair.wait_until_known()
        acme.breaks("Zadarma")
        alert = pair.wait_for_message("Zadarma is down · Head office", acme.chat)
        press(pair, pair.asks(ANNA, f"/grant {SAM} viewer"), "✅ Give", "✅ Given")
    acme.extra = {"formerly": '"Head office"'}
    with running_fleet(pair, tmp_path):
        pair.wait_until_watched("acme", "beta")
        assert "🔴 Acme" in pair.asks(SAM, "/status"), "the trunk is still down"
        acme.mends("Zadarma")
        pair.wait_until_it_says(alert, "🟢 Zadarma is up again · Acme")
        assert "4 of 4 trunks work" in pair.asks(SAM, "/status"), "what was given there is given here"


def test_what_all_pbxs_show_is_one_message_for_administrators_and_the_card_of_all_counts_it(tmp_path: Path) -> None:
    names = ("acme", "beta", "corp", "delta", "eagle")
    advice = {"error": [{"messageTpl": "adv_YouUseDefaultWebPassword"}]}
    with running_harness(*names) as harness:
        for branch in harness.branches.values():
            harness.post(f"{branch.path}/control/advice", advice=advice)
        with running_fleet(harness, tmp_path):
            harness.wait_until_watched(*names)
            words = "The web password of the PBX is the default one"
            for name in names[:3]:
                assert words in harness.asks(ANNA, f"/pbx {name}")
            common = harness.wait_for_message(f"3 of 5 PBXs: {words}", ANNA)
            for name in names[3:]:
                assert words in harness.asks(ANNA, f"/pbx {name}")
            harness.wait_until_it_says(common, f"5 of 5 PBXs: {words}")
            told = [one for one in harness.messages(ANNA) if words in one and "Since" in one.text]
            assert len({one.id for one in told}) <= 4
            card = harness.asks(ANNA, "/pbx all")
            assert "Something is found at 5 of 5 PBXs" in card
            assert "advice of the PBX itself: 5" in card
            assert "🩺 Health" in str(harness.asks(ANNA, "/stations").buttons)
