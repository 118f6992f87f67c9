"""Documentation that must agree with the code."""

import re
from collections import Counter

from prometheus_client import CollectorRegistry, Metric

from bot.access.policy import ADMIN, OPERATOR, PERMISSIONS, VIEWER
from bot.config.settings import Settings
from bot.pbx.key_check import ROWS
from bot.runtime.metrics import REGISTRY
from handlers import CATALOGUE
from handlers.dialog.topics import TOPICS, in_order
from tests.fixtures.paths import ROOT
from tests.scenarios.language import scenarios

README = (ROOT / "README.md").read_text()


def table(heading: str) -> list[list[str]]:
    """Return the cells of the first table under a heading, without its two header lines."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    lines = [line.strip() for line in section.splitlines() if line.strip().startswith("|")]
    return [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines[2:]]


def test_the_command_table_is_the_catalogue() -> None:
    expected = []
    for command in in_order(CATALOGUE):
        permission = command.rule.permission
        role = next((role.name for role in (VIEWER, OPERATOR, ADMIN) if permission in role.permissions), "anyone")
        typed = f"/{command.name} {command.usage}".strip().replace("|", "\\|")
        expected.append([f"`{typed}`", command.summary, role])
    assert table("Commands") == expected


def test_the_settings_table_names_every_setting_and_its_default() -> None:
    documented = {_setting(row[0].strip("`")): row[1].strip("`") for row in table("Settings")}
    assert list(documented) == [name.upper() for name in Settings.model_fields]
    for name, field in Settings.model_fields.items():
        default = documented[name.upper()]
        if field.is_required():
            assert default == "*needed*"
        else:
            assert default == _written(field.get_default(call_default_factory=True)), name


def test_the_example_file_holds_every_setting_once() -> None:
    named = re.findall(r"^#?([A-Z]\w+)=", (ROOT / ".env.example").read_text(), re.MULTILINE)
    assert sorted(map(_setting, named)) == sorted(name.upper() for name in Settings.model_fields)


def test_the_rows_of_a_key_are_called_as_the_pbx_calls_them() -> None:
    named = {row for cells in table("Set it up for real, in five steps") for row in cells[0].split(", ")}
    assert named == set(ROWS.values())
    assert {"IAX Providers", "Incoming Routes", "Outbound Routes", "Call Queues"} <= named


def test_the_metrics_table_is_the_registry() -> None:
    documented = {row[0].strip("`"): row[1] for row in table("Monitoring the bot")}
    assert documented == {_exposed(metric): metric.documentation for metric in _declared(REGISTRY)}


def test_every_command_of_the_makefile_that_is_named_exists() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    assert set(re.findall(r"`make ([a-z-]+)", README)) <= targets


def test_every_local_link_leads_somewhere() -> None:
    for link in re.findall(r"\]\((?!https?:|#)([^)]+)\)", README):
        assert (ROOT / link).exists(), link


def _setting(written: str) -> str:
    """Roles have names defined by each installation."""
    return "ROLE" if written.startswith("ROLE_") else written


def test_the_readme_names_every_right() -> None:
    section = README.split("The rights, for `ROLE_…`", 1)[1].split("\n\n", 1)[0]
    assert set(re.findall(r"`([a-z]+\.[a-z]+)`", section)) == PERMISSIONS


def _written(default: object) -> str:
    if default is None or default in ("", (), frozenset(), {}):
        return "–"
    return str(default).lower() if isinstance(default, bool) else str(default)


def _declared(registry: CollectorRegistry) -> list[Metric]:
    return list(registry.collect())


def _exposed(metric: Metric) -> str:
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def test_every_command_has_its_topic_and_no_topic_names_what_is_not_there() -> None:
    named = [name for _, names in TOPICS for name in names]
    assert sorted(named) == sorted(CATALOGUE.commands)


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
