"""What many PBXs show together is one thing; what one shows, or shows later, is its own. Pure."""

from datetime import UTC, datetime, timedelta

from bot.incidents.common_findings import AT_LEAST, TOGETHER, Begun, CommonFinding, CommonFindings, Found, gather
from bot.incidents.model import PBX_ADVICE, PBX_RELEASE, PBX_SIGN_IN

START = datetime(2026, 11, 28, 12, tzinfo=UTC)


def since(minutes: float) -> Begun:
    return Begun(START + timedelta(minutes=minutes), {"release": "2026.1.223"})


def fleet(*minutes: float | None, subject: str = PBX_RELEASE) -> Found:
    """Return PBXs a, b, c… that have the finding since then; None: they do not have it."""
    return {chr(ord("a") + place): {} if at is None else {subject: since(at)} for place, at in enumerate(minutes)}


def gathered(*looks: Found) -> tuple[CommonFinding, ...]:
    after: tuple[CommonFinding, ...] = ()
    for found in looks:
        after = gather(after, found)
    return after


def test_a_few_pbxs_are_told_each_and_many_together_once() -> None:
    assert gathered(fleet(*[0] * (AT_LEAST - 1), None)) == ()
    (one,) = gathered(fleet(0, 1, 4, None))
    assert (one.subject, one.stations, one.of) == (PBX_RELEASE, frozenset("abc"), 4)
    assert (one.since, one.joined_at) == (START, START + timedelta(minutes=4))


def test_what_comes_long_after_one_another_is_not_together() -> None:
    apart = TOGETHER.total_seconds() / 60
    assert gathered(fleet(0, apart + 1, 2 * apart + 2)) == ()


def test_others_join_while_they_come_and_later_ones_do_not() -> None:
    (one,) = gathered(fleet(0, 1, 2, None, None), fleet(0, 1, 2, 11, None), fleet(0, 1, 2, 11, 60))
    assert one.stations == frozenset("abcd")
    told = CommonFindings()
    told.now = (one,)
    at = START + timedelta(minutes=60)
    assert told.of("a", PBX_RELEASE, at) is one
    assert told.of("e", PBX_RELEASE, at) is None
    assert told.of("e", PBX_RELEASE, START + timedelta(minutes=20)) is one
    assert told.of("a", PBX_ADVICE + "X", START) is None


def test_it_is_over_when_none_has_it_and_a_pbx_that_was_not_looked_at_keeps_it() -> None:
    begun = fleet(0, 0, 0)
    restarted: Found = dict.fromkeys("abc")
    (one,) = gathered(begun, restarted)
    assert one.stations == frozenset("abc")
    (one,) = gathered(begun, restarted, fleet(None, None, 0))
    assert one.stations == frozenset("c")
    assert gathered(begun, fleet(None, None, None)) == ()
    # One that is not in the fleet any more.
    assert gathered(begun, {"d": None}) == ()


def test_a_number_that_several_pbxs_have_is_not_one_thing() -> None:
    assert gathered(fleet(0, 0, 0, 0, subject=f"{PBX_SIGN_IN}203")) == ()
