"""A password after a misspelt or unknown name, or an unknown command, is stored nowhere, and its author is asked to
delete it from the group. Ordinary words are not names of passwords."""

from collections.abc import Iterator

import pytest

from bot.access.policy import Grant, Permission
from bot.store.database import Database
from bot.store.typed_secrets import contains_secret, is_name, names_secret, without_passwords, without_secrets
from handlers import CATALOGUE
from handlers.employees import fields
from handlers.parsing.arguments import Words, read_words
from handlers.safety import password_in_chat
from handlers.trunks import fields as trunk_fields
from tests.handlers.dispatcher_harness import ANNA, GROUP, SAM, VERA, DispatcherHarness
from tests.handlers.update_factory import NOW, message, place_of

SECRET = "Tr1ckyPass9x"
NAMES = ("password", "secret", "пароль", "пассворд")
MISSPELT = (
    "passowrd", "psasword", "pssword", "passwrod", "pasaword", "passsowrd", "passord", "oassword", "passvord",
    "p@ssword", "p@ssw0rd", "pa55word", "pässword", "ᴘassword", "PASSOWRD", "pass-word", "pas.sword", "sip_secert",
    "pаssоwrd", "pass\u200bowrd",
    "secert", "seret", "sceret", "$ecret", "sekret", "sercet",
    "пороль", "праоль", "парль", "Пароьл", "ПАРОЛЛЬ", "пасворд", "parol", "paroll",
    "gfhjkm", "зфыыцщкв", "ыускуе",
)  # fmt: skip
VOCABULARY = """
passport passports passenger passengers passive passage passion passed passing past paste pastor pasture pascal
password-less Passau Pascal Pastor Passat Hassard sword swords wordpress crossword byword keyword keywords secretary
secretaries secretariat section sector secure security secular sacred sacrament second seconds regret decree discreet
Socrates Seychelles separate select payroll patrol parole parrot carol Carol barrel control passable compass trespass
bypass surpass assort resort record records reward forward postcard pasteboard parking partner person pinned pinging
spin opinion Pineapple Spwall паспорт паспорта пассажир пассажиры пассив пассивный пастор пастух паста парковка паром
парома параллель пароход парень порог порода порошок король роль контроль гастроль патруль панель апрель поролон
поролоном порой парой секретарь секретариат сектор секунда секция серверная сервер сессия сессий сертификат Анна
Иванова Павел Паршин Парфёнов Полина Сергей Серёжа Секретарёв Пастернак Passos Paserini Sekretareva Sekulic Zadarma
Mango Beeline Megafon Rostelecom Sipnet Ростелеком Мегафон Манго Задарма Билайн Телфин UIS Novofon incoming outgoing
missed answered today yesterday week входящие исходящие пропущенные сегодня вчера неделя NO_ANSWER BUSY CANCEL
CONGESTION provider works on the line работы у провайдера настройка перезагрузка
"""


def slips(name: str) -> Iterator[str]:
    """Yield a name with each single typo; inserted letters do not occur in it."""
    for at in range(len(name)):
        yield name[:at] + name[at + 1 :]
        yield name[:at] + "x" + name[at + 1 :]
        yield name[:at] + "x" + name[at:]
        yield name[:at] + name[at] + name[at:]
        yield name[:at] + name[at : at + 2][::-1] + name[at + 2 :]


@pytest.mark.parametrize("name", [*MISSPELT, *(slip for name in NAMES for slip in slips(name))])
def test_one_slip_makes_no_other_word_of_it(name: str) -> None:
    for text in (f"201 {name}={SECRET}", f"201 {name}: {SECRET}", f"201 {name} {SECRET}", f"{name} is {SECRET} ok"):
        assert contains_secret(text)
        assert SECRET not in without_secrets(text)
        assert SECRET not in without_passwords(text)
        assert "•••" in without_passwords(text)
    assert names_secret(name)
    words = read_words(f"201 {name}={SECRET}")
    assert password_in_chat.is_named(words) or password_in_chat.is_unassigned(words)
    assert password_in_chat.is_unassigned(read_words(f"201 {name}: {SECRET}"))


@pytest.mark.parametrize("name", ["passowrd", "pssword", "passwd", "passwort", "passphrase", "secert", "пороль"])
def test_without_its_sign_it_is_seen_too(name: str) -> None:
    assert password_in_chat.is_unassigned(read_words(f"Zadarma {name} {SECRET}"))
    assert password_in_chat.is_unassigned(read_words(f"Zadarma {name}: {SECRET}"))
    assert not password_in_chat.is_unassigned(read_words(f"Zadarma {name}"))


@pytest.mark.parametrize("word", VOCABULARY.split())
def test_ordinary_words_are_no_secrets(word: str) -> None:
    assert not is_name(word)
    if word == "password-less":
        return
    for text in (f"{word} is here", f"{word}: 5", f"/cdr {word} today", f"Zadarma {word}=5"):
        assert not contains_secret(text)
        assert without_secrets(text) == text
    assert not names_secret(word)
    assert not password_in_chat.is_unassigned(read_words(f"210 {word} Smith"))


