"""People that come to the bot during a test, their roles and their command menus."""

from tests.end_to_end.harness import ANNA, Seen, Standins, press

ANYONE = {"help", "id", "start"}
VIEWER = ANYONE | {"cancel", "status", "calls", "cdr", "missed", "stats", "employees", "trunks", "oncall"}
VIEWER |= {"incidents", "why", "history", "mutes", "maintenance", "stations", "pbx", "bans"}
OPERATOR = VIEWER | {"ack", "mute", "unmute", "quiet", "watch", "unwatch", "test_alert", "notify", "digest", "my_phone"}


def newcomer(harness: Standins, name: str, **more: object) -> int:
    """Create a person unknown to the bot."""
    person: int = harness.post("/client/people", first_name=name, **more)["id"]
    return person


def grant(harness: Standins, words: str, chat: int | None = None, by: int = ANNA) -> Seen:
    """Type /grant and confirm; return the confirmed message."""
    asked = harness.says(by, f"/grant {words}", chat)
    # The start notification may come in between.
    question = harness.wait_for(
        lambda: next((m for m in harness.from_bot(by if chat is None else chat, by, asked) if m.buttons), None), words
    )
    return press(harness, question, "✅ Give", "Given", by)


def menu(harness: Standins, person: int, chat: int | None = None) -> set[str]:
    """Return the commands that Telegram suggests to this person."""
    offered = harness.get("/client/state", **{"as": person, "chat": chat or person})["commands"]
    return {command["command"] for command in offered}


def wait_for_menu(harness: Standins, person: int, expected: set[str], chat: int | None = None) -> None:
    harness.wait_for(lambda: menu(harness, person, chat) == expected or None, f"a menu of {sorted(expected)}")
