"""Trunks in chat: shown, created with the password in private, changed, switched, deleted by name."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.end_to_end import secret_scan
from tests.end_to_end.harness import ANNA, BORIS, GROUP, KEY, TOKEN, VERA, Program, Seen, Standins, press

Json = dict[str, Any]
SECRET = "Tr9Secret09xyz"


def api(standins: Standins, path: str, **query: str) -> Any:
    answer = standins.http.get(f"/pbxcore/api/v3/{path}", params=query, headers={"Authorization": f"Bearer {KEY}"})
    return answer.json()["data"]


def on_pbx(standins: Standins, name: str) -> Json | None:
    rows = [row for row in api(standins, "providers", includeDisabled="true") if row["represent"].endswith(f": {name}")]
    found: Json | None = api(standins, f"sip-providers/{rows[0]['id']}") if rows else None
    return found


def create(standins: Standins, line: str, password: str) -> Seen:
    """Create a trunk in private, from the command to the preview."""
    standins.asks(ANNA, line)
    return standins.asks(ANNA, password)


def quick(standins: Standins) -> None:
    """Run the PBX faster: registrations take seconds instead of a minute."""
    standins.post("/control/speed", speed=10)


def test_the_list_shows_every_trunk_with_its_state_and_way_of_registering(shared: Standins, group: int) -> None:
    answer = shared.asks(VERA, "/trunks", group)
    for trunk in shared.get("/control/state")["trunks"]:
        assert trunk["name"] in answer
    assert "registers with the provider" in answer
    assert "switched off" in answer


def test_a_card_tells_the_day_the_settings_and_the_routes(shared: Standins, group: int) -> None:
    trunk = shared.trunk("Zadarma")
    card = shared.asks(VERA, "/trunks zadarma", group)
    routes = [r["rulename"] for r in api(shared, "outbound-routes") if r["providerid"] == trunk["id"]]
    assert all(name in card for name in ["Zadarma", "sip.zadarma.com", "Available today", "Transport", *routes])
    assert not any("Delete" in label or "Check" in label for row in card.buttons for label in row)
    assert "Check now" in str(shared.asks(BORIS, "/trunks zadarma", group).buttons)


def test_check_now_measures_instead_of_remembering(shared: Standins, group: int) -> None:
    card = shared.asks(BORIS, "/trunks Zadarma", group)
    assert "Measured" in shared.presses(BORIS, card, "Check now")["text"]
    asked = shared.get("/control/requests", after=0)["requests"]
    assert any("forceCheck" in str(request) for request in asked)


def test_a_name_that_is_none_and_one_that_is_several(shared: Standins, group: int) -> None:
    assert "no trunk “Nonesuch”" in shared.asks(VERA, "/trunks Nonesuch", group)
    several = shared.asks(VERA, "/trunks sip.", group)
    assert "which one" in several
    assert len(several.buttons) > 1


def make(standins: Standins, name: str, **more: str) -> Json:
    body = {"description": name, "registration_type": "outbound", "secret": SECRET} | more
    answer = standins.http.post("/pbxcore/api/v3/sip-providers", json=body, headers={"Authorization": f"Bearer {KEY}"})
    made: Json = answer.json()["data"]
    return made


def test_two_trunks_of_one_name_are_distinguished_wherever_they_are_named(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    for account in ("79261110001", "79261110002"):
        make(standins, "Megafon", host="sip.megafon.ru", username=account)
    broken = make(standins, "IP peer", host="10.0.0.9", registration_type="none")
    start_bot(LANGUAGE="ru")
    standins.wait_until_known()
    both = [["Megafon (79261110001)"], ["Megafon (79261110002)"]]
    question = standins.asks(ANNA, "/mute Megafon for 1h")
    assert "так называются несколько транков" in question
    assert question.buttons[:2] == both
    assert standins.asks(ANNA, "/delete_trunk megafon").buttons == both
    listed = standins.asks(ANNA, "/trunks")
    assert all(name in listed for (name,) in both)
    # Every id begins with SIP-; only a complete one counts as an id.
    for words in ("ip", broken["id"]):
        assert "IP peer" in standins.asks(ANNA, f"/trunks {words}").text.splitlines()[0]
    trunks = standins.get("/control/state")["trunks"]
    second = next(one["id"] for one in trunks if one["name"] == "Megafon")
    standins.post(f"/control/trunks/{second}", condition="provider_dead", instant=True)
    standins.wait_for_message(r"🔴 Megafon \(7926111000[12]\)")


@pytest.mark.parametrize("text", ["/add_trunk A host=a.b", "/edit_trunk Zadarma port=1", "/delete_trunk Zadarma"])
def test_others_change_no_trunk(shared: Standins, group: int, text: str) -> None:
    for person in (VERA, BORIS):
        assert "no right" in shared.asks(person, text, group)


def test_a_limited_key_sees_what_it_may_and_reports_what_it_may_not(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    """The newer release accepts such ids again."""
    standins.post("/control/dialect", release="2026.1")
    start_bot()
    rights = {f"/api/v3/{name}": "read" for name in ("providers", "sip-providers", "sip", "cdr", "pbx-status")}
    standins.post("/control/key", permissions=rights)
    for trunk in standins.get("/control/state")["trunks"]:
        card = standins.asks(ANNA, f"/trunks {trunk['id']}")
        assert trunk["name"] in card
        assert "routes cannot be told" in card
        assert ("id ends in a letter" in card) == trunk["id"][-1].isalpha()


def test_a_trunk_is_created_with_its_password_in_private(
    standins: Standins, start_bot: Callable[..., Program], tmp_path: Path
) -> None:
    bot = start_bot()
    quick(standins)
    line = '/add_trunk "New line" host=sip.example.com username=316811 port=5070 transport=tls'
    assert "continue in private" in standins.asks(ANNA, line, GROUP)
    question = standins.wait_for_message("password of the new trunk", chat=ANNA)
    number = standins.says(ANNA, SECRET)
    preview = standins.after(number, ANNA, "Create the trunk")
    assert question.id < number
    assert all(part in preview for part in ("sip.example.com", "316811", "5070", "tls", "Password: given"))
    done = press(standins, preview, "Create", "It works")
    assert "Created: New line" in done
    created = on_pbx(standins, "New line")
    assert created is not None
    assert (created["username"], created["port"], created["registration_type"]) == ("316811", 5070, "outbound")
    assert not any(SECRET in m.text for chat in (ANNA, GROUP) for m in standins.messages(chat))
    assert SECRET not in bot.log.read_text()
    standins.wait_for(lambda: SECRET not in secret_scan.known_with(TOKEN, bot.database) or None, "it is kept nowhere")


def test_a_refused_login_and_a_provider_that_is_dead_are_distinguished(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    quick(standins)
    refused = create(standins, "/add_trunk Refused host=sip.example.com username=1", "wrong-password-1")
    press(standins, refused, "Create", "refuses the login")
    standins.post("/control/speed", speed=40)
    dead = create(standins, "/add_trunk Dead host=sip.dead.example username=2", SECRET)
    done = press(standins, dead, "Create", "does not answer")
    assert "go on watching" in done


def test_a_password_typed_in_a_group_is_not_used(standins: Standins, start_bot: Callable[..., Program]) -> None:
    bot = start_bot()
    line = f"/add_trunk New host=sip.example.com username=1 password={SECRET}"
    answer = standins.asks(ANNA, line, GROUP)
    assert "delete" in answer.text
    preview = None
    standins.wait_for_message("password of the new trunk", chat=ANNA)
    preview = standins.asks(ANNA, "An0therSecret")
    press(standins, preview, "Create", "Created")
    assert on_pbx(standins, "New") is not None
    assert SECRET not in bot.log.read_text()


def test_a_second_trunk_with_the_same_account_is_warned_of(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    zadarma = on_pbx(standins, "Zadarma")
    assert zadarma is not None
    line = f"/add_trunk Twin host={zadarma['host']} username={zadarma['username']}"
    assert "disturb each other" in create(standins, line, SECRET)


def test_what_is_missing_or_wrong_is_named_in_russian(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot(LANGUAGE="ru")
    answer = standins.asks(ANNA, "/add_trunk Новый логин=1 порт=99999", GROUP)
    assert all(label in answer for label in ("Порт", "Хост", "не указано"))
    quick(standins)
    preview = create(standins, "/add_trunk Новый хост=sip.example.com логин=1", SECRET)
    press(standins, preview, "Создать", "Заработал")


def test_a_change_is_shown_and_applied_and_the_note_stays(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    quick(standins)
    before = on_pbx(standins, "Zadarma")
    assert before is not None
    headers = {"Authorization": f"Bearer {KEY}"}
    standins.http.patch(f"/pbxcore/api/v3/sip-providers/{before['id']}", json={"note": "Call Ivan"}, headers=headers)
    question = standins.asks(ANNA, "/edit_trunk Zadarma host=sip2.zadarma.com port=5061", GROUP)
    assert f"{before['host']} → sip2.zadarma.com" in question
    press(standins, question, "Apply", "It works")
    after = on_pbx(standins, "Zadarma")
    assert after is not None
    assert (after["host"], after["port"], after["note"]) == ("sip2.zadarma.com", 5061, "Call Ivan")
    assert "Nothing to change" in standins.asks(ANNA, "/edit_trunk Zadarma port=5061", GROUP)


def test_a_new_password_is_asked_in_private(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot()
    quick(standins)
    assert "continue in private" in standins.asks(ANNA, "/edit_trunk Zadarma password", GROUP)
    standins.wait_for_message("new password of Zadarma", chat=ANNA)
    question = standins.asks(ANNA, "wrong-one-now")
    press(standins, question, "Apply", "Changed: Zadarma")


def test_off_and_on_are_read_back(standins: Standins, start_bot: Callable[..., Program]) -> None:
    start_bot()
    quick(standins)
    card = standins.asks(ANNA, "/trunks Zadarma", GROUP)
    off = press(standins, press(standins, card, "Switch off", "off, on"), "Switch off", "Switched off")
    assert standins.trunk("Zadarma")["condition"] == "off"
    assert off.buttons
    # Its history shows it before its state does.
    card = standins.wait_for(
        lambda: (
            (m := standins.asks(ANNA, "/trunks Zadarma")) and (m if "switched off" in m.text.splitlines()[0] else None)
        ),
        within=60,
    )
    press(standins, press(standins, card, "Switch on", "on, on"), "Switch on", "It works")
    assert standins.trunk("Zadarma")["condition"] == "ok"


def test_a_switch_the_pbx_answered_too_late_about_is_looked_for(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    card = standins.asks(ANNA, "/trunks Zadarma", GROUP)
    question = press(standins, card, "Switch off", "off, on")
    standins.post("/control/fault", kind="lost_answer", verbs=["POST"], paths=["sip-providers"])
    standins.presses(ANNA, question, "Switch off", wait=0)
    standins.wait_for_message("may still do it", chat=GROUP)
    standins.post("/control/fault", kind="none")
    standins.wait_for_message("Switched off", chat=GROUP)
    assert standins.trunk("Zadarma")["condition"] == "off"


def test_a_new_password_is_not_said_to_work_before_it_was_tried(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    quick(standins)
    standins.asks(ANNA, "/edit_trunk Zadarma password")
    question = standins.asks(ANNA, "An0therSecret")
    press(standins, question, "Apply", "Still registered as before")


def test_a_pbx_that_falls_silent_after_its_yes_is_no_failure(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    card = standins.asks(ANNA, "/trunks Zadarma", GROUP)
    question = press(standins, card, "Switch off", "off, on")
    standins.post("/control/fault", kind="server_error", verbs=["GET"], paths=["providers", "sip-providers"])
    press(standins, question, "Switch off", "does not tell how it is now")


def test_a_pbx_that_says_yes_and_does_nothing_is_found_out(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    standins.post("/control/fault", kind="ignore_switching")
    card = standins.asks(ANNA, "/trunks Zadarma", GROUP)
    press(standins, press(standins, card, "Switch off", "off, on"), "Switch off", "said yes and did not do it")


def test_a_trunk_goes_with_its_routes_when_its_name_is_typed(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    trunk_id = standins.trunk("Zadarma")["id"]
    routes = [
        r for kind in ("incoming", "outbound") for r in api(standins, f"{kind}-routes") if r["providerid"] == trunk_id
    ]
    assert routes
    question = standins.asks(ANNA, "/delete_trunk Zadarma", GROUP)
    assert all(route["rulename"] in question for route in routes)
    standins.says(ANNA, "Zadarma", GROUP)
    assert "Nothing was deleted" in standins.asks(ANNA, "zadarma?", GROUP, reply_to=question.id)
    assert on_pbx(standins, "Zadarma") is not None
    again = standins.asks(ANNA, "/delete_trunk Zadarma", GROUP)
    assert "Deleted: Zadarma" in standins.asks(ANNA, "Zadarma", GROUP, reply_to=again.id)
    assert on_pbx(standins, "Zadarma") is None


def test_a_trunk_the_pbx_answered_too_late_about_is_looked_for(
    standins: Standins, start_bot: Callable[..., Program]
) -> None:
    start_bot()
    quick(standins)
    preview = create(standins, "/add_trunk Late host=sip.example.com username=1", SECRET)
    standins.post("/control/fault", kind="lost_answer", verbs=["POST"], paths=["sip-providers"])
    standins.presses(ANNA, preview, "Create", wait=0)
    standins.wait_for_message("may still do it", chat=ANNA)
    standins.post("/control/fault", kind="none")
    standins.wait_for_message("Created: Late", chat=ANNA)
