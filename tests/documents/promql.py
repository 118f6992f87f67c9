"""Metrics and labels that PromQL names, as far as the dashboard and the alerts write it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.fixtures.paths import ROOT

DASHBOARD = ROOT / "contrib" / "grafana" / "mikopbx-bot.json"
ALERTS = ROOT / "contrib" / "prometheus" / "alerts.yml"

# Of Prometheus itself.
OF_EVERY_SCRAPE = frozenset({"job", "instance"})
UP = "up"
WORDS = frozenset({"by", "without", "on", "ignoring", "or", "and", "unless", "bool"})
LITERAL = re.compile(r'"(?:[^"\\]|\\.)*"')
RANGE = re.compile(r"\[[^\]]*\]")
GROUPING = re.compile(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)")
SELECTOR = re.compile(r"(?<![\w$])([a-zA-Z_:][\w:]*)\s*(\{[^}]*\}|\()?")
LABEL = re.compile(r"([a-zA-Z_]\w*)\s*(?:=~|!~|!=|=)")


@dataclass(frozen=True)
class Used:
    """`labels` by metric, those that it is selected by; `grouped` are named in by (…) and in legends."""

    labels: Mapping[str, frozenset[str]]
    grouped: frozenset[str]


def used(expression: str, legend: str = "") -> Used:
    plain = RANGE.sub("", LITERAL.sub("", expression))
    grouped = {label.strip() for group in GROUPING.findall(plain) for label in group.split(",")}
    labels: dict[str, frozenset[str]] = {}
    for name, follows in SELECTOR.findall(GROUPING.sub("", plain)):
        if follows != "(" and name not in WORDS:
            labels[name] = labels.get(name, frozenset()) | frozenset(LABEL.findall(follows))
    return Used(labels, frozenset(grouped | set(re.findall(r"\{\{ *(\w+) *\}\}", legend))))


def panels() -> list[dict[str, Any]]:
    """Return the panels of the dashboard that show something."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    return found


def queries() -> Iterator[tuple[str, Used]]:
    """Yield what each query of the dashboard and of the alerts names, with where it stands."""
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], used(target["expr"], target["legendFormat"].replace("__auto", ""))
    for rule in ALERTS.read_text(encoding="utf-8").split("- alert: ")[1:]:
        name, expression, rest = re.fullmatch(r"(\w+)\n +expr: (.+)\n([^\0]+)", rule).groups()  # type: ignore[union-attr]
        yield name, used(expression, re.sub(r"\$labels\.", "", rest.replace("$value", "")))
