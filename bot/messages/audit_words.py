"""Outcomes and reasons of the audit in the reader's language.

They are stored in English, so that a search finds them whoever reads; what is not known here is shown as stored. Pure.
"""

import re
from collections.abc import Callable, Mapping

from bot.messages.access_words import ROLES
from bot.messages.message import TrustedText, mark

FIXED = (
    mark("a mobile that can be two numbers"),
    mark("a password was typed in a group"),
    mark("accepted, but not read back"),
    mark("an address in a group"),
    mark("another name was typed"),
    mark("answered already"),
    mark("asked"),
    mark("asked for access"),
    mark("asked for the phone"),
    mark("asked too often"),
    mark("asked whether to bind"),
    mark("asked whether to do it as theirs"),
    mark("asked whether to unbind"),
    mark("asked which"),
    mark("asked which PBX is meant"),
    mark("begun"),
    mark("beyond role"),
    mark("cancelled"),
    mark("cannot be called"),
    mark("changed meanwhile"),
    mark("chart begun"),
    mark("chart sent"),
    mark("claimed before"),
    mark("closed before"),
    mark("dry run in private"),
    mark("ended already"),
    mark("everything needed is known"),
    mark("expired"),
    mark("export begun"),
    mark("failed inside the bot"),
    mark("given up: the bot was being ended"),
    mark("gone"),
    mark("has a role"),
    mark("has asked already"),
    mark("introduced itself"),
    mark("nobody to ask"),
    mark("left"),
    mark("muted for all PBXs"),
    mark("named no PBX of theirs"),
    mark("names nobody"),
    mark("no charts"),
    mark("no right"),
    mark("no right to passwords"),
    mark("no right to plan"),
    mark("no second person"),
    mark("no such employee, or several"),
    mark("no such incident"),
    mark("no such trunk"),
    mark("not an anonymous administrator"),
    mark("not bound"),
    mark("not set up"),
    mark("not created: nothing appeared"),
    mark("not deleted"),
    mark("not done: interrupted"),
    mark("not the asker"),
    mark("nothing is muted"),
    mark("nothing to cancel"),
    mark("nothing to change"),
    mark("nothing to remove"),
    mark("nothing to take"),
    mark("number taken meanwhile"),
    mark("offered which"),
    mark("one runs already"),
    mark("over"),
    mark("over already"),
    mark("phone answered"),
    mark("phone not answered"),
    mark("private chat closed"),
    mark("proved who it is"),
    mark("refused"),
    mark("set"),
    mark("stays"),
    mark("step by step"),
    mark("step by step in private"),
    mark("stopped"),
    mark("switched off"),
    mark("taken"),
    mark("already taken"),
    mark("already over"),
    mark("an incident that is not known"),
    mark("the PBX did not do it"),
    mark("the export was not delivered"),
    mark("the password is asked"),
    mark("too late"),
    mark("took a suggestion"),
    mark("under way already"),
    mark("unknown"),
    mark("unknown: the PBX does not answer"),
    mark("waits for a calendar"),
    mark("waits for a calendar in private"),
    mark("waits for a second person"),
    mark("waits for a table"),
    mark("waits for a table in private"),
    mark("what was asked is not known any more"),
    mark("wrong arguments"),
    mark("a secret in a group"),
    mark("already used"),
    mark("button of another chat"),
    mark("button of another message"),
    mark("button of another person"),
    mark("dated in the future"),
    mark("error while deciding"),
    mark("interrupted when it came before"),
    mark("no such command"),
    mark("only in a group"),
    mark("only in private"),
    mark("request not open any more"),
    mark("seen before"),
    mark("the chat is bound to no PBX"),
    mark("the second person must be another one"),
    mark("the second person's right comes from the first, or from today"),
    mark("too many commands in this chat"),
    mark("too many commands of this person"),
    mark("too many costly commands of this person"),
    mark("too old"),
    mark("unknown button"),
    mark("unknown permission"),
    mark("who asked first has no right any more"),
    mark("open to anyone"),
    mark("stranger"),
    mark("not a member of the chat"),
    mark("membership not known"),
    mark("an anonymous administrator"),
    mark("edited"),
    mark("viewer of this chat"),
    mark("operator of this chat"),
)
# An earlier pattern wins.
PATTERNS = (
    mark("role %(roles)s"),
    mark("beyond role %(roles)s"),
    mark("failed: %(error)s"),
    mark("asked for %(what)s"),
    mark("created %(what)s"),
    mark("changed %(what)s"),
    mark("deleted %(what)s"),
    mark("undone: %(what)s"),
    mark("not undone: %(why)s"),
    mark("password of %(number)s sent"),
    mark("password of %(number)s not delivered"),
    mark("watched %(numbers)s"),
    mark("not watched any more: %(numbers)s"),
    mark("told %(people)s people, %(chats)s chats"),
    mark("%(count)s rows exported"),
    mark("%(count)s employees exported"),
    mark("%(count)s trunks of that name"),
    mark("dry run of %(count)s lines"),
    mark("import %(id)s begun"),
    mark("import %(id)s stopped"),
    mark("import %(id)s interrupted"),
    mark("import %(id)s: %(created)s created, %(failed)s failed"),
    mark("gave %(role)s to %(who)s"),
    mark("took %(roles)s from %(who)s"),
    mark("refused %(who)s"),
    mark("muted %(what)s until %(until)s"),
    mark("planned %(number)s for %(what)s"),
    mark("ended %(numbers)s"),
    mark("a reason for %(number)s"),
    mark("bound %(chat)s with alerts"),
    mark("bound %(chat)s"),
    mark("unbound %(chat)s"),
    mark("unbanned %(address)s"),
    mark("%(phone)s rings to call %(number)s"),
    mark("%(phone)s called %(number)s: %(result)s"),
    mark("set level %(level)s"),
    mark("removed level %(level)s"),
    mark("a calendar for level %(level)s"),
    mark("%(who)s is on call on level %(level)s"),
    mark("asked %(who)s to swap"),
    mark("swap %(result)s"),
    mark("chose %(station)s"),
    mark("%(count)s wait"),
    mark("%(name)s: handed over to %(who)s"),
    mark("%(name)s is off"),
    mark("%(name)s is gone"),
    mark("%(name)s is being registered anew"),
    mark("incident %(number)s: %(result)s"),
    mark("incident %(number)s"),
    mark("%(name)s: %(result)s"),
)
# The stored word is that of a call in the catalogue, which is translated otherwise.
OTHERWISE = {"answered": mark("replied")}
WORDS: Mapping[str, TrustedText] = {**{str(text): text for text in FIXED}, **OTHERWISE, **ROLES}
# Others are names and numbers, whatever words they are.
TRANSLATED = frozenset({"role", "roles", "result", "why"})


