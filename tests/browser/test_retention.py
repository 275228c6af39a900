"""How long calls are kept, as an admin sets it: nothing is set before the dialog is answered."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from telephony.incoming import IncomingCall
from telephony.models import Call, Retention
from telephony.operations import forget_calls
from telephony.routing import route_call
from tests.browser.conftest import NUMBER, Line
from tests.cast import Cast

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

CALLER = "+441134960101"


def test_calls_are_forgotten_once_an_admin_has_set_it_knowingly(
    page: Page, cast: Cast, line: Line, sign_in: Callable[[User], None]
) -> None:
    call = route_call(line.connection, IncomingCall("one", CALLER, NUMBER))
    at = timezone.now() - timedelta(days=100)
    Call.objects.update(started_at=at, overdue_at=int(at.timestamp()))
    sign_in(cast.ana)
    page.goto(reverse("calls.index", args=[cast.project.pk]))
    page.get_by_role("link", name="Kept for ever").click()

    days, dialog = page.get_by_label("Forget calls after"), page.get_by_role("dialog")
    days.fill("90")
    days.press("Enter")
    expect(dialog).to_contain_text("Forget calls after 90 days?")
    expect(dialog).to_contain_text("1 call from before")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_be_hidden()
    assert not Retention.objects.exists()

    page.get_by_role("button", name="Set").click()
    dialog.get_by_role("button", name="Forget after 90 days").click()
    expect(page.locator("#toasts")).to_contain_text("Calls are kept for 90 days.")

    assert forget_calls(cast.project) == 1
    page.goto(reverse("calls.show", args=[call.pk]))
    expect(page.get_by_role("heading", level=1)).to_contain_text("Forgotten caller")
    page.get_by_role("link", name="for 90 days").click()
    page.get_by_role("button", name="Keep calls for ever").click()
    expect(page.locator("#toasts")).to_contain_text("Calls are kept for ever.")
    assert Call.objects.get().caller == ""
