"""Names with typing errors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.similar_names import MAX_NEAR, nearest_names

NAMES = ["Melanie Jones", "Пётр Сёмин", "Zadarma", "Branch 7", "Ростелеком", "Anna Johnson", "Ольга Орлова"]


@pytest.mark.parametrize(
    ("written", "nearest"),
    [
        ("Melany", "Melanie Jones"),
        ("Семен", "Пётр Сёмин"),
        ("zadrma", "Zadarma"),
        ("brnch 7", "Branch 7"),
        ("Растелеком", "Ростелеком"),
        ("jonson", "Anna Johnson"),
        ("Орловой", "Ольга Орлова"),
        ("Ольги Орловой", "Ольга Орлова"),
        ("Петром", "Пётр Сёмин"),
    ],
)
def test_the_nearest_is_offered(written: str, nearest: str) -> None:
    assert nearest_names(written, NAMES)[0] == nearest


@pytest.mark.parametrize("written", ["", "a", "xyzzy", "2026"])
def test_what_is_like_none_has_no_nearest(written: str) -> None:
    assert nearest_names(written, NAMES) == []


@given(st.text(max_size=30), st.lists(st.text(max_size=30), max_size=20))
def test_only_known_names_are_offered(written: str, names: list[str]) -> None:
    near = nearest_names(written, names)
    assert len(near) <= MAX_NEAR
    assert set(near) <= set(names)
