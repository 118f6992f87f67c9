"""The person whom an event names, by its title or its attendees."""

import pytest

from bot.oncall.calendar_names import person_of

PEOPLE = {"@anna_ivanova": 1, "Anna Ivanova": 1, "anna.ivanova@example.com": 1, "Boris Petrov": 2, "1002": 2, "Olga": 3}


@pytest.mark.parametrize(
    ("title", "attendees", "person"),
    [
        ("Anna Ivanova", (), 1),
        ("On Call - Anna Ivanova - Primary Schedule", (), 1),
        ("On call, night: Anna Ivanova", (), 1),
        ("Anna Ivanova (phone)", (), 1),
        ("Anna Ivanova on call", (), 1),
        ("Дежурный — Anna Ivanova", (), 1),
        ("Duty [Olga]", (), 3),
        ("@anna_ivanova tonight", (), 1),
        ("Primary: anna.ivanova@example.com", (), 1),
        ("1002", (), 2),
        ("Primary on-call", ("Anna Ivanova", "anna@example.com"), 1),
        ("Primary on-call", ("Dmitri", "dmitri@example.com", "Boris Petrov"), 2),
        # The title comes first.
        ("Anna Ivanova", ("Boris Petrov",), 1),
        # Two people, and nothing that says which.
        ("Anna Ivanova / Boris Petrov", (), None),
        ("Anna Ivanova instead of Boris Petrov", (), None),
        ("Primary on-call", ("Anna Ivanova", "Boris Petrov"), None),
        # One word among others may be somebody else's first name.
        ("Olga Smirnova", (), None),
        ("somebody@olga_at.example", (), None),
        ("", (), None),
    ],
)
def test_an_event_names_one_person_or_nobody(title: str, attendees: tuple[str, ...], person: int | None) -> None:
    assert person_of(title, attendees, PEOPLE.get) == person
