"""Interpret digits without a plus as dialled in the PBX's country. Pure.

In Russia 84951234500 is Moscow, where 8 is the trunk prefix, not Vietnam with country code 84.
"""

import re
from datetime import tzinfo
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberFormat, PhoneNumberType

from bot.text.cldr import zone_territories
from bot.text.normalization import normalized_figures

# Shorter ones are extensions, service numbers, or lack the area code.
MIN_NATIONAL = 9
# Least length with a country code.
MIN_INTERNATIONAL = 11
MAX_DIGITS = 15
# A national number is no longer than this almost everywhere.
USUAL_NATIONAL = 10
# 8 916 111-11-11, +7 916 111-11-11 and a number with a dial-out prefix are equal.
SAME_DIGITS = 10
DIGITS = re.compile(r"\+?[0-9]+")
ANYWHERE = "ZZ"
# Stands in for a country that is not known: where it reads digits differently, neither reading is certain.
USUAL_COUNTRY = "RU"
MOBILE = frozenset({PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_PUNCTUATION = str.maketrans("", "", " \t().-")


def same_number(written: str) -> str:
    """Return the comparison key: the last digits; empty for text without digits (`anonymous`, `unknown`)."""
    return re.sub(r"[^0-9]", "", written)[-SAME_DIGITS:]


def country_of(zone: tzinfo) -> str:
    """Return `RU` for Europe/Moscow; "" for a zone without a country, such as a plain offset."""
    found = zone_territories().get(getattr(zone, "key", ""), ANYWHERE)
    return found if is_country(found) else ""


def is_country(code: str) -> bool:
    """Return True for a supported two-letter country."""
    return code in phonenumbers.SUPPORTED_REGIONS


def bare(written: str) -> str:
    """Return a number without its spaces, hyphens, dots and brackets."""
    return normalized_figures(written).translate(_PUNCTUATION)


@lru_cache(maxsize=4096)
def readings(digits: str, country: str) -> tuple[PhoneNumber, ...]:
    """Return the valid numbers that the digits can mean, likeliest first: none, one or two; at most one with a plus."""
    if not DIGITS.fullmatch(digits) or len(digits) > MAX_DIGITS + 1:
        return ()
    if digits.startswith("+"):
        return _valid(digits, None)
    national = _valid(digits, country) if country and len(digits) >= MIN_NATIONAL else ()
    international = tuple(number for number in _valid(f"+{digits}", None) if number not in national)
    if national and international and not (has_prefix(digits, national[0]) or _is_usual(digits, national[0])):
        return international + national
    return national + international


def likeliest(digits: str, country: str) -> PhoneNumber | None:
    """Return the number to show. Without a plus, a number too short for a country code is national or None; so is one
    that is written as in USUAL_COUNTRY while the country is not known."""
    found = readings(digits, country)
    if not found or digits.startswith("+"):
        return found[0] if found else None
    if not country and len(readings(digits, USUAL_COUNTRY)) > 1:
        return None
    own = phonenumbers.country_code_for_region(country) if country else 0
    return found[0] if len(digits) >= MIN_INTERNATIONAL or found[0].country_code == own else None


def are_certain(digits: str, found: tuple[PhoneNumber, ...]) -> bool:
    """Return True if the first reading is certain: it is the only one, the digits begin with its prefix, or it is a
    mobile, which is dialled without one."""
    if len(found) < 2:
        return bool(found)
    return has_prefix(digits, found[0]) or phonenumbers.number_type(found[0]) in MOBILE


def has_prefix(digits: str, number: PhoneNumber) -> bool:
    """Return True if the country code or trunk prefix precedes the national number."""
    return len(phonenumbers.national_significant_number(number)) < len(digits)


def formatted(number: PhoneNumber) -> str:
    """Format as `+7 916 111-11-11`."""
    return phonenumbers.format_number(number, PhoneNumberFormat.INTERNATIONAL)


def e164(number: PhoneNumber) -> str:
    """Format as `+79161111111`."""
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def _valid(digits: str, country: str | None) -> tuple[PhoneNumber, ...]:
    try:
        number = phonenumbers.parse(digits, country)
    except phonenumbers.NumberParseException:
        return ()
    return (number,) if phonenumbers.is_valid_number(number) else ()


def _is_usual(digits: str, number: PhoneNumber) -> bool:
    return len(digits) <= USUAL_NATIONAL or phonenumbers.number_type(number) in MOBILE
