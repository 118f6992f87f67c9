"""The report on the PBX's system: its release, and for how long its machine has been up, in every form of `uptime`."""

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.demo.pbx.telephony import local_time
from bot.pbx.resources.system_report import MAX_UPTIME, SystemReport, read_report, read_uptime
from tests.fixtures.examples import examples
from tests.fixtures.paths import RECORDINGS

RECORDED = json.loads((RECORDINGS / "264_sysinfo_getInfo_stubbed_main.json").read_text())["response"]["body"]
CONTENT = str(RECORDED["data"]["content"])
LINE = " 17:38:46 up  1:45,  0 users,  load average: 0.31, 0.27, 0.53"


def test_the_recorded_report_tells_the_release_and_an_uptime() -> None:
    assert LINE in CONTENT
    assert read_report(CONTENT) == SystemReport("2026.1.233-dev", timedelta(hours=1, minutes=45))


@pytest.mark.parametrize(
    ("up", "minutes"),
    [
        ("up  1:45,", 105),
        ("up 3 min,", 3),
        ("up 0 min,", 0),
        ("up 12 days, 3:04,", 12 * 1440 + 184),
        ("up 12 days,  3:04,", 12 * 1440 + 184),
        ("up 12 days  3:04,", 12 * 1440 + 184),
        ("up 1 day, 5 min,", 1445),
        ("up 1 day,", 1440),
        ("up 1 day, 0:07,", 1447),
        ("up 2 weeks, 3 days, 1 hour, 5 minutes", 17 * 1440 + 65),
        ("up 1 hr,", 60),
        ("up 400 days, 23:59,", 400 * 1440 + 1439),
    ],
)
def test_every_form_of_uptime_is_read(up: str, minutes: int) -> None:
    for line in (f" 17:38:46 {up}  12 users,  load average: 0.31", f"17:38 {up} 1 user", up):
        assert read_report(CONTENT.replace(LINE, line)).uptime == timedelta(minutes=minutes), line


@pytest.mark.parametrize(
    "line",
    [
        "",
        "uptime: not found",
        " 17:38:46 up",
        " 17:38:46 up ???? days ??:??,  0 users",
        " 17:38:46 up 0 users",
        " 17:38:46  1:45",
        " up 99999 weeks, 99999 weeks",
        " up 17:38:46",
        " upset 3 min",
    ],
)
def test_what_is_no_uptime_is_not_known(line: str) -> None:
    assert read_report(CONTENT.replace(LINE, line)) == SystemReport("2026.1.233-dev", None)


def test_an_uptime_elsewhere_in_the_report_is_none() -> None:
    assert read_report(f"DMI: up 3 min\n{LINE}\nPBXVersion\n\n2026.9.5").uptime is None


@examples(daily=200, ci=2000)
@given(seconds=st.integers(0, 10_000 * 86_400 - 1))
def test_an_uptime_is_read_to_the_minute_as_the_stand_in_writes_it(seconds: int) -> None:
    written = f" {local_time.uptime(seconds)},  3 users,  load average: 0.31"
    assert read_uptime(written) == timedelta(minutes=seconds // 60)


PIECES = st.sampled_from(
    ["─ Uptime ─", "──\n\n", " up ", "3 min", " 1:45,", "99999 weeks, ", "٣ min", "\x00", " " * 300]
)


@examples(daily=200, ci=2000)
@given(text=st.lists(PIECES | st.text(max_size=8), max_size=20).map("".join))
def test_any_text_is_a_report(text: str) -> None:
    uptime = read_report(text).uptime
    assert uptime is None or timedelta(0) <= uptime <= MAX_UPTIME
