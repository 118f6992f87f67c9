"""Tables of other programs, sent as a document to one running bot: shown as they will be created, and created so."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tests.end_to_end.harness import ANNA, KEY, Program, Seen, Standins

FIELD_FILES = Path(__file__).parents[2] / "handlers/employees/field_files"
# Number, name and mobile, as the PBX stores them.
Person = tuple[str, str, str]


class Case(NamedTuple):
    """`shown`: lines of the preview between its heading and its last paragraph."""

    file: str
    shown: str
    created: tuple[Person, ...] = ()


CASES = (
    Case(
        "dos-cp866-english-header.csv",
        "✅ будет создано: 2\n· 301 Пётр Ильин · +7 916 111-00-11\n· 302 Ольга Белова · +7 916 111-00-12",
        (("301", "Пётр Ильин", "79161110011"), ("302", "Ольга Белова", "79161110012")),
    ),
    Case(
        "dos-cp866-russian-header.csv",
        "✅ будет создано: 1\n· 303 Пётр Ильин · +7 916 111-00-13",
        (("303", "Пётр Ильин", "79161110013"),),
    ),
    Case(
        "equals-quoted.csv",
        "✅ будет создано: 1\n· 309 Пётр Ильин · +7 916 111-00-19",
        (("309", "Пётр Ильин", "79161110019"),),
    ),
    Case(
        "formula-without-stored-value.xlsx",
        "Лист: Sheet\n❌ строк с ошибками: 1\n"
        "Строка 2: Номер =300+50: это формула без сохранённого результата; вставьте её как значение; "
        'Мобильный ="+7"&"9161110050": это формула без сохранённого результата; вставьте её как значение',
    ),
    Case(
        "google-headers.csv",
        "✅ будет создано: 1\n· 324 Ильин, Пётр · +7 916 111-00-32",
        (("324", "Ильин, Пётр", "79161110032"),),
    ),
    Case(
        "hidden-first-sheet.xlsx",
        "Лист: Сотрудники\n✅ будет создано: 1\n· 321 Пётр Ильин",
        (("321", "Пётр Ильин", ""),),
    ),
    Case(
        "mikopbx-own-export.csv",
        "✅ будет создано: 1\n· 327 Пётр Ильин · +7 916 111-00-34",
        (("327", "Пётр Ильин", "79161110034"),),
    ),
    Case(
        "moscow-landline-8495.csv",
        "✅ будет создано: 2\n· 314 Пётр Ильин · +7 495 111-00-24\n· 315 Яна Лис · +7 499 111-00-25",
        (("314", "Пётр Ильин", "74951110024"), ("315", "Яна Лис", "74991110025")),
    ),
    Case(
        "nonbreaking-hyphens.csv",
        "✅ будет создано: 3\n"
        "· 311 Пётр Ильин · +7 916 111-00-21\n· 312 Анна Лис · +7 916 111-00-22\n· 313 Яна Лис · +7 916 111-00-23",
        (
            ("311", "Пётр Ильин", "79161110021"),
            ("312", "Анна Лис", "79161110022"),
            ("313", "Яна Лис", "79161110023"),
        ),
    ),
    Case(
        "scientific.csv",
        "❌ строк с ошибками: 1\n"
        "Строка 2: Мобильный 7,91611E+10: последние цифры потеряны; задайте столбцу текстовый формат и введите заново",
    ),
    Case(
        "semicolon-in-quoted-header.csv",
        "✅ будет создано: 1\n· 326 Ильин, Пётр",
        (("326", "Ильин, Пётр", ""),),
    ),
    Case(
        "sep-line.csv",
        "✅ будет создано: 1\n· 305 Пётр Ильин · +7 916 111-00-15",
        (("305", "Пётр Ильин", "79161110015"),),
    ),
    Case(
        "trailing-empty-columns-and-rows.csv",
        "✅ будет создано: 1\n· 307 Пётр Ильин · +7 916 111-00-17",
        (("307", "Пётр Ильин", "79161110017"),),
    ),
    Case(
        "wrong-dimension.xlsx",
        "Лист: Лист1\n✅ будет создано: 2\n· 318 Пётр Ильин · +7 916 111-00-29\n· 319 Яна Лис · +7 916 111-00-30",
        (("318", "Пётр Ильин", "79161110029"), ("319", "Яна Лис", "79161110030")),
    ),
)


def people(standins: Standins) -> set[Person]:
    answer = standins.http.get("/pbxcore/api/v3/employees?limit=500", headers={"Authorization": f"Bearer {KEY}"})
    rows = answer.json()["data"]["data"]
    return {(row["number"], row["user_username"], row["mobile"]) for row in rows}


def confirmed(standins: Standins, question: Seen) -> None:
    standins.presses(ANNA, question, "Создать")
    standins.wait_for(lambda: (m := standins.again(question)) and ("Готово" in m.text or None), "the import ends")


def test_each_is_shown_as_it_will_be_created_and_is_created_so(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot(LANGUAGE="ru", PBX_TIMEZONE="Europe/Moscow")
    assert {case.file for case in CASES} == {file.name for file in FIELD_FILES.iterdir()}
    for case in CASES:
        before = people(standins)
        sent = standins.sends_file(ANNA, case.file, (FIELD_FILES / case.file).read_bytes(), "/import_employees")
        question = standins.after(sent, ANNA, "рочитан")
        heading, _, rest = question.text.partition("\n")
        shown, _, ending = rest.rpartition("\n\n")
        assert heading.endswith("· Head office")
        assert shown == case.shown, case.file
        if case.created:
            assert ending.startswith("Пока ничего не создано.")
            confirmed(standins, question)
        else:
            assert (ending, question.buttons) == ("Создавать некого.", [["📄 Пропущенные строки"]])
        assert people(standins) - before == {*case.created}, case.file
