import pytest

from tests.benchmarks.measured.figure import Row
from tests.benchmarks.measured.report import table
from tests.fixtures.report import refreshed


def test_a_goal_in_times_of_the_reference_is_held_against_the_medians() -> None:
    row = Row("`/status`", "ms", values=[12, 13, 99], references=[10, 11, 10], most=1.3, relative=True)

    assert table([row]).splitlines()[-1] == "| `/status` | 13 (12–99) ms | 10 (10–11) ms | 1.30 | ≤ 1.3× | met |"


def test_a_goal_in_units_needs_no_reference() -> None:
    row = Row("first answer", "s", values=[2.12, 2.05, 1.9], most=2)

    assert table([row]).splitlines()[-1] == "| first answer | 2.05 (1.9–2.12) s |  |  | ≤ 2 s | **missed** |"


def test_what_has_no_goal_is_only_reported() -> None:
    assert table([Row("requests", "", values=[51, 51, 51])]).splitlines()[-1] == "| requests | 51 (51–51) |  |  |  |  |"


def test_one_figure_is_written_anew_and_the_rest_stays() -> None:
    text = "prose\n<!-- a -->\nold\n<!-- /a -->\nmore\n<!-- b -->\nkept\n<!-- /b -->\n"

    assert refreshed(text, "a", "new") == text.replace("old", "new")


def test_a_figure_without_a_place_is_an_error() -> None:
    with pytest.raises(ValueError, match="no marks"):
        refreshed("prose", "a", "new")
