"""Test selection: all tests that a change can affect, and few others."""

import subprocess
from pathlib import Path

import pytest

from tests import changed

TESTS = {str(path.relative_to(changed.ROOT)) for path in (changed.ROOT / "tests").rglob("test_*.py")}
END_TO_END = {test for test in TESTS if test.startswith("tests/end_to_end/")}


def touched(*files: str) -> set[str]:
    return set(changed.touched_tests(files)[0])


def test_a_test_that_changed_is_touched_and_no_other() -> None:
    assert touched("tests/health/test_monitor.py") == {"tests/health/test_monitor.py"}


def test_who_imports_it_is_touched_directly_or_through_others() -> None:
    assert "tests/oncall/test_roster.py" in touched("bot/oncall/roster.py")
    assert "tests/engine/checks/test_oncall_reachability.py" in touched("bot/oncall/roster.py")
    assert "tests/pbx/test_rate_limit.py" not in touched("bot/oncall/roster.py")


@pytest.mark.parametrize(
    "file",
    [
        "bot/__main__.py",
        "bot/cli/__init__.py",
        "bot/app/application.py",
        "bot/demo/launcher.py",
        "handlers/trunks/trunks.py",
    ],
)
def test_whatever_the_program_is_made_of_touches_those_who_start_it(file: str) -> None:
    assert touched(file) >= END_TO_END


def test_what_is_started_by_name_touches_who_starts_it() -> None:
    assert "tests/hostile/test_operation.py" in touched("tests/hostile/fixtures/confined.py")


def test_fixtures_touch_the_tests_of_their_folder() -> None:
    telegram = {test for test in TESTS if test.startswith("tests/telegram/")}
    found = touched("tests/telegram/conftest.py")
    assert telegram <= found
    assert found - telegram < TESTS - telegram, "and those that import from there, but not all"
    assert touched("tests/conftest.py") == TESTS


def test_data_touches_those_who_name_its_folder() -> None:
    tests = touched("tests/recordings/001_sip_providers_list_demo.json")
    assert {"tests/pbx/test_recordings.py", "tests/detection/test_trunk_cause.py"} <= tests
    assert "tests/oncall/test_roster.py" not in tests


def test_a_template_touches_who_shows_it_through_whatever_module() -> None:
    tests = touched("bot/messages/templates/alerts/alert.html")
    assert {"tests/messages/test_renderer.py", "tests/handlers/trunks/test_trunks.py"} <= tests
    assert tests >= END_TO_END


def test_the_readme_touches_who_names_it() -> None:
    named = {f"tests/documents/test_{name}.py" for name in ("blocks", "named", "readme")}
    expected = {"tests/test_docs.py", "tests/test_changed.py", "tests/hostile/test_operation.py", *named}
    assert touched("README.md") == expected


@pytest.mark.parametrize(
    "file", ["pyproject.toml", "requirements.lock", "bot/gone.py", "tests/gone.py", "unheard" + "_of.bin"]
)
def test_in_doubt_every_test_is_touched(file: str) -> None:
    assert touched("tests/health/test_monitor.py", file) == {"tests"}


def test_what_no_test_can_see_touches_none() -> None:
    assert touched("CHANGELOG.md", ".github/workflows/check.yml", "tests/test_gone.py") == set()


def test_one_line_says_how_many_and_why() -> None:
    assert (
        changed.touched_tests(["tests/health/test_monitor.py"])[1]
        == f"1 of {len(TESTS)} files, for tests/health/test_monitor.py changed"
    )


def test_changed_is_what_differs_from_where_the_branch_began(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def git(*arguments: str) -> None:
        subprocess.run(["git", "-c", "user.name=A", "-c", "user.email=a@b.c", *arguments], cwd=tmp_path, check=True)

    def commit(*names: str) -> None:
        for name in names:
            (tmp_path / name).write_text(name)
        git("add", ".")
        git("commit", "--quiet", "-m", "more")

    git("init", "--quiet", "--initial-branch", "main")
    commit("kept", "edited", "removed", "old name")
    git("checkout", "--quiet", "-b", "branch")
    commit("committed")
    git("checkout", "--quiet", "main")
    commit("by others")
    git("checkout", "--quiet", "branch")
    (tmp_path / "edited").write_text("anew")
    (tmp_path / "removed").unlink()
    (tmp_path / "новое").touch()
    git("mv", "old name", "new name")
    monkeypatch.setattr(changed, "ROOT", tmp_path)
    now = ["edited", "new name", "old name", "removed", "новое"]
    assert changed.changed_files("HEAD") == now
    assert changed.changed_files("main") == sorted([*now, "committed"])


def test_a_revision_that_is_not_known_is_reported(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="nowhere"):
        changed.main("nowhere")
    assert capsys.readouterr().out == ""
