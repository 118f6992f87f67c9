import resource
from typing import Any

import pytest

from bot import cli
from bot.cli import running
from bot.cli.refusals import EXIT_WRONG_SETTINGS
from bot.demo import launcher


def test_a_large_fleet_may_have_as_many_connections_as_the_system_allows() -> None:
    before, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, most))
    try:
        running.allow_many_files()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (most, most)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (before, most))


def test_without_a_command_the_commands_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == EXIT_WRONG_SETTINGS
    listed = capsys.readouterr().out
    assert all(name in listed for name in ("run", "setup", "access", "demo", "database"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["walk"], "invalid choice: 'walk'"),
        (["database"], "required: COMMAND"),
        (["demo", "--port", "65536"], "a port is a number from 0 to 65535"),
        (["demo", "--pbxs", "1001"], "the demo has 1 to 1000 PBXs"),
        (["demo", "pbx", "--port", "0"], "required: --api-key"),
        (["demo", "pbx", "--port", "0", "--api-key", "k", "--speed", "0"], "the least speed is 0.1"),
    ],
)
def test_wrong_arguments_are_explained(arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
    assert told in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "function", "given"),
    [
        (["demo"], "stage", (8765, "en", 1, "2026.9")),
        (["demo", "--port", "0", "--language", "ru", "--pbxs", "3"], "stage", (0, "ru", 3, "2026.9")),
        (["demo", "pbx", "--port", "0", "--api-key", "k", "--speed", "2"], "serve_pbx", (0, "k", 2.0, "2026.9")),
        (["demo", "telegram", "--port", "9000"], "serve_telegram", (9000, None)),
    ],
)
def test_the_demo_is_run_whole_or_in_part(
    arguments: list[str], function: str, given: tuple[Any, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    called: list[tuple[Any, ...]] = []

    async def record(*values: Any) -> int:
        called.append(values)
        return 0

    monkeypatch.setattr(launcher, function, record)
    assert cli.main(arguments) == 0
    assert called == [given]
