from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.harness import ASKING, ENDED, RUNNING, Program, Standins, running_bot, running_standins
from tests.fixtures.examples import ONLY_FIRST_CASES

LINES_SHOWN = 60
# Node ids of the tests of this folder begin with it.
HERE = "tests/end_to_end/"
# With it a test elsewhere starts the program.
STARTER = "standins"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the first case of each parametrized test in a developer's run; CI and runs of a named file play all."""
    if not ONLY_FIRST_CASES:
        return
    known = set[tuple[Path, str]]()
    played, left_out = list[pytest.Item](), list[pytest.Item]()
    for item in items:
        test = (item.path, getattr(item, "originalname", item.name))
        (left_out if test in known and _starts_the_program(item) else played).append(item)
        known.add(test)
    config.hook.pytest_deselected(items=left_out)
    items[:] = played


def _starts_the_program(item: pytest.Item) -> bool:
    return item.nodeid.startswith(HERE) or STARTER in getattr(item, "fixturenames", ())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    ENDED.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Add the chats and the log of each program to the report of a failure."""
    report = yield
    if report.failed:
        for standins in (*ENDED, *RUNNING):
            report.sections.append(("the chats as people saw them", standins.story()))
            for program in standins.programs:
                lines = program.log.read_text().splitlines()[-LINES_SHOWN:] if program.log.exists() else []
                report.sections.append((f"the program's log: {program.log}", "\n".join(lines)))
    return report


@pytest.fixture
def standins() -> Iterator[Standins]:
    """Yield a new stand-in PBX and a new stand-in Telegram."""
    with running_standins() as standins:
        yield standins


@pytest.fixture
def start_bot(standins: Standins, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Yield a function that starts the program; further starts in a test reuse its database."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(running_bot(standins, tmp_path, **settings))


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standins]:
    """Harness shared by tests that only read, to save the start of a program."""
    with (
        running_standins(speed=ASKING) as standins,
        running_bot(standins, tmp_path_factory.mktemp("shared"), POLL_INTERVAL="3"),
    ):
        yield standins


@pytest.fixture
def group(shared: Standins) -> int:
    """Return a new group for one test: Telegram limits a bot to twenty messages a minute in a group."""
    return shared.new_group()
