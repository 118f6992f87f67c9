"""Trunk monitor: reported and suppressed changes; a restart makes no difference."""

import asyncio
from datetime import timedelta
from typing import Any, Never

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlalchemy.exc import OperationalError

from bot.detection import trunk_machine
from bot.detection.observation import StationFault
from bot.detection.trunk_machine import Policy
from bot.engine.trunk_monitor import RESTART_TAKES
from bot.incidents.model import (
    STATION,
    AddressBlocked,
    Changed,
    End,
    Kind,
    MonitoringGap,
    Opened,
    OutageWhileAway,
    Resolved,
    SwitchedOff,
    TrunkGone,
    Unreported,
    Upgraded,
)
from bot.pbx import (
    Busy,
    ConnectionRefused,
    ConnectTimedOut,
    Dialect,
    Expired,
    Forbidden,
    HttpsPort,
    NoRoute,
    NoSuchHost,
    NotJson,
    NotMikoPbx,
    NotYetValid,
    OtherFingerprint,
    PbxError,
    PeerStatus,
    PlainHttpPort,
    ServerError,
    TimedOut,
    TrunkRow,
    Unauthorised,
    Unreachable,
    Untrusted,
    WrongName,
)
from tests.fixtures.examples import examples
from tests.incident_harness.station import DEAD, LOST, OFF, REFUSED, SILENT, START, STRANGE, UP, Scene


async def healthy() -> Scene:
    scene = Scene()
    for trunk in ("zadarma", "mango"):
        scene.pbx.shows(trunk, UP)
    await scene.looks(3)
    return scene


@pytest.mark.parametrize(
    "state", [REFUSED, DEAD, ("unregistered", None), ("UNREGISTERED", None), ("unreachable", None)]
)
async def test_a_trunk_that_stays_down_is_reported_once_with_its_true_beginning(state: tuple[str, str | None]) -> None:
    scene = await healthy()
    began = scene.clock.now
    scene.pbx.shows("zadarma", state)
    await scene.looks(20)
    assert scene.incident_manager.told == [("zadarma", Opened(Kind.TRUNK_DOWN, began))]


async def test_nothing_is_reported_before_the_hold_off_and_two_measurements() -> None:
    scene = await healthy()
    scene.pbx.shows("zadarma", DEAD)
    await scene.looks(3)
    assert scene.incident_manager.told == []
    await scene.looks(1)
    assert scene.told(Opened)


async def test_a_blip_is_not_reported() -> None:
    scene = await healthy()
    scene.pbx.shows("zadarma", DEAD)
    await scene.looks(2)
    scene.pbx.shows("zadarma", UP)
    await scene.looks(10)
    assert scene.incident_manager.told == []


async def test_one_good_look_between_bad_ones_ends_nothing_and_resets_nothing() -> None:
    scene = await healthy()
    began = scene.clock.now
    scene.pbx.shows("zadarma", DEAD)
    await scene.looks(2)
    scene.pbx.shows("zadarma", UP)
    await scene.looks(1)
    scene.pbx.shows("zadarma", DEAD)
    await scene.looks(2)
    assert scene.incident_manager.told == [("zadarma", Opened(Kind.TRUNK_DOWN, began))]


async def test_the_end_is_reported_after_two_good_measurements_with_its_true_time() -> None:
    scene = await healthy()
    scene.pbx.shows("zadarma", DEAD)
    await scene.looks(5)
    ended = scene.clock.now
    scene.pbx.shows("zadarma", UP)
    await scene.looks(1)
    assert not scene.told(Resolved)
    await scene.looks(5)
    assert scene.told(Resolved) == [("zadarma", Resolved(End.RECOVERED, ended))]


async def test_an_answer_from_the_pbx_memory_is_one_measurement_however_often_it_is_read() -> None:
    scene = Scene(Policy(poll_interval=1, alert_after=0))
    scene.pbx.shows("zadarma", UP)
    await scene.looks(3)
    scene.pbx.shows("zadarma", DEAD)
    measured = scene.clock.now
    scene.pbx.measured, scene.pbx.cached_for = measured, 10**6

    async def cached(*, fresh: bool = False, priority: object = None) -> object:
        return await type(scene.pbx).statuses(scene.pbx)

    scene.pbx.statuses = cached  # type: ignore[method-assign, assignment]
    await scene.looks(8, every=1)
    assert scene.incident_manager.told == []


