"""Tasks: run them for the program's lifetime and shut them down together, or share one among equal requests."""

import asyncio
import contextlib
from collections.abc import Callable, Coroutine, Hashable, Iterable
from typing import Any

import structlog

log = structlog.get_logger(__name__)

# Service managers have longer stop timeouts; unfinished work stays in the inbox and the outbox.
SHUTDOWN_TIMEOUT = 7.0
CANCEL_TIMEOUT = 1.0

Job = Callable[[], Coroutine[Any, Any, None]]


async def run_until_stopped(
    jobs: Iterable[Coroutine[Any, Any, None]],
    last: Job,
    stop: asyncio.Event,
    force: asyncio.Event,
    within: float = SHUTDOWN_TIMEOUT,
) -> BaseException | None:
    """Run tasks until `stop`, then `last`. If a task fails, the rest are stopped, so that the service manager notices,
    and its exception is returned. `within`: timeout in seconds for the shutdown, `last` included; `force` cuts it
    short."""
    tasks = {asyncio.create_task(job) for job in jobs}
    failure, tasks = await _run(tasks, stop)
    stop.set()
    forced = asyncio.create_task(force.wait())
    tasks.add(asyncio.create_task(last()))
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(within):
            while tasks and not forced.done():
                done, _ = await asyncio.wait({forced, *tasks}, return_when=asyncio.FIRST_COMPLETED)
                tasks -= done
                failure = failure or _failure(done)
    await cancel({forced, *tasks})
    return failure


async def _run(
    tasks: set[asyncio.Task[None]], stop: asyncio.Event
) -> tuple[BaseException | None, set[asyncio.Task[None]]]:
    stopped = asyncio.create_task(stop.wait())
    failure = None
    while tasks and failure is None and not stopped.done():
        done, _ = await asyncio.wait({stopped, *tasks}, return_when=asyncio.FIRST_COMPLETED)
        tasks = tasks - done
        failure = _failure(done)
    await cancel({stopped})
    return failure, tasks


def _failure(done: Iterable[asyncio.Task[Any]]) -> BaseException | None:
    found = [error for task in done if not task.cancelled() and (error := task.exception()) is not None]
    for error in found[1:]:
        log.error("another task failed", exc_info=error)
    return found[0] if found else None


async def cancel(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancel the tasks and wait for them, with a timeout of CANCEL_TIMEOUT seconds."""
    tasks = set(tasks)
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=CANCEL_TIMEOUT)


class SingleFlight:
    """Share one task among concurrent equal requests."""

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    async def do(self, key: Hashable, start: Callable[[], Coroutine[Any, Any, Any]]) -> Any:
        """Return the pending task's result, or start one. Cancelling a waiter does not cancel the task."""
        task = self._tasks.get(key)
        if task is None:
            task = self._tasks[key] = asyncio.create_task(start())
            task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    def forget(self) -> None:
        """Start new tasks for later callers."""
        self._tasks.clear()

    def _ended(self, key: Hashable, task: asyncio.Task[Any]) -> None:
        if self._tasks.get(key) is task:
            del self._tasks[key]
        # Retrieve the exception, since no waiter may be left.
        if not task.cancelled():
            task.exception()
