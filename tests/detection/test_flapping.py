"""Flapping trunks: one incident for all changes, and no page until the trunk stays down."""

from dataclasses import dataclass
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.detection.trunk_state import BAD, TrunkState
from bot.incidents.model import KINDS, Changed, Downgraded, End, Kind, Opened, Resolved, Transition, Upgraded
from tests.fixtures.examples import examples
from tests.incident_harness.station import DEAD, SILENT, UP, Scene

MINUTE = 60


@dataclass
class Trunk:
    """Trunk that has long been up; each poll is observed, at intervals of 10 s."""

    scene: Scene

    @classmethod
    async def up(cls) -> "Trunk":
        scene = Scene()
        scene.pbx.shows("zadarma", UP)
        await scene.looks(3)
        return cls(scene)

    async def is_(self, state: tuple[str, str | None], seconds: float) -> None:
        self.scene.pbx.shows("zadarma", state)
        await self.scene.looks(int(seconds / 10))

    async def drops(self, times: int, down: float = 60, up: float = 120) -> None:
        for _ in range(times):
            await self.is_(DEAD, down)
            await self.is_(UP, up)

    @property
    def told(self) -> list[Transition]:
        return [transition for _, transition in self.scene.incident_manager.told]

    @property
    def sounds(self) -> list[Transition]:
        return [one for one in self.told if isinstance(one, Opened | Upgraded) and KINDS[one.kind].loud]

    @property
    def memory(self) -> TrunkState:
        return self.scene.watch._trunks["zadarma"]


def kinds(told: list[Transition]) -> list[str]:
    return [f"{type(one).__name__} {getattr(one, 'kind', '')}".strip() for one in told]


async def test_the_fourth_drop_in_half_an_hour_is_flapping_since_the_first() -> None:
    trunk = await Trunk.up()
    began = trunk.scene.clock.now
    await trunk.drops(3)
    assert kinds(trunk.told) == ["Opened trunk_down", "Resolved"] * 3
    await trunk.is_(DEAD, 60)
    assert trunk.told[-1] == Opened(Kind.TRUNK_FLAPPING, began)


async def test_drops_too_short_to_be_reported_count_too() -> None:
    trunk = await Trunk.up()
    began = trunk.scene.clock.now
    await trunk.drops(4, down=20)
    assert trunk.told[0] == Opened(Kind.TRUNK_FLAPPING, began)
    assert trunk.sounds == []


async def test_four_drops_in_more_than_half_an_hour_are_four_outages() -> None:
    trunk = await Trunk.up()
    await trunk.drops(5, down=60, up=9 * MINUTE + 30)
    assert kinds(trunk.told) == ["Opened trunk_down", "Resolved"] * 5


async def test_a_provider_that_only_answers_badly_does_not_flap() -> None:
    trunk = await Trunk.up()
    for _ in range(6):
        await trunk.is_(SILENT, 60)
        await trunk.is_(UP, 60)
    assert kinds(trunk.told) == ["Opened trunk_partial", "Resolved"] * 6


async def test_while_it_flaps_further_drops_are_counted_without_a_sound() -> None:
    trunk = await Trunk.up()
    await trunk.drops(4, down=20)
    before = len(trunk.told)
    await trunk.drops(10, down=100)
    assert set(kinds(trunk.told[before:])) == {"Changed"}
    assert (trunk.memory.flaps, trunk.memory.downtime) == (14, 4 * 20 + 10 * 100)


async def test_settled_down_for_three_minutes_it_is_down_and_makes_a_sound_once() -> None:
    trunk = await Trunk.up()
    await trunk.drops(4, down=20)
    began = trunk.scene.clock.now
    await trunk.is_(DEAD, 170)
    assert trunk.sounds == []
    await trunk.is_(DEAD, 60 * MINUTE)
    assert trunk.sounds == [Upgraded(Kind.TRUNK_DOWN, began)]


