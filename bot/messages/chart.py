"""Chart of past outages: one row for each trunk, red while down, grey while unknown.

matplotlib is an extra and takes a second to import, so the import is lazy. pyplot is not used: it keeps figures and is
not thread-safe. Names are untrusted: math text is disabled.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from functools import cache
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

import structlog

from bot.messages.sanitize import visible

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from matplotlib.axes import Axes
    from matplotlib.font_manager import FontProperties

log = structlog.get_logger(__name__)

REMEDY = "pipx inject mikopbx-bot matplotlib, or pip install matplotlib in the environment of the bot; then restart"
MAX_ROWS = 20
MAX_NAME = 20
INCHES_WIDE, DOTS_PER_INCH = 8.0, 150
GOOD, DOWN, UNKNOWN, INK, PALE = "#cfe8d5", "#d92b2b", "#9aa0a6", "#202124", "#5f6368"
# Share of the width, so that an outage of seconds in a month is visible.
MIN_WIDTH = 0.006
MAX_TICKS = 7
ONE_YEAR = timedelta(days=300)
STEPS = tuple(timedelta(minutes=minutes) for minutes in (5, 10, 15, 30)) + tuple(
    timedelta(hours=hours) for hours in (1, 2, 3, 6, 12, 24, 48, 24 * 7, 24 * 14, 24 * 30, 24 * 60, 24 * 120, 24 * 365)
)

TimeSpan = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class ChartRow:
    """Row of the chart; `note` is at the right end."""

    name: str
    down: Sequence[TimeSpan]
    unknown: Sequence[TimeSpan]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Chart:
    """Chart with translated texts. Rows beyond MAX_ROWS are left out; `zone` is the station's."""

    title: str
    begin: datetime
    end: datetime
    zone: tzinfo
    rows: Sequence[ChartRow]
    good_means: str
    down_means: str
    unknown_means: str


@cache
def is_possible() -> bool:
    """Return True if the extra is installed; log once how to get it if it is not."""
    if find_spec("matplotlib") is not None:
        return True
    log.info("matplotlib is not installed, /history has no chart", remedy=REMEDY)
    return False


def drawn(chart: Chart) -> bytes:
    """Draw a PNG. Slow: not for the event loop."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    font = _Font()
    rows = chart.rows[:MAX_ROWS]
    figure = Figure(figsize=(INCHES_WIDE, 1.9 + 0.42 * max(1, len(rows))), dpi=DOTS_PER_INCH, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        _draw_row(axes, chart, place, row, font)
    _name_rows(axes, rows, font)
    _mark_times(axes, chart, font)
    _explain(axes, chart, font)
    axes.set_title(font.fit(chart.title, 60), fontproperties=font.sized(15), color=INK, loc="left", parse_math=False)
    picture = BytesIO()
    figure.savefig(picture, format="png")
    return picture.getvalue()


class _Font:
    """DejaVu, which is part of matplotlib and covers Cyrillic, independent of the machine's fonts."""

    def __init__(self) -> None:
        import matplotlib
        from matplotlib.font_manager import get_font

        self._path = Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"
        self._known = frozenset(get_font(str(self._path)).get_charmap())

    def sized(self, points: float) -> FontProperties:
        from matplotlib.font_manager import FontProperties

        return FontProperties(fname=str(self._path), size=points)

    def fit(self, text: str, limit: int) -> str:
        """Return one line of characters that the font has."""
        line = "".join(char if ord(char) in self._known else "▯" for char in visible(text)).strip() or "–"
        return line if len(line) <= limit else line[: limit - 1] + "…"


def _draw_row(axes: Axes, chart: Chart, place: int, row: ChartRow, font: _Font) -> None:
    total = _hours(chart, chart.end)
    axes.broken_barh([(0.0, total)], (place - 0.35, 0.7), facecolors=GOOD)
    unknown = _joined(_bar(chart, span) for span in row.unknown)
    axes.broken_barh(unknown, (place - 0.35, 0.7), facecolors=UNKNOWN, hatch="////", edgecolor="white", linewidth=0)
    down = _joined(_bar(chart, span) for span in row.down)
    axes.broken_barh(down, (place - 0.35, 0.7), facecolors=DOWN, zorder=4)
    axes.text(
        total * 1.01,
        place,
        font.fit(row.note, 10),
        fontproperties=font.sized(13),
        color=INK,
        verticalalignment="center_baseline",
        parse_math=False,
    )


