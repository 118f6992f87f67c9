"""What befalls a call: each story tells its legs, and with whom the caller talked."""

from collections.abc import Callable

from tests.played_days.calls import MENU, MOBILE, PHONES, QUEUE, SECOND_TRUNK, TRUNK, VOICEMAIL, Telling

# Seconds of a long talk or wait.
SHORTEST_LONG, LONGEST = 35 * 60, 80 * 60
Story = Callable[[Telling], None]


def _ring(call: Telling) -> float:
    return call.random.uniform(3, 40)


def _talk(call: Telling, by: str) -> float:
    call.talked = by
    return call.random.choice((1.5, 20.0, 95.0, 400.0))


def rings_out(call: Telling) -> None:
    call.leg("202", _ring(call))


def offline(call: Telling) -> None:
    call.leg("205", 0.12, account="", disposition="CHANUNAVAIL", dialstatus="CHANUNAVAIL")


def busy(call: Telling) -> None:
    call.leg("203", 0.1, disposition=call.random.choice(("NOANSWER", "BUSY")))


def forwarded_to_nobody(call: Telling) -> None:
    call.leg("204", 8)
    call.leg("201", 6, account="", dialstatus="NOANSWER")
    call.leg(MOBILE, 5, account=call.random.choice(("", SECOND_TRUNK)), dialstatus="NOANSWER")


def queue_of_nobody(call: Telling) -> None:
    _wait_in_queue(call, _wait(call))


def long_wait(call: Telling) -> None:
    _wait_in_queue(call, _long(call))


def _wait_in_queue(call: Telling, waits: float) -> None:
    call.leg(QUEUE, waits, machine=True, account="", from_account="")
    end = call.now
    for phone in call.random.sample(PHONES, 3):
        call.now = call.random.uniform(0, 5)
        call.leg(phone, 15)
    call.now = max(call.now, end)


def leaves_the_queue(call: Telling) -> None:
    call.leg(QUEUE, 0.1, machine=True, disposition=call.random.choice(("NOANSWER", "ANSWERED", "CANCEL")))


def hangs_up_in_the_menu(call: Telling) -> None:
    call.leg(
        MENU,
        _wait(call),
        talk=call.random.choice((0.0, 5.0)),
        machine=True,
        dtmf_digits=call.random.choice(("", "2", "99")),
    )


def menu_to_nobody(call: Telling) -> None:
    call.leg(MENU, 0.1, talk=7, machine=True, dtmf_digits="2")
    call.leg("202", _ring(call))


def after_hours(call: Telling) -> None:
    talk = call.random.choice((0.0, 14.0))
    call.leg("outworktimes", 0, talk=talk, machine=True, account="")


def voicemail(call: Telling) -> None:
    call.leg("201", 20)
    _voicemail(call)


def passed_to_voicemail(call: Telling) -> None:
    call.leg("202", 6, talk=_talk(call, "202"))
    _voicemail(call)


def hangs_up_before_it_rings(call: Telling) -> None:
    # The PBX has no leg for such a call, and lists one without a destination.
    call.start = call.start.replace(microsecond=0)
    call.leg("", 1.2, account="", from_account="")


def hangs_up_at_once(call: Telling) -> None:
    # Answered, but for less than a second: the PBX counts no talk.
    call.leg("201", 6, talk=0.6)


def group_of_nobody(call: Telling) -> None:
    call.parallel(["201", "202", "203"], _ring(call))


def answered(call: Telling) -> None:
    call.leg("202", _ring(call), talk=_talk(call, "202"))


def long_talk(call: Telling) -> None:
    call.talked = "202"
    call.leg("202", _ring(call), talk=_long(call))


def second_phone(call: Telling) -> None:
    call.leg("202", 12)
    call.leg("203", 6, talk=_talk(call, "203"))


def group(call: Telling) -> None:
    by = call.random.choice(("201", "202", "203"))
    call.parallel(["201", "202", "203"], 9, by, _talk(call, by))


def queue(call: Telling) -> None:
    _taken_from_queue(call, _wait(call))


def long_queue(call: Telling) -> None:
    _taken_from_queue(call, _long(call))


