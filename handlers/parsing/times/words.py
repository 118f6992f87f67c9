"""Vocabulary of times as people write them, in English and in Russian. Pure."""

from collections.abc import Mapping
from datetime import time
from enum import StrEnum
from typing import TypeVar

T = TypeVar("T")


class Unit(StrEnum):
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"
    QUARTERS = "quarters"
    YEARS = "years"


class DayPart(StrEnum):
    MORNING = "morning"
    AFTERNOON = "afternoon"
    EVENING = "evening"
    NIGHT = "night"


def by_word(rows: Mapping[T, str]) -> dict[str, T]:
    """Return the meaning of each word of the rows."""
    return {word: meaning for meaning, words in rows.items() for word in words.split()}


def word_set(text: str) -> frozenset[str]:
    """Return the words of the text."""
    return frozenset(text.split())


# Words are compared in lower case, with е for ё.
UNITS = by_word(
    {
        Unit.MINUTES: "m min mins minute minutes м мин минута минуту минуты минут",
        Unit.HOURS: "h hr hrs hour hours ч час часа часов часок",
        Unit.DAYS: "d day days д дн день дня дней дни денек сутки суток",
        Unit.WEEKS: "w wk wks week weeks нед неделя неделю недели недель неделе недельку",
        Unit.MONTHS: "mo month months мес месяц месяца месяцев месяце",
        Unit.QUARTERS: "quarter quarters кв квартал квартала кварталов квартале",
        Unit.YEARS: "y yr year years г год года году лет",
    }
)
WEEKDAYS = by_word(
    {
        0: "mon monday mondays пн понедельник понедельника понедельнику понедельники понедельникам понедельником",
        1: "tue tues tuesday tuesdays вт вторник вторника вторнику вторники вторникам вторником",
        2: "wed weds wednesday wednesdays ср среда среду среды среде средам средой",
        3: "thu thur thurs thursday thursdays чт четверг четверга четвергу четверги четвергам четвергом",
        4: "fri friday fridays пт пятница пятницу пятницы пятнице пятницам пятницей",
        5: "sat saturday saturdays сб суббота субботу субботы субботе субботам субботой",
        6: "sun sunday sundays вс воскресенье воскресенья воскресенью воскресеньям воскресеньем",
    }
)
MONTHS = by_word(
    {
        1: "jan january янв январь января январе январю",
        2: "feb february фев февр февраль февраля феврале февралю",
        3: "mar march мар март марта марте марту",
        4: "apr april апр апрель апреля апреле апрелю",
        5: "may май мая мае маю",
        6: "jun june июн июнь июня июне июню",
        7: "jul july июл июль июля июле июлю",
        8: "aug august авг август августа августе августу",
        9: "sep sept september сен сент сентябрь сентября сентябре сентябрю",
        10: "oct october окт октябрь октября октябре октябрю",
        11: "nov november ноя нояб ноябрь ноября ноябре ноябрю",
        12: "dec december дек декабрь декабря декабре декабрю",
    }
)
# Forms that are never said of one.
SEVERAL = word_set(
    "mins minutes hrs hours days wks weeks months quarters yrs years минут часов дни дней недель месяцев кварталов лет"
)
# Days that begin at any moment.
ROUND_THE_CLOCK = word_set("сутки суток")
ONE_AND_A_HALF = word_set("полтора полторы полутора")
HALF = word_set("half пол")
# From the beginning of the unit until now, in one word.
TO_DATE = {"ytd": Unit.YEARS, "qtd": Unit.QUARTERS, "mtd": Unit.MONTHS, "wtd": Unit.WEEKS}
# Half a unit in one word.
HALVES = {"полчаса": Unit.HOURS, "полдня": Unit.DAYS, "полгода": Unit.YEARS}
DAYS_AHEAD = by_word(
    {-2: "позавчера", -1: "yesterday вчера", 0: "today сегодня", 1: "tomorrow завтра", 2: "послезавтра"}
)
# Before `день`, or alone: вчерашние.
ADJECTIVES_OF_DAYS = by_word(
    {
        -1: "вчерашний вчерашнего вчерашнем вчерашние вчерашних вчерашнее вчерашним вчерашней вчерашнюю вчерашняя",
        0: "сегодняшний сегодняшнего сегодняшнем сегодняшние сегодняшних сегодняшнее сегодняшним сегодняшней",
        1: "завтрашний завтрашнего завтрашнем завтрашнее завтрашней завтрашним",
        2: "послезавтрашнего послезавтрашней",
    }
)
DAY_PARTS = by_word(
    {
        DayPart.MORNING: "morning утро утра утром",
        DayPart.AFTERNOON: "afternoon днем",
        DayPart.EVENING: "evening вечер вечера вечером",
        DayPart.NIGHT: "night ночь ночи ночью",
    }
)
# Last hour of the morning is before noon. A night ends on the next day.
HOURS_OF = {
    DayPart.MORNING: (time(6), time(12)),
    DayPart.AFTERNOON: (time(12), time(18)),
    DayPart.EVENING: (time(18), time(23, 59, 59)),
    DayPart.NIGHT: (time(22), time(6)),
}
# What somebody means who waits for it.
BEGINS = {DayPart.MORNING: time(8), DayPart.AFTERNOON: time(12), DayPart.EVENING: time(18), DayPart.NIGHT: time(22)}
CLOCKS = by_word(
    {time(12): "noon midday полдень полудня", time(13): "lunch обед обеда", time(0): "midnight полночь полуночи"}
)
# After a number of hours: 9 pm, 9 вечера.
HALF_DAYS = by_word({"am": "am a.m утра ночи", "pm": "pm p.m дня вечера"})
OF_CLOCK = word_set("o'clock oclock часов часа час ч")
WEEKENDS = word_set("weekend weekends выходные выходных выходным")
NOW = word_set("now сейчас")

