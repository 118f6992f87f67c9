"""Select the tests that a change affects: `python -m tests.changed origin/main`, the reason on stderr.

Without a revision the uncommitted changes count. A test is affected when its file or any module that it imports has
changed, directly or indirectly, imports within functions included. Where imports do not decide, the selection errs
towards more tests: a test that starts the program depends on all of it, a file other than Python affects the modules
that name it or its folder, and a file that no module names affects every test.
"""

import re
import subprocess
import sys
from collections.abc import Sequence
from functools import cache
from pathlib import Path, PurePosixPath

import grimp

ROOT = Path(__file__).parent.parent
PACKAGES = ("bot", "handlers", "tests")
# Tests that load modules in another process, without importing them.
STARTERS = "tests.end_to_end"
# Imports all its modules without a list.
IMPORTS_ALL = "handlers"
PROGRAM = ("bot.__main__", "bot.cli", "handlers")
# Named by some, yet they affect all tests: pytest's settings and the libraries' versions.
FOR_ALL = (
    "pyproject.toml",
    "requirements.lock",
    "requirements-full.lock",
    "requirements-demo.lock",
    "requirements-dev.lock",
)
FOR_NOBODY = (".ci", ".github", ".gitignore", "CHANGELOG.md")
EVERYTHING = "tests"
FEW = 5


def main(revision: str = "HEAD") -> None:
    try:
        touched, why = touched_tests(changed_files(revision))
    except subprocess.CalledProcessError as refused:
        sys.exit(refused.stderr.strip())
    print(f"Tests that a change since {revision} can touch: {why}", file=sys.stderr)
    print(*touched)


def changed_files(revision: str) -> list[str]:
    """Return the files that differ from the merge base with the revision, untracked ones included."""
    parted = _git("merge-base", revision, "HEAD")[0]
    return sorted(
        {*_git("diff", "--name-only", "--no-renames", parted), *_git("ls-files", "--others", "--exclude-standard")}
    )


def touched_tests(files: Sequence[str]) -> tuple[list[str], str]:
    """Return the paths for pytest and the reason for the selection."""
    graph = imports()
    every = {module for module in graph.modules if module.rpartition(".")[2].startswith("test_")}
    sources: set[str] = set()
    for file in files:
        found = _modules_changed_by(file, graph)
        if found is None:
            return [EVERYTHING], f"all {len(every)} files, for any may depend on {file}"
        sources |= found
    touched = every & (sources | {late for source in sources for late in graph.find_downstream_modules(source)})
    named = ", ".join(files[:FEW]) + (f" and {len(files) - FEW} more" if len(files) > FEW else "")
    return sorted(map(_path, touched)), f"{len(touched)} of {len(every)} files, for {named or 'nothing'} changed"


@cache
def imports() -> grimp.ImportGraph:
    """Return the import graph of the program and its tests, other dependencies added."""
    graph = grimp.build_graph(*PACKAGES, cache_dir=None)
    for module in graph.modules:
        for needed in _needed(module, graph.modules):
            graph.add_import(importer=module, imported=needed)
    return graph


def _needed(module: str, modules: set[str]) -> set[str]:
    """Return dependencies beside imports: parent packages, modules started or loaded by name, the modules of a package
    that imports them all, and conftest modules."""
    parents = _parents(module)
    needed = {parent for parent in parents if parent in modules}
    needed |= {conftest for parent in parents if (conftest := f"{parent}.conftest") in modules}
    needed |= {one for name in _named(module) if "." in name for one in (name, f"{name}.__main__") if one in modules}
    if module.startswith(f"{STARTERS}."):
        needed |= set(PROGRAM)
    if module == IMPORTS_ALL:
        needed |= {one for one in modules if one.startswith(f"{module}.")}
    return needed - {module}


def _parents(module: str) -> list[str]:
    parts = module.split(".")
    return [".".join(parts[:length]) for length in range(1, len(parts))]


def _modules_changed_by(file: str, graph: grimp.ImportGraph) -> set[str] | None:
    """Return the modules that are the file or read it; None if unknown."""
    path = PurePosixPath(file)
    if path.suffix == ".py" and path.parts[0] in PACKAGES:
        module = ".".join(path.with_suffix("").parts).removesuffix(".__init__")
        if module in graph.modules:
            return {module}
        # Deleted: its importers have changed too, or fail everywhere; a deleted test affects no other.
        return set() if path.name.startswith("test_") else None
    if file in FOR_ALL:
        return None
    if path.parts[0] in FOR_NOBODY:
        return set()
    folders = [folder for folder in path.parents if ".".join(folder.parts) not in graph.modules]
    names = {path.name, *(folder.name for folder in folders if folder.name)}
    return {module for module in graph.modules if names & _named(module)} or None


@cache
def _named(module: str) -> set[str]:
    """Return the strings of a module that may name modules or files, and the parts of those that are paths."""
    path = ROOT / _path(module)
    if not path.is_file():
        return set()
    strings = re.findall(r'"([\w./-]+)"', path.read_text())
    return {*strings, *(part for string in strings for part in string.split("/"))}


def _path(module: str) -> str:
    path = module.replace(".", "/")
    return f"{path}/__init__.py" if (ROOT / path).is_dir() else f"{path}.py"


def _git(*arguments: str) -> list[str]:
    answer = subprocess.run(
        ["git", "-c", "core.quotePath=off", *arguments], cwd=ROOT, check=True, capture_output=True, text=True
    )
    return answer.stdout.splitlines()


if __name__ == "__main__":
    main(*sys.argv[1:])
