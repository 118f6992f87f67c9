"""Changes to trunks are reported as done after Asterisk has reloaded, seconds after the last change."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from bot.demo.pbx.registration.sights import Dialect
from tests.end_to_end.harness import ANNA, KEY, Program, Seen, Standins, press, running_standins

SECRET = "An0therSecret22"


@pytest.fixture
def standins() -> Iterator[Standins]:
    """Half a minute without a trunk takes two seconds."""
    with running_standins(speed=20) as standins:
        yield standins


def api(standins: Standins, path: str) -> Any:
    answer = standins.http.get(f"/pbxcore/api/v3/{path}", headers={"Authorization": f"Bearer {KEY}"})
    return answer.json()["data"]


def state_of(standins: Standins, trunk: str) -> str:
    return str(api(standins, "providers:getStatuses?forceCheck=true")["sip"][trunk]["state"])


EN = {
    "apply": "Apply",
    "anew": "Re-register",
    "refused": "refuses the login",
    "not yet": "Not registered yet",
    "dead line": "For 30 to 50 seconds nobody can call",
    "waiting": "Waiting until Asterisk has let go",
    "works": "It works, after",
    "off": "switched off by",
    "new password": "Password: a new one",
    "untold": "Branch IAX · not watched: the PBX does not tell its state",
    "takes over": "Asterisk takes it over in 5 to 25 seconds",
    "no password": "the password is missing",
}
RU = {
    "apply": "Применить",
    "anew": "Переподключить",
    "refused": "отклоняет логин",
    "not yet": "Пока не зарегистрирован",
    "dead line": "30–50 секунд звонить через него будет нельзя",
    "waiting": "Жду, пока Asterisk отпустит",
    "works": "Заработал через",
    "off": "отключён администратором",
    "new password": "Пароль: новый",
    "untold": "Branch IAX · без наблюдения: АТС не сообщает его состояние",
    "takes over": "Asterisk применит это через 5–25 секунд",
    "no password": "не указан пароль",
}


@pytest.mark.parametrize(("dialect", "language", "says"), [("2026.9", "en", EN), ("2026.1", "ru", RU)])
def test_a_corrected_password_is_tried_when_the_trunk_is_registered_anew(
    standins: Standins, start_bot: Callable[..., Program], dialect: Dialect, language: str, says: dict[str, str]
) -> None:
    standins.station.dialect = dialect
    start_bot(LANGUAGE=language, POLL_INTERVAL="5")
    standins.wait_until_known()
    standins.breaks("Zadarma", "wrong_password")
    alert = standins.wait_for_message("Zadarma")
    trunk = standins.trunk("Zadarma")["id"]
    standins.asks(ANNA, "/edit_trunk Zadarma password")
    question = standins.asks(ANNA, SECRET)
    # Asterisk retries 5 minutes after the last rejection: until then there is no new one.
    edited = press(standins, question, says["apply"], says["not yet"])
    assert says["refused"] not in edited
    card = standins.asks(ANNA, "/trunks Zadarma")
    assert says["refused"] not in card
    standins.presses(ANNA, edited, says["anew"])
    question = standins.wait_for_message(says["dead line"], chat=ANNA, after=edited.id)
    press(standins, question, says["anew"], says["waiting"])
    done = standins.wait_for(
        lambda: (m := standins.again(question)) and (m if says["works"] in m.text else None), says["works"]
    )
    assert re.search(rf"{says['works']} \d+", done.text)
    assert state_of(standins, trunk) == "registered"
    standins.wait_for(lambda: "🟢" in (standins.again(alert) or alert).text or None, "the alert is over")
    assert not standins.alerts(says["off"])


def test_killed_while_the_trunk_is_off_the_next_run_switches_it_on(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    standins.station.dialect = "2026.9"
    bot = start_bot(POLL_INTERVAL="5")
    standins.wait_until_known()
    trunk = standins.trunk("Zadarma")["id"]
    # A machine so busy that Asterisk reloads only after the kill.
    standins.post("/control/reload", after=60)
    question = asked_anew(standins, "Zadarma")
    press(standins, question, "Re-register", "Waiting until Asterisk has let go")
    standins.wait_for(lambda: standins.trunk("Zadarma")["disabled"] or None, "it is off")
    bot.kill()
    # The router starts after the machine: Telegram is unreachable, the PBX is not.
    standins.post("/client/faults", kind="server_error", count=-1)
    with ThreadPoolExecutor() as beside:
        started = beside.submit(start_bot, POLL_INTERVAL="5")
        standins.wait_for(lambda: not standins.trunk("Zadarma")["disabled"] or None, "it is on again")
        standins.post("/client/faults", kind="none")
        started.result()
    done = standins.wait_for(
        lambda: (m := standins.again(question)) and (m if "It works, after" in m.text else None), "it is told"
    )
    assert "Zadarma" in done
    assert state_of(standins, trunk) == "registered"
    assert not standins.alerts("switched off by")


@pytest.mark.parametrize(("language", "says"), [("ru", RU), ("en", EN)])
def test_what_is_changed_is_taken_by_the_pbx_and_seen_only_when_asterisk_has_it(
    standins: Standins, start_bot: Callable[..., Program], language: str, says: dict[str, str]
) -> None:
    start_bot(LANGUAGE=language)
    standins.wait_until_known()
    # As a real PBX: with an IAX trunk that registers it reports no IAX states.
    standins.post("/control/iax", told=False)
    standins.wait_for_looks(2)
    assert says["untold"] in standins.asks(ANNA, "/trunks")
    for name, kind in (("Zadarma", "sip"), ("Branch IAX", "iax")):
        trunk = standins.trunk(name)["id"]
        before = api(standins, f"{kind}-providers/{trunk}")
        standins.asks(ANNA, f'/edit_trunk "{name}" password')
        press(standins, standins.asks(ANNA, SECRET), says["apply"], says["new password"])
        assert standins.station.trunks[trunk].record["secret"] == SECRET
        assert api(standins, f"{kind}-providers/{trunk}") == before
    question = standins.asks(ANNA, "/edit_trunk Zadarma host=sip2.zadarma.com:5061")
    assert "5061" in question
    press(standins, question, says["apply"], says["takes over"])
    after = api(standins, f"sip-providers/{standins.trunk('Zadarma')['id']}")
    assert (after["host"], after["port"]) == ("sip2.zadarma.com", 5061)
    # A changed kind of registration needs its other fields; missing ones are named in plain words.
    press(standins, standins.asks(ANNA, "/edit_trunk Zadarma registration=inbound"), says["apply"], says["no password"])


def asked_anew(standins: Standins, name: str) -> Seen:
    """Break the trunk; return the question that the alert's button asks."""
    standins.breaks(name, "unregistered")
    alert = standins.wait_for_message(f"🔴 {name}")
    standins.mends(name)
    standins.presses(ANNA, alert, "Re-register")
    return standins.wait_for_message(f"Register {name} anew", after=alert.id)
