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


def _by_word(rows: Mapping[T, str]) -> dict[str, T]:
    return {word: meaning for meaning, words in rows.items() for word in words.split()}


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words are compared in lower case, with е for ё.
UNITS = _by_word(
    {
        Unit.MINUTES: "m min mins minute minutes м мин минута минуту минуты минут",
        Unit.HOURS: "h hr hrs hour hours ч час часа часов",
        Unit.DAYS: "d day days д дн день дня дней дни сутки суток",
        Unit.WEEKS: "w wk wks week weeks нед неделя неделю недели недель неделе",
        Unit.MONTHS: "mo month months мес месяц месяца месяцев месяце",
        Unit.QUARTERS: "quarter quarters квартал квартала кварталов квартале",
        Unit.YEARS: "y yr year years г год года году лет",
    }
)
WEEKDAYS = _by_word(
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
MONTHS = _by_word(
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
NUMBERS = _by_word(
    {
        1: "a an one один одна одну одни одного",
        2: "two couple два две двух пару",
        3: "three три трех",
        4: "four четыре четырех",
        5: "five пять пяти",
        6: "six шесть шести",
        7: "seven семь семи",
        8: "eight восемь восьми",
        9: "nine девять девяти",
        10: "ten десять десяти",
        12: "twelve двенадцать двенадцати",
    }
)
# Days that begin at any moment.
ROUND_THE_CLOCK = _words("сутки суток")
ONE_AND_A_HALF = _words("полтора полторы полутора")
HALF = _words("half пол")
# Half a unit in one word.
HALVES = {"полчаса": Unit.HOURS, "полдня": Unit.DAYS, "полгода": Unit.YEARS}
DAYS_AHEAD = _by_word(
    {-2: "позавчера", -1: "yesterday вчера", 0: "today сегодня", 1: "tomorrow завтра", 2: "послезавтра"}
)
# Before `день`, or alone: вчерашние.
ADJECTIVES_OF_DAYS = _by_word(
    {
        -1: "вчерашний вчерашнего вчерашнем вчерашние вчерашних",
        0: "сегодняшний сегодняшнего сегодняшнем сегодняшние сегодняшних",
        1: "завтрашний завтрашнего завтрашнем",
    }
)
DAY_PARTS = _by_word(
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
CLOCKS = _by_word(
    {time(12): "noon midday полдень полудня", time(13): "lunch обед обеда", time(0): "midnight полночь полуночи"}
)
# After a number of hours: 9 pm, 9 вечера.
HALF_DAYS = _by_word({"am": "am a.m утра ночи", "pm": "pm p.m дня вечера"})
OF_CLOCK = _words("o'clock oclock часов часа час")
WEEKENDS = _words("weekend weekends выходные выходных выходным")
NOW = _words("now сейчас")

THIS = _words("this current этот эта эту это этой этом этого эти текущий текущая текущую текущей текущем текущее")
LAST = _words(
    "last previous prev прошлый прошлая прошлую прошлой прошлом прошлого прошлое прошлые прошлых "
    "предыдущий предыдущая предыдущую предыдущей предыдущем предыдущие"
)
NEXT = _words("next следующий следующая следующую следующей следующем следующего следующие будущий будущую будущей")
ROLLING = _words("past последний последняя последнюю последние последних последнее")
AGO = _words("ago назад")
BEGINNING = _words("beginning start начало начала началу")
END = _words("end конец конца концу")
ARTICLES = _words("the of самого")

SINCE = _words("since after starting начиная после")
FROM = SINCE | _words("from с со от")
UP_TO = _words("to till until through before до по перед - – —")
BETWEEN = _words("between между")
AND = _words("and и")
AT = _words("at в во")
# Before a time they say nothing more.
FILLERS = AT | BETWEEN | _words("on in for during over within за на через течение течении") | ARTICLES
# A unit alone is one of it: за неделю, for an hour.
COUNTS_ONE = _words("for in within during за на через течение течении")

# Words of one meaning each, offered for a typing error.
SINGLE = frozenset(
    word
    for words in (DAYS_AHEAD, WEEKDAYS, MONTHS, DAY_PARTS, CLOCKS, UNITS)
    for word in words
    if len(word) > 3 and not word.endswith(("s'", "ам", "ям"))
)