async def test_an_answer_that_is_old_or_warned_of_proves_nothing() -> None:
    scene = await healthy()
    scene.pbx.shows("zadarma", DEAD)
    scene.pbx.warnings = ("Using cached data due to fetch error",)
    await scene.looks(20)
    assert scene.told(Opened) == []


async def test_a_pbx_that_stops_looking_is_a_trouble_of_its_own_after_five_minutes() -> None:
    scene = await healthy()
    scene.pbx.warnings = ("Using cached data due to fetch error",)
    await scene.looks(29)
    assert scene.incident_manager.told == []
    await scene.looks(10)
    assert [subject for subject, _ in scene.told(Opened)] == [""]
    scene.pbx.warnings = ()
    await scene.looks(3)
    assert len(scene.told(Resolved)) == 1


async def test_a_trunk_already_down_at_the_first_look_is_reported_at_once_and_since_when() -> None:
    scene = Scene()
    scene.pbx.shows("zadarma", DEAD, since=START - timedelta(hours=3))
    await scene.looks(2)
    assert scene.incident_manager.told == [("zadarma", Opened(Kind.TRUNK_DOWN, START - timedelta(hours=3)))]


@pytest.mark.parametrize("minutes", [-90, 90])
async def test_a_pbx_whose_clock_is_wrong_changes_no_duration(minutes: int) -> None:
    scene = Scene(skew=timedelta(minutes=minutes))
    scene.pbx.shows("zadarma", UP)
    await scene.looks(3)
    began = scene.clock.now
    scene.pbx.shows("zadarma", DEAD)
    await scene.looks(10)
    assert scene.incident_manager.told == [("zadarma", Opened(Kind.TRUNK_DOWN, began))]


async def test_a_clock_that_was_hours_ahead_and_is_set_right_delays_no_alert() -> None:
    scene = await healthy()
    scene.pbx.shows("zadarma", DEAD)
    await scene.looks(2)
    scene.clock.pass_(-5 * 3600)
    await scene.looks(2)
    assert [subject for subject, _ in scene.told(Opened)] == ["zadarma"]


async def test_a_silent_provider_is_a_warning_that_becomes_the_outage_from_its_first_minute() -> None:
    scene = await healthy()
    began = scene.clock.now
    scene.pbx.shows("zadarma", SILENT)
    await scene.looks(5)
    turned = scene.clock.now
    scene.pbx.shows("zadarma", DEAD)
    await scene.looks(5)
    assert scene.incident_manager.told == [
        ("zadarma", Opened(Kind.TRUNK_PARTIAL, began)),
        ("zadarma", Upgraded(Kind.TRUNK_DOWN, turned)),
    ]
    assert scene.watch._trunks["zadarma"].bad_since == began


async def test_an_unknown_state_is_a_warning_after_five_minutes_and_once() -> None:
    scene = await healthy()
    scene.pbx.shows("zadarma", STRANGE)
    await scene.looks(29)
    assert scene.incident_manager.told == []
    await scene.looks(20)
    assert [transition.kind for _, transition in scene.told(Opened)] == [Kind.TRUNK_UNKNOWN]  # type: ignore[union-attr]


async def test_a_trunk_switched_off_is_a_note_and_no_incident() -> None:
    scene = await healthy()
    scene.pbx.shows("zadarma", OFF)
    await scene.looks(10)
    assert scene.incident_manager.told == [("zadarma", SwitchedOff())]


async def test_a_trunk_that_was_off_before_the_bot_came_is_not_mentioned() -> None:
    scene = Scene()
    scene.pbx.shows("zadarma", OFF)
    await scene.looks(10)
    assert scene.incident_manager.told == []


async def test_a_healthy_trunk_that_is_deleted_is_a_note_and_one_that_was_off_is_not() -> None:
    scene = await healthy()
    scene.pbx.shows("mango", OFF, scene.clock.now - timedelta(days=1))
    await scene.looks(3)
    del scene.pbx.states["zadarma"], scene.pbx.states["mango"]
    await scene.looks()
    assert not scene.told(TrunkGone), "once is not enough"
    await scene.looks(3)
    assert scene.told(TrunkGone) == [("zadarma", TrunkGone())]


