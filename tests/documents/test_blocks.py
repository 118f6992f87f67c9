"""What the documents take from the program is what the program has."""

import re

import pytest

from bot.access.policy import PERMISSIONS
from bot.cli.refusals import EXIT_WRONG_SETTINGS
from bot.config.settings import Settings
from handlers import CATALOGUE
from tests.documents import problems, settings
from tests.documents.blocks import BLOCK, BLOCKS, DOCUMENTS, written
from tests.documents.problems import NoRemedy, parted
from tests.documents.remedies import PART, REMEDIES
from tests.fixtures.paths import ROOT

TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in DOCUMENTS}
TROUBLESHOOTING = TEXTS["docs/troubleshooting.md"]


@pytest.mark.parametrize("document", [name for name, text in TEXTS.items() if BLOCK.search(text)])
def test_a_document_says_what_the_program_says(document: str) -> None:
    assert written(TEXTS[document]) == TEXTS[document], "run make docs"


def test_every_block_stands_in_a_document_between_two_marks() -> None:
    shown = [found["name"] for text in TEXTS.values() for found in BLOCK.finditer(text)]
    assert set(shown) == set(BLOCKS)
    assert len(shown) == sum(
        len(re.findall(r"^<!-- .*: make docs -->$", text, re.MULTILINE)) for text in TEXTS.values()
    )


@pytest.mark.parametrize("name", BLOCKS)
def test_a_block_that_lags_behind_is_written_anew(name: str) -> None:
    text = next(text for text in TEXTS.values() if f"<!-- {name}: make docs -->" in text)
    spoilt = re.sub(rf"(<!-- {name}: make docs -->\n)", r"\1an old line\n", text)
    assert written(spoilt) == text


def test_the_example_file_has_every_setting_once_and_says_what_it_is_for() -> None:
    declared = list(settings.declared(settings.EXAMPLE.read_text(encoding="utf-8")))
    names = sorted(one.name.removesuffix("_…") for one in declared)
    assert names == sorted(name.upper() for name in Settings.model_fields)
    assert [one.name for one in declared if not one.text] == []


def test_the_reference_has_every_command_and_every_right() -> None:
    for name in CATALOGUE.commands:
        assert re.search(rf"^\| (?:`|<code>)/{name}[ `]", TEXTS["docs/reference/commands.md"], re.MULTILINE), name
    assert set(re.findall(r"^\| `([a-z]+\.[a-z]+)` ", TEXTS["docs/reference/rights.md"], re.MULTILINE)) == PERMISSIONS


def test_a_text_without_a_remedy_fails() -> None:
    assert parted("The PBX is away. Look at it.") == ("The PBX is away.", "Look at it.")
    assert parted("the number is taken; choose another") == ("the number is taken", "Choose another")
    with pytest.raises(NoRemedy, match="does not say what to do"):
        parted("The PBX is away.")


def test_every_text_says_what_to_do_or_has_a_remedy() -> None:
    assert problems.without_remedy() == [], "say it there, or in tests/documents/remedies.py"


def test_no_remedy_outlives_its_text() -> None:
    said = set(problems.every_text())
    unnamed = {re.sub(f"^{problems.NAMED}", "", text) for text in said}
    assert set(REMEDIES) - said - unnamed == set()


def test_the_page_has_what_people_meet() -> None:
    for met in (
        "| The PBX refuses the API key. | Check `PBX_API_KEY`",
        "| `TELEGRAM_TOKEN`: is missing | Create a bot with @BotFather",
        "| The telephony engine (Asterisk) does not answer: nobody can call. |",
        "| the number is taken | Choose another |",
        "| I was removed from it. | Add me again. |",
        f"| `{EXIT_WRONG_SETTINGS}` |",
    ):
        assert met in TROUBLESHOOTING
    assert PART not in {cell for _, cell in re.findall(r"^\| (.*?) \| (.*) \|$", TROUBLESHOOTING, re.MULTILINE)}
