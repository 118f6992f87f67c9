"""Waits that end early, and signals that notify other parts of the program of a change."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from typing import Any

_deferred: ContextVar["DeferredSignals | None"] = ContextVar("deferred_signals", default=None)


class Signal:
    """Notify the connected receivers, in order, within the task that sends."""

    def __init__(self, *receivers: Callable[..., object]) -> None:
        self._receivers = list(receivers)

    def connect(self, *receivers: Callable[..., object]) -> None:
        self._receivers += receivers

    def send(self, *args: Any) -> None:
        if (deferred := _deferred.get()) is not None:
            deferred.add(self, args)
            return
        for receiver in self._receivers:
            receiver(*args)


class DeferredSignals:
    """Signals held back until their cause is certain."""

    def __init__(self) -> None:
        self._sent: list[tuple[Signal, tuple[Any, ...]]] = []

    def add(self, signal: Signal, args: tuple[Any, ...]) -> None:
        self._sent.append((signal, args))

    def deliver(self) -> None:
        for signal, args in self._sent:
            signal.send(*args)


@contextlib.contextmanager
def signals_deferred() -> Iterator[DeferredSignals]:
    """Hold back the signals sent inside, also by threads that run in a copy of this context."""
    signals = DeferredSignals()
    token = _deferred.set(signals)
    try:
        yield signals
    finally:
        _deferred.reset(token)


async def sleep_or_stop(stop: asyncio.Event, seconds: float) -> None:
    """Wait for `stop`, with a timeout in seconds. Never raises TimeoutError."""
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


async def wait_any(woken: asyncio.Event, stop: asyncio.Event, seconds: float) -> None:
    """Wait until one of the two is set, with a timeout in seconds."""
    waits = [asyncio.create_task(event.wait()) for event in (woken, stop)]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
        await asyncio.gather(*waits, return_exceptions=True)


async def wait_until(event: asyncio.Event, moment: float) -> None:
    """Wait for the event, with a timeout at that moment of the event loop's clock. Starts no task: the schedule waits a
    hundred times a second."""
    try:
        async with asyncio.timeout_at(moment):
            await event.wait()
    except TimeoutError:
        pass
