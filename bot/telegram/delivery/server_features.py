"""Parts of a message that an older Bot API server refuses, and the message without them. Pure."""

import re
from collections.abc import Collection
from dataclasses import dataclass, replace
from enum import StrEnum

from telegram import InlineKeyboardMarkup

from bot.messages.sanitize import plain
from bot.telegram.errors import ButtonRefused, HtmlRefused, Refused

QUOTATION = re.compile(r"</?blockquote\b[^<>]*>")


class Feature(StrEnum):
    COPY_BUTTONS = "copy buttons"
    """Since Bot API 7.11; before, "Text buttons are unallowed in the inline keyboard"."""
    QUOTATIONS = "expandable quotations"
    """Since Bot API 7.4; before, "Expected equal sign in declaration of an attribute of the tag", and before 7.0
    "Unsupported start tag"."""
    HTML = "HTML"
    """Every server has it: one that is refused is a mistake in a template, which must not lose an alert."""


@dataclass(frozen=True, slots=True)
class Content:
    """Text and keyboard of one call."""

    text: str
    markup: InlineKeyboardMarkup | None = None
    parse_mode: str | None = "HTML"

    def without(self, features: Collection[Feature]) -> "Content":
        content = self
        if Feature.COPY_BUTTONS in features:
            content = replace(content, markup=_without_copy_buttons(content.markup))
        if Feature.QUOTATIONS in features:
            content = replace(content, text=QUOTATION.sub("", content.text))
        if Feature.HTML in features:
            content = replace(content, text=plain(content.text), parse_mode=None)
        return content


def refused_feature(error: Refused, content: Content) -> Feature | None:
    """Return what to leave out after an error; None if nothing can be."""
    match error:
        case ButtonRefused() if _without_copy_buttons(content.markup) != content.markup:
            return Feature.COPY_BUTTONS
        case HtmlRefused() if QUOTATION.search(content.text):
            return Feature.QUOTATIONS
        case HtmlRefused() if content.parse_mode is not None:
            return Feature.HTML
    return None


def unknown_to_server(left_out: frozenset[Feature]) -> frozenset[Feature]:
    """Return the features that the server does not know, from those without which it took a message: where its HTML was
    refused as a whole, a quotation was not the reason."""
    return left_out & {Feature.COPY_BUTTONS} if Feature.HTML in left_out else left_out


def _without_copy_buttons(markup: InlineKeyboardMarkup | None) -> InlineKeyboardMarkup | None:
    if markup is None:
        return None
    rows = [[button for button in row if button.copy_text is None] for row in markup.inline_keyboard]
    return InlineKeyboardMarkup([row for row in rows if row])
