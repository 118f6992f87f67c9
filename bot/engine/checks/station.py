"""All checks of one station."""

from collections.abc import Mapping
from typing import Any, cast

import structlog

from bot.engine.checks.base import CheckContext, PeriodicCheck
from bot.engine.checks.clock_drift import ClockDriftCheck
from bot.engine.checks.extensions import ExtensionCheck
from bot.engine.checks.no_calls import NoCallsCheck
from bot.engine.checks.pbx_health import PbxHealthCheck

log = structlog.get_logger(__name__)


PERIODIC_CHECKS: tuple[type[PeriodicCheck], ...] = (ExtensionCheck, NoCallsCheck, PbxHealthCheck)


class StationChecks:
    """Checks of one station. While a fault is reported, answers about anything but trunks are inconclusive."""

    def __init__(self, context: CheckContext) -> None:
        self._station = context.station
        self.clock = ClockDriftCheck(context.station, context.sink)
        self.periodic = {check: check(context) for check in PERIODIC_CHECKS}

    @property
    def phones(self) -> ExtensionCheck:
        return cast("ExtensionCheck", self.periodic[ExtensionCheck])

    @property
    def health(self) -> PbxHealthCheck:
        return cast("PbxHealthCheck", self.periodic[PbxHealthCheck])

    def load_states(self, states: Mapping[str, dict[str, Any]]) -> None:
        """Load the clock state from states by subject; the other checks load theirs when needed."""
        self.clock.load_state(states)
        for check in self.periodic.values():
            check.drop_state()

    async def after_poll(self) -> None:
        """Evaluate observations beside the trunks. Errors are logged, not raised."""
        try:
            await self.clock.evaluate()
        except Exception:
            log.exception("clock check failed", station=self._station)
