"""Phone numbers in every spelling that people and providers use, as E.164."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from agentversions.refusals import Invalid

LONGEST_TEXT = 255
E164 = re.compile(r"\+[1-9][0-9]{6,14}")

WITHHELD = frozenset({"+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253"})
"""ANONYMOUS, RESTRICTED, BLOCKED, UNKNOWN and UNAVAILABLE on a keypad: what Twilio sends for a caller who hides."""


def e164(text: str, region: str | None = None) -> str:
    """A typed number as E.164; `region` (such as GB) reads one without its country's code.

    Raises Invalid unless it has a country and a possible length.
    """
    cleaned = re.sub(r"^00", "+", text.strip())
    try:
        number = phonenumbers.parse(cleaned, region)
    except NumberParseException:
        raise Invalid("Type the number with its country's code, such as +44 113 496 0101.") from None
    # Only the length counts: carriers hand out numbers that the library's lists don't know, and +1 555 is never valid.
    if not phonenumbers.is_possible_number(number):
        raise Invalid("That number is too short or too long for its country.")
    if number.extension:
        raise Invalid("Leave the extension out: calls arrive at the number alone.")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def readable(number: str) -> str:
    """An E.164 number in groups, as its country writes it."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number, None), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return number


def spelled(text: str) -> str:
    """A number as a provider sends it, as E.164 where it can be read so, else as it came.

    Providers send `+1-202-555-0133`, `442079460000` without a plus, and `sip:+14155550100@host;user=phone`.
    """
    user = re.sub(r"^(sips?|tel):", "", text.strip()[:LONGEST_TEXT], flags=re.IGNORECASE)
    user = user.split("@", 1)[0].split(";", 1)[0].replace("%2B", "+").replace("%2b", "+")
    try:
        return e164(f"+{user}" if user.isascii() and user.isdigit() and not user.startswith("00") else user)
    except Invalid:
        return text[:LONGEST_TEXT]


def caller(text: str) -> str:
    """Who calls, as E.164 where it can be read so; `anonymous` for a caller who hides."""
    return "anonymous" if text in WITHHELD else spelled(text)
