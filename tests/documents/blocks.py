"""Blocks of the documents that the program writes, each between two marks that a reader does not see."""

import re
from collections.abc import Callable, Mapping

from tests.documents import problems, reference, settings, shown_alert
from tests.fixtures.paths import ROOT

DOCUMENTS = ("README.md", "README.ru.md", *sorted(str(one.relative_to(ROOT)) for one in (ROOT / "docs").rglob("*.md")))
BLOCKS: Mapping[str, Callable[[], str]] = {
    "commands": reference.commands,
    "topics": reference.topics,
    "темы": reference.russian_topics,
    "alert": shown_alert.alert,
    "тревога": shown_alert.russian_alert,
    "command line": reference.command_line,
    "metrics": reference.metrics,
    "rights": reference.rights,
    "key rows": reference.key_rows,
    "settings": settings.settings,
    "alerts": problems.alerts,
    "the PBX": problems.of_the_pbx,
    "refusals of the PBX": problems.refusals_of_the_pbx,
    "wrong settings": problems.wrong_settings,
    "warnings": problems.warnings,
    "exit codes": problems.exit_codes,
    "health": problems.health,
    "chat": problems.in_the_chat,
}
BLOCK = re.compile(r"(<!-- (?P<name>[^\W\d_][\w ]*): make docs -->\n)(.*?)(<!-- end of (?P=name) -->\n)", re.DOTALL)


def written(document: str) -> str:
    """Return the document with its blocks as the program has them now."""
    return BLOCK.sub(lambda found: f"{found[1]}\n{BLOCKS[found['name']]()}\n{found[4]}", document)
