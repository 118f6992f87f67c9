"""What is offered for words of /notify that are not understood."""

from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.notify.words import NotUnderstood, QueueNotNamed, TooManyNumbers, read

WORDS = (
    "missed calls call voicemail here me to for of all queue number off stop Sales and & 202 202-205 202/203 "
    "+74951110001 8 (495) 111-00-01 пропущенные звонки голосовая почта сюда мне в чат для очередь номер на выкл "
    "все Продажи и с из"
)


def offered(words: list[str]) -> tuple[str, ...] | None:
    """Return what is offered; None if the words are understood, lack only the queue, which is asked for then, or name
    too many numbers."""
    try:
        read(words)
    except NotUnderstood as wrong:
        return wrong.forms
    except (QueueNotNamed, TooManyNumbers):
        return None
    return None


@given(st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=8))
def test_what_is_offered_is_right_as_it_stands(words: list[str]) -> None:
    forms = offered(words)
    assert forms is None or [offered(form.split()) for form in forms] == [None] * max(len(forms), 1)


@pytest.mark.parametrize("words", ["missed here of " + "10-99999 " * 500, "missed " + "to " * 2000, "все " * 2000])
def test_long_nonsense_is_answered_at_once(words: str) -> None:
    begun = process_time()
    offered(words.split())
    assert process_time() - begun < 0.5
