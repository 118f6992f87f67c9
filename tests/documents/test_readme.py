"""The first page, in two languages: short, true, and the same."""

import re

import pytest

from tests.fixtures.paths import ROOT

ENGLISH, RUSSIAN = ((ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "README.ru.md"))
LONGEST = 150
COMMAND = re.compile(r"/[a-z_]+|make [a-z]+|mikopbx-bot(?: [a-z-]+)?|--?\w+")


def headings(text: str) -> list[int]:
    """Return the levels of the headings."""
    return [len(found) for found in re.findall(r"^(#+) ", _without_blocks(text), re.MULTILINE)]


def links(text: str) -> list[str]:
    targets = re.findall(r"\]\(([^)]+)\)", text)
    return ["README" if target.startswith("README") else target for target in targets]


def commands(text: str) -> list[list[str]]:
    """Return the commands of each piece of code."""
    return [found for code in re.findall(r"`([^`\n]+)`", _without_blocks(text)) if (found := COMMAND.findall(code))]


def code_blocks(text: str) -> list[str]:
    return re.findall(r"^```sh\n.*?^```$", text, re.MULTILINE | re.DOTALL)


def _without_blocks(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("of", [headings, links, commands, code_blocks])
def test_both_languages_say_the_same(of: object) -> None:
    assert callable(of)
    assert of(ENGLISH)
    assert of(ENGLISH) == of(RUSSIAN)


@pytest.mark.parametrize("text", [ENGLISH, RUSSIAN], ids=["en", "ru"])
def test_it_is_short(text: str) -> None:
    assert len(text.splitlines()) <= LONGEST


def test_the_two_are_compared() -> None:
    spoilt = (
        RUSSIAN.replace("## О чём", "### О чём").replace("/test_alert", "/test").replace("make install", "make run")
    )
    spoilt = spoilt.replace("docs/guides/on-call.md", "docs/guides/calls.md")
    assert [of for of in (headings, links, commands, code_blocks) if of(spoilt) == of(ENGLISH)] == []
