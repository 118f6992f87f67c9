"""Words, "words in quotes", and field=value."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.parsing.arguments import of_known_fields, read_words, split


@pytest.mark.parametrize(
    ("text", "free", "fields"),
    [
        ('244 "Anna Johnson" email=a@b.com', ("244", "Anna Johnson"), {"email": "a@b.com"}),
        ("244 «Анна Иванова» mobile=+79001234567", ("244", "Анна Иванова"), {"mobile": "+79001234567"}),
        ('name="Anna Maria" forward=', (), {"name": "Anna Maria", "forward": ""}),
        ('extra="a=b c=d"', (), {"extra": "a=b c=d"}),
        ('5" pipe', ('5"', "pipe"), {}),
        ('an "open quote', ("an", '"open', "quote"), {}),
        ("Имя=Анна ", (), {"имя": "Анна"}),
        ("", (), {}),
        ("244, Anna email = a@b.ru", ("244", "Anna"), {"email": "a@b.ru"}),
        ("@boris, @anna;", ("@boris", "@anna"), {}),
        ("243 name=Melanie Jones mobile=1 x", ("243", "x"), {"name": "Melanie Jones", "mobile": "1"}),
        ("=", ("=",), {}),
        (",", (",",), {}),
    ],
)
def test_words_and_fields_are_distinguished(text: str, free: tuple[str, ...], fields: dict[str, str]) -> None:
    found = read_words(text, {"name"})
    assert (found.free, found.fields) == (free, fields)


WORD = st.text(st.characters(exclude_characters='"“”«»„=', exclude_categories=["Z", "C"]), min_size=1)


@given(st.lists(WORD))
def test_plain_words_come_back_as_they_were(words: list[str]) -> None:
    assert split("  ".join(words)) == words


@given(st.lists(st.lists(WORD, min_size=1).map(" ".join)))
def test_what_stands_in_quotes_is_one_word(phrases: list[str]) -> None:
    assert split(" ".join(f'"{phrase}"' for phrase in phrases)) == phrases


@given(st.text())
def test_nothing_breaks_the_reader(text: str) -> None:
    read_words(text)


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ('201 name="John  Brown" mobile=1', '201 name="John  Brown" mobile=1'),
        ("201 NAME=John key=x y z mobile=1 2", "201 NAME=John key=••• mobile=1 2"),
        ('201 key="x y" name="a=b"', "201 key=••• name=a=b"),
        ("201 key = x", "201 key =•••"),
        ("201 key: x", "201 key:•••"),
        ("201 name: Anna 10.0.0.5:5060", "201 name: Anna 10.0.0.5:5060"),
        ("201 p@ss=x", "201 p@ss=•••"),
        ("=x", "=•••"),
        ("", ""),
    ],
)
def test_of_fields_that_are_not_known_the_name_alone_is_kept(text: str, kept: str) -> None:
    assert of_known_fields(text, {"name", "mobile"}) == kept
