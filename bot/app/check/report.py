"""Report of a check: lines for a person, or JSON for a program.

The JSON is one object:

- `schema`: 1. A field may be added without a new number; none is renamed, removed or given another meaning.
- `result`: `ok`, `warning`, `fault`, or `settings` when the settings are wrong and nothing else was checked.
- `findings`: a list in the order of the report, each an object of texts: `check`, a stable name like `pbx.right`;
  `subject`, which tells apart the findings of one check (a PBX, a chat, a person, a row), may be empty; `level`: `ok`,
  `warning` or `fault`; `text`; `remedy`, empty for `ok`.
"""

import json
from collections.abc import Iterable, Sequence

from bot.app.check.findings import Finding, Level, worst

SCHEMA = 1
WRONG_SETTINGS = "settings"
TITLES = {"pbx": "PBX"}
MARKS = {Level.OK: "✓", Level.WARNING: "!", Level.FAULT: "✗"}


def lines(findings: Sequence[Finding]) -> Iterable[str]:
    """Yield a line for each finding under the name of its area, and one that counts them."""
    area = ""
    for one in findings:
        if one.area != area:
            yield f"{'' if not area else chr(10)}{TITLES.get(one.area, one.area.capitalize())}"
            area = one.area
        yield f"  {MARKS[one.level]} {one.line}"
    faults, warnings = (sum(one.level is level for one in findings) for level in (Level.FAULT, Level.WARNING))
    yield f"\n{_counted(faults, 'fault')}, {_counted(warnings, 'warning')}"


def as_json(findings: Sequence[Finding], *, settings_wrong: bool = False) -> str:
    """Return the object that the docstring of this module describes."""
    result = WRONG_SETTINGS if settings_wrong else str(worst(findings))
    rows = [
        {"check": one.check, "subject": one.subject, "level": one.level, "text": one.text, "remedy": one.remedy}
        for one in findings
    ]
    return json.dumps({"schema": SCHEMA, "result": result, "findings": rows}, ensure_ascii=False, indent=2)


def _counted(number: int, what: str) -> str:
    return f"{number or 'no'} {what}{'' if number == 1 else 's'}"