async def test_switching_off_or_deleting_a_dead_trunk_ends_its_incident() -> None:
    for end in (End.SWITCHED_OFF, End.DELETED):
        scene = await healthy()
        scene.pbx.shows("zadarma", DEAD)
        await scene.until(lambda: bool(scene.told(Opened)))  # noqa: B023 (used within the iteration)
        if end is End.DELETED:
            del scene.pbx.states["zadarma"]
        else:
            scene.pbx.shows("zadarma", OFF)
        await scene.looks(3)
        assert [transition.reason for _, transition in scene.told(Resolved)] == [end]  # type: ignore[union-attr]


async def test_a_trunk_that_a_single_list_lacks_is_not_deleted() -> None:
    scene = await healthy()
    scene.pbx.shows("zadarma", DEAD)
    await scene.until(lambda: bool(scene.told(Opened)))
    state = scene.pbx.states.pop("zadarma")
    await scene.looks()
    scene.pbx.states["zadarma"] = state
    await scene.looks(3)
    assert not scene.told(Resolved)


async def test_the_engine_dying_is_one_incident_of_the_station() -> None:
    scene = await healthy()
    began = scene.clock.now
    for trunk in ("zadarma", "mango"):
        scene.pbx.shows(trunk, LOST)
    scene.pbx.known_peers = ()
    await scene.looks(60)
    assert scene.incident_manager.told == [("", Opened(Kind.STATION, began))]
    assert scene.watch.asterisk_down
    for trunk in ("zadarma", "mango"):
        scene.pbx.shows(trunk, UP)
    scene.pbx.known_peers = (PeerStatus(id="201"),)
    await scene.looks(20)
    assert [type(transition) for _, transition in scene.incident_manager.told] == [Opened, Resolved]


async def test_trunks_that_never_connected_are_not_a_dead_engine() -> None:
    scene = Scene()
    scene.pbx.shows("inbound", ("UNREGISTERED", None))
    await scene.looks(10)
    assert scene.told(Opened) == [("inbound", Opened(Kind.TRUNK_DOWN, START))]


@pytest.mark.parametrize(
    ("error", "trouble"),
    [
        (Unreachable("no"), StationFault.UNREACHABLE),
        (NoSuchHost("no"), StationFault.NO_SUCH_HOST),
        (ConnectionRefused("no"), StationFault.REFUSES_CONNECTION),
        (ConnectTimedOut("no"), StationFault.CONNECT_TIMED_OUT),
        (NoRoute("no"), StationFault.NO_ROUTE),
        (PlainHttpPort("no"), StationFault.PLAIN_HTTP_PORT),
        (HttpsPort("no"), StationFault.HTTPS_PORT),
        (Untrusted("no"), StationFault.UNTRUSTED),
        (WrongName("no", shown="mikopbx"), StationFault.WRONG_NAME),
        (Expired("no"), StationFault.EXPIRED),
        (NotYetValid("no"), StationFault.NOT_YET_VALID),
        (OtherFingerprint("no"), StationFault.OTHER_FINGERPRINT),
        (NotMikoPbx(200), StationFault.NOT_MIKOPBX),
        (TimedOut("no"), StationFault.TIMED_OUT),
        (NotJson(200), StationFault.NOT_JSON),
        (ServerError(502), StationFault.SERVER_ERROR),
        (Busy("a full queue", 2), StationFault.BLOCKED),
        (Unauthorised("no"), StationFault.KEY_REFUSED),
        (Forbidden("Providers", "read"), StationFault.RIGHT_MISSING),
    ],
)
async def test_a_station_that_does_not_answer_holds_back_its_trunks(error: PbxError, trouble: StationFault) -> None:
    scene = await healthy()
    began = scene.clock.now
    scene.pbx.error = error
    await scene.looks(10)
    assert scene.incident_manager.told == [("", Opened(Kind.STATION, began))]
    assert scene.watch.latest is not None
    assert scene.watch.latest.trouble is trouble
    scene.pbx.shows("zadarma", DEAD)
    scene.pbx.error = None
    await scene.looks(3)
    assert [type(transition) for _, transition in scene.incident_manager.told] == [Opened, Resolved]
    await scene.looks(5)
    assert scene.incident_manager.told[-1][0] == "zadarma"


