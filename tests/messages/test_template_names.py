"""Every template named by the program exists, and every template is used."""

import re

from bot.incidents.model import KINDS
from bot.messages.renderer import TEMPLATES
from bot.store.messages.outbox import RENDERED
from tests.fixtures.passed_strings import compared, passed

FILES = {path.stem: path for path in TEMPLATES.rglob("*.html")}
# Messages that contain rendered HTML.
NO_TEMPLATE = {"", RENDERED}
REFERENCE = re.compile(r"""{%-?\s*(?:extends|include|import|from)\s+["']([^"']+)\.html["']""")


def test_every_template_that_is_shown_exists() -> None:
    named = passed(frozenset(), "template")
    assert not named.computed, "a template's name that is not written out: list it here with the names it may be"
    missing = {name: places for name, places in named.constant.items() if name not in FILES.keys() | NO_TEMPLATE}
    assert not missing
    assert len(named.constant) > 200


def test_every_template_that_is_compared_with_exists() -> None:
    named = compared("template")
    assert {name: places for name, places in named.items() if name not in FILES.keys() | NO_TEMPLATE} == {}
    assert "alert" in named


def test_every_template_is_shown() -> None:
    shown = passed(frozenset(), "template").constant
    assert sorted(name for name in FILES if not name.startswith("_") and name not in shown) == []


def test_every_part_of_templates_is_used_and_exists() -> None:
    parts = {name for path in FILES.values() for name in REFERENCE.findall(path.read_text())}
    assert parts <= FILES.keys()
    # Included by kind, see _of_kind.html.
    parts |= {"_kind", *(f"_kind_{kind}" for kind in KINDS)}
    assert sorted(name for name in FILES if name.startswith("_") and name not in parts) == []


def test_no_two_templates_share_a_name() -> None:
    assert len(FILES) == len(list(TEMPLATES.rglob("*.html")))
