"""Revoked tokens: believed only when the Bot API reports it for minutes without a contrary answer."""

import json

import pytest
from telegram.error import InvalidToken

from bot.telegram.errors import Away, TokenRefused, classify
from bot.telegram.revoked_token import CONFIRMED_AFTER, RevokedToken

UNAUTHORIZED = (401, b'{"ok":false,"error_code":401,"description":"Unauthorized"}')
NOT_FOUND = (404, b'{"ok":false,"error_code":404,"description":"Not Found"}')
NGINX = (404, b"<html><body><h1>nginx</h1></body></html>")
GOOD = (200, b'{"ok":true,"result":[]}')


def believes(*answers: tuple[float, tuple[int, bytes]]) -> bool:
    """Return True if the last answer is believed; each comes with its second."""
    doubt = RevokedToken()
    believed = True
    for now, answer in answers:
        try:
            doubt.record(*answer, now)
        except Away:
            believed = False
        else:
            believed = True
    return believed


def every_half_minute(answer: tuple[int, bytes], until: float) -> list[tuple[float, tuple[int, bytes]]]:
    return [(second, answer) for second in range(0, int(until) + 1, 30)]


@pytest.mark.parametrize("refusal", [UNAUTHORIZED, NOT_FOUND])
def test_a_refusal_is_believed_after_minutes_without_a_good_answer(refusal: tuple[int, bytes]) -> None:
    assert not believes((0, refusal))
    assert not believes(*every_half_minute(refusal, CONFIRMED_AFTER - 30))
    assert believes(*every_half_minute(refusal, CONFIRMED_AFTER))


@pytest.mark.parametrize(
    "good", [GOOD, *((code, json.dumps({"ok": False, "error_code": code}).encode()) for code in (400, 403, 409, 429))]
)
def test_any_other_answer_of_the_bot_api_proves_the_token_good(good: tuple[int, bytes]) -> None:
    refused = every_half_minute(UNAUTHORIZED, CONFIRMED_AFTER)
    refused.insert(-2, (refused[-2][0], good))
    assert not believes(*refused)


def test_what_is_not_of_the_bot_api_is_never_believed_nor_proves_anything() -> None:
    assert not believes(*every_half_minute(NGINX, 10 * CONFIRMED_AFTER))
    refused = every_half_minute(UNAUTHORIZED, CONFIRMED_AFTER)
    for other in (NGINX, (200, b"<html>hotel</html>"), (502, b"<html>bad gateway</html>")):
        refused.insert(-2, (refused[-2][0], other))
    assert believes(*refused)


def test_two_refusals_far_apart_say_nothing_of_the_time_between() -> None:
    assert not believes((0, UNAUTHORIZED), (CONFIRMED_AFTER + 1, UNAUTHORIZED))


def test_what_is_believed_is_that_the_token_is_refused() -> None:
    assert isinstance(classify(InvalidToken("Unauthorized")), TokenRefused)
