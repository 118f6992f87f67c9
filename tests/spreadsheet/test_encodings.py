"""Encodings, judged by what comes out."""

import contextlib
from itertools import product

import pytest

from bot.sandbox.task import TaskRefused
from bot.spreadsheet.encodings import decode

NAMES = (
    *("Пётр Ильин", "Анна Лис", "Юлия Щукина", "Юра", "Эдуард Хиль", "Фёдор Цой", "Олег", "Ян", "ИВАНОВ ПЁТР"),
    *("Олександр Їжак", "Вера Чуб", "Яков Шух", "Жанна Эйдельман", "Эрнст Юнг", "Зухра", "Ющенко", "Уэйн"),
    *("Мбаппе Ндонго", "Римский-Корсаков", "Фишер", "Фет", "Сюй Цзин", "ООО «Ёлка», отдел №1", "Ильин П. Ю."),
)
HEADS = ("number;name;mobile\r\n", "номер;фио;телефон\r\n", "")


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "mac_cyrillic", "koi8_r", "utf-8", "utf-16-le", "utf-16-be"])
def test_a_table_of_one_person_is_enough(encoding: str) -> None:
    for head, name in product(HEADS, NAMES):
        text = f"{head}301;{name};+79161110011\r\n"
        try:
            content = text.encode(encoding)
        except UnicodeEncodeError:
            # DOS has no quotation marks of print, and not all letters of Ukrainian.
            continue
        assert decode(content) == text


@pytest.mark.parametrize("encoding", ["cp1251", "cp866", "mac_cyrillic", "koi8_r"])
@pytest.mark.parametrize("name", ["Фух", "Шушу", "Ия", "Эш", "Щ", "Сюй", "Глеб", "Юсуф"])
def test_a_name_too_short_to_tell_is_read_right_or_refused(encoding: str, name: str) -> None:
    text = f"301;{name}\n"
    with contextlib.suppress(TaskRefused):
        assert decode(text.encode(encoding)) == text


@pytest.mark.parametrize("name", ["Jürgen Groß", "François Lefèvre", "José Muñoz", "Åsa Öst"])
def test_western_names_are_not_taken_for_cyrillic(name: str) -> None:
    assert decode(f"301;{name}\n".encode("cp1252")) == f"301;{name}\n"


@pytest.mark.parametrize("taken_for", ["cp1251", "cp1252", "latin_1", "cp866"])
def test_what_was_encoded_twice_is_read_once(taken_for: str) -> None:
    text = "номер;фио\n301;Пётр Ольгин\n"
    twice = text.encode().decode(taken_for, errors="replace").encode()
    if "\ufffd".encode() in twice:
        with pytest.raises(TaskRefused, match="come out as garbage"):
            decode(twice)
    else:
        assert decode(twice) == text


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Łukasz Żółć;Świętosława Gęś", "cp1250"),
        ("Γιώργος Παπαδόπουλος;Ελένη", "cp1253"),
        ("山田太郎;鈴木", "shift_jis"),
        ("山田太郎;鈴木一郎", "gbk"),
        ("Ünal Şimşek;Ağrı", "cp1254"),
    ],
)
def test_what_stays_garbage_is_refused(text: str, encoding: str) -> None:
    with pytest.raises(TaskRefused, match="come out as garbage"):
        decode(f"301;{text}\n".encode(encoding))
    assert decode(f"301;{text}\n".encode()) == f"301;{text}\n"


def test_a_file_of_two_encodings_is_refused() -> None:
    lines = [f"{301 + place};{name}\n" for place, name in enumerate(["Пётр Ильин", "Анна Лис", "Олег Белов"])]
    with pytest.raises(TaskRefused, match="come out as garbage"):
        decode("".join(lines).encode("cp1251") + "".join(lines).encode("cp866"))
