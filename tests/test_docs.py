"""Documentation for developers that must agree with the code; that for users is compared in tests/documents."""

import re
import tomllib
from collections import Counter

import pytest

from handlers import CATALOGUE
from handlers.dispatch.rules import Topic
from tests.fixtures.paths import ROOT
from tests.scenarios.language import scenarios

README, RUSSIAN = ((ROOT / name).read_text() for name in ("README.md", "README.ru.md"))
# Documents for developers, whose paths must exist.
DEVELOPERS = (
    "CONTRIBUTING.md",
    "docs/architecture.md",
    "docs/incidents.md",
    "docs/security.md",
    "docs/write-campaign.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "adr").glob("*.md")),
)

CODE = "\n".join(path.read_text() for package in ("bot", "handlers") for path in (ROOT / package).rglob("*.py"))
OF_LIBRARIES = {"Updater"}


def missing_paths(text: str) -> set[str]:
    """Paths in backticks that are not in the tree. A part in <angle brackets> stands for any name."""
    named = re.findall(r"`((?:bot|handlers|tests|docs|\.github)/[^`\s]*)`", text)
    return {path for path in named if not any(ROOT.glob(re.sub(r"<\w+>", "*", path).rstrip("/")))}


@pytest.mark.parametrize("file", DEVELOPERS)
def test_every_path_that_developers_are_sent_to_exists(file: str) -> None:
    assert missing_paths((ROOT / file).read_text()) == set()


def test_a_wrong_path_is_found() -> None:
    right = "`bot/store/`, `handlers/help/help.py`, `bot/messages/templates/<topic>/<name>.html` and `bot.store`"
    wrong = "`bot/store/databse.py` or `handlers/<topic>/no_such_<name>.txt`"
    assert missing_paths(right) == set()
    assert missing_paths(f"{right}, {wrong}") == {"bot/store/databse.py", "handlers/<topic>/no_such_<name>.txt"}


def missing_names(text: str) -> set[str]:
    """Classes, and members of classes, in backticks that the code does not define."""
    named = re.findall(r"`([A-Z][a-z]\w*)(?:\.(\w+))?`", text)
    classes = set(re.findall(r"^class (\w+)", CODE, re.MULTILINE))
    members = set(re.findall(r"^    (?:async def |def )?(\w+)(?:\(|:| =)", CODE, re.MULTILINE))
    return {name for name, member in named if name not in classes} | {member for _, member in named} - members - {""}


@pytest.mark.parametrize("file", DEVELOPERS)
def test_every_class_that_developers_read_of_exists(file: str) -> None:
    assert missing_names((ROOT / file).read_text()) <= OF_LIBRARIES


def test_a_wrong_class_is_found() -> None:
    assert missing_names("`Dispatcher.handle`, `Notifier`, `bot.store` and `KINDS`") == set()
    assert missing_names("`Dispatcher.hndle` or `Ledger`") == {"hndle", "Ledger"}


def test_the_layers_are_those_of_the_import_contract() -> None:
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    [layers] = [contract["layers"] for contract in contracts if contract["type"] == "layers"]
    assert "\n".join(["```", *layers, "```"]) in (ROOT / "docs" / "architecture.md").read_text()


def test_every_topic_has_a_command_and_every_command_is_shown() -> None:
    shown = dict(CATALOGUE.by_topic(lambda _command: True))
    assert list(shown) == list(Topic)
    assert sorted(command.name for commands in shown.values() for command in commands) == sorted(CATALOGUE.commands)


def test_the_figures_of_the_scenarios_are_of_as_many_as_there_are() -> None:
    told = (ROOT / "docs" / "incidents.md").read_text()
    by_file = Counter(one.file for one in scenarios())
    rows = re.findall(r"^\| `(\w+)`: .*?\| (\d+) \|", told, re.MULTILINE)
    assert {file: int(count) for file, count in rows} == by_file
    assert f"| **{by_file.total()}** |" in told
    assert f"tells {by_file.total()} stories" in told
    assert f"[{by_file.total()} kinds of trouble]" in README
    assert f"[{by_file.total()} видах неприятностей]" in RUSSIAN


def test_what_security_promises_is_tested_by_tests_that_exist() -> None:
    text = (ROOT / "docs" / "security.md").read_text()
    files = {str(path.relative_to(ROOT)): path.read_text() for path in (ROOT / "tests").rglob("test_*.py")}
    written = {
        name for code in files.values() for name in re.findall(r"^(?:async )?def (test_\w+)", code, re.MULTILINE)
    }
    named = set(re.findall(r"`(test_\w+)`", text))
    assert len(named) > 20
    assert named <= written
    assert set(re.findall(r"`([\w/]*test_\w+\.py)`", text)) <= set(files)
