"""Routes, and service numbers without an employee."""

from collections.abc import Mapping, Sequence

from bot.demo.pbx.employees import EmployeeRecord
from bot.demo.pbx.office import Office
from bot.demo.pbx.registration.trunks import ProviderRecord


def service_numbers(office: Office) -> dict[str, tuple[str, str]]:
    """Return type and caller id by number."""
    (sales, _), (support, _) = office.queues
    return {
        "000063": ("DIALPLAN APPLICATION", "Reads back the extension"),
        "000064": ("DIALPLAN APPLICATION", "0000MILLI"),
        "10003246": ("DIALPLAN APPLICATION", "Echo test"),
        "1111": ("CONFERENCE", office.conference),
        "2001": ("QUEUE", sales),
        "2002": ("QUEUE", support),
        "2003": ("IVR MENU", office.menu),
    }


def _represent(trunk: ProviderRecord) -> str:
    return f'<i class="server icon"></i> {trunk.text("type")}: {trunk.text("description")}'


def incoming(
    trunks: Sequence[ProviderRecord], people: Mapping[int, EmployeeRecord], office: Office
) -> list[dict[str, object]]:
    answering = list(people.values())
    return [
        {
            "id": str(place + 12),
            "rulename": office.route_in.format(trunk=trunk.text("description")),
            "number": trunk.did,
            "providerid": trunk.id,
            "priority": place,
            "timeout": 20,
            "extension": person.number,
            "audio_message_id": "",
            "note": "",
            "providerid_represent": _represent(trunk),
            "provider_type": trunk.text("type"),
            "provider_disabled": trunk.disabled,
            "extension_represent": person.represent(),
            "audio_message_id_represent": "",
            "search_index": f"{trunk.text('description')} {person.name} {trunk.did}".lower(),
        }
        for place, (trunk, person) in enumerate(
            zip([trunk for trunk in trunks if trunk.did], answering, strict=False), start=1
        )
    ]


def outbound(trunks: Sequence[ProviderRecord], office: Office) -> list[dict[str, object]]:
    return [
        {
            "id": str(place + 20),
            "rulename": office.route_out.format(trunk=trunk.text("description")),
            "providerid": trunk.id,
            "priority": place,
            "numberbeginswith": "7",
            "restnumbers": 10,
            "trimfrombegin": 0,
            "prepend": "",
            "note": "",
            "providerid_represent": _represent(trunk),
            "provider_type": trunk.text("type"),
            "provider_disabled": trunk.disabled,
            "represent": f'<i class="random icon"></i> {office.route_out.format(trunk=trunk.text("description"))}',
        }
        for place, trunk in enumerate((trunk for trunk in trunks if trunk.did), start=1)
    ]