def _name_rows(axes: Axes, rows: Sequence[ChartRow], font: _Font) -> None:
    names = [font.fit(row.name, MAX_NAME) for row in rows]
    axes.set_yticks(range(len(rows)), names, fontproperties=font.sized(14), color=INK, parse_math=False)
    axes.set_ylim(max(1, len(rows)) - 0.4, -0.6)
    axes.tick_params(axis="y", length=0)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)


def _mark_times(axes: Axes, chart: Chart, font: _Font) -> None:
    """Label the axis, which is hours since `begin`, so that clock changes do not distort lengths."""
    marks = list(_ticks(chart))
    by_day = all(local.time() == time.min for local in marks)
    day = "%d.%m" if chart.end - chart.begin < ONE_YEAR else "%d.%m.%y"
    labels = [local.strftime(day if by_day or local.time() == time.min else "%H:%M") for local in marks]
    places = [_hours(chart, local.replace(tzinfo=chart.zone)) for local in marks]
    axes.set_xticks(places, labels, fontproperties=font.sized(13), color=INK)
    axes.set_xlim(0, _hours(chart, chart.end))
    axes.grid(axis="x", color="white", linewidth=1)
    span = (
        f"{_local(chart, chart.begin):%d.%m.%Y %H:%M} – {_local(chart, chart.end):%d.%m.%Y %H:%M} · {_zone_of(chart)}"
    )
    axes.set_xlabel(font.fit(span, 80), fontproperties=font.sized(12), color=PALE, parse_math=False)


def _explain(axes: Axes, chart: Chart, font: _Font) -> None:
    from matplotlib.patches import Patch

    meanings: list[Any] = [
        Patch(facecolor=GOOD, label=font.fit(chart.good_means, 24)),
        Patch(facecolor=DOWN, label=font.fit(chart.down_means, 24)),
        Patch(facecolor=UNKNOWN, label=font.fit(chart.unknown_means, 24), hatch="////", edgecolor="white"),
    ]
    axes.figure.legend(
        handles=meanings, loc="outside lower center", ncols=len(meanings), frameon=False, prop=font.sized(12)
    )


def _bar(chart: Chart, span: TimeSpan) -> tuple[float, float]:
    total = _hours(chart, chart.end)
    begin, end = _hours(chart, span[0]), _hours(chart, span[1])
    min_width = total * MIN_WIDTH
    return min(begin, total - min_width), max(end - begin, min_width)


def _joined(bars: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """Merge overlapping bars: a thousand short outages would take as many seconds to draw."""
    joined: list[tuple[float, float]] = []
    for begin, width in sorted(bars):
        last, length = joined[-1] if joined else (begin, -1.0)
        if begin <= last + length:
            joined[-1] = (last, max(length, begin + width - last))
        else:
            joined.append((begin, width))
    return joined


def _ticks(chart: Chart) -> Iterator[datetime]:
    """Yield round local times of the station."""
    begin, end = _local(chart, chart.begin), _local(chart, chart.end)
    step = next((candidate for candidate in STEPS if (end - begin) / candidate <= MAX_TICKS), STEPS[-1])
    moment = datetime.combine(begin.date(), time.min)
    while moment <= end:
        if moment >= begin:
            yield moment
        moment += step


def _hours(chart: Chart, moment: datetime) -> float:
    return (moment.astimezone(UTC) - chart.begin.astimezone(UTC)).total_seconds() / 3600


def _local(chart: Chart, moment: datetime) -> datetime:
    return moment.astimezone(chart.zone).replace(tzinfo=None)


def _zone_of(chart: Chart) -> str:
    return str(getattr(chart.zone, "key", None) or chart.end.astimezone(chart.zone).tzname() or "UTC")
