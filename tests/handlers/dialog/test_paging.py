"""Pages of a list: the slice, the clamped number, and the buttons between pages."""

from hypothesis import given
from hypothesis import strategies as st

from bot.messages.message import Button, grid
from handlers.dialog.paging import NEXT, PREVIOUS, numbered_row, page_row, paginate

FRESH = Button("fresh", "list.show")


@given(st.lists(st.integers(), max_size=40), st.integers(1, 7))
def test_the_pages_together_are_the_list(items: list[int], size: int) -> None:
    count = paginate(items, 0, size).count
    pages = [paginate(items, number, size) for number in range(count)]
    assert [item for page in pages for item in page.items] == items
    assert all(page.items[0] == items[page.first - 1] for page in pages if page.items)
    assert [page.has_previous for page in pages] == [False] + [True] * (count - 1)
    assert [page.has_next for page in pages] == [True] * (count - 1) + [False]


@given(st.lists(st.integers(), max_size=40), st.integers(-3, 50), st.integers(1, 7))
def test_a_number_that_is_no_page_is_the_nearest_one(items: list[int], number: int, size: int) -> None:
    page = paginate(items, number, size)
    assert 0 <= page.number < page.count
    assert page.number == min(max(number, 0), page.count - 1)
    assert len(page.items) == min(size, max(0, len(items) - page.number * size))


def test_an_empty_list_has_one_page() -> None:
    page = paginate(list[int](), 3, 5)
    assert page.facts() == {"page": 1, "pages": 1}
    assert numbered_row(page, "list.show") == ()


def test_the_buttons_carry_the_list_and_the_page() -> None:
    (row,) = numbered_row(paginate(range(30), 1, 10), "list.show", {"search": "Anna", "page": 1})
    assert row == (
        Button(PREVIOUS, "list.show", {"search": "Anna", "page": 0}),
        Button(NEXT, "list.show", {"search": "Anna", "page": 2}),
    )
    (row,) = numbered_row(paginate(range(30), 2, 10), "list.show", {"page": 4}, key="part")
    assert row == (Button(PREVIOUS, "list.show", {"page": 4, "part": 1}),)


def test_a_list_without_numbered_pages_says_what_each_button_carries() -> None:
    assert page_row("list.show", None, None) == ()
    assert page_row("list.show", None, {"before": 7}) == ((Button(NEXT, "list.show", {"before": 7}),),)
    assert page_row("list.show", None, None, before=[FRESH]) == ((FRESH,),)


def test_buttons_stand_in_rows() -> None:
    assert grid([], 2) == ()
    assert [len(row) for row in grid([FRESH] * 5, 2)] == [2, 2, 1]