THIS = word_set("this current этот эта эту это этой этом этого эти текущий текущая текущую текущей текущем текущее")
LAST = word_set(
    "last previous prev прошлый прошлая прошлую прошлой прошлом прошлого прошлое прошлые прошлых "
    "предыдущий предыдущая предыдущую предыдущей предыдущем предыдущие"
)
BEFORE_LAST = word_set(
    "позапрошлый позапрошлая позапрошлую позапрошлой позапрошлом позапрошлого позапрошлое позапрошлые позапрошлых"
)
NEXT = word_set(
    "next следующий следующая следующую следующей следующем следующего следующие следующих "
    "будущий будущую будущей будущего"
)
ROLLING = word_set("past последний последняя последнюю последней последнего последние последних последнее")
AGO = word_set("ago назад")
BEGINNING = word_set("beginning start начало начала началу")
END = word_set("end конец конца концу")
ARTICLES = word_set("the of самого")

SINCE = word_set("since after starting начиная после")
# The last one is Latin: the same key as с.
FROM = SINCE | word_set("from с со от c")
UP_TO = word_set("to till until through thru before до по перед - – —")
BETWEEN = word_set("between между")
AND = word_set("and и")
AT = word_set("at в во")
# Before a time they say nothing more.
FILLERS = AT | BETWEEN | word_set("on in for during over within за на через течение течении") | ARTICLES
# A unit alone is one of it: за неделю, for an hour.
COUNTS_ONE = word_set("for in within during за на через течение течении")

# All of the above but numbers.
KNOWN = frozenset().union(
    UNITS, WEEKDAYS, MONTHS, DAYS_AHEAD, ADJECTIVES_OF_DAYS, DAY_PARTS, CLOCKS, WEEKENDS, NOW, THIS, LAST, BEFORE_LAST,
    NEXT, ROLLING, AGO, BEGINNING, END, FROM, UP_TO, BETWEEN, AND, FILLERS,
)  # fmt: skip
# Words of one meaning each, offered for a typing error.
SINGLE = frozenset(
    word
    for words in (DAYS_AHEAD, WEEKDAYS, MONTHS, DAY_PARTS, CLOCKS, UNITS)
    for word in words
    if len(word) > 3 and not word.endswith(("s'", "ам", "ям"))
)
