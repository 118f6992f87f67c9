"""Documentation that must agree with the code."""

import re
import tomllib
from collections import Counter
from collections.abc import Sequence

import pytest

from bot.access.policy import PERMISSIONS
from bot.config.settings import Settings
from bot.pbx.key_check import ROWS
from handlers import CATALOGUE
from handlers.dispatch.rules import Topic
from tests.documents import tables
from tests.fixtures.paths import ROOT
from tests.scenarios.language import scenarios

README = (ROOT / "README.md").read_text()
# Documents for developers, whose paths must exist.
DEVELOPERS = (
    "CONTRIBUTING.md",
    "docs/architecture.md",
    *sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs" / "adr").glob("*.md")),
)

CODE = "\n".join(path.read_text() for package in ("bot", "handlers") for path in (ROOT / package).rglob("*.py"))
OF_LIBRARIES = {"Updater"}


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, without its two header lines."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip() for line in section.splitlines() if line.strip().startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_the_tables_are_what_the_program_has() -> None:
    assert tables.written(README) == README, "run make docs"


def test_a_table_that_lags_behind_is_written_anew() -> None:
    for name in tables.TABLES:
        rows = tables.table(README, name)
        assert len(rows) > 10
        assert tables.written(_without(README, rows[3])) != _without(README, rows[3])
        assert rows[3][0] in tables.written(_without(README, rows[3]))


def test_what_a_setting_is_for_is_kept_and_never_missing() -> None:
    rows = tables.table(README, "settings")
    assert all(text for _, _, text in rows)
    assert tables.settings(rows[1:])[0] == (rows[0][0], rows[0][1], "")
    assert tables.settings(rows[1:])[1:] == rows[1:]


def _without(document: str, row: Sequence[str]) -> str:
    return "".join(line for line in document.splitlines(keepends=True) if not line.startswith(f"| {row[0]} "))


def test_the_example_file_holds_every_setting_once() -> None:
    named = re.findall(r"^#?([A-Z]\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(map(_setting, named)) == sorted(name.upper() for name in Settings.model_fields)


def test_the_rows_of_a_key_are_called_as_the_pbx_calls_them() -> None:
    named = {row for cells in table("Set it up for real, in five steps") for row in cells[0].split(", ")}
    assert named == set(ROWS.values())
    assert {"IAX Providers", "Incoming Routes", "Outbound Routes", "Call Queues"} <= named


@pytest.mark.parametrize("file", ["README.md", *DEVELOPERS])
def test_every_command_of_the_makefile_that_is_named_exists(file: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / file).read_text(), re.MULTILINE))
    assert named <= targets


@pytest.mark.parametrize("file", ["README.md", *DEVELOPERS])
def test_every_local_link_leads_somewhere(file: str) -> None:
    for link in re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", (ROOT / file).read_text()):
        assert (ROOT / file).parent.joinpath(link).exists(), link


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


def _setting(written: str) -> str:
    """Roles have names defined by each installation."""
    return "ROLE" if written.startswith("ROLE_") else written


def test_the_readme_names_every_right() -> None:
    section = README.split("The rights, for `ROLE_…`", 1)[1].split("\n\n", 1)[0]
    assert set(re.findall(r"`([a-z]+\.[a-z]+)`", section)) == PERMISSIONS


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
