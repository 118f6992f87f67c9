"""The PBX's own health, from its web interface to the chats: /pbx, what is told to whom, and bans that are lifted."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.end_to_end.harness import ANNA, GROUP, VERA, Program, Seen, Standins, press, running_bot, running_standins

ADVICE = {
    "error": [
        {
            "messageTpl": "adv_YouUseDefaultWebPassword",
            "messageParams": {"name": "WEB password", "url": "/admin-cabinet/general-settings/modify/#/passwords"},
        }
    ]
}
EN = {
    "disk": "400 MB of 50 GB free",
    "full": "The PBX's disk is nearly full",
    "default": "The web password of the PBX is the default one",
    "own": "the bot's own address",
    "banned": "2 addresses are banned",
    "unban": "Unban",
    "ask": "Lift all bans of 198.51.100.9",
    "lifted": "198.51.100.9 is not banned any more",
    "room": "The PBX's disk has room again",
    "mute": "Mute",
    "refresh": "Refresh",
    "link": "Open the page of the PBX",
}
RU = {
    "disk": "свободно 400 МБ из 50 ГБ",
    "full": "Диск АТС почти заполнен",
    "default": "Пароль веб-интерфейса АТС стоит по умолчанию",
    "own": "адрес самого бота",
    "banned": "Заблокировано 2 адреса",
    "unban": "Разблокировать",
    "ask": "Снять все блокировки адреса 198.51.100.9",
    "lifted": "198.51.100.9 больше не заблокирован",
    "room": "На диске АТС снова есть место",
    "mute": "Заглушить",
    "refresh": "Обновить",
    "link": "Открыть страницу АТС",
}


TABLE = """
[[release]]
version = "2026.1.223"

[[release]]
version = "2026.9.5"
security = true

[[release]]
version = "2027.1.1"
security = true

[[fault]]
name = "in_our_notes"
fixed_in = "2027.1.1"
costs = "it writes passwords into its log"
costs_ru = "она пишет пароли в журнал"
remedy = "update it on Sunday"
remedy_ru = "обновите её в воскресенье"
"""
EN_MORE = {
    "phone": "A phone has a wrong password for 201",
    "phone_step": "Put the password of 201 into that phone",
    "guessed": "Somebody tries passwords of 2 extensions: 202, 203",
    "phone_over": "No phone is refused for 201 any more",
    "fault": "It writes passwords into its log.",
    "remedy": "Update it on Sunday.",
    "behind": "1 release behind, 1 of them security",
    "all": "Something is found at 1 of 1 PBX",
    "topic": "refused passwords of phones: 1",
}
RU_MORE = {
    "phone": "На телефоне неверный пароль номера 201",
    "phone_step": "Введите на этом телефоне пароль номера 201",
    "guessed": "Подбирают пароли 2 внутренних номеров: 202, 203",
    "phone_over": "Телефону номера 201 больше не отказывают",
    "fault": "Она пишет пароли в журнал.",
    "remedy": "Обновите её в воскресенье.",
    "behind": "отстаёт на 1 версию, с исправлением уязвимостей — 1",
    "all": "Есть замечания у 1 из 1 АТС",
    "topic": "отклонённые пароли телефонов: 1",
}


@pytest.fixture
def standins() -> Iterator[Standins]:
    with running_standins() as standins:
        yield standins


@pytest.mark.parametrize(("language", "says"), [("en", EN), ("ru", RU)])
def test_what_is_wrong_is_shown_told_once_to_whom_it_concerns_and_over_by_itself(
    standins: Standins, start_bot: Callable[..., Program], language: str, says: dict[str, str]
) -> None:
    start_bot(LANGUAGE=language)
    standins.wait_until_known()
    standins.post("/control/disk", total=51_200, free=400)
    standins.post("/control/advice", advice=ADVICE)
    card = standins.asks(VERA, "/pbx")
    assert all(text in card for text in (says["disk"], says["full"], says["default"]))
    # The disk is an alert, the password is told to administrators alone and without a sound; both carry the link.
    alert = standins.wait_for_message(says["full"])
    told = standins.wait_for_message(says["default"], chat=ANNA)
    for message in (alert, told):
        assert says["link"] in message
        assert says["mute"] in str(message.buttons)
    assert not standins.alerts(says["default"])
    assert not [one for one in standins.from_bot(VERA, VERA) if one.id != card.id]

    for address in ("127.0.0.1", "198.51.100.9"):
        standins.post("/control/banned", address=address)
    listed = standins.asks(VERA, "/bans")
    assert says["banned"] in listed
    assert says["own"] in listed
    assert "198" not in str(listed.buttons)
    listed = standins.asks(ANNA, "/bans")
    question = press(standins, listed, "198.51.100.9", says["ask"])
    press(standins, question, says["unban"], says["lifted"])
    assert "198.51.100.9" not in standins.asks(ANNA, "/bans")
    assert "198.51.100.9" in standins.asks(ANNA, "/audit")

    standins.post("/control/disk", total=51_200, free=30_000)

    def ended() -> Seen | None:
        standins.presses(VERA, card, says["refresh"])
        return next(iter(standins.alerts(says["room"])), None)

    assert standins.wait_for(ended, "the end of the alert", every=1)
    assert len({one.id for one in standins.messages(ANNA) if says["default"] in one}) == 1
    assert standins.wait_for(lambda: not standins.alerts(says["full"], GROUP), "the edited alert")


@pytest.mark.parametrize(("language", "says"), [("en", EN_MORE), ("ru", RU_MORE)])
def test_refused_sign_ins_and_a_table_of_releases_of_ones_own(
    tmp_path: Path, language: str, says: dict[str, str]
) -> None:
    (tmp_path / "known_releases.toml").write_text(TABLE, encoding="utf-8")
    # The PBX is looked at every five minutes; what is tried before that must not be an hour old on a slow machine.
    with (
        running_standins(speed=60) as standins,
        running_bot(standins, tmp_path, LANGUAGE=language, KNOWN_RELEASES="known_releases.toml", POLL_INTERVAL="60"),
    ):
        for number, address in (("201", "192.168.0.15"), ("202", "8.8.8.8"), ("203", "8.8.8.8")):
            standins.post(f"/control/sign_ins/{number}", address=address, tries=40)
        standins.wait_until_known()
        fault = standins.wait_for_message(says["fault"])
        assert says["remedy"] in fault
        phone = standins.wait_for_message(says["phone"], chat=ANNA)
        assert says["phone_step"] in phone
        assert "192.168.0.15" in phone
        standins.wait_for_message(says["guessed"], chat=ANNA)
        # Neither is an alert.
        assert not standins.alerts(says["phone"])
        card = standins.asks(VERA, "/pbx")
        assert all(says[part] in card for part in ("behind", "phone", "remedy"))
        assert all(says[part] in standins.asks(VERA, "/pbx all") for part in ("all", "topic"))
        # An hour without a try ends it.
        standins.post("/control/sign_ins/201", address="192.168.0.15", tries=0, ago=3700)
        standins.wait_for_message(says["phone_over"], chat=ANNA)
        assert len({one.id for one in standins.messages(ANNA) if says["phone"] in one}) == 1
