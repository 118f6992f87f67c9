"""/mute, /mutes and /unmute."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.incidents.model import STATION
from bot.incidents.silence import EVERYTHING, Silence, SilenceKind
from bot.messages.message import Button, Message, Rows, mark
from bot.store.typed_secrets import without_passwords
from bot.text.person_names import folded
from handlers.dispatch.declare import button, command
from handlers.dispatch.request import Reply, Request, WrongArguments
from handlers.dispatch.rules import OnRestart, Topic
from handlers.parsing.arguments import split
from handlers.parsing.deadlines import NotADeadline
from handlers.parsing.silences import ALL, SilenceSubject, Until, find_until, take_named, take_subject, take_until
from handlers.parsing.station_names import OwnWords
from handlers.silences.facts import display_name, is_real, listed, subject_of
from handlers.silences.mute_service import RECOVERY, mute, unmuted

MAX_OFFERED = 8
# Input that means unmute; also parts of trunk names.
OFF = frozenset({"off", "stop", "выкл", "выключить", "отмена", "снять"})


@command(
    "mute",
    topic=Topic.SILENCES,
    summary=mark("No alerts of a trunk or of everything, for a while"),
    usage=mark("[trunk | all] [for 1h | until 18:00 | until morning | until recovery] [reason]"),
    examples=(
        mark("/mute Zadarma for 2h provider works on the line"),
        mark("/mute all until morning"),
        mark("/mute until recovery"),
    ),
    resume=OnRestart.ATOMIC,
    own_words=OwnWords.AT_THE_END,
)
async def mute_(request: Request) -> Reply:
    names = request.station.watch.trunk_names
    if folded(request.arguments) in OFF - {folded(name) for name in names.values()}:
        raise WrongArguments(mark("To be told again, type /unmute."))
    try:
        found, remaining = take_subject(split(request.arguments), names, lambda words: _is_until(request, words))
        until, behind = find_until(remaining, request.now, request.station.zone())
    except NotADeadline as wrong:
        raise WrongArguments(message=Message("not_a_deadline", {"written": str(wrong)})) from None
    if not found and (until is None or behind[:1] == remaining[:1]) and remaining:
        # Words in front of the time are a name.
        return Reply(_which(no_such_trunk(request, remaining), _trunks(request), until, ""), outcome="no such trunk")
    if not found:
        found, behind = take_named(behind, names)
    named = bool(found)
    if not named:
        found = await _all_down(request)
    if not found:
        raise WrongArguments(mark("Nothing is down now. Write what to mute: the name of a trunk, or all."))
    reason = without_passwords(" ".join(behind))
    if len(found) > 1:
        question = Message("mute_which", {"station": request.station.name, "named": named})
        return Reply(_which(question, [*found, SilenceSubject(EVERYTHING)], until, reason), outcome="asked which")
    return await mute(request, found[0], until, reason)


@button("mute.subject", resume=OnRestart.ATOMIC)
async def choose_subject(request: Request) -> Reply:
    until = request.data["until"]
    moment = None if until in (None, RECOVERY) else datetime.fromisoformat(until)
    if moment is not None and moment <= request.now:
        return Reply(toast=mark("That time has passed. Ask again with the command."), outcome="too late")
    ends = Until(moment) if until else None
    return await mute(request, _chosen(request), ends, str(request.data["reason"]))


@button("mute.everywhere", resume=OnRestart.ATOMIC)
async def mute_everywhere(request: Request) -> Reply:
    """Mute every PBX; the confirmation has named their number."""
    until = str(request.data["until"])
    ends = Until(None if until == RECOVERY else datetime.fromisoformat(until))
    return await mute(request, _chosen(request), ends, str(request.data["reason"]), confirmed=True)


@button("mute.leave")
async def cancel(_request: Request) -> Reply:
    return Reply(Message("mute_cancelled"), outcome="cancelled")


def _chosen(request: Request) -> SilenceSubject:
    return SilenceSubject(str(request.data["subject"]), str(request.data["name"]))


@command(
    "mutes", topic=Topic.SILENCES, summary=mark("What is muted or under maintenance now, why, and what is planned")
)
async def mutes(request: Request) -> Reply:
    return Reply(await listed(request, 0, "mutes.show"))


@button("mutes.show")
async def show(request: Request) -> Reply:
    return Reply(await listed(request, int(request.data["page"]), "mutes.show"))


@command(
    "unmute",
    topic=Topic.SILENCES,
    summary=mark("Turn alerts back on"),
    usage=mark("[trunk | all | number]"),
    examples=("/unmute Zadarma", "/unmute all", "/unmute 12"),
    resume=OnRestart.ATOMIC,
)
async def unmute(request: Request) -> Reply:
    current = await request.services.silences.current(request.station.name)
    of_all = [entry for entry in current if entry.kind is SilenceKind.MUTE and entry.station != request.station.name]
    current = [entry for entry in current if entry.station == request.station.name]
    mutes = [entry for entry in current if entry.kind is SilenceKind.MUTE]
    if of_all and not mutes:
        # A mute of all PBXs cannot be ended from one of them.
        return Reply(await listed(request, 0, "mutes.show"), outcome="muted for all PBXs")
    written = " ".join(split(request.arguments))
    if not written:
        if len(mutes) > 1:
            return Reply(await listed(request, 0, "mutes.show"), outcome="offered which")
        return await _expire(request, mutes)
    if written.casefold() in ALL:
        return await _expire(request, mutes)
    return await _expire(request, _matching(request, written, current))


@button("mute.end", resume=OnRestart.ATOMIC)
async def end(request: Request) -> Reply:
    ended = await request.services.silences.expire(
        request.station.name, int(request.data["silence"]), request.actor.name
    )
    toast, outcome = outcome_of(ended)
    if "list" in request.data:
        return Reply(await list_again(request), toast=toast, outcome=outcome)
    return Reply(await unmuted(request, [ended]) if ended else None, toast=toast, outcome=outcome)


def outcome_of(ended: Silence | None) -> tuple[str, str]:
    """Return the toast and the audit outcome."""
    if ended is None:
        return mark("It was over already."), "over already"
    return mark("It holds nothing back now."), f"ended {ended.kind} {ended.number} of {ended.subject}"


async def list_again(request: Request) -> Message:
    """Render again the list whose button was pressed."""
    action = str(request.data["list"])
    kind = SilenceKind.MAINTENANCE if action == "maintenance.show" else None
    return await listed(request, int(request.data["page"]), action, kind)


def no_such_trunk(request: Request, words: Sequence[str]) -> Message:
    written = without_passwords(" ".join(words))
    return Message("trunk_choice", {"station": request.station.name, "found": 0, "near": 0, "written": written})


def _is_until(request: Request, words: Sequence[str]) -> bool:
    return take_until(words, request.now, request.station.zone())[0] is not None


def _which(message: Message, subjects: Sequence[SilenceSubject], until: Until | None, reason: str) -> Message:
    """Ask for the subject, with a button for each candidate."""
    ends = (until.moment.isoformat() if until.moment else RECOVERY) if until else None

    def choice(subject: SilenceSubject) -> Button:
        data: dict[str, Any] = {"subject": subject.id, "name": subject.name, "until": ends, "reason": reason}
        return Button(display_name(subject.id, subject.name), "mute.subject", data)

    offered = subjects if len(subjects) <= MAX_OFFERED else [*subjects[: MAX_OFFERED - 1], subjects[-1]]
    rows: Rows = tuple((choice(subject),) for subject in offered)
    return Message(message.template, message.facts, rows)


def _trunks(request: Request) -> list[SilenceSubject]:
    names = request.station.watch.trunk_names
    return [SilenceSubject(id_, name) for id_, name in sorted(names.items(), key=lambda pair: pair[1].casefold())]


async def _all_down(request: Request) -> list[SilenceSubject]:
    """Return subjects of open incidents; a station's incident means everything."""
    names = request.station.watch.trunk_names
    down = [one for one in await request.services.incidents.open(request.station.name) if is_real(one)]
    if any(incident.subject == STATION for incident in down):
        return [SilenceSubject(EVERYTHING)]
    return [subject_of(incident, names) for incident in down]