async def test_another_trouble_in_the_same_incident_changes_what_it_says() -> None:
    scene = await healthy()
    scene.pbx.error = Unreachable("no")
    await scene.looks(6)
    scene.pbx.error = ServerError(502)
    await scene.looks(6)
    assert [type(transition) for _, transition in scene.incident_manager.told] == [Opened, Changed]


async def test_a_refused_key_is_asked_about_less_and_less() -> None:
    scene = await healthy()
    scene.pbx.error = Unauthorised("no")
    pauses = []
    for _ in range(9):
        pauses.append(await scene.watch.poll())
        scene.clock.pass_(10)
    assert pauses == [10, 10, 10, 60, 120, 240, 300, 300, 300]
    scene.pbx.error = None
    assert await scene.watch.poll() == 10


async def test_a_blocked_address_waits_as_long_as_it_must() -> None:
    scene = await healthy()
    scene.pbx.error = Busy("blocked", 300)
    assert await scene.watch.poll() == 300


async def test_a_quiet_hour_writes_only_once_a_minute_that_somebody_looked() -> None:
    scene = await healthy()
    writes = scene.incident_manager.writes
    await scene.looks(360)
    assert scene.incident_manager.writes - writes <= 60


async def test_an_outage_reported_in_the_last_minute_before_an_absence_is_no_news_after_it() -> None:
    scene = Scene(Policy(poll_interval=10, alert_after=0))
    scene.pbx.shows("zadarma", UP)
    await scene.looks(7)
    scene.pbx.shows("zadarma", DEAD)
    await scene.looks(2)
    scene.pbx.shows("zadarma", UP)
    await scene.looks(2)
    assert scene.told(Resolved)
    scene.clock.pass_(1200)
    await scene.restarts()
    await scene.looks(3)
    assert scene.told(MonitoringGap)
    assert not scene.told(OutageWhileAway)


STATES = st.sampled_from([UP, UP, SILENT, REFUSED, DEAD, OFF, STRANGE])
STRETCHES = st.lists(st.tuples(STATES, st.integers(1, 12)), min_size=1, max_size=12)


@examples(daily=25, ci=150)
@given(STRETCHES, st.sets(st.integers(0, 100)))
async def test_a_restart_at_any_look_changes_nothing_that_is_reported(
    stretches: list[tuple[tuple[str, str | None], int]], restarts: set[int]
) -> None:
    steady, restarted = Scene(), Scene()
    look = 0
    for state, length in stretches:
        for scene in (steady, restarted):
            scene.pbx.shows("zadarma", state)
        for _ in range(length):
            if look in restarts:
                await restarted.restarts()
            await steady.looks()
            await restarted.looks()
            look += 1
    assert restarted.incident_manager.told == steady.incident_manager.told


@examples(daily=25, ci=200)
@given(STRETCHES)
async def test_what_is_reported_is_a_story_that_makes_sense(
    stretches: list[tuple[tuple[str, str | None], int]],
) -> None:
    scene = Scene()
    for state, length in stretches:
        scene.pbx.shows("zadarma", state)
        await scene.looks(length)
    is_open = False
    for _, transition in scene.incident_manager.told:
        if isinstance(transition, Opened):
            assert not is_open, "told twice"
            is_open = True
        elif isinstance(transition, Upgraded | Changed | Resolved):
            assert is_open, "the end of something that was never told"
            is_open = not isinstance(transition, Resolved)


@examples(daily=20)
@given(STRETCHES, st.sampled_from([REFUSED, DEAD]), st.integers(5, 30))
async def test_every_outage_that_lasts_is_reported_and_so_is_its_end(
    before: list[tuple[tuple[str, str | None], int]], down: tuple[str, str | None], length: int
) -> None:
    scene = Scene()
    for state, looks in before:
        scene.pbx.shows("zadarma", state)
        await scene.looks(looks)
    scene.pbx.shows("zadarma", UP)
    await scene.looks(3)
    # A flapping trunk is reported as a whole.
    reported = (transition for _, transition in scene.incident_manager.told)
    assume(not any(isinstance(o, Opened | Upgraded) and o.kind is Kind.TRUNK_FLAPPING for o in reported))
    told = len(scene.told(Opened))
    scene.pbx.shows("zadarma", down)
    await scene.looks(length)
    assert len(scene.told(Opened)) == told + 1
    scene.pbx.shows("zadarma", UP)
    # A trunk that flapped must be stable first.
    await scene.looks(95)
    assert len(scene.told(Resolved)) == len(scene.told(Opened))


