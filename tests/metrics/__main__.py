"""`python -m tests.metrics [TREE]`: print figures of this tree, or of another checkout."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from tests.fixtures.paths import ROOT
from tests.metrics import measures
from tests.metrics.measures import PRODUCT, SHORT, Module, Wording

LONGEST = 5
# It imports no module of the bot, and names its own.
STANDS_ALONE = ("bot/demo",)
Row = tuple[str, object, str]


def _tree(tree: Path, product: Sequence[Module], tests: Sequence[Module]) -> Iterator[Row]:
    for of, modules in ("bot, handlers", product), ("tests", tests):
        folder, count = measures.widest(one.path for one in modules)
        yield f"{of}: modules in the widest folder", count, folder
    templates = (tree / "bot" / "messages" / "templates").rglob("*.html")
    folder, count = measures.widest(path.relative_to(tree).as_posix() for path in templates)
    yield "templates in the widest folder", count, folder
    short = measures.short_modules(product)
    yield (
        f"modules under {SHORT} lines, without migrations",
        len(short),
        ", ".join(f"{one.path} {one.lines}" for one in short),
    )
    for one in sorted(product, key=lambda each: -each.lines)[:LONGEST]:
        yield "longest module, lines", one.lines, one.path
    lengths = measures.function_lengths(product)
    yield "function body, lines: median", measures.median(lengths), f"{len(lengths)} functions"
    yield "function body, lines: p90", measures.quantile(lengths, 0.9), ""
    yield "function body, lines: longest", lengths[-1] if lengths else 0, ""


def _names(product: Sequence[Module], tests: Sequence[Module]) -> Iterator[Row]:
    everywhere = len(measures.repeated_classes(product))
    repeated = measures.repeated_classes(one for one in product if not one.is_in(*STANDS_ALONE))
    yield "class names defined more than once", len(repeated), f"{everywhere} with {', '.join(STANDS_ALONE)}"
    for name, paths in repeated.items():
        yield f"  {name}", len(paths), ", ".join(paths)
    yield from _wording("bot, handlers", measures.wording(product))
    yield from _wording("tests", measures.wording(tests))


def _wording(of: str, found: Wording) -> Iterator[Row]:
    yield f"{of}: words of comments and docstrings", found.words, ""
    yield "  vague, per 1,000", f"{found.vague:.1f}", "what whether who nobody told said owed nothing"
    yield "  the field's, per 1,000", f"{found.narrow:.1f}", "retry timeout queue session task notification"
    yield "  the glossary's, per 1,000", f"{found.glossary:.1f}", "these, and station trunk incident database ..."


def _wiring(product: Sequence[Module]) -> Iterator[Row]:
    product = [one for one in product if not one.is_in(*STANDS_ALONE)]
    yield "callables among constructor parameters", len(measures.callable_parameters(product)), ""
    late = measures.late_bound_lambdas(one for one in product if one.is_in("bot/app"))
    yield "late-bound lambdas in bot/app", len(late), ", ".join(late)
    outside = [one for one in product if not one.is_in("bot/store")]
    found = measures.selects(outside)
    yield "select( outside bot/store", found.total(), ", ".join(f"{path} {count}" for path, count in found.items())
    for name, paths in measures.imports_of("sqlalchemy", outside).items():
        yield f"imports of {name} outside bot/store", len(paths), ", ".join(paths) if len(paths) <= LONGEST else ""


def rows(tree: Path) -> list[Row]:
    product, tests = measures.modules_of(tree, *PRODUCT), measures.modules_of(tree, "tests")
    return [*_tree(tree, product, tests), *_names(product, tests), *_wiring(product)]


if __name__ == "__main__":
    for name, figure, note in rows(Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT):
        sys.stdout.write(f"{name:<52} {figure!s:>7}  {note}".rstrip() + "\n")
