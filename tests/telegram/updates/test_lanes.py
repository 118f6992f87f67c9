"""Lanes: in order, until a long update lets the next begin."""

import asyncio

from bot.telegram.updates.lanes import (
    MAX_AT_ONCE_IN_CHAT,
    MAX_LEFT_BEHIND,
    MAX_LEFT_BEHIND_IN_CHAT,
    Item,
    Lane,
    Lanes,
    let_next_begin,
)
from bot.telegram.updates.summary import UpdateKind, UpdateSummary

LANE = Lane(1, 2)


def item(number: int) -> Item:
    return Item(number, UpdateSummary(UpdateKind.REQUEST, 1, 2))


async def test_the_next_update_begins_while_a_long_one_goes_on() -> None:
    begun, released = list[int](), asyncio.Event()

    async def work(one: Item) -> None:
        begun.append(one.update_id)
        if one.update_id == 0:
            # As a press does, whose handler is a task of its own.
            await asyncio.create_task(lets_go())

    async def lets_go() -> None:
        let_next_begin()
        let_next_begin()
        await released.wait()
        ended.append(0)

    ended = list[int]()
    lanes = Lanes(work)
    for number in range(3):
        lanes.put(LANE, item(number))
    await asyncio.sleep(0.01)
    assert (begun, ended, lanes.length(LANE)) == ([0, 1, 2], [], 0)
    lanes.put(LANE, item(3))
    await asyncio.sleep(0.01)
    assert begun == [0, 1, 2, 3]
    released.set()
    await lanes.drain(5)
    assert ended == [0]


async def test_one_person_has_a_few_long_updates_at_once_and_the_rest_waits() -> None:
    begun, released = list[int](), asyncio.Event()

    async def work(one: Item) -> None:
        begun.append(one.update_id)
        let_next_begin()
        await released.wait()

    lanes = Lanes(work)
    for number in range(10):
        lanes.put(LANE, item(number))
    await asyncio.sleep(0.01)
    assert begun == list(range(MAX_LEFT_BEHIND + 1))
    released.set()
    await asyncio.sleep(0.01)
    await lanes.drain(5)
    assert begun == list(range(10))


def crowded(number: int) -> tuple[Lane, Item]:
    return Lane(1, number, urgent=True), Item(number, UpdateSummary(UpdateKind.REQUEST, 1, number), crowded=True)


async def test_a_crowd_that_reads_for_long_leaves_room_for_short_presses() -> None:
    """Who acknowledges an incident does not wait for what eight others read."""
    begun, released = list[int](), asyncio.Event()

    async def work(one: Item) -> None:
        begun.append(one.update_id)
        let_next_begin()
        await released.wait()

    lanes, most = Lanes(work), MAX_LEFT_BEHIND_IN_CHAT + MAX_AT_ONCE_IN_CHAT
    for number in range(2 * most):
        lanes.put(*crowded(number))
    await asyncio.sleep(0.01)
    assert begun == list(range(most))
    released.set()
    await asyncio.sleep(0.01)
    await lanes.drain(5)
    assert begun == list(range(2 * most))
    assert all(lanes.begins_at_once(Lane(1, 0), 1, (1, False), before) for before in range(MAX_AT_ONCE_IN_CHAT))
    assert not lanes.begins_at_once(Lane(1, 0), 1, (1, False), MAX_AT_ONCE_IN_CHAT)
