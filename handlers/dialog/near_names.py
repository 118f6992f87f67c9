"""Offer the employees and trunks nearest to a name that is none of theirs: a typing error, or `от Орловой`."""

from dataclasses import dataclass

from bot.text.similar_names import MAX_NEAR, nearest_names
from handlers.dispatch.request import Request
from handlers.parsing.phone_numbers import as_number


@dataclass(frozen=True, slots=True)
class NearName:
    """An employee with the `number`, or a trunk with the id `trunk`; `name` is to be shown."""

    name: str
    number: str = ""
    trunk: str = ""


async def is_known(request: Request, written: str) -> bool:
    """Return True for a number, and for a part of an employee's name."""
    return bool(as_number(written)) or bool(await request.station.pbx.phone_book.named(written))


async def near_names(request: Request, written: str) -> tuple[NearName, ...]:
    """Return at most MAX_NEAR, employees first."""
    people = await request.station.pbx.phone_book.nearest(written)
    near = [NearName(f"{row.number} {row.name}", number=row.number) for row in people if row.number]
    near += [NearName(name, trunk=id_) for id_, name in near_trunks(request, written).items()]
    return tuple(near[:MAX_NEAR])


def near_trunks(request: Request, written: str) -> dict[str, str]:
    """Return the trunks with the nearest names, by id."""
    known = request.station.watch.trunk_names
    near = nearest_names(written, known.values())
    return {id_: name for id_, name in known.items() if name in near}
