"""Contract with Jinja2 and polib: behaviour that bot/messages/renderer.py and i18n.py rely on."""

import gettext
from io import BytesIO

import polib
from jinja2 import DictLoader, Environment
from markupsafe import Markup

PO = b"""
msgid ""
msgstr "Content-Type: text/plain; charset=utf-8\\nPlural-Forms: nplurals=2; plural=(n != 1);\\n"

msgid "Yes, <b>%(name)s</b>"
msgstr "Ja, <b>%(name)s</b>"

msgid "%(count)s line"
msgid_plural "%(count)s lines"
msgstr[0] "%(count)s Zeile"
msgstr[1] "%(count)s Zeilen"

#, fuzzy
msgid "No"
msgstr "Nie"
"""


def translations() -> gettext.GNUTranslations:
    return gettext.GNUTranslations(BytesIO(polib.pofile(PO.decode()).to_binary()))


def environment(**templates: str) -> Environment:
    made = Environment(loader=DictLoader(templates), autoescape=True, extensions=["jinja2.ext.i18n"])
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_translations(translations(), newstyle=True)  # type: ignore[attr-defined]
    return made


def test_a_catalogue_is_compiled_in_memory_without_fuzzy_messages() -> None:
    assert translations().gettext("Yes, <b>%(name)s</b>") == "Ja, <b>%(name)s</b>"
    assert translations().gettext("No") == "No"


def test_blocks_are_trimmed_translated_and_escape_their_facts() -> None:
    text = "{% trans %}\n   Yes, <b>{{ name }}</b>\n{% endtrans %}"
    assert environment(text=text).get_template("text").render(name="<i>") == "Ja, <b>&lt;i&gt;</b>"


def test_the_number_of_a_block_chooses_its_form() -> None:
    text = "{% trans count=n %}{{ count }} line{% pluralize %}{{ count }} lines{% endtrans %}"
    found = environment(text=text).get_template("text")
    assert (found.render(n=1), found.render(n=2)) == ("1 Zeile", "2 Zeilen")


def test_the_short_name_of_gettext_may_be_replaced_without_touching_blocks() -> None:
    made = environment(text="{% trans %}Yes, <b>{{ name }}</b>{% endtrans %} {{ _('a & b') }}")
    made.globals["_"] = lambda text: Markup(f"<{text}>")  # noqa: S704 (never shown)
    assert made.get_template("text").render(name="x") == "Ja, <b>x</b> <a & b>"


def test_imported_macros_do_not_see_the_facts_of_a_template() -> None:
    made = environment(text='{% import "m" as m %}{{ m.shown() }}', m="{% macro shown() %}[{{ zone }}]{% endmacro %}")
    assert made.get_template("text").render(zone="UTC") == "[]"
