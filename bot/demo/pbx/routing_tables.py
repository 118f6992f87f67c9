"""Routes, and service numbers without an employee."""

from collections.abc import Mapping, Sequence

from bot.demo.pbx.employees import EmployeeRecord
from bot.demo.pbx.registration.trunks import ProviderRecord

# number -> (type, caller id)
SERVICE_NUMBERS = {
    "000063": ("DIALPLAN APPLICATION", "Reads back the extension"),
    "000064": ("DIALPLAN APPLICATION", "0000MILLI"),
    "10003246": ("DIALPLAN APPLICATION", "Echo test"),
    "1111": ("CONFERENCE", "Main conference room"),
    "2001": ("QUEUE", "Sales office"),
    "2002": ("QUEUE", "Technical Support Department"),
    "2003": ("IVR MENU", "Main voice menu"),
}


def _represent(trunk: ProviderRecord) -> str:
    return f'<i class="server icon"></i> {trunk.text("type")}: {trunk.text("description")}'


def incoming(trunks: Sequence[ProviderRecord], people: Mapping[int, EmployeeRecord]) -> list[dict[str, object]]:
    answering = list(people.values())
    return [
        {
            "id": str(place + 12),
            "rulename": f"{trunk.text('description')} to reception",
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


def outbound(trunks: Sequence[ProviderRecord]) -> list[dict[str, object]]:
    return [
        {
            "id": str(place + 20),
            "rulename": f"Out through {trunk.text('description')}",
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
            "represent": f'<i class="random icon"></i> Out through {trunk.text("description")}',
        }
        for place, trunk in enumerate((trunk for trunk in trunks if trunk.did), start=1)
    ]
