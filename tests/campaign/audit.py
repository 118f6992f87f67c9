"""Compare a round's database, the calls that Telegram accepted, and the events of the script. Pure."""

from collections.abc import Iterator

from tests.campaign.audit_chats import audit_chats
from tests.campaign.audit_outages import audit_outages
from tests.campaign.audit_people import audit_people
from tests.campaign.finding import Finding
from tests.campaign.ledger_audit import Books
from tests.end_to_end.harness import ANNA
from tests.fixtures import incident_claims

__all__ = ["Finding", "audit"]


def audit(books: Books) -> list[Finding]:
    return [*_collapses(books), *_claims(books), *audit_outages(books), *audit_chats(books), *audit_people(books)]


def _claims(books: Books) -> Iterator[Finding]:
    """Yield each notification that the timelines record and the outbox does not confirm."""
    chats = {*books.alert_chats, *books.diary.moved.values()}
    for broken in incident_claims.broken_claims(books.tables, stand_ins=[ANNA], alert_chats=chats):
        yield Finding("lost", broken)


def _collapses(books: Books) -> Iterator[Finding]:
    for _, words in books.diary.collapses:
        yield Finding("collapsed", f"the program ended by itself: …{words}")
