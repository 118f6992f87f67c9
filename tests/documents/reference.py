"""Commands, rights, metrics and the command line as tables of Markdown."""

import argparse
from collections.abc import Iterator

from prometheus_client import Metric

from bot.access.policy import ADMIN, OPERATOR, PERMISSIONS, VIEWER
from bot.app.station_metrics import StationMetrics
from bot.cli.arguments import command_parser
from bot.messages.access_words import RIGHTS
from bot.messages.i18n import translations
from bot.pbx.rights import RIGHTS as RIGHTS_OF_KEY
from bot.pbx.rights import Right
from bot.runtime.metrics import REGISTRY
from handlers import CATALOGUE
from tests.documents.markdown import prose, table

SUFFIXES = {"counter": "_total", "info": "_info"}


def commands() -> str:
    """Return every command by topic, with its arguments and the role that may use it."""
    sections = []
    for topic, found in CATALOGUE.by_topic(lambda _command: True):
        rows = [
            (f"`/{one.name} {one.usage}`".replace(" `", "`"), one.summary, _least_role(one.rule.permission))
            for one in found
        ]
        sections.append(f"## {topic.value}\n\n{table(('Command', 'What it does', 'Who may'), rows)}")
    return "\n".join(sections)


def topics() -> str:
    return _topics("en", ("Topic", "Commands"))


def russian_topics() -> str:
    return _topics("ru", ("Раздел", "Команды"))


def _topics(language: str, heading: tuple[str, str]) -> str:
    translate = translations(language).gettext
    return table(
        heading,
        [
            (translate(topic.value), " ".join(f"`/{one.name}`" for one in found if " " not in one.name))
            for topic, found in CATALOGUE.by_topic(lambda _command: True)
        ],
    )


def rights() -> str:
    """Return every right with the roles that have it and the commands that need it."""
    needed = {right: list[str]() for right in PERMISSIONS}
    for command in CATALOGUE.in_order():
        if command.rule.permission in needed:
            needed[command.rule.permission].append(f"`/{command.name}`")
    rows = [(f"`{name}`", str(words), _least_role(name), " ".join(needed[name])) for name, words in RIGHTS.items()]
    return table(("Right", "Allows to", "From role", "Commands"), rows)


def key_rows() -> str:
    """Return the rows of an API key, with what does not work without them."""
    rows = [(right.row, right.needs, prose(_without(right))) for right in RIGHTS_OF_KEY]
    return table(("Row", "Right", "Without it"), rows)


def _without(right: Right) -> str:
    return f"{right.without}; with Read alone, {right.read_only}" if right.read_only else right.without


def metrics() -> str:
    return table(
        ("Metric", "What it counts"),
        [(f"`{_exposed(one)}`", one.documentation) for one in (*REGISTRY.collect(), *StationMetrics(()).collect())],
    )


def command_line() -> str:
    """Return each command of the program with its arguments and options."""
    sections = []
    for parser, summary in _parsers(command_parser()):
        rows = [
            (f"`{_called(action)}`", _explained(action))
            for action in parser._actions
            if not isinstance(action, argparse._HelpAction | argparse._SubParsersAction)
            and action.help is not argparse.SUPPRESS
        ]
        options = f"\n{table(('Argument', 'What it is'), rows)}" if rows else ""
        sections.append(f"## {parser.prog}\n\n{summary}\n{options}")
    return "\n".join(sections)


def programs() -> set[str]:
    """Return the commands of the program."""
    return {parser.prog.split()[1] for parser, _ in _parsers(command_parser()) if " " in parser.prog}


def _parsers(parser: argparse.ArgumentParser) -> Iterator[tuple[argparse.ArgumentParser, str]]:
    yield parser, prose(parser.description or "")
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            helps = {choice.dest: choice.help or "" for choice in action._choices_actions}
            for name, child in action.choices.items():
                child.description = child.description or helps.get(name)
                yield from _parsers(child)


def _called(action: argparse.Action) -> str:
    value = "" if action.nargs == 0 else action.metavar or (_choices(action) or action.dest.upper())
    return " ".join([", ".join(action.option_strings), str(value)]).strip()


def _choices(action: argparse.Action) -> str:
    return "{" + ",".join(map(str, action.choices)) + "}" if action.choices is not None else ""


def _explained(action: argparse.Action) -> str:
    needed = " Needed." if action.required and action.option_strings else ""
    default = (
        f" Default: `{action.default}`." if action.option_strings and action.default not in (None, "", False) else ""
    )
    default = "" if isinstance(action, argparse._VersionAction) else default
    return f"{prose(action.help or '')}{needed}{default}"


def _least_role(permission: str) -> str:
    return next((role.name for role in (VIEWER, OPERATOR, ADMIN) if permission in role.permissions), "anyone")


def _exposed(metric: Metric) -> str:
    return f"{metric.name}{SUFFIXES.get(metric.type, '')}"
