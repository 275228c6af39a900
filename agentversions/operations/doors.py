"""Verbs for the doors that strangers knock at: signing in, and asking for a new password.

Each try is counted before anything costly is done for it, in one statement, so that tries at the same moment count
too, in however many processes. Names and addresses are kept as digests only, and only while they count.
"""

import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection as database
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac

from agentversions.models import Knocks
from agentversions.refusals import TooMany

KNOWN = timedelta(days=30)
"""How long somebody who signed in from an address is told from the strangers who try the same name."""


@dataclass(frozen=True)
class Limit:
    """So many tries within so long."""

    most: int
    within: timedelta


SIGN_IN_PAIR = Limit(8, timedelta(minutes=5))
SIGN_IN_ADDRESS = Limit(60, timedelta(minutes=5))
SIGN_IN_NAME = Limit(100, timedelta(minutes=5))
"""Loose: a name is everybody's to type, and many addresses together may not lock its owner out for long."""
RESET_ADDRESS = Limit(10, timedelta(minutes=10))
RESET_MAIL = Limit(1, timedelta(minutes=3))

_COUNT = """
INSERT INTO agentversions_knocks AS held (key, count, until) VALUES (%(key)s, 1, %(until)s)
ON CONFLICT (key) DO UPDATE SET
    count = CASE WHEN held.until <= %(now)s THEN 1 ELSE held.count + 1 END,
    until = CASE WHEN held.until <= %(now)s THEN excluded.until ELSE held.until END
RETURNING key, count, until
"""


def knock_to_sign_in(name: str, address: str) -> None:
    """Count a try; raises TooMany, before the password is looked at.

    Who signed in from this address lately is held up by their own tries alone. The address comes first, so that one
    can't fill the table with names; the name last, so that one address adds little to what is held against it.
    """
    known = Knocks.objects.filter(key=_known(name, address), until__gt=timezone.now()).exists()
    if not known:
        _count(_key("address", address), SIGN_IN_ADDRESS)
    _count(_key("pair", name, address), SIGN_IN_PAIR)
    if not known:
        _count(_key("name", name), SIGN_IN_NAME)


def let_in(name: str, address: str) -> None:
    """Somebody gave the right password: take the try back, forget the pair's others, remember that they were here."""
    now = timezone.now()
    for key in (_key("address", address), _key("name", name)):
        Knocks.objects.filter(key=key, count__gt=0).update(count=F("count") - 1)
    Knocks.objects.filter(key=_key("pair", name, address)).delete()
    Knocks.objects.update_or_create(key=_known(name, address), defaults={"count": 0, "until": now + KNOWN})
    Knocks.objects.filter(until__lt=now).delete()


def knock_for_a_password(address: str) -> None:
    """Count somebody's asking for an e-mail; raises TooMany."""
    _count(_key("reset address", address), RESET_ADDRESS)


def may_mail(email: str) -> bool:
    """Whether this person may get another e-mail with a way to a new password, which counts as one."""
    try:
        _count(_key("reset mail", email), RESET_MAIL)
    except TooMany:
        return False
    return True


def _count(key: str, limit: Limit) -> None:
    now = timezone.now()
    told = {"key": key, "now": _stored(now), "until": _stored(now + limit.within)}
    held = Knocks.objects.raw(_COUNT, told)[0]
    if held.count > limit.most:
        minutes = math.ceil((held.until - now).total_seconds() / 60)
        raise TooMany(f"Too many attempts. Try again in {minutes} minute{'' if minutes == 1 else 's'}.")


def _stored(at: datetime) -> Any:
    return database.ops.adapt_datetimefield_value(at)


def _known(name: str, address: str) -> str:
    return _key("known", name, address)


def _key(kind: str, *parts: str) -> str:
    said = "\0".join((kind, *(part.strip().casefold() for part in parts)))
    return salted_hmac("agentversions.doors", said, algorithm="sha256").hexdigest()


def place(address: str) -> str:
    """Where an address is: itself, or the network that one household or server has of IPv6."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address):
        return str(found.ipv4_mapped or ipaddress.ip_network((found, 64), strict=False))
    return str(found)
