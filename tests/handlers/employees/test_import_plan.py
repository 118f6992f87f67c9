"""Dry run of an import: every line is classified, and no employee is created twice."""

from hypothesis import given
from hypothesis import strategies as st

from bot.pbx import EmployeeRow
from handlers.employee_import.files import FileLine
from handlers.employee_import.plan import ImportPlan, RowResult, plan_import


def there(number: str, name: str, mobile: str = "") -> EmployeeRow:
    return EmployeeRow(id=number, number=number, name=name, mobile=mobile)


def judged(
    *cells: dict[str, str], existing: tuple[EmployeeRow, ...] = (), taken: dict[str, str] | None = None
) -> ImportPlan:
    lines = [FileLine(place, row) for place, row in enumerate(cells, 2)]
    return plan_import(lines, existing, taken or {}, "204")


def problems(found: ImportPlan, place: int = 0) -> list[tuple[str, str]]:
    return [(one.label, one.problem) for one in found.rows[place].problems]


def test_a_good_line_is_to_be_created_and_a_missing_number_is_found() -> None:
    found = judged({"number": "204", "name": "John"}, {"name": "Anna"}, {"name": "Vera"}, existing=(there("205", "X"),))
    assert [row.result for row in found.rows] == [RowResult.CREATE] * 3
    assert [row.draft.number for row in found.rows] == ["204", "206", "207"]


def test_the_same_person_is_there_already_and_another_one_is_a_conflict() -> None:
    people = (there("243", "John  Smith"), there("244", "Anna"))
    found = judged({"number": "243", "name": "john smith"}, {"number": "244", "name": "Vera"}, existing=people)
    assert [row.result for row in found.rows] == [RowResult.EXISTS, RowResult.CONFLICT]
    assert found.rows[1].problems[0].value == "244 Anna"


def test_numbers_of_queues_and_mobiles_of_others_are_conflicts() -> None:
    found = judged(
        {"number": "2001", "name": "John"},
        {"number": "245", "name": "Anna", "mobile": "+79001234567"},
        existing=(there("201", "Vera", "79001234567"),),
        taken={"2001": "Sales"},
    )
    assert [row.result for row in found.rows] == [RowResult.CONFLICT] * 2
    assert problems(found, 1) == [("Mobile", "belongs to somebody else")]


def test_bad_lines_name_every_field_that_is_wrong() -> None:
    found = judged({"number": "20a", "ring": "999"}, {"number": "243", "name": "John", "email": "nobody"})
    assert [label for label, _ in problems(found)] == ["Number", "Ring time", "Name"]
    assert [row.result for row in found.rows] == [RowResult.BAD] * 2


def test_the_second_of_two_equal_numbers_or_mobiles_is_bad() -> None:
    john = {"number": "243", "name": "John", "mobile": "+79001234567"}
    found = judged(john, {"number": "243", "name": "Anna"}, {"name": "Vera", "mobile": "79001234567"})
    assert [row.result for row in found.rows] == [RowResult.CREATE, RowResult.BAD, RowResult.BAD]


CELLS = st.fixed_dictionaries(
    {},
    optional={
        "number": st.integers(200, 215).map(str),
        "name": st.sampled_from(["John", "Anna", "Vera", "  "]),
        "mobile": st.sampled_from(["+79001234567", "+79001234568", "abc"]),
    },
)
PEOPLE = st.lists(st.builds(there, st.integers(200, 215).map(str), st.sampled_from(["John", "Anna"])))


@given(st.lists(CELLS), PEOPLE)
def test_nobody_is_created_over_somebody_and_nobody_twice(
    lines: list[dict[str, str]], people: list[EmployeeRow]
) -> None:
    found = plan_import([FileLine(place, row) for place, row in enumerate(lines, 1)], people, {"210": "Sales"}, "201")
    numbers = [row.draft.number for row in found.rows if row.result is RowResult.CREATE]
    assert len(set(numbers)) == len(numbers)
    assert not set(numbers) & ({row.number for row in people} | {"210"})
    assert len(found.rows) == len(lines)
    assert all(row.problems for row in found.rows if row.result in (RowResult.BAD, RowResult.CONFLICT))
