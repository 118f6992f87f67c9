from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.end_to_end.harness import ASKING, ENDED, RUNNING, Program, Standins, running_bot, running_standins
from tests.fixtures.examples import ONLY_FIRST_CASES

LINES_SHOWN = 60
HERE = Path(__file__).parent
# With it a test elsewhere starts the program.
STARTER = "standins"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Of a test with several cases a developer's run plays the first; CI, and who names the file, all of them."""
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
    return HERE in item.path.parents or STARTER in getattr(item, "fixturenames", ())


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    ENDED.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Adds to a failure what a person would look at: the chats, and the log of each program."""
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
    """A fresh stand-in PBX and a fresh stand-in Telegram."""
    with running_standins() as standins:
        yield standins


@pytest.fixture
def start_bot(standins: Standins, tmp_path: Path) -> Iterator[Callable[..., Program]]:
    """Starts the program; started again in the same test it finds its own store."""
    with ExitStack() as stack:
        yield lambda **settings: stack.enter_context(running_bot(standins, tmp_path, **settings))


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standins]:
    """One house shared by tests that only ask, so that each need not wait for a start."""
    with (
        running_standins(speed=ASKING) as standins,
        running_bot(standins, tmp_path_factory.mktemp("office"), POLL_INTERVAL="3"),
    ):
        yield standins


@pytest.fixture
def group(office: Standins) -> int:
    """A group of its own for a test: Telegram lets a bot say only twenty things a minute in one."""
    return office.new_group()
