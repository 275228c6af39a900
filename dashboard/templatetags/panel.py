"""The history, which stands beside every page of an agent."""

from django import template
from django.http import QueryDict
from django.template import Context

from dashboard.http import split_address
from dashboard.pages.history import Listing, Panel, panel

register = template.Library()


@register.simple_tag(takes_context=True)
def history(context: Context) -> Panel:
    """The history as the page's address asks for it; a fragment's page is the one that asked."""
    if "panel" in context:
        known: Panel = context["panel"]
        return known
    request = context["request"]
    address = split_address(request.htmx.current_url).query if request.htmx else ""
    listing = Listing.chosen(QueryDict(address) if request.htmx else request.GET)
    return panel(request.user, context["agent"], listing)
