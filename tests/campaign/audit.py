"""The books of a round compared: what the program wrote down, what Telegram really took, what really happened. Pure."""

from collections.abc import Iterator

from tests.campaign.audit_chats import audit_chats
from tests.campaign.audit_outages import audit_outages
from tests.campaign.audit_people import audit_people
from tests.campaign.finding import Finding
from tests.campaign.ledger_audit import Books
from tests.end_to_end.harness import ANNA as ADMIN
from tests.fixtures import incident_claims

__all__ = ["Finding", "audit"]


def audit(books: Books) -> list[Finding]:
    return [*_collapses(books), *_claims(books), *audit_outages(books), *audit_chats(books), *audit_people(books)]


def _claims(books: Books) -> Iterator[Finding]:
    """What its own books say of whom it told, as in every trace and story of the tests of the alerts."""
    chats = {*books.alert_chats, *books.diary.moved.values()}
    for broken in incident_claims.broken_claims(books.tables, stand_ins=[ADMIN], alert_chats=chats):
        yield Finding("lost", broken)


def _collapses(books: Books) -> Iterator[Finding]:
    for _, words in books.diary.collapses:
        yield Finding("collapsed", f"the program ended by itself: …{words}")
