"""Words of /notify in both languages: kinds of calls, chats, and which calls are meant."""

from collections.abc import Mapping

from bot.store.tables.calls import CallKind
from handlers.parsing.times.model import fold


def _phrases(*written: str) -> frozenset[str]:
    """Return the phrases that are written with commas between them, as they are compared."""
    return frozenset(fold(phrase.strip()) for text in written for phrase in text.split(","))


CALL_WORDS = "calls, call, звонки, звонков, звонках, вызовы, вызовов, вызовах"
MISSED_WORDS = "missed, пропущенные, пропущенных"
VOICEMAIL_WORDS = (
    "voicemail, voicemails, voice mail, voice-mail, voice messages, голосовая почта, голосовую почту, голосовой почты",
    "голосовой почте, голосовые сообщения, голосовых сообщениях, автоответчик, автоответчике",
)
KINDS: Mapping[str, CallKind] = {
    **dict.fromkeys(_phrases(CALL_WORDS), CallKind.CALLS),
    **dict.fromkeys(_phrases(*VOICEMAIL_WORDS), CallKind.VOICEMAIL),
    **dict.fromkeys(_phrases(MISSED_WORDS), CallKind.MISSED),
    **{f"{missed} {calls}": CallKind.MISSED for missed in _phrases(MISSED_WORDS) for calls in _phrases(CALL_WORDS)},
}
HERE = _phrases("here, this chat, this group, сюда, здесь, этот чат, этом чате, эту группу, этой группе, чат, группу")
ME = _phrases("me, my private chat, private, мне, мне лично, личку, личный чат, личные сообщения, лс")
ALL = _phrases("all, everything, every, все, всех, всем")
# In front of the kind, or of the chat, they say nothing more.
BEFORE_KIND = ALL | _phrases("about, of, incoming, о, об, обо, про, входящие, входящих")
BEFORE_CHAT = _phrases("to, for, in, into, в, во, лично")
OF = _phrases(
    "of, for, extension, extensions, ext, exts, для, у, номеров",
    "внутренний, внутренние, внутренних, внутреннего, добавочный, добавочные, добавочных, доб",
)
QUEUE = _phrases("queue, queues, очередь, очереди, очередей, очередям")
NUMBER = _phrases("number, numbers, номер, номера, на")
# In front of `queue` or `number` they say nothing more.
BEFORE_FILTER = OF | NUMBER | _phrases("to, on, the, from, из, в, во, по")
# In front of numbers that were written otherwise.
SKIPPED = BEFORE_FILTER | _phrases("с, со, от, did")
# Longest phrase, in words.
MAX_PHRASE = 3
# How a right form is written, in the language of what was typed.
ENGLISH = {"missed": "missed", "calls": "calls", "voicemail": "voicemail", "here": "here", "me": "me"} | {
    "of": "of",
    "queue": "queue",
    "number": "number",
    "off": "off",
}
RUSSIAN = {"missed": "пропущенные", "calls": "звонки", "voicemail": "голосовая почта", "here": "сюда", "me": "мне"} | {
    "of": "для",
    "queue": "очередь",
    "number": "номер",
    "off": "выкл",
}
