"""Performance, as people look at it: over another time, other versions, the chart as a table, on to the calls."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from agentversions.models import Agent
from telephony.management.commands.demo import Demo

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_from_the_agent_to_its_figures_and_on_to_their_calls(page: Page, sign_in: Callable[[User], None]) -> None:
    Demo().make()
    agent, ana = Agent.objects.get(name="Reception"), User.objects.get(username="ana")
    ana.set_password("known")
    ana.save()
    sign_in(ana)
    page.goto(reverse("agents.show", args=[agent.pk]))
    page.get_by_role("link", name="Performance").click()
    expect(page.get_by_role("img", name=re.compile("Calls a day"))).to_be_visible()
    expect(page.get_by_role("columnheader", name=re.compile("v7.*Published"))).to_be_visible()

    page.get_by_role("link", name="7 days").click()
    expect(page.get_by_role("img", name=re.compile("Calls in six hours"))).to_be_visible()
    page.get_by_text("Show as a table").click()
    expect(page.get_by_role("region", name=re.compile("as a table")).get_by_role("row").nth(1)).to_be_visible()

    page.get_by_text("side by side, compared with v7").click()
    page.get_by_role("checkbox", name="v8").uncheck()
    page.get_by_label("Compared with").select_option("6")
    page.get_by_role("button", name="Compare").click()
    expect(page).to_have_url(re.compile("against=6"))
    expect(page.get_by_role("columnheader", name=re.compile("v8"))).to_have_count(0)
    expect(page.get_by_role("columnheader", name=re.compile("v6.*compared with it"))).to_be_visible()

    page.get_by_role("row", name=re.compile("^Calls")).locator("a[href*='version=7&']").click()
    expect(page).to_have_url(re.compile(f"agent={agent.pk}&version=7&from="))
    expect(page.get_by_role("heading", name="Calls", exact=True)).to_be_visible()
