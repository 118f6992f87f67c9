"""Secrets in typed texts: none is stored, in any spelling; ordinary text is not taken for one."""

import pytest

from bot.store.access.audit import entry, plain
from bot.store.typed_secrets import contains_secret, names_secret, without_passwords, without_secrets
from tests.handlers.update_factory import NOW

SECRET = "hunterIs2"
NAMED = [
    "password=", "password is ", "password: correct ", "password:= ", "password -> ", "PASSWORD - ", "Passwort ",
    "pasword=", "passphrase: ", "sip_pass=", "pw=", "psw : ", "pwd ", "secret = a ", "password->",
    "пароль - ", "пароль такой: ", "ПАРОЛЬ=", "пассворд: ",
    "ｐａｓｓｗｏｒｄ=", "ｐｗ＝", "pass\u00adword=", "p\u200bassword is ", "pass\u200dword=", "pass\u2060word\u3000",
    "pаsswоrd=",
]  # fmt: skip
GLUED = ["password(", "password/", "password,", "password-", "password_", "password;", "password\v", "pw ", "password→"]


@pytest.mark.parametrize("name", [*NAMED, *GLUED])
def test_what_stands_behind_the_name_of_a_secret_is_not_kept(name: str) -> None:
    for text in (
        f"Foo sip.example.com foo {name}{SECRET}",
        f"{name}{SECRET} staple",
        f'"{name}horse battery" {SECRET}',
    ):
        assert "hunter" not in without_secrets(text)
        assert "hunter" not in without_passwords(text)
        assert "•••" in without_secrets(text)
    kept = entry(
        at=NOW,
        update_id=1,
        actor_id=1,
        actor_name="Anna",
        chat_id=1,
        station="",
        what="/add_trunk",
        arguments=f"Foo {name}{SECRET}",
        permission="",
        allowed=False,
        reason="",
    )
    assert SECRET not in str(kept)
    assert SECRET not in str(plain({"told": f"Foo {name}{SECRET}"}))


@pytest.mark.parametrize("name", NAMED)
def test_a_group_does_not_keep_what_was_said_so(name: str) -> None:
    assert contains_secret(f"Foo sip.example.com {name}{SECRET}")


@pytest.mark.parametrize(
    "text",
    [
        "has anybody seen the pw?",
        "psw or not",
        "pin it here",
        "the pin is bent",
        "ask the secretary",
        "who forgot the password?",
    ],
)
def test_talk_holds_no_secret(text: str) -> None:
    assert not contains_secret(text)


@pytest.mark.parametrize(
    "text", ["Secretary John", "Мост №5 … 👩‍👧", "spin 5", "Pwllheli office", "опись 4", "password"]
)
def test_all_else_is_kept_as_it_was_written(text: str) -> None:
    assert without_secrets(text) == text


def test_addresses_are_not_kept_either_but_in_a_reason() -> None:
    assert without_secrets("see htt\u200bps://ticket.example/1 now") == "see ••• now"
    assert without_passwords("see https://ticket.example/1") == "see https://ticket.example/1"


def test_fields_are_named_like_secrets_in_the_same_ways() -> None:
    assert all(names_secret(name) for name in ("password", "sip_secret", "pw", "пароль", "ｐａｓｓｗｏｒｄ"))
    assert not any(names_secret(name) for name in ("secretary", "host", "pinned", "pinging"))
