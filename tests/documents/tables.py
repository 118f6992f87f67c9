"""Rows of the README's tables, and where they stand: between two marks that a reader does not see.

What a setting is for is written in the README alone: its cell is kept, and empty for a new setting.
"""

import re
from collections.abc import Callable, Iterable, Mapping

from prometheus_client import Metric

from bot.access.policy import ADMIN, OPERATOR, VIEWER
from bot.config.settings import Settings
from bot.runtime.metrics import REGISTRY
from handlers import CATALOGUE

Row = tuple[str, ...]
Rows = list[Row]
CELLS = re.compile(r"(?<!\\)\|")


def commands(_before: Rows) -> Rows:
    rows: Rows = []
    for command in CATALOGUE.in_order():
        permission = command.rule.permission
        role = next((role.name for role in (VIEWER, OPERATOR, ADMIN) if permission in role.permissions), "anyone")
        rows.append((f"`/{command.name} {command.usage}`".replace(" `", "`"), command.summary, role))
    return rows


def settings(before: Rows) -> Rows:
    described = {_setting(row[0].strip("`")): (row[0], row[2]) for row in before}
    rows: Rows = []
    for name, field in Settings.model_fields.items():
        shown, text = described.get(name.upper(), (f"`{name.upper()}`", ""))
        default = "*needed*" if field.is_required() else _written(field.get_default(call_default_factory=True))
        rows.append((shown, default, text))
    return rows


def metrics(_before: Rows) -> Rows:
    return [(f"`{_exposed(metric)}`", metric.documentation) for metric in REGISTRY.collect()]


TABLES: Mapping[str, Callable[[Rows], Rows]] = {"commands": commands, "settings": settings, "metrics": metrics}


def written(document: str) -> str:
    """The document with its tables as the program has them now."""
    for name, rows in TABLES.items():
        before, heading, table, after = _parted(document, name)
        lines = [f"| {' | '.join(map(_cell, row))} |\n" for row in rows(_rows(table))]
        document = before + heading + "".join(lines) + after
    return document


def table(document: str, name: str) -> Rows:
    return _rows(_parted(document, name)[2])


def _parted(document: str, name: str) -> tuple[str, str, str, str]:
    """Up to the table, its two lines of heading, its rows, and the rest."""
    found = re.fullmatch(
        rf"(.*<!-- {name}: make docs -->\n)((?:\|[^\n]*\n){{2}})((?:\|[^\n]*\n)*)(<!-- end of {name} -->\n.*)",
        document,
        re.DOTALL,
    )
    if found is None:
        raise ValueError(f"the table of {name} does not stand between its marks")
    before, heading, rows, after = found.groups()
    return before, heading, rows, after


def _rows(lines: str) -> Rows:
    return [
        tuple(cell.strip().replace("\\|", "|") for cell in CELLS.split(line.strip())[1:-1])
        for line in lines.splitlines()
    ]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _setting(name: str) -> str:
    """Roles have names of the site's own."""
    return "ROLE" if name.startswith("ROLE_") else name


def _written(default: object) -> str:
    if default is None or (isinstance(default, Iterable) and not default):
        return "–"
    return f"`{str(default).lower() if isinstance(default, bool) else default}`"


def _exposed(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name