def _matching(request: Request, text: str, current: Sequence[Silence]) -> list[Silence]:
    """Find a mute by its trunk's name, or any silence by number. Raises WrongArguments."""
    names = request.station.watch.trunk_names
    query = text.casefold()
    by_name = [
        entry
        for entry in current
        if entry.kind is SilenceKind.MUTE and query in (entry.subject.casefold(), entry.name.casefold())
    ]
    by_number = [entry for entry in current if str(entry.number) == query.lstrip("#№")]
    found, remaining = take_subject(split(text), names, lambda _words: False)
    subjects = {subject.id for subject in found} if not remaining else set()
    by_subject = [entry for entry in current if entry.kind is SilenceKind.MUTE and entry.subject in subjects]
    if selected := by_name or by_number or by_subject:
        return selected
    raise WrongArguments(mark("That is not muted. /mutes shows what is, with its number."))


async def _expire(request: Request, silences: Sequence[Silence]) -> Reply:
    if not silences:
        return Reply(Message("nothing_muted", {"station": request.station.name}), outcome="nothing is muted")
    expired = [
        await request.services.silences.expire(request.station.name, entry.id, request.actor.name) for entry in silences
    ]
    ended = [entry for entry in expired if entry is not None]
    numbers = ", ".join(str(entry.number) for entry in ended)
    return Reply(await unmuted(request, ended), outcome=f"ended {numbers}")
