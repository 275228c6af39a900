"""Words and figures as pages write them."""

import json
import re
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from urllib.parse import urlsplit, urlunsplit
from uuid import UUID, uuid5

from django import template
from django.contrib.auth.models import User

from agentversions import history
from agentversions.models import Agent, Event, Project
from dashboard import forms
from dashboard.http import split_address
from telephony import numbers
from telephony.models import Call, Retention, Status
from telephony.models import kept as words_of
from telephony.providers import PROVIDERS

register = template.Library()

FEW = 3
HOUR, DAY = 60, 24 * 60  # minutes
E164 = re.compile(r"\+[1-9][0-9]{4,14}")


@register.filter
def person(user: User) -> str:
    """What someone is called."""
    return user.get_full_name() or user.get_username()


@register.filter
def provider_name(key: str) -> str:
    """`Twilio`, for its key."""
    return PROVIDERS[key].name if key in PROVIDERS else key


@register.filter
def listed(names: Sequence[str]) -> str:
    """`Prompt, Voice and 2 more`."""
    if len(names) <= 1:
        return "".join(names)
    if len(names) > FEW:
        return f"{', '.join(names[: FEW - 1])} and {len(names) - FEW + 1} more"
    return f"{', '.join(names[:-1])} and {names[-1]}"


@register.filter
def lower_first(sentence: str) -> str:
    """A sentence, to go on with after a colon; `API key` stays what it is."""
    return sentence if sentence[1:2].isupper() else sentence[:1].lower() + sentence[1:]


@register.filter
def grouped(number: int) -> str:
    """`12,345`."""
    return f"{number:,}"


@register.filter
def exact(number: float) -> str:
    """A number for a drawing, whatever the reader's language."""
    return f"{number:g}"


@register.filter
def begins(path: str, start: str) -> bool:
    """Whether a path lies below another."""
    return path.startswith(start)


@register.filter
def field_id(path: str) -> str:
    """The id of a setting's field."""
    return path if path.startswith("setting-") else forms.field_id(path)


@register.filter
def apart(key: UUID, thing: object) -> UUID:
    """A confirmation's key for one of several things on a page."""
    return uuid5(key, str(thing))


@register.filter
def reference(name: str) -> str:
    """How a variable is written in a text."""
    return f"{{{{{name}}}}}"


@register.filter
def live_before(agent: Agent) -> int | None:
    """The number of the version that was live before the one that is."""
    return history.live_before(agent)


@register.filter
def sentence(event: Event) -> str:
    """What happened, after the actor's name."""
    return history.sentence(event)


@register.filter
def local_path(address: str | None) -> str:
    """The path of an address of ours, to go back to; the start page without one."""
    parts = split_address(address)
    return "/" + parts.path.lstrip("/")  # two slashes would lead to another host


@register.filter
def without_query(address: str) -> str:
    """An address for those who needn't know the tokens in it."""
    parts = urlsplit(address)
    return urlunsplit((parts.scheme, parts.netloc, parts.path, "…" if parts.query else "", ""))


@register.filter
def tel(number: str) -> str:
    """`+1 555-000-1000`; what isn't a number stays as it came."""
    return numbers.readable(number) if E164.fullmatch(number) else number


@register.filter
def caller(call: Call) -> str:
    """Who rang, as `tel` writes it; why there is no number where there is none."""
    return tel(call.caller) or ("Forgotten" if call.forgotten_at else "Unknown")


@register.filter
def dialled(call: Call) -> str:
    """What was dialled, likewise."""
    return tel(call.dialled) or ("Forgotten" if call.forgotten_at else "Unknown")


@register.filter
def kept(project: Project) -> str:
    """For how long a project keeps its calls: `for 90 days`, or `for ever`."""
    return words_of(Retention.objects.filter(project=project).values_list("days", flat=True).first())


@register.filter
def is_number(text: str) -> bool:
    """Whether a connection's fallback is a number to put callers through to, and not a sentence."""
    return bool(numbers.E164.fullmatch(text))


@register.filter
def lasted(call: Call) -> str:
    """How long a call was, as `3:07`; nothing while that isn't known."""
    seconds = call.duration
    if seconds is None and call.ended_at:
        seconds = max(int((call.ended_at - (call.answered_at or call.started_at)).total_seconds()), 0)
    if seconds is None:
        return ""
    return clock(seconds)


def clock(seconds: float) -> str:
    """`3:07`; of more than an hour `1:03:07`."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def dollars(amount: Decimal) -> str:
    """`$12.40`; of less than a dollar, hundredths of a cent: `$0.0532`."""
    whole, _, part = f"{amount:,.{4 if abs(amount) < 1 else 2}f}".partition(".")
    return f"${whole}.{part[:2]}{part[2:].rstrip('0')}"


@register.filter
def long(time: timedelta) -> str:
    """How long something lasted, in one unit: `17 min`."""
    minutes = int(time.total_seconds()) // 60
    if minutes < 1:
        return "under a minute"
    if minutes < HOUR:
        return f"{minutes} min"
    return f"{minutes // HOUR} h" if minutes < 2 * DAY else f"{minutes // DAY} days"


@register.filter
def has_ended(call: Call) -> bool:
    """Whether nothing more comes of it."""
    return Status(call.status).ended


@register.filter
def pretty(payload: object) -> str:
    """A provider's report, to read."""
    return json.dumps(payload, indent=2, ensure_ascii=False)


@register.filter
def is_web(address: str) -> bool:
    """Whether an address from elsewhere is safe behind a link."""
    return address.startswith(("https://", "http://"))
