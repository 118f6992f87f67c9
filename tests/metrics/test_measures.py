"""The figures that `make metrics` prints, of modules small enough to count by eye."""

from collections import Counter
from textwrap import dedent

import pytest

from tests.metrics import measures
from tests.metrics.measures import Module


def module(source: str, path: str = "bot/app/one.py") -> Module:
    return measures.module(path, dedent(source))


def test_the_widest_folder_counts_no_package_file_and_nothing_that_grows_by_design() -> None:
    paths = ["bot/a/__init__.py", "bot/a/x.py", "bot/a/y.py", "handlers/z.py"]
    recorded = [f"tests/recordings/{number}.py" for number in range(9)]
    assert measures.widest([*paths, *recorded]) == ("bot/a", 2)


def test_a_short_module_is_under_thirty_lines_and_is_no_entry_of_a_package_and_no_migration() -> None:
    short, entry = module("a = 1\n" * 29), module("a = 1\n", "bot/app/__init__.py")
    released = module("a = 1\n", f"{measures.MIGRATIONS}/0001_first.py")
    assert measures.short_modules([short, module("a = 1\n" * 30), entry, released]) == [short]


def test_the_length_of_a_function_is_that_of_its_statements() -> None:
    source = '''
        def one() -> int:
            """Return one.

            Two lines more.
            """
            number = 1

            return number


        async def none() -> None:
            """Do no more than this."""
    '''
    assert measures.function_lengths([module(source)]) == [0, 3]


def test_a_class_name_is_repeated_wherever_it_stands() -> None:
    one, other = module("class Life:\n    class Inner: ...\n"), module("class Life: ...\n", "handlers/two.py")
    assert measures.repeated_classes([one, other]) == {"Life": ["bot/app/one.py", "handlers/two.py"]}


def test_words_are_counted_in_comments_and_docstrings_and_not_in_the_code() -> None:
    source = '''
        """Retry what failed."""
        told = "nobody was told, # retry the queue"  # Notifies the session of a call record.
    '''
    found = measures.wording([module(source)])
    assert found.words == 10
    assert (found.vague, found.narrow, found.glossary) == (100.0, 300.0, 400.0)


@pytest.mark.parametrize("word", ["retries", "timeouts", "queued", "sessions", "tasks", "notifications", "notified"])
def test_the_forms_of_a_word_count_as_the_word(word: str) -> None:
    assert measures.NARROW.fullmatch(word)
    assert measures.GLOSSARY.fullmatch(word)


def test_callables_are_found_by_their_type_and_by_an_alias_of_it() -> None:
    wake = module("from collections.abc import Callable\nWake = Callable[[], None]\n", "bot/app/wake.py")
    source = """
        from bot.app.wake import Wake

        class Job:
            def __init__(self, wake: Wake, name: str, *, clock: Callable[[], datetime] | None = None) -> None: ...

        @dataclass(frozen=True)
        class Part:
            late: "Callable[[], None]"
            name: str

        class Plain:
            handle: Wake
    """
    assert measures.callable_parameters([wake, module(source)]) == [
        "bot/app/one.py:Job.wake",
        "bot/app/one.py:Job.clock",
        "bot/app/one.py:Part.late",
    ]


def test_a_late_bound_lambda_needs_what_is_not_there_yet() -> None:
    source = """
        def build(self, names):
            first = Job(lambda: names, wake=lambda: later.wake())
            second = Job(lambda names: names)
            third = sorted(names, key=lambda _: self.key)
            later = Job(lambda: self.key)
    """
    assert measures.late_bound_lambdas([module(source)]) == ["bot/app/one.py:3", "bot/app/one.py:6"]


def test_selects_and_imports_are_named_with_their_modules() -> None:
    one = module("import sqlalchemy as sa\nfrom sqlalchemy.orm import Session\nfind = select(table).where(select)\n")
    assert measures.selects([one]) == Counter({"bot/app/one.py": 1})
    assert measures.imports_of("sqlalchemy", [one]) == {
        "sqlalchemy": ["bot/app/one.py"],
        "sqlalchemy.orm": ["bot/app/one.py"],
    }
