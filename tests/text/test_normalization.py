"""What people bring without seeing it."""

import codecs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text.normalization import INVISIBLE_CHARS, decoded, normalized


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("‪+7 (916) 123‑45‑01‬", "+7 (916) 123-45-01"),
        ("+7\xa0916\u202f123‐45−01", "+7 916 123-45-01"),
        ("403\u200b Пётр", "403 Пётр"),
        ("\ufeff201;Anna\r\n202;Boris", "201;Anna\r\n202;Boris"),
        ("Иванов – продажи", "Иванов – продажи"),
        ("👩\u200d💻 и ё", "👩\u200d💻 и ё"),
        ("plain, as typed - 1", "plain, as typed - 1"),
    ],
)
def test_text_is_what_is_seen_with_the_signs_of_the_keyboard(written: str, read: str) -> None:
    assert normalized(written) == read


@pytest.mark.parametrize(
    "content",
    [
        "name = Пётр\n".encode(),
        codecs.BOM_UTF8 + "name = Пётр\n".encode(),
        codecs.BOM_UTF16_LE + "name = Пётр\n".encode("utf-16-le"),
        codecs.BOM_UTF16_BE + "name = Пётр\n".encode("utf-16-be"),
    ],
)
def test_a_file_is_read_in_the_encoding_that_it_names(content: bytes) -> None:
    assert decoded(content) == "name = Пётр\n"


def test_another_encoding_is_not_guessed() -> None:
    with pytest.raises(UnicodeDecodeError):
        decoded("name = Пётр\n".encode("cp1251"))


@given(st.text())
def test_once_is_enough_and_nothing_visible_is_lost(text: str) -> None:
    once = normalized(text)
    assert normalized(once) == once
    kept = [char for char in text if not (INVISIBLE_CHARS.fullmatch(char) and char not in "\t\r\n")]
    assert len(once) == len(kept)
