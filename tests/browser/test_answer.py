"""What would the provider get? From a version, for another connection, copied."""

import re
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from playwright.sync_api import Page, expect

from agentversions.models import Agent
from telephony.management.commands.demo import Demo
from telephony.models import Call

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_a_viewer_reads_and_copies_what_a_provider_would_get(
    page: Page, transactional_db: None, sign_in: Callable[[User], None]
) -> None:
    Demo().make()
    cleo = User.objects.get(username="cleo")
    cleo.set_password("known")
    cleo.save()
    sign_in(cleo)
    agent, calls = Agent.objects.get(name="Reception"), Call.objects.count()

    page.goto(reverse("versions.show", args=[agent.pk, 3]))
    page.get_by_role("link", name="What would the provider get?").click()
    answer = page.get_by_label("The answer")
    expect(answer).to_have_value(re.compile(r'"token": "••••••".*"configuration": \{', re.DOTALL))
    page.get_by_role("button", name="Copy").click()
    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    page.get_by_label("Connection").select_option(label="Twilio UK · Twilio")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_label("The answer")).to_have_value(re.compile("<ConversationRelay "))
    assert Call.objects.count() == calls
