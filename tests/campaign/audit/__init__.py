"""Compare a round's database, the calls that Telegram accepted, and the events of the script. Pure."""

from collections.abc import Iterator

from tests.campaign.audit.chats import audit_chats
from tests.campaign.audit.finding import Finding
from tests.campaign.audit.outages import audit_outages
from tests.campaign.audit.people import audit_people
from tests.campaign.audit.records import RoundRecords
from tests.end_to_end.harness import ANNA as ADMIN
from tests.fixtures import incident_claims

__all__ = ["Finding", "audit"]


def audit(records: RoundRecords) -> list[Finding]:
    return [
        *_collapses(records),
        *_claims(records),
        *audit_outages(records),
        *audit_chats(records),
        *audit_people(records),
    ]


def _claims(records: RoundRecords) -> Iterator[Finding]:
    """Yield each notification that the timelines record and the outbox does not confirm."""
    chats = {*records.alert_chats, *records.diary.moved.values()}
    for broken in incident_claims.broken_claims(records.tables, stand_ins=[ADMIN], alert_chats=chats):
        yield Finding("lost", broken)


def _collapses(records: RoundRecords) -> Iterator[Finding]:
    for _, words in records.diary.collapses:
        yield Finding("collapsed", f"the program ended by itself: …{words}")
