"""Phone numbers in every spelling that people and providers use, as E.164."""

import re

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat

from agentversions.refusals import Invalid

LONGEST_TEXT = 255


def e164(text: str) -> str:
    """A typed number as E.164. Raises Invalid unless it has a country's code and a possible length."""
    cleaned = text.strip()[:LONGEST_TEXT]
    cleaned = re.sub(r"^00", "+", cleaned)
    try:
        number = phonenumbers.parse(cleaned, None)
    except NumberParseException:
        raise Invalid("Type the number with its country's code, such as +44 113 496 0101.") from None
    # Only the length counts: carriers hand out numbers that the library's lists don't know, and +1 555 is never valid.
    if not phonenumbers.is_possible_number(number):
        raise Invalid("That number is too short or too long for its country.")
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def readable(number: str) -> str:
    """An E.164 number in groups, as its country writes it."""
    try:
        return phonenumbers.format_number(phonenumbers.parse(number, None), PhoneNumberFormat.INTERNATIONAL)
    except NumberParseException:
        return number


def dialled(text: str) -> str:
    """What a provider says was dialled, as E.164 where it can be read so, else as it came.

    Providers send `+1-202-555-0133`, `442079460000` without a plus, and `sip:+14155550100@host;user=phone`.
    """
    user = re.sub(r"^(sips?|tel):", "", text.strip()[:LONGEST_TEXT], flags=re.IGNORECASE)
    user = user.split("@", 1)[0].split(";", 1)[0].replace("%2B", "+").replace("%2b", "+")
    for candidate in (user, f"+{user}" if user[:1].isdigit() else ""):
        try:
            return e164(candidate)
        except Invalid:
            continue
    return text[:LONGEST_TEXT]