async def test_only_an_answer_of_the_pbx_is_a_good_look() -> None:
    scene = Scene()
    await scene.looks()
    good = scene.watch.last_good
    assert good is not None
    scene.pbx.error = Unreachable("no answer")
    await scene.looks(3)
    assert scene.watch.last_good == good
    scene.pbx.error = None
    await scene.looks()
    assert scene.watch.last_good is not None
    assert scene.watch.last_good > good


async def test_a_machine_may_have_restarted_only_while_the_pbx_was_not_heard() -> None:
    scene = Scene()
    await scene.looks(20)
    assert scene.watch.interruptions == 0
    scene.pbx.error = Unreachable("no answer")
    await scene.looks()
    scene.pbx.error = None
    await scene.looks(20)
    assert scene.watch.interruptions == 1
    # Nobody looked.
    scene.clock.pass_(RESTART_TAKES.total_seconds())
    await scene.looks(20)
    assert scene.watch.interruptions == 2
    scene.watch.restart_states({})
    await scene.looks(20)
    assert scene.watch.interruptions == 3


async def test_a_clock_that_is_set_back_hides_no_outage() -> None:
    scene = Scene()
    scene.pbx.shows("zadarma", UP)
    await scene.looks(5)
    scene.clock.now -= timedelta(minutes=10)
    scene.pbx.shows("zadarma", DEAD)
    await scene.looks(8)
    assert len(scene.told(Opened)) == 1


async def test_a_watch_is_sure_of_nothing_before_its_first_turn_which_takes_up_what_was_known() -> None:
    scene = await healthy()
    scene.watch = scene._new_watch()
    before = scene.watch.is_confirmed
    assert await scene.watch.run_once() == 10
    assert (before, scene.watch.is_confirmed) == (False, True)
    assert scene.watch.trunk_names == {"zadarma": "Zadarma", "mango": "Mango"}


async def test_a_turn_in_which_something_fails_is_followed_by_the_next_one_that_concludes_the_same() -> None:
    scene = await healthy()
    scene.watch = scene._new_watch()
    remembered, apply = scene.incident_manager.load_states, scene.incident_manager.record

    async def refuses(*_: Any) -> Never:
        raise OperationalError("select", None, OSError("disk full"))

    scene.incident_manager.load_states = refuses  # type: ignore[method-assign]
    assert await scene.watch.run_once() == 10
    assert not scene.watch.is_confirmed
    scene.incident_manager.load_states = remembered  # type: ignore[method-assign]
    scene.pbx.shows("zadarma", DEAD)
    scene.incident_manager.record = refuses  # type: ignore[method-assign, assignment]
    for _ in range(6):
        assert await scene.watch.run_once() == 10
        scene.clock.pass_(10)
    assert scene.incident_manager.told == []
    scene.incident_manager.record = apply  # type: ignore[method-assign]
    for _ in range(6):
        await scene.watch.run_once()
        scene.clock.pass_(10)
    assert [subject for subject, _ in scene.told(Opened)] == ["zadarma"]


async def test_a_block_of_the_address_is_reported_at_once_with_its_end_and_is_no_outage_of_the_pbx() -> None:
    scene = await healthy()
    scene.pbx.error = Busy("too many requests", 300)
    await scene.looks(1)
    blocked_at = scene.clock.now - timedelta(seconds=10)
    assert scene.incident_manager.told == [("", AddressBlocked(blocked_at + timedelta(seconds=300)))]
    scene.clock.pass_(290)
    scene.pbx.error = None
    await scene.looks(3)
    assert len(scene.incident_manager.told) == 1


async def test_blocked_again_after_that_it_is_as_loud_as_any_blindness() -> None:
    scene = await healthy()
    scene.pbx.error = Busy("too many requests", 300)
    await scene.looks(2, every=300)
    assert [type(transition) for _, transition in scene.incident_manager.told] == [AddressBlocked, Opened]


async def test_what_is_met_after_a_block_has_its_own_beginning() -> None:
    scene = await healthy()
    scene.pbx.error = Busy("too many requests", 300)
    await scene.looks(1, every=300)
    scene.pbx.error, met = Untrusted("no"), scene.clock.now
    await scene.looks(5)
    assert scene.incident_manager.told[1:] == [("", Opened(Kind.STATION, met))]


