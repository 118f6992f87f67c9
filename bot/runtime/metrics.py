"""Prometheus metrics of the program, declared once; those of the PBXs are in bot/app/station_metrics.py."""

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
)

disable_created_metrics()  # type: ignore[no-untyped-call]
REGISTRY = CollectorRegistry()
# Memory, processor time and start of the process.
ProcessCollector(registry=REGISTRY)

COMMANDS = Counter(
    "mikopbx_bot_commands",
    "Commands and button presses, by name and decision.",
    ["name", "decision"],
    registry=REGISTRY,
)
COMMAND_SECONDS = Histogram(
    "mikopbx_bot_command_seconds",
    "Time from an update to its answer, in seconds.",
    ["name"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30),
    registry=REGISTRY,
)
POLLS = Counter(
    "mikopbx_bot_polls", "Looks at a station's trunks, by result.", ["station", "result"], registry=REGISTRY
)
LATENESS = Histogram(
    "mikopbx_bot_poll_lateness_seconds",
    "How long after it was due a look at a station began, in seconds.",
    buckets=(0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
    registry=REGISTRY,
)
LAST_UPDATES = Gauge(
    "mikopbx_bot_last_updates_timestamp_seconds",
    "When updates were last known to come from Telegram, Unix time.",
    registry=REGISTRY,
)
STRANGERS = Counter(
    "mikopbx_bot_webhook_strangers", "Requests to the webhook that did not know its secret.", registry=REGISTRY
)
DROPPED = Counter(
    "mikopbx_bot_updates_dropped",
    "Updates dropped before they were stored, by reason: `irrelevant`, `rate limited`, `queue full`.",
    ["reason"],
    registry=REGISTRY,
)
INCIDENTS = Gauge("mikopbx_bot_open_incidents", "Incidents open now.", ["station"], registry=REGISTRY)
OUTBOX = Gauge("mikopbx_bot_outbox_waiting", "Messages committed but not yet delivered.", registry=REGISTRY)
OLDEST_DUE = Gauge(
    "mikopbx_bot_outbox_oldest_due_seconds",
    "For how long the oldest message that may go has not been delivered.",
    registry=REGISTRY,
)
LAST_TICK = Gauge(
    "mikopbx_bot_last_tick_timestamp_seconds",
    "When what was due was last looked for without failing, Unix time.",
    registry=REGISTRY,
)
DELIVERIES = Counter(
    "mikopbx_bot_deliveries", "Attempts to deliver from the outbox, by result.", ["result"], registry=REGISTRY
)


def forget_station(name: str) -> None:
    """Tell no more of a station that is not watched any more."""
    POLLS.remove_by_labels({"station": name})
    INCIDENTS.remove_by_labels({"station": name})
