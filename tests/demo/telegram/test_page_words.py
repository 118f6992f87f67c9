"""The page in Russian: every text that it can show has words, and a Russian demo names things as its people would."""

import re
from html.parser import HTMLParser
from typing import get_args

import httpx
import pytest

from bot.demo.pbx.office import OFFICES
from bot.demo.telegram import app, populated
from bot.demo.telegram.routes import STATIC
from bot.demo.telegram.wording import Language, Role

SHOWN = {"aria-label", "title", "placeholder", "data-empty"}
LATIN = re.compile(r"[A-Za-z]{2,}")
# Names of products and protocols.
NAMES = {"MikoPBX", "Bot", "Telegram", "REST", "API", "PHP", "Redis", "JSON", "HTML", "JavaScript", "OPTIONS"}
# What the PBX and its control page answer, which the page passes on as a variable.
SAID_BY_PBX = {
    *(
        "registered",
        "REGISTERED",
        "unregistered",
        "UNREGISTERED",
        "rejected",
        "unreachable",
        "UNKNOWN",
        "lagged",
        "OFF",
    ),
    *("OK", "running", "starting", "stopped", "frozen", "ringing", "talking", "outbound", "inbound", "none"),
}


def words() -> dict[str, str]:
    text = (STATIC / "words_ru.js").read_text().partition("RUSSIAN_COUNTS")[0]
    found = re.findall(r'^  (?:"([^"]+)"|(\w+)):\s+"([^"]+)",$', text, re.MULTILINE)
    return {quoted or bare: said for quoted, bare, said in found}


class Page(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.texts = set[str]()
        self._in_body = False

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self._in_body = self._in_body or tag == "body"
        self.texts |= {value for name, value in attributes if name in SHOWN and value}

    def handle_data(self, data: str) -> None:
        if self._in_body and data.strip():
            self.texts.add(data.strip())


def texts_of_the_page() -> set[str]:
    page = Page()
    page.feed((STATIC / "index.html").read_text())
    return page.texts


def texts_of_the_scripts() -> set[str]:
    scripts = "\n".join(file.read_text() for file in STATIC.glob("*.js") if not file.name.startswith("words"))
    called = re.findall(r'\bt\((?:[^()"]*\? )?"([^"]+)"(?: : "([^"]+)")?', scripts)
    tables = re.findall(r"^const (?:FAULTS|HEALTH|WAYS_TO_BREAK|MAY) = \{(.*?)^\};", scripts, re.MULTILINE | re.DOTALL)
    listed = re.findall(r': "([^"]+)"', "".join(tables))
    chosen = re.findall(
        r'(?:return|:|\?|\|\||\[) "(up|down|degraded|unknown|off|busy|online|offline|Mend|Break)"', scripts
    )
    return {text for pair in called for text in pair if text} | {*listed} | {*chosen}


def test_every_text_of_the_page_has_russian_words() -> None:
    assert len(words()) > 100
    assert (texts_of_the_page() | texts_of_the_scripts() | SAID_BY_PBX | {*get_args(Role)}) - words().keys() - {
        "The PBX"
    } == set()


def test_russian_words_are_russian() -> None:
    assert {
        key: said for key, said in words().items() if {*LATIN.findall(re.sub(r"\{\w+\}|/help|/pbx", "", said))} - NAMES
    } == {}


@pytest.mark.parametrize("language", ["en", "ru"])
async def test_the_page_is_served_in_the_language_of_the_demo(language: Language) -> None:
    transport = httpx.ASGITransport(app(populated(language=language)))
    async with httpx.AsyncClient(transport=transport, base_url="http://demo") as client:
        assert f'<html lang="{language}" ' in (await client.get("/")).text


def test_names_of_a_russian_demo_are_russian() -> None:
    office = OFFICES["ru"]
    names = [office.name, office.branch, office.menu, office.conference, office.route_in, office.route_out]
    names += [name for name, _ in office.staff] + [trunk.description for trunk in office.trunks]
    names += [text for queue in office.queues for text in queue]
    telegram = populated(language="ru")
    names += [person.name for person in telegram.people.values()]
    names += [chat.title for chat in telegram.chats.values() if chat.title]
    names += [one.service_text or "" for chat in telegram.chats.values() for one in chat.messages.values()]
    assert [name for name in names if LATIN.search(re.sub(r"\{\w+\}|General|MikoPBX", "", name))] == []


@pytest.mark.parametrize("language", ["en", "ru"])
def test_a_visitor_meets_people_and_companies_that_could_exist(language: Language) -> None:
    office, people = OFFICES[language], populated(language=language).people.values()
    shown = [*(name for name, _ in office.staff), *(person.name for person in people)]
    assert [name for name in shown if not re.fullmatch(r"[A-ZА-ЯЁ][a-zа-яё]+ [A-ZА-ЯЁ][a-zа-яё]+", name)] == []
    companies = [*(name for _, name in office.callers), *(f"{one.description} {one.host}" for one in office.trunks)]
    odd = re.compile(r"[<>]|test|stranger|example|посторонн|тест", re.IGNORECASE)
    assert [name for name in shown + companies if odd.search(name)] == []
