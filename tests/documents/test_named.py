"""Whatever the documents name exists: commands, programs, settings, targets of make, links and anchors."""

import re
import tomllib
from itertools import chain

import pytest
from jinja2.filters import do_striptags

from bot.config.settings import Settings
from bot.config.station_settings import StationSettings
from handlers import CATALOGUE
from tests.documents.blocks import DOCUMENTS
from tests.documents.reference import programs
from tests.fixtures.paths import ROOT

FOR_DEVELOPERS = ("CONTRIBUTING.md", "CHANGELOG.md")
FOR_USERS = [
    name for name in DOCUMENTS if re.match(r"README|docs/(guides|reference|index|troubleshooting|security)", name)
]
TEXTS = {name: (ROOT / name).read_text(encoding="utf-8") for name in (*DOCUMENTS, *FOR_DEVELOPERS)}
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")

# Of @BotFather, and addresses on the bot's web server.
OTHER_COMMANDS = {"/newbot", "/revoke", "/deletebot", "/healthz", "/metrics", "/telegram"}
OTHER_SETTINGS = {"ACME_KEY", "BRANCH2_KEY"}


def code(text: str) -> list[str]:
    """Return what stands in backticks, and each line of the blocks of code."""
    blocks = re.findall(r"^```\w*\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    inline = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL))
    return [*inline, *chain.from_iterable(map(str.splitlines, blocks))]


def commands(text: str) -> set[str]:
    """Return the commands of the chat: they begin a piece of code, or a column of it."""
    return {found for piece in code(text) for found in re.findall(r"(?:^|\s{3,})(/[a-z_]+)(?= |$)", piece.strip())}


def called_programs(text: str) -> set[str]:
    return {
        found for piece in code(text) for found in re.findall(r"(?:^|^sudo |/bin/)mikopbx-bot ([a-z][a-z-]*)", piece)
    }


def named_settings(text: str) -> set[str]:
    return {
        found for piece in code(text) for found in re.findall(r"(?<![\w$%])([A-Z]{2,}(?:_[A-Z0-9]+)+)(?!\w)", piece)
    }


@pytest.mark.parametrize("document", FOR_USERS)
def test_every_command_of_the_chat_exists(document: str) -> None:
    known = {f"/{name.split()[0]}" for name in CATALOGUE.commands} | OTHER_COMMANDS
    assert commands(TEXTS[document]) <= known


@pytest.mark.parametrize("document", TEXTS)
def test_every_program_exists(document: str) -> None:
    assert called_programs(TEXTS[document]) <= programs()


@pytest.mark.parametrize("document", FOR_USERS)
def test_every_setting_exists(document: str) -> None:
    known = {name.upper() for name in Settings.model_fields} | OTHER_SETTINGS
    named = {name for name in named_settings(TEXTS[document]) if name in known or name.split("_")[0] in _first_words()}
    assert named <= known


def _first_words() -> set[str]:
    """Return what names of settings begin with, so that those of other programs are left alone."""
    return {name.upper().split("_")[0] for name in Settings.model_fields}


@pytest.mark.parametrize("document", TEXTS)
def test_every_target_of_make_exists(document: str) -> None:
    targets = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
    named = re.findall(r"(?:^|[^\w-])make(?: -C \S+)? ([a-z-]+)", "\n".join(code(TEXTS[document])))
    assert set(named) <= targets


@pytest.mark.parametrize("document", TEXTS)
def test_every_link_leads_to_a_file_and_a_heading(document: str) -> None:
    for link in re.findall(r"\]\((?!https?:)([^)]+)\)", TEXTS[document]):
        target, _, anchor = link.partition("#")
        file = (ROOT / document).parent / target if target else ROOT / document
        assert file.exists(), link
        assert not anchor or anchor in anchors(file.read_text(encoding="utf-8")), link


def anchors(text: str) -> set[str]:
    """Return the anchors of the headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL), re.MULTILINE)
    bare = (do_striptags(re.sub(r"\[([^]]+)\]\([^)]*\)|[`*]", r"\1", heading)) for heading in headings)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in bare}


def test_the_stations_of_the_guide_can_be_read() -> None:
    (written,) = re.findall(r"^ *```toml\n(.*?)^ *```$", TEXTS["docs/guides/fleet.md"], re.MULTILINE | re.DOTALL)
    for station in tomllib.loads(written)["station"]:
        assert set(station) - {"key_env", "formerly"} <= set(StationSettings.model_fields)


def test_what_does_not_exist_is_found() -> None:
    text = "`/statsu now`, `mikopbx-bot chekc --json`\n```\nmake demmo\n/cdr today   /misssed\nALERT_CHAT=1\n```\n"
    assert commands(text) == {"/statsu", "/cdr", "/misssed"}
    assert called_programs(text) == {"chekc"}
    assert named_settings(text) == {"ALERT_CHAT"}
    assert anchors("## What it says, `x` & [y](z)\n") == {"what-it-says-x--y"}
