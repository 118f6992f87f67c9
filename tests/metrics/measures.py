"""Figures of a source tree, computed from the syntax trees of its modules. Nothing is imported or run."""

import ast
import math
import re
import statistics
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

PRODUCT = ("bot", "handlers")
SHORT = 30
# Released migrations are never edited.
MIGRATIONS = "bot/store/migrations/versions"
# Per folder they grow by design: one file a migration, one a recorded answer.
NOT_COUNTED = (MIGRATIONS, "tests/recordings", "bot/demo")
VAGUE = re.compile(r"\b(?:what|whether|who|nobody|told|said|owed|nothing)\b")
NARROW = re.compile(
    r"\b(?:retr(?:y|ies|ied|ying)|timeouts?|queue(?:s|d)?|queu(?:e)?ing|sessions?|tasks?|notif(?:y|ies|ied|ications?))\b"
)
GLOSSARY = re.compile(
    NARROW.pattern + r"|\b(?:(?:station|trunk|extension|call record|incident|database|transaction|registration)s?"
    r"|(?:response|webhook|token)s?|acknowledg(?:e|es|ed|ing|ement|ements)|silenc(?:e|es|ed|ing)|escalat(?:e|es|ed|ing|ion|ions)|outbox|inbox"
    r"|register(?:s|ed|ing)?|updat(?:e|es|ed|ing)|request(?:s|ed|ing)?|poll(?:s|ed|ing)?|cach(?:e|es|ed|ing)"
    r"|lock(?:s|ed|ing)?)\b"
)

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """`path` is relative to the tree, with slashes."""

    path: str
    source: str
    nodes: Sequence[ast.AST]

    @property
    def lines(self) -> int:
        return len(self.source.splitlines())

    @property
    def name(self) -> str:
        """As an import writes it."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    def is_in(self, *folders: str) -> bool:
        return any(self.path.startswith(f"{folder}/") for folder in folders)


def module(path: str, source: str) -> Module:
    return Module(path, source, list(ast.walk(ast.parse(source, path))))


def modules_of(tree: Path, *roots: str) -> list[Module]:
    found = (path for root in roots for path in sorted((tree / root).rglob("*.py")))
    return [module(path.relative_to(tree).as_posix(), path.read_text()) for path in found]


def widest(paths: Iterable[str]) -> tuple[str, int]:
    """The folder with the most files beside each other, `__init__.py` not counted; ties go to the first by name."""
    counted = Counter(
        folder
        for folder, _, name in (path.rpartition("/") for path in paths)
        if name != "__init__.py" and not any(f"{folder}/".startswith(f"{one}/") for one in NOT_COUNTED)
    )
    return min(counted.items(), key=lambda each: (-each[1], each[0]), default=("", 0))


def short_modules(modules: Iterable[Module]) -> list[Module]:
    """Modules under SHORT lines, but for entries of packages and for MIGRATIONS."""
    entries = ("__init__.py", "__main__.py")
    return [
        one for one in modules if one.lines < SHORT and not one.path.endswith(entries) and not one.is_in(MIGRATIONS)
    ]


def body_lines(function: Function) -> int:
    """Lines from the first statement after the docstring to the last one."""
    body = function.body[1:] if ast.get_docstring(function, clean=False) is not None else function.body
    return body[-1].end_lineno - body[0].lineno + 1 if body and body[-1].end_lineno else 0


def function_lengths(modules: Iterable[Module]) -> list[int]:
    nodes = (node for one in modules for node in one.nodes)
    return sorted(body_lines(node) for node in nodes if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def quantile(ordered: Sequence[int], share: float) -> int:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0


def median(values: Sequence[int]) -> int:
    return int(statistics.median(values)) if values else 0


def repeated_classes(modules: Iterable[Module]) -> dict[str, list[str]]:
    """Class names that are defined more than once, with the paths of their modules."""
    where = defaultdict[str, list[str]](list)
    for one in modules:
        for node in one.nodes:
            if isinstance(node, ast.ClassDef):
                where[node.name].append(one.path)
    return {name: paths for name, paths in sorted(where.items()) if len(paths) > 1}


def _comments(one: Module) -> Iterator[str]:
    """Text after the first `#` of a line that stands in no string. Tokenizing takes ten times as long."""
    strings = defaultdict[int, list[tuple[int, float]]](list)
    for node in one.nodes:
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str | bytes)):
            last = node.end_lineno or node.lineno
            for number in range(node.lineno, last + 1):
                begins = node.col_offset if number == node.lineno else 0
                strings[number].append((begins, node.end_col_offset or 0 if number == last else math.inf))
    for number, line in enumerate(one.source.encode().split(b"\n"), 1):
        for found in re.finditer(b"#", line) if b"#" in line else ():
            if not any(begins <= found.start() < ends for begins, ends in strings[number]):
                yield line[found.end() :].decode()
                break


def prose(one: Module) -> str:
    """Comments and docstrings, in lower case, words separated by single spaces."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = (ast.get_docstring(node) or "" for node in one.nodes if isinstance(node, documented))
    return " ".join(re.findall(r"[a-z_']+", " ".join([*_comments(one), *docstrings]).lower()))