def _compiled(text: str) -> re.Pattern[str]:
    """Return the pattern, which is linear: each parameter but the last ends where the text after it begins."""
    parts = re.split(r"%\((\w+)\)s", text)
    pattern = re.escape(parts[0])
    for at in range(1, len(parts), 2):
        until = f"[^{re.escape(parts[at + 1][0])}]" if at + 2 < len(parts) else "."
        pattern += f"(?P<{parts[at]}>{until}+){re.escape(parts[at + 1])}"
    return re.compile(pattern)


COMPILED = tuple((_compiled(text), text) for text in PATTERNS)


def in_words(stored: str, translate: Callable[[str], str]) -> str:
    """Return an outcome or a reason translated, with its parameters."""
    if (known := WORDS.get(stored)) is not None:
        return translate(known)
    for pattern, text in COMPILED:
        if found := pattern.fullmatch(stored):
            parameters = {name: _parameter(name, value, translate) for name, value in found.groupdict().items()}
            return translate(text) % parameters
    return stored


def _parameter(name: str, value: str, translate: Callable[[str], str]) -> str:
    """Return fixed words translated, one by one; they are not searched for patterns again."""
    if name not in TRANSLATED:
        return value
    return ", ".join(translate(WORDS[one]) if one in WORDS else one for one in value.split(", "))