def test_no_field_but_the_password_is_named_like_one() -> None:
    known = fields.FIELDS.names | trunk_fields.FIELDS.names
    assert {name for name in known if names_secret(name)} == {*password_in_chat.NAMES}
    assert {name for name in known if password_in_chat.is_named(Words((), {name: ""}))} == {*password_in_chat.NAMES}


@pytest.fixture
def harness(database: Database) -> DispatcherHarness:
    bench = DispatcherHarness(database, grants=(Grant(ANNA, "admin"), Grant(VERA, "viewer")))
    for name in ("edit_employee", "add_employee", "add_trunk", "edit_trunk", "mute"):
        bench.catalogue.commands[name] = CATALOGUE.commands[name]
    for name in ("prove", "obey", "leave"):
        bench.catalogue.buttons[f"identity.{name}"] = CATALOGUE.buttons[f"identity.{name}"]
    return bench


TYPED = (
    "/edit_employee 201 passowrd=§", "/edit_employee 201 secert=§", "/edit_employee 201 пороль=§",
    "/edit_employee 201 parol=§", "/edit_employee 201 p@ssword=§", "/edit_employee 201 pssword §",
    "/add_trunk name=X host=a.b user=c passsowrd=§", "/mute Zadarma 1h passowrd is §", "/add_employee 210 Anna pas=§",
    "/edit_employee 201 pasdwrd=§", "/edit_trunk Zadarma pssvord=§",
)  # fmt: skip
UNKNOWN = (
    "/add_employe 210 Anna §", "/edit_employee 201 ключ=§", "/edit_employee 201 ключ = §", '/edit_employee 201 "key"=§',
    "/edit_employee 201 key=correct § mobile=+79001234567", "/edit_trunk Zadarma Schlüssel: §",
    "/edit_employee 201 p a s s w o r d = §",
)  # fmt: skip


@pytest.mark.parametrize("person", [ANNA, VERA, SAM])
@pytest.mark.parametrize("text", [*TYPED, *UNKNOWN])
async def test_the_audit_keeps_it_of_nobody(harness: DispatcherHarness, text: str, person: int) -> None:
    for chat in (GROUP, person):
        await harness.types(text.replace("§", SECRET), person, chat)
    rows = await harness.audit()
    assert {row.what for row in rows} == {text.split()[0]}
    assert not [row.arguments for row in rows if SECRET in row.arguments]
    outcomes = await harness.outcomes()
    assert not [row for row in outcomes if SECRET in f"{row.outcome} {row.before} {row.after}"]


@pytest.mark.parametrize("text", TYPED)
async def test_the_group_is_notified(harness: DispatcherHarness, text: str) -> None:
    await harness.types(text.replace("§", SECRET))
    assert [template for _, template, _ in harness.chat.said] == ["password_in_group"]
    assert len(harness.chat.deleted) == 1
    assert SECRET not in str(harness.chat.said)


async def test_talk_of_somebody_with_a_role_is_notified_of_it_too(harness: DispatcherHarness) -> None:
    await harness.says(f"the passowrd is {SECRET}")
    await harness.says("has anybody seen my passport today?")
    assert [template for _, template, _ in harness.chat.said] == ["password_in_group"]


async def test_an_anonymous_administrators_is_not_kept_for_a_press(harness: DispatcherHarness) -> None:
    robot = {"id": 1087968824, "is_bot": True, "first_name": "Group", "username": "GroupAnonymousBot"}
    for text in ("/edit_employee 201 passowrd=§", "/edit_employee 201 key=§"):
        update = message(text.replace("§", SECRET), ANNA, GROUP, NOW) | {"from": robot, "sender_chat": place_of(GROUP)}
        await harness.takes({"message": update})
    (keyboard,) = harness.chat.keyboards
    harness.members.anonymous = {ANNA}
    await harness.presses(keyboard)
    rows = await harness.audit()
    assert [row.what for row in rows] == ["/edit_employee", "/edit_employee", "identity.prove"]
    assert not [row.arguments for row in rows if SECRET in row.arguments]


async def test_what_is_known_is_kept(harness: DispatcherHarness) -> None:
    """The audit must be readable: no more than necessary is hidden."""
    harness.offers("cdr", Permission.CDR_READ)
    for text in (
        '/edit_employee 201 name="John Brown" mobile=+79001234567',
        '/edit_employee 201 имя="John" extra="timers=no: 5"',
        "/add_trunk Office type=iax host=10.0.0.5:5060",
        "/edit_employee 201 key=correct horse mobile=+79001234567",
        "/cdr 201 day=today key=word",
        "/add_employe 210 Anna",
    ):
        await harness.types(text, ANNA, ANNA)
    assert [(row.what, row.arguments) for row in await harness.audit()] == [
        ("/edit_employee", '201 name="John Brown" mobile=+79001234567'),
        ("/edit_employee", '201 имя="John" extra="timers=no: 5"'),
        ("/add_trunk", "Office type=iax host=10.0.0.5:5060"),
        ("/edit_employee", "201 key=••• mobile=+79001234567"),
        ("/cdr", "201 day=today key=word"),
        ("/add_employe", ""),
    ]
