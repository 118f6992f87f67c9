"""The PBX's own health, from its web interface to the chats: /pbx, what is told to whom, and bans that are lifted."""

from collections.abc import Callable, Iterator

import pytest

from tests.end_to_end.harness import ANNA, GROUP, VERA, Program, Seen, Standins, press, running_standins

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
    "ask": "Снять все блокировки 198.51.100.9",
    "lifted": "198.51.100.9 больше не заблокирован",
    "room": "На диске АТС снова есть место",
    "mute": "Заглушить",
    "refresh": "Обновить",
    "link": "Открыть страницу АТС",
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