async def test_after_a_stop_of_asterisk_nothing_is_said_of_a_blind_time() -> None:
    scene = await healthy()
    scene.pbx.shows("branch", ("REGISTERED", "Reachable"))
    await scene.looks(3)
    scene.pbx.engine_dies()
    await scene.looks(12)
    scene.pbx.engine_lives()
    await scene.looks(5)
    assert [type(transition) for _, transition in scene.incident_manager.told] == [Opened, Resolved]


async def test_the_list_of_trunks_is_asked_for_seldom_and_at_once_when_one_is_missing() -> None:
    scene = await healthy()
    asked = scene.counts("list")
    await scene.looks(50)
    assert len(asked) == 0
    scene.pbx.states.pop("zadarma")
    await scene.looks(2)
    assert len(asked) == 2


async def test_an_iax_trunk_that_is_only_listed_is_mentioned_once_also_over_restarts() -> None:
    scene = await healthy()
    scene.pbx.rows["line"] = TrunkRow(id="line", type="IAX", represent="IAX: Line", registration_type="outbound")
    await scene.restarts()
    await scene.looks(5)
    await scene.restarts()
    await scene.looks(70)
    assert scene.incident_manager.told == [("line", Unreported())]
    del scene.pbx.rows["line"]
    await scene.looks(70)
    assert "line" not in scene.watch._trunks


async def test_bans_are_asked_for_only_while_a_provider_is_silent_and_not_at_every_look() -> None:
    scene = await healthy()
    asked = scene.counts("banned")
    await scene.looks(20)
    assert len(asked) == 0
    scene.pbx.shows("zadarma", DEAD)
    await scene.looks(18)
    assert len(asked) == 3


async def test_the_dialect_is_remembered_after_what_showed_it_is_gone() -> None:
    scene = await healthy()
    scene.pbx.dialect = Dialect.FROM_2026_3_40
    assert scene.watch.dialect is None
    scene.pbx.shows("zadarma", SILENT)
    await scene.looks(2)
    scene.pbx.shows("zadarma", UP)
    await scene.looks(2)
    await scene.restarts()
    assert scene.watch.dialect is Dialect.FROM_2026_3_40


async def test_while_the_list_of_trunks_is_not_known_none_is_missing() -> None:
    scene = await healthy()
    scene.pbx.rows["line"] = TrunkRow(id="line", type="IAX", represent="IAX: Line", registration_type="outbound")
    await scene.restarts()
    await scene.looks(5)

    async def refuses(_priority: object = None) -> Never:
        raise TimedOut("30 s")

    scene.pbx.list = refuses  # type: ignore[method-assign, assignment]
    await scene.restarts()
    await scene.looks(20)
    assert scene.incident_manager.told == [("line", Unreported())]
    assert "line" in scene.watch._trunks


async def test_a_look_that_does_not_come_to_an_end_is_one_that_is_too_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await healthy()

    async def never(**_: Any) -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(scene.watch._poller, "_timeout", 0.01)
    with monkeypatch.context() as patched:
        patched.setattr(scene.pbx, "statuses", never)
        await scene.looks(6)
        assert scene.watch.latest is not None
        assert scene.watch.latest.trouble is StationFault.TIMED_OUT
        assert [subject for subject, _ in scene.told(Opened)] == [STATION]
    await scene.looks(4)
    assert [subject for subject, _ in scene.told(Resolved)] == [STATION]


@pytest.mark.parametrize("where", ["asked", "judged"])
async def test_whatever_goes_wrong_with_an_answer_is_reported_as_garbage(
    where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await healthy()

    def fails(*_: Any, **__: Any) -> Any:
        raise OverflowError("a time that nobody can reckon with")

    with monkeypatch.context() as patched:
        if where == "asked":
            patched.setattr(scene.pbx, "statuses", fails)
        else:
            patched.setattr(trunk_machine, "evaluate_trunk", fails)
        await scene.looks(6)
        assert scene.watch.latest is not None
        assert scene.watch.latest.trouble is StationFault.NOT_JSON
        assert [subject for subject, _ in scene.told(Opened)] == [STATION]
    await scene.looks(4)
    assert [subject for subject, _ in scene.told(Resolved)] == [STATION]
