"""What the list of calls knows: those in progress first, then the others, newest first."""

from dataclasses import replace
from datetime import datetime

from django.contrib.auth.models import User
from django.http import Http404

from agentversions.models import Agent, Project
from dashboard.pages import projects
from dashboard.pages.projects import Context
from dashboard.wanted import BESIDE, STANDING, Asked, standing
from telephony.finding import IN_PROGRESS, OVER, Found, found
from telephony.models import Call, PhoneNumber

CALLS_PAGE = 50


def calls(user: User, of: Project, asked: Asked) -> Context:
    """A page of the calls that are asked for, and what can be asked. As many queries for any number of calls."""
    running, others = _in_progress(of, asked), _others(of, asked)
    return projects.project(user, of) | {
        "asked": asked,
        "wishes": list(asked.wishes),
        "running": running.calls,
        "more_running": running.more is not None,
        "calls": others.calls,
        "earlier": None if isinstance(others.more, datetime) else others.more,
        "reached": others.more if isinstance(others.more, datetime) else None,
        "goes_on": bool(asked.wanted.columns) and not others.calls,  # a few steps of which the sums know the way
        "agents": Agent.objects.filter(project=of).order_by("name"),
        "numbers": PhoneNumber.objects.filter(connection__project=of).order_by("number"),
        "standing": _with_own(asked.wanted.status),
        "beside": BESIDE.items(),
    }


def _in_progress(of: Project, asked: Asked) -> Found:
    """Those that are on now, above the list's first page."""
    if asked.problem or asked.before or asked.wanted.status or asked.wanted.columns:
        return Found([])
    return found(of, replace(asked.wanted, status=IN_PROGRESS), most=CALLS_PAGE)


def _others(of: Project, asked: Asked) -> Found:
    if asked.problem:
        return Found([])
    try:
        wanted = replace(asked.wanted, status=asked.wanted.status or OVER)
        return found(of, wanted, most=CALLS_PAGE, before=asked.before)
    except Call.DoesNotExist:
        raise Http404 from None


def _with_own(status: str) -> list[tuple[str, str]]:
    """What can be chosen of how a call stands; and what an address says that can't be, such as why it was missed."""
    told = dict(STANDING) if status == OVER else {key: words for key, words in STANDING.items() if key != OVER}
    return list((told | ({status: standing(status)} if status else {})).items())
