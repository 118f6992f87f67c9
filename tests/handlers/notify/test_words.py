"""What is offered for words of /notify that are not understood."""

from contextlib import suppress
from time import process_time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.notify.words import NotUnderstood, TooManyNumbers, read

WORDS = st.lists(
    st.sampled_from(
        "missed calls call voicemail here me to for of all queue number off stop Sales and & 202 202-205 202/203 "
        "+74951110001 8 (495) 111-00-01 пропущенные звонки голосовая почта сюда мне в чат для очередь номер на выкл все "
        "Продажи и с из".split()
    ),
    min_size=1,
    max_size=8,
)


@given(WORDS)
def test_what_is_offered_is_right_as_it_stands(words: list[str]) -> None:
    try:
        read(words)
    except NotUnderstood as wrong:
        assert wrong.forms
        for form in wrong.forms:
            read(form.split())
    except TooManyNumbers:
        pass


@pytest.mark.parametrize("words", ["missed here of " + "10-99999 " * 500, "missed " + "to " * 2000, "все " * 2000])
def test_long_nonsense_is_answered_at_once(words: str) -> None:
    begun = process_time()
    with suppress(NotUnderstood, TooManyNumbers):
        read(words.split())
    assert process_time() - begun < 0.5
