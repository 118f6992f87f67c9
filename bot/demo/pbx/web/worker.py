"""Worker behind the web server: it takes jobs from a queue, and while it is frozen they stay queued."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from bot.demo.pbx.web.envelope import ActionResult, Plain

# Measured: the web server's timeout is 30 s, the worker still carries out jobs younger than 35 s.
PATIENCE_SECONDS, JOB_LIFE_SECONDS = 30, 35
Outcome = ActionResult | Plain


@dataclass
class _Job:
    action: Callable[[], Outcome]
    born: float
    done: asyncio.Event = field(default_factory=asyncio.Event)
    outcome: Outcome | None = None


class Worker:
    def __init__(self, now: Callable[[], float]) -> None:
        self.running = True
        self._now = now
        self._jobs: list[_Job] = []

    async def carry_out(self, action: Callable[[], Outcome], speed: float) -> Outcome | None:
        """Run an action and return its outcome; None on timeout, when it may still run later."""
        if self.running:
            return action()
        job = _Job(action, self._now())
        self._jobs.append(job)
        try:
            await asyncio.wait_for(job.done.wait(), PATIENCE_SECONDS / speed)
        except TimeoutError:
            return None
        return job.outcome

    def set_running(self, running: bool, speed: float) -> None:
        self.running = running
        if not running:
            return
        jobs, self._jobs = self._jobs, []
        for job in jobs:
            if self._now() - job.born < JOB_LIFE_SECONDS / speed:
                job.outcome = job.action()
                job.done.set()
