"""Names in an office of the demo: its people, trunks, queues, rooms and callers. Numbers and phones are in `seed`."""

from dataclasses import dataclass
from typing import NamedTuple


class TrunkNames(NamedTuple):
    description: str
    host: str
    username: str


@dataclass(frozen=True)
class Office:
    """`staff`: name and mailbox of each, in the order of `seed`. `queues`: name and description. `callers`: number and
    name of those who call again and again. `route_in` and `route_out` name a route by its `{trunk}`."""

    name: str
    branch: str
    staff: tuple[tuple[str, str], ...]
    trunks: tuple[TrunkNames, ...]
    queues: tuple[tuple[str, str], ...]
    menu: str
    conference: str
    callers: tuple[tuple[str, str], ...]
    route_in: str
    route_out: str


# Both alphabets and markup, for tests.
MIXED = Office(
    name="Head office",
    branch="Branch {number}",
    staff=(
        ("Anna Johnson", "anna"),
        ("Boris Petrov", "boris"),
        ("Melanie Collins", "melanie"),
        ("Пётр Иванов", "petr"),
        ("Ольга Смирнова", ""),
        ("James Carter", ""),
        ("Алексей Кузнецов", ""),
        ("Maria Lopez", "maria"),
        ("Наталья Орлова", ""),
        ("Warehouse", ""),
        ("Сергей Волков", ""),
        ('Robert <b>O\'Neil</b> & "Sons"', ""),
    ),
    trunks=(
        TrunkNames("Zadarma", "sip.zadarma.com", "74951110001"),
        TrunkNames("Mango Office", "vpbx400.mangosip.ru", "mango201"),
        TrunkNames("Branch IAX", "203.0.113.40", "branch"),
        TrunkNames("Doorphone gateway", "192.168.1.60", ""),
        TrunkNames("Old provider", "sip.old.example", "4957770000"),
    ),
    queues=(
        ("Sales office", "Everybody's phone rings at the same time."),
        ("Technical Support Department", "One phone rings at a time."),
    ),
    menu="Main voice menu",
    conference="Main conference room",
    callers=(
        ("79161234501", ""),
        ("79037770102", ""),
        ("74956660103", "Delivery Express"),
        ("79262220104", ""),
        ("78123330105", "ООО «Ромашка»"),
        ("79859990106", ""),
        ("79031110107", 'Tom <b>Bold</b> & "Co" <script>alert(1)</script>'),
        ("anonymous", "Anonymous"),
    ),
    route_in="{trunk} to reception",
    route_out="Out through {trunk}",
)
ENGLISH = Office(
    name="Head office",
    branch="Branch {number}",
    staff=(
        ("Anna Ivanova", "anna"),
        ("Boris Petrov", "boris"),
        ("Melanie Collins", "melanie"),
        ("Peter Evans", "peter"),
        ("Olivia Smith", ""),
        ("James Carter", ""),
        ("Alex Cooper", ""),
        ("Maria Lopez", "maria"),
        ("Natalie Brooks", ""),
        ("Daniel Reed", ""),
        ("Simon Walker", ""),
        ("Emma Clarke", ""),
    ),
    trunks=(
        *MIXED.trunks[:2],
        TrunkNames("Tula branch", "203.0.113.40", "tula"),
        TrunkNames("Doorphone", "192.168.1.60", ""),
        TrunkNames("Beeline (old)", "sip.beeline.ru", "4957770000"),
    ),
    queues=MIXED.queues,
    menu=MIXED.menu,
    conference=MIXED.conference,
    callers=(
        ("79161234501", ""),
        ("79037770102", ""),
        ("74956660103", "Delivery Express"),
        ("79262220104", ""),
        ("78123330105", "Daisy Ltd"),
        ("79859990106", ""),
        ("79031110107", "Baker & Co"),
        ("anonymous", "Anonymous"),
    ),
    route_in=MIXED.route_in,
    route_out=MIXED.route_out,
)
RUSSIAN = Office(
    name="Головной офис",
    branch="Филиал {number}",
    staff=(
        ("Анна Иванова", "anna"),
        ("Борис Петров", "boris"),
        ("Мария Соколова", "maria"),
        ("Пётр Ильин", "petr"),
        ("Ольга Белова", ""),
        ("Дмитрий Лебедев", ""),
        ("Алексей Кузнецов", ""),
        ("Вера Смирнова", "vera"),
        ("Наталья Орлова", ""),
        ("Игорь Морозов", ""),
        ("Сергей Волков", ""),
        ("Елена Зайцева", ""),
    ),
    trunks=(
        TrunkNames("Ростелеком", "sip.rt.ru", "74951110001"),
        TrunkNames("Манго Офис", "vpbx400.mangosip.ru", "mango201"),
        TrunkNames("Филиал в Туле", "203.0.113.40", "tula"),
        TrunkNames("Домофон", "192.168.1.60", ""),
        TrunkNames("МТС (старый)", "sip.mts.ru", "4957770000"),
    ),
    queues=(
        ("Отдел продаж", "Звонят все телефоны сразу."),
        ("Техподдержка", "Телефоны звонят по одному."),
    ),
    menu="Голосовое меню",
    conference="Конференция",
    callers=(
        ("79161234501", ""),
        ("79037770102", ""),
        ("74956660103", "Экспресс-доставка"),
        ("79262220104", ""),
        ("78123330105", "ООО «Ромашка»"),
        ("79859990106", ""),
        ("79031110107", "ИП Сидоров"),
        ("anonymous", "Anonymous"),
    ),
    route_in="{trunk}: на секретаря",
    route_out="Исходящие через {trunk}",
)
OFFICES = {"en": ENGLISH, "ru": RUSSIAN}
