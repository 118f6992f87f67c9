"""Plan of an import: every line validated before the first write. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from bot.messages.message import mark
from bot.pbx import EmployeeDraft, EmployeeRow
from bot.text.person_names import folded
from bot.text.phone_numbers import same_number
from handlers.employee_import.files import FileLine
from handlers.employee_import.values import read_cells
from handlers.employees import fields
from handlers.employees.fields import FIELDS
from handlers.parsing.fields import Problem


class RowResult(StrEnum):
    CREATE = "create"
    EXISTS = "there"
    CONFLICT = "conflict"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Planned:
    """One line. `problems` are the reasons not to create it. `chosen`: its number was not in the file."""

    line: int
    result: RowResult
    draft: EmployeeDraft
    problems: tuple[Problem, ...] = ()
    chosen: bool = False


@dataclass(frozen=True, slots=True)
class ImportPlan:
    rows: tuple[Planned, ...]

    def count(self, result: RowResult) -> int:
        return sum(row.result is result for row in self.rows)


def plan_import(
    lines: Sequence[FileLine], there: Sequence[EmployeeRow], taken: Mapping[str, str], next_free: str, country: str = ""
) -> ImportPlan:
    """`there` are the employees that the PBX has, `taken` other numbers in use, with the names of their owners.

    Lines without a number get free ones from `next_free` upwards; mobiles without a plus are of the `country`.
    """
    meant = [_as_meant(line) for line in lines]
    planner = _Planner(meant, there, taken, next_free, country)
    return ImportPlan(tuple(map(planner.row, meant)))


def _as_meant(line: FileLine) -> FileLine:
    cells, problems = read_cells(line.cells)
    return replace(line, cells=cells, problems=(*line.problems, *problems))


class _Planner:
    def __init__(
        self,
        lines: Sequence[FileLine],
        existing: Sequence[EmployeeRow],
        other_numbers: Mapping[str, str],
        next_free: str,
        country: str,
    ) -> None:
        self._country = country
        self._by_number = {row.number: row for row in existing}
        self._by_mobile = {same_number(row.mobile): row for row in existing if row.mobile}
        self._other_numbers = other_numbers
        self._numbers: dict[str, int] = {}
        self._mobiles: dict[str, int] = {}
        written = {line.cells["number"].strip() for line in lines if "number" in line.cells}
        self._free = self._free_numbers(next_free, written)

    def row(self, line: FileLine) -> Planned:
        draft, problems = fields.read_fields(line.cells, self._country)
        problems = [*line.problems, *problems]
        owner = self._by_number.get(draft.number or "")
        # Nothing of such a line is used, so its problems are none.
        if owner is not None and _same_name(owner.name, draft.name or ""):
            repeated = self._duplicates(draft, line.number)
            return Planned(line.number, RowResult.BAD if repeated else RowResult.EXISTS, draft, tuple(repeated))
        if not draft.name and not any(problem.label == FIELDS.by_key["name"].label for problem in problems):
            problems.append(Problem(FIELDS.by_key["name"].label, mark("is missing")))
        if problems:
            return Planned(line.number, RowResult.BAD, draft, tuple(problems))
        chosen = draft.number is None
        if chosen:
            draft = draft.model_copy(update={"number": next(self._free)})
        problems = self._duplicates(draft, line.number)
        if problems:
            return Planned(line.number, RowResult.BAD, draft, tuple(problems))
        problems = self._conflicts(draft, owner)
        result = RowResult.CONFLICT if problems else RowResult.CREATE
        return Planned(line.number, result, draft, tuple(problems), chosen)

    def _duplicates(self, draft: EmployeeDraft, line: int) -> list[Problem]:
        problems = []
        for key, value, seen in (
            ("number", draft.number or "", self._numbers),
            ("mobile", same_number(draft.mobile or ""), self._mobiles),
        ):
            if value and seen.setdefault(value, line) != line:
                problems.append(Problem(FIELDS.by_key[key].label, mark("is in the file twice"), value))
        return problems

    def _conflicts(self, draft: EmployeeDraft, owner: EmployeeRow | None) -> list[Problem]:
        problems = []
        number = draft.number or ""
        holder = owner.name if owner is not None else self._other_numbers.get(number)
        if holder is not None:
            problems.append(
                Problem(FIELDS.by_key["number"].label, mark("belongs to somebody else"), f"{number} {holder}")
            )
        mobile = self._by_mobile.get(same_number(draft.mobile or "")) if draft.mobile else None
        if mobile is not None:
            value = f"{draft.mobile} {mobile.number} {mobile.name}"
            problems.append(Problem(FIELDS.by_key["mobile"].label, mark("belongs to somebody else"), value))
        return problems

    def _free_numbers(self, start: str, written: set[str]) -> Iterator[str]:
        number = int(start) if start.isdecimal() else 201
        while True:
            text = str(number)
            if text not in self._by_number and text not in self._other_numbers and text not in written:
                yield text
            number += 1


def as_rows(plan: ImportPlan) -> list[dict[str, Any]]:
    """Return the plan as plain JSON, for the database; passwords are generated when the import begins."""
    return [
        {
            "line": row.line,
            "state": "waiting" if row.result is RowResult.CREATE else str(row.result),
            "draft": fields.draft_values(row.draft),
            "secret": row.draft.secret.get_secret_value() if row.draft.secret else "",
            "problems": [{"label": p.label, "problem": p.problem, "value": p.value} for p in row.problems],
        }
        for row in plan.rows
    ]


def _same_name(one: str, other: str) -> bool:
    return folded(one) == folded(other)
