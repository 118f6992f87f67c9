"""A `.env` with other values: what is set is read back, and all else stays as it is written."""

from io import StringIO

import pytest
from dotenv import dotenv_values
from hypothesis import example, given
from hypothesis import strategies as st

from bot.app.setup.draft import COMMENTS
from bot.app.setup.environment_text import with_values

NAMES = sorted(COMMENTS)
LINES = st.sampled_from(
    [
        "# a comment",
        "",
        "POLL_INTERVAL=5",
        "export ROLE_desk='calls.read, cdr.read'",
        'LOG_LEVEL="INFO"  # loud',
        "broken line",
        "A='two\nlines # no comment'",
        *(f"{name}=old" for name in NAMES),
        *(f"{name.lower()} = 'older'  # kept" for name in NAMES),
        *(f"{name} = 'older'# kept" for name in NAMES),
    ]
)
# What the terminal lets through: one line, nothing invisible; the interpolation of dotenv is refused by the draft.
VALUES = st.text(st.characters(exclude_categories=("C", "Z"), exclude_characters="$") | st.just(" ")).map(str.strip)


@example(["admins = 'older'  # kept"], {"ADMINS": "#"}, True)
@given(st.lists(LINES), st.dictionaries(st.sampled_from(NAMES), VALUES), st.booleans())
def test_what_is_set_is_read_and_all_else_stays(lines: list[str], values: dict[str, str], ends: bool) -> None:
    text = "\n".join(lines) + ("\n" if ends else "")
    written = with_values(text, values, COMMENTS)
    read = {name.upper(): value for name, value in dotenv_values(stream=StringIO(written)).items()}
    before = {name.upper(): value for name, value in dotenv_values(stream=StringIO(text)).items()}
    assert read == before | values
    assert with_values(written, values, COMMENTS) == written
    untouched = [line for line in lines if line.partition("=")[0].strip().upper() not in values]
    assert all(line in written for line in untouched)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "# What messages call this PBX.\nPBX_NAME='Head office'\n"),
        ("A=1", "A=1\n\n# What messages call this PBX.\nPBX_NAME='Head office'\n"),
        ("\n\nPBX_NAME=\t # ours\r\nA=1\r\n", "\n\nPBX_NAME='Head office'\t # ours\r\nA=1\r\n"),
        ("export PBX_NAME='it #1' # x\n", "PBX_NAME='Head office' # x\n"),
        ("PBX_NAME=it#1 # x # y\n", "PBX_NAME='Head office' # x # y\n"),
        ("PBX_NAME='it\n #1' # x\n", "PBX_NAME='Head office' # x\n"),
        ("PBX_NAME='it #1'# x\n", "PBX_NAME='Head office' # x\n"),
        ("PBX_NAME=it\N{NO-BREAK SPACE}# x\n", "PBX_NAME='Head office'\N{NO-BREAK SPACE}# x\n"),
        ("PBX_NAME='it #1'\n", "PBX_NAME='Head office'\n"),
        ("#PBX_NAME=\n", "#PBX_NAME=\n\n# What messages call this PBX.\nPBX_NAME='Head office'\n"),
    ],
)
def test_the_line_of_a_setting_is_replaced_where_it_stands(before: str, after: str) -> None:
    assert with_values(before, {"PBX_NAME": "Head office"}, COMMENTS) == after
