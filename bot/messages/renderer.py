"""Render a template and its facts to Telegram HTML.

Facts are sanitized before rendering and escaped by the template. Conventions: an HTML tag opens and closes on one line
of its template, and only a quotation (`_folded.html`) spans several of a text; text to copy is in <code>; no text is
marked safe.
"""

import re
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import datetime, tzinfo
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from bot.messages import access_words, audit_words, formatting, masking
from bot.messages.i18n import translations
from bot.messages.message import Facts
from bot.messages.sanitize import literal_code, plain, sanitize, sanitize_facts, units, unmarked, unsanitize
from bot.messages.template_cache import TemplateCache
from bot.text.phone_numbers import country_of

TEMPLATES = Path(__file__).parent / "templates"
# Telegram's limit is 4096; a repeated message gets a line on top.
LIMIT = 4000
CAPTION_LIMIT = 1000
# Facts that name stations.
NAMES = frozenset({"station", "stations"})


class StationNames(Protocol):
    several: bool

    def title(self, name: str) -> str: ...

    def country(self, name: str) -> str: ...


class Renderer:
    """Renderer of one language.

    Where `stations` has several, every text names its station.
    """

    def __init__(
        self,
        language: str,
        templates: Path = TEMPLATES,
        stations: StationNames | None = None,
    ) -> None:
        self._language = language
        self._stations = stations
        self._several = stations is not None and stations.several
        self._translations = translations(language)
        self._view: ContextVar[formatting.ReaderView] = ContextVar("view")
        self._environment = self._prepared(templates)

    def text(
        self, template: str, facts: Facts, *, zone: tzinfo, now: datetime, limit: int = LIMIT, masked: bool = False
    ) -> str:
        """Return Telegram HTML of at most `limit` visible UTF-16 units; lines that do not fit are replaced by their
        count. `masked` masks phone numbers.
        """
        titled = self._titled(facts) if self._several else facts
        country = self._country_of(str(facts.get("station", ""))) or country_of(zone)
        known = sanitize_facts(masking.masked(titled, country) if masked else titled)
        # Not in the template's own context: imported macros do not see that.
        token = self._view.set(formatting.ReaderView(self._language, self._translate, zone, now, country))
        try:
            rendered = self._environment.get_template(f"{template}.html").render(known)
        finally:
            self._view.reset(token)
        return self._fitted(self._headed(_limit_blank_lines(literal_code(rendered)), facts), limit)

    def compile_all(self) -> None:
        """Compile all templates into the cache."""
        for name in self._environment.list_templates(filter_func=lambda path: "/" not in path):
            self._environment.get_template(name)

    def _country_of(self, station: str) -> str:
        return self._stations.country(station) if self._stations is not None else ""

    def _titled(self, facts: Any, *, names: bool = False) -> Any:
        """Replace station names by their titles."""
        match facts:
            case Mapping():
                return {key: self._titled(value, names=key in NAMES) for key, value in facts.items()}
            case list() | tuple():
                return [self._titled(item, names=names) for item in facts]
            case str() if names:
                return self._title(facts)
        return facts

    def _title(self, station: str) -> str:
        """Return a station's title; translated, since the fleet's is the bot's own word."""
        return self._translate(self._stations.title(station)) if self._stations and self._several else station

    def _headed(self, text: str, facts: Facts) -> str:
        """Prefix the station's title, unless the text contains it."""
        station = facts.get("station")
        if not self._several or not isinstance(station, str) or station == "":
            return text
        title = sanitize(self._title(station))
        return text if unsanitize(title) in unsanitize(plain(text)) else f"<b>{escape(title)}</b>\n{text}"

    def label(self, text: str, *, masked: bool = False) -> str:
        """Return a marked text, translated, as plain text: buttons, toasts, menus. Telegram makes no links in them."""
        translated = self._translate(text)
        return unsanitize(sanitize(masking.masked(translated, self._country_of("")) if masked else translated))

    def _translate(self, text: str) -> str:
        # The empty msgid is the catalogue's header.
        return self._translations.gettext(text) if text else ""

    def _prepared(self, templates: Path) -> Environment:
        environment = Environment(
            loader=FileSystemLoader([templates, *sorted({file.parent for file in templates.rglob("*/*.html")})]),
            autoescape=True,
            undefined=StrictUndefined,
            extensions=["jinja2.ext.i18n"],
            trim_blocks=True,
            lstrip_blocks=True,
            # Templates change with the program only; else each is looked for on the disk whenever it is shown.
            auto_reload=False,
            bytecode_cache=TemplateCache(templates, compiled_by=Path(__file__)),
        )
        environment.policies["ext.i18n.trimmed"] = True
        environment.install_gettext_translations(self._translations, newstyle=True)  # type: ignore[attr-defined]
        environment.globals["_"] = self._marked
        environment.filters.update(self._filters())
        return environment

    def _filters(self) -> dict[str, Callable[..., Any]]:
        with_view = (
            formatting.clock,
            formatting.moment,
            formatting.day,
            formatting.dated_weekday,
            formatting.weekdays,
            formatting.duration,
            formatting.ago,
            formatting.or_now,
            formatting.decimal,
            formatting.sentence,
        )
        bound = {function.__name__: partial(self._with_view, function) for function in with_view}
        pure: dict[str, Callable[..., Any]] = {
            "length_of_call": formatting.length_of_call,
            "phone": self._phone,
            "unmarked": unmarked,
            "role": partial(self._named, access_words.ROLES),
            "audit_word": self._audit_word,
            "right": partial(self._named, access_words.RIGHTS),
            "seconds_since": formatting.seconds_since,
        }
        return {**bound, **pure}

    def _named(self, names: Mapping[str, str], code: str) -> str:
        """Return the name of a code, translated; a code without a name as it is."""
        name = names.get(unsanitize(code))
        return code if name is None else sanitize(self._translate(name))

    def _audit_word(self, stored: str) -> str:
        return sanitize(audit_words.in_words(unsanitize(stored), self._translate))

    def _phone(self, value: str | int) -> str:
        return formatting.phone(value, self._view.get().country)

    def _with_view(self, function: Callable[..., Any], value: object) -> Any:
        return function(self._view.get(), value)

    def _marked(self, text: str) -> Markup:
        """Translate a text marked in Python, which is plain text, unlike the templates' own.

        A marked text among the facts is sanitized, so the catalogue is searched for the original.
        """
        return escape(sanitize(self._translate(unsanitize(text))))

    def _fitted(self, text: str, limit: int) -> str:
        if units(plain(text)) <= limit:
            return text
        lines = text.split("\n")
        capacity = limit - units(self._and_more(len(lines))) - 1
        kept: list[str] = []
        for line in lines:
            capacity -= units(plain(line)) + 1
            if capacity < 0:
                break
            kept.append(line)
        shown = "\n".join(kept)
        end = "</blockquote>" if shown.count("<blockquote") > shown.count("</blockquote>") else ""
        return f"{shown}{end}\n{self._and_more(len(lines) - len(kept))}"

    def _and_more(self, count: int) -> str:
        return self._translations.ngettext("… and %(count)d more line", "… and %(count)d more lines", count) % {
            "count": count
        }


def _limit_blank_lines(text: str) -> str:
    """Limit blank lines, which conditions leave behind, to one in a row."""
    lines = "\n".join(line.rstrip() for line in text.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", lines).strip()