async def test_up_again_after_that_it_still_flaps_and_that_makes_no_sound() -> None:
    trunk = await Trunk.up()
    await trunk.drops(4, down=20)
    await trunk.is_(DEAD, 10 * MINUTE)
    await trunk.is_(UP, MINUTE)
    assert trunk.told[-1] == Downgraded(Kind.TRUNK_FLAPPING)
    assert trunk.memory.downtime == 4 * 20 + 10 * MINUTE


async def test_a_quarter_of_an_hour_of_calm_ends_it_and_all_is_forgotten() -> None:
    trunk = await Trunk.up()
    await trunk.drops(4, down=20, up=60)
    ended = trunk.scene.clock.now - timedelta(seconds=60)
    await trunk.is_(UP, 13 * MINUTE)
    assert kinds(trunk.told)[-1] == "Changed"
    await trunk.is_(UP, 2 * MINUTE)
    assert trunk.told[-1] == Resolved(End.RECOVERED, ended)
    await trunk.drops(3)
    assert kinds(trunk.told)[-6:] == ["Opened trunk_down", "Resolved"] * 3


async def test_switched_off_it_flaps_no_longer() -> None:
    trunk = await Trunk.up()
    await trunk.drops(4, down=20)
    await trunk.is_(("OFF", None), 60)
    assert trunk.told[-1] == Resolved(End.SWITCHED_OFF, trunk.told[-1].ended_at)  # type: ignore[union-attr]
    assert trunk.memory.flaps == 0


async def test_a_restart_forgets_no_drop() -> None:
    trunk = await Trunk.up()
    began = trunk.scene.clock.now
    await trunk.drops(3, down=20)
    await trunk.scene.restarts()
    await trunk.drops(3, down=20)
    assert trunk.told[0] == Opened(Kind.TRUNK_FLAPPING, began)
    assert (trunk.memory.flaps, trunk.memory.downtime) == (6, 6 * 20)


TENS = st.integers(2, 17).map(lambda tens: tens * 10)
bouts = st.lists(st.tuples(TENS, TENS), min_size=5, max_size=15)


@examples(daily=10, ci=40)
@given(bouts)
async def test_the_counters_add_up_and_nobody_is_woken_while_it_only_flaps(bouts: list[tuple[int, int]]) -> None:
    trunk = await Trunk.up()
    began = trunk.scene.clock.now
    for down, up in bouts:
        await trunk.is_(DEAD, down)
        await trunk.is_(UP, up)
    assert (trunk.memory.flaps, trunk.memory.downtime) == (len(bouts), sum(down for down, _ in bouts))
    assert trunk.memory.flapping_since == began
    flapping = trunk.told.index(Opened(Kind.TRUNK_FLAPPING, began))
    assert all(isinstance(one, Changed) for one in trunk.told[flapping + 1 :])


stretches = st.lists(
    st.tuples(st.sampled_from([UP, DEAD, SILENT]), st.integers(1, 60).map(lambda tens: tens * 10)), max_size=15
)


@examples(daily=10, ci=30)
@given(stretches)
async def test_whatever_it_does_while_it_flaps_only_settling_down_makes_a_sound(
    stretches: list[tuple[tuple[str, str | None], int]],
) -> None:
    trunk = await Trunk.up()
    await trunk.drops(4, down=20)
    for state, seconds in stretches:
        before = len(trunk.sounds)
        flapped = trunk.memory.flapping_since is not None
        bad_since = trunk.scene.pbx.changed["zadarma"] if trunk.memory.health in BAD else None
        await trunk.is_(state, seconds)
        still = flapped and trunk.memory.flapping_since is not None
        if still and len(trunk.sounds) > before:
            policy = trunk.scene.policy
            since = bad_since or trunk.scene.pbx.changed["zadarma"]
            lasted = (trunk.scene.clock.now - since).total_seconds()
            assert state in (DEAD, SILENT)
            assert lasted >= (policy.settled if state == DEAD else policy.partial_after)