def _taken_from_queue(call: Telling, waits: float) -> None:
    by = call.random.choice(PHONES)
    talk = _talk(call, by)
    call.leg(QUEUE, waits, talk=talk, machine=True, account="", from_account="")
    call.now = waits
    call.leg("205" if by != "205" else "204", 15)
    call.now = waits
    call.leg(by, 2, talk=talk)


def menu(call: Telling) -> None:
    call.leg(MENU, 0.1, talk=9, machine=True, dtmf_digits="1")
    call.leg("201", 5, talk=_talk(call, "201"))


def transferred(call: Telling) -> None:
    call.leg("202", 4, talk=_talk(call, "202"))
    call.leg("203", 2, talk=28, from_account="202", src_num="202", did="", transfer="1")


def transferred_to_nobody(call: Telling) -> None:
    call.leg("202", 4, talk=_talk(call, "202"))
    call.leg("203", 20, from_account="202", src_num="202", did="", transfer="1")


def consulted_and_transferred(call: Telling) -> None:
    call.leg("202", 4, talk=_talk(call, "202"))
    call.now -= 1
    call.leg("203", 3, talk=9, from_account="202", src_num="202", did="", transfer="0")
    # The two who are left: a leg of no account.
    call.leg("203", 0, talk=31, account="", from_account="")


def conference(call: Telling) -> None:
    call.leg("3000", 0, talk=_talk(call, "3000"), account="", from_account="")


def picked_up(call: Telling) -> None:
    call.leg("202", 7)
    call.leg("204", 0.1, talk=_talk(call, "204"), dialstatus="ANSWERED")


def forwarded(call: Telling) -> None:
    call.leg("204", 8)
    call.leg(MOBILE, 6, talk=_talk(call, MOBILE), account=SECOND_TRUNK, dialstatus="ANSWERED")


def calls_out(call: Telling) -> None:
    talk = _talk(call, call.source)
    call.leg(call.name, _ring(call), talk=talk, account=TRUNK, dialstatus="ANSWERED")


def long_talk_outside(call: Telling) -> None:
    call.talked = call.source
    call.leg(call.name, _ring(call), talk=_long(call), account=TRUNK, dialstatus="ANSWERED")


def calls_out_and_hands_over(call: Telling) -> None:
    calls_out(call)
    call.leg("203", 3, talk=40, transfer="1")


def calls_out_in_vain(call: Telling) -> None:
    trunk = call.random.choice((TRUNK, ""))
    call.leg(call.name, _ring(call), account=trunk, disposition=call.random.choice(("NOANSWER", "BUSY", "CHANUNAVAIL")))


def colleagues(call: Telling) -> None:
    call.leg(call.random.choice(("203", QUEUE)), 5, talk=call.random.choice((0.0, 60.0)))


def _wait(call: Telling) -> float:
    return call.random.choice((4.0, 33.0, 180.0))


def _long(call: Telling) -> float:
    return call.random.uniform(SHORTEST_LONG, LONGEST)


def _voicemail(call: Telling) -> None:
    # Who hangs up during the greeting leaves no recording.
    call.recorded = call.random.random() < 0.7
    call.leg(VOICEMAIL, 0, talk=25, account="", from_account="")


MISSED: tuple[Story, ...] = (
    rings_out,
    offline,
    busy,
    forwarded_to_nobody,
    queue_of_nobody,
    leaves_the_queue,
    hangs_up_in_the_menu,
    menu_to_nobody,
    after_hours,
    voicemail,
    hangs_up_before_it_rings,
    hangs_up_at_once,
    group_of_nobody,
)
ANSWERED: tuple[Story, ...] = (
    answered,
    second_phone,
    group,
    queue,
    menu,
    transferred,
    transferred_to_nobody,
    consulted_and_transferred,
    conference,
    picked_up,
    forwarded,
    passed_to_voicemail,
)
OUTGOING: tuple[Story, ...] = (calls_out, calls_out_and_hands_over, calls_out_in_vain)
LONG_INCOMING: tuple[Story, ...] = (long_wait, long_talk, long_queue)
LONG_OUTGOING: tuple[Story, ...] = (long_talk_outside,)