@dataclass(frozen=True, slots=True)
class Wording:
    """Words of prose, and per 1,000 of them: vague words, the narrow list of the field's words, the glossary's."""

    words: int
    vague: float
    narrow: float
    glossary: float


def wording(modules: Iterable[Module]) -> Wording:
    texts = [prose(one) for one in modules]
    words = sum(len(text.split()) for text in texts)

    def per_thousand(pattern: re.Pattern[str]) -> float:
        return 1000 * sum(len(pattern.findall(text)) for text in texts) / words if words else 0.0

    return Wording(words, per_thousand(VAGUE), per_thousand(NARROW), per_thousand(GLOSSARY))


def _is_callable_type(annotation: ast.expr | None, aliases: frozenset[str]) -> bool:
    match annotation:
        case ast.Constant(value=str(text)):
            return _is_callable_type(ast.parse(text, mode="eval").body, aliases)
        case ast.Subscript(value=ast.Name(id="Callable") | ast.Attribute(attr="Callable")) | ast.Name(id="Callable"):
            return True
        case ast.Name(id=name):
            return name in aliases
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _is_callable_type(left, aliases) or _is_callable_type(right, aliases)
    return False


def _aliases(modules: Iterable[Module]) -> dict[str, frozenset[str]]:
    """By module: the names that it gives to a Callable[...]."""
    return {
        one.name: frozenset(
            target.id
            for node in one.nodes
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Subscript)
            if _is_callable_type(node.value, frozenset())
            for target in node.targets
            if isinstance(target, ast.Name)
        )
        for one in modules
    }


def _visible_aliases(one: Module, aliases: Mapping[str, frozenset[str]]) -> frozenset[str]:
    imported = {
        name.asname or name.name
        for node in one.nodes
        if isinstance(node, ast.ImportFrom) and node.module
        for name in node.names
        if name.name in aliases.get(node.module, ())
    }
    return aliases.get(one.name, frozenset()) | imported


def _is_dataclass(node: ast.ClassDef) -> bool:
    return any("dataclass" in ast.dump(decorator) for decorator in node.decorator_list)


def _parameters(node: ast.ClassDef) -> Iterator[tuple[str, ast.expr | None]]:
    for statement in node.body:
        match statement:
            case ast.FunctionDef(name="__init__", args=arguments):
                yield from ((each.arg, each.annotation) for each in (*arguments.args, *arguments.kwonlyargs))
            case ast.AnnAssign(target=ast.Name(id=name), annotation=annotation) if _is_dataclass(node):
                yield name, annotation


def callable_parameters(modules: Sequence[Module]) -> list[str]:
    """Parameters of constructors and fields of dataclasses annotated Callable[...] or with an alias of one, as
    `path:Class.parameter`."""
    aliases = _aliases(modules)
    return [
        f"{one.path}:{node.name}.{name}"
        for one in modules
        for visible in [_visible_aliases(one, aliases)]
        for node in one.nodes
        if isinstance(node, ast.ClassDef)
        for name, annotation in _parameters(node)
        if _is_callable_type(annotation, visible)
    ]


def _called_name(call: ast.Call) -> str:
    match call.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _is_late_bound(one: ast.Lambda, function: Function) -> bool:
    names = [node for node in ast.walk(one.body) if isinstance(node, ast.Name)]
    own = {argument.arg for argument in (*one.args.args, *one.args.kwonlyargs)}
    later = {
        node.id
        for node in ast.walk(function)
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store) and node.lineno > one.lineno
    }
    return any(name.id not in own and (name.id == "self" or name.id in later) for name in names)


def late_bound_lambdas(modules: Iterable[Module]) -> list[str]:
    """Lambdas given to a constructor (a call of a name with a capital) that refer to `self` or to a name that the same
    function assigns on a later line, as `path:line`."""
    found = {
        (one.path, argument.lineno)
        for one in modules
        for function in one.nodes
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
        for call in ast.walk(function)
        if isinstance(call, ast.Call) and _called_name(call)[:1].isupper()
        for argument in (*call.args, *(keyword.value for keyword in call.keywords))
        if isinstance(argument, ast.Lambda) and _is_late_bound(argument, function)
    }
    return [f"{path}:{line}" for path, line in sorted(found)]


def selects(modules: Iterable[Module]) -> Counter[str]:
    """Calls of `select(...)` by path."""
    return Counter(
        one.path
        for one in modules
        for node in one.nodes
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "select"
    )


def imports_of(package: str, modules: Iterable[Module]) -> dict[str, list[str]]:
    """Paths of the modules that import it, by the imported module."""
    found = defaultdict[str, list[str]](list)
    for one in modules:
        for node in one.nodes:
            match node:
                case ast.ImportFrom(module=str(name)):
                    named = [name]
                case ast.Import(names=names):
                    named = [each.name for each in names]
                case _:
                    named = []
            for name in named:
                if name.split(".")[0] == package:
                    found[name].append(one.path)
    return dict(sorted(found.items()))
