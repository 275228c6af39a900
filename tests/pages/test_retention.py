"""How long calls are kept: everyone sees the rule, admins set it, and are asked before anything is forgotten."""

import re
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agentversions.models import Project
from dashboard.pages import retention
from telephony.models import Call, Retention
from telephony.operations import forget_calls, set_retention
from tests.cast import Cast
from tests.pages.conftest import SignIn
from tests.pages.phone import CALLER, Phone, hang_up, install, ring

HTMX = {"HX-Request": "true", "HX-Target": "toasts"}


@pytest.fixture
def phone(cast: Cast) -> Phone:
    """Reception answers a number."""
    return install(cast)


def page(project: Project) -> str:
    """The rule's page."""
    return reverse("calls.retention", args=[project.pk])


def setting(project: Project) -> str:
    """Where it is set."""
    return reverse("calls.set_retention", args=[project.pk])


def days(project: Project) -> int | None:
    """The rule."""
    rule = Retention.objects.filter(project=project).first()
    return rule.days if rule else None


def old(phone: Phone, count: int = 1) -> list[Call]:
    """Calls of a hundred days ago."""
    calls = [ring(phone) for _ in range(count)]
    for call in calls:
        hang_up(call)
        at = timezone.now() - timedelta(days=100)
        Call.objects.filter(pk=call.pk).update(started_at=at, overdue_at=int(at.timestamp()))
    return calls


def confirm(client: Client, project: Project, dialog: str) -> None:
    """Press the dialog's button."""
    fields = dict(re.findall(r'<input type="hidden" name="(key|days|sure)" value="([^"]+)"', dialog))
    assert client.post(setting(project), fields).status_code == 302


class TestThePage:
    def test_says_what_holds_to_everyone(self, cast: Cast, sign_in: SignIn) -> None:
        cleo = sign_in(cast.cleo)
        assert "<b>For ever.</b>" in cleo.get(page(cast.project)).text
        set_retention(cast.project, 90, by=cast.ana)

        shown = cleo.get(page(cast.project)).text

        assert "<b>For 90 days.</b>" in shown
        assert "Set by Ana" in shown
        assert "An admin of this project can change it." in shown
        assert "<form" not in shown.split("<main")[1]
        assert "Kept for 90 days" in cleo.get(reverse("calls.index", args=[cast.project.pk])).text

    def test_is_the_project_s(self, cast: Cast, sign_in: SignIn) -> None:
        for user in (cast.olga, cast.charlie):
            assert sign_in(user).get(page(cast.project)).status_code == 404
            assert sign_in(user).post(setting(cast.project), {"days": "1", "sure": "yes"}).status_code == 404
        assert Client().get(page(cast.project)).status_code == 302

    def test_says_that_nobody_carries_it_out(self, cast: Cast, sign_in: SignIn) -> None:
        ana = sign_in(cast.ana)
        set_retention(cast.project, 90, by=cast.ana)
        assert "Nobody has carried this out" not in ana.get(page(cast.project)).text
        Retention.objects.update(changed_at=timezone.now() - timedelta(days=4))
        assert "Nobody has carried this out" in ana.get(page(cast.project)).text

        forget_calls(cast.project)

        assert "Nobody has carried this out" not in ana.get(page(cast.project)).text
        assert "For calls before" in ana.get(page(cast.project)).text

    def test_asks_the_database_as_often_whatever_there_is(
        self, cast: Cast, phone: Phone, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        ana = sign_in(cast.ana)
        with django_assert_num_queries(8):
            ana.get(page(cast.project))
        old(phone, 3)
        set_retention(cast.project, 90, by=cast.ana)
        forget_calls(cast.project)
        with django_assert_num_queries(8):
            ana.get(page(cast.project))


class TestSettingIt:
    def test_asks_before_anything_is_forgotten(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        old(phone, 2)
        ring(phone)
        ana = sign_in(cast.ana)

        asked = ana.post(setting(cast.project), {"days": "90"}, headers=HTMX)

        assert (asked.status_code, asked["HX-Retarget"]) == (409, "#dialog")
        assert "Forget calls after 90 days?" in asked.text
        assert "<b>2 calls</b>" in asked.text
        assert days(cast.project) is None

        confirm(ana, cast.project, asked.text)
        assert days(cast.project) == 90
        assert "Calls are kept for 90 days." in ana.get(page(cast.project)).text

    def test_asks_on_a_page_of_its_own_without_javascript(self, cast: Cast, sign_in: SignIn) -> None:
        ana = sign_in(cast.ana)

        asked = ana.post(setting(cast.project), {"days": " 1,000 "})

        assert "<html" in asked.text
        assert "No call is that old yet." in asked.text
        confirm(ana, cast.project, asked.text)
        assert days(cast.project) == 1_000

    def test_asks_nothing_when_more_is_kept(self, cast: Cast, sign_in: SignIn) -> None:
        set_retention(cast.project, 30, by=cast.ana)
        ana = sign_in(cast.ana)

        assert ana.post(setting(cast.project), {"days": "60"}).status_code == 302
        assert days(cast.project) == 60
        assert ana.post(setting(cast.project), {"ever": "yes"}, headers=HTMX)["HX-Redirect"] == page(cast.project)
        assert days(cast.project) is None

    def test_counts_what_isnt_forgotten_yet(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        old(phone, 2)
        set_retention(cast.project, 90, by=cast.ana)
        forget_calls(cast.project)

        asked = sign_in(cast.ana).post(setting(cast.project), {"days": "80"})

        assert "No call is that old yet." in asked.text

    def test_says_about_how_many_there_are_of_very_many(
        self, cast: Cast, phone: Phone, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(retention, "COUNTED", 2)
        old(phone, 3)

        assert "About <b>3 calls</b>" in sign_in(cast.ana).post(setting(cast.project), {"days": "90"}).text

    @pytest.mark.parametrize("typed", ["", "0", "-1", "soon", "1.5", "3651", "9" * 30, "٣"])
    def test_refuses_what_is_no_number_of_days(self, cast: Cast, sign_in: SignIn, typed: str) -> None:
        answer = sign_in(cast.ana).post(setting(cast.project), {"days": typed}, headers=HTMX)

        assert "Type a number of days from 1 to 3,650" in answer.text
        assert answer["HX-Retarget"] == "#toasts"
        assert days(cast.project) is None

    def test_is_for_admins(self, cast: Cast, sign_in: SignIn) -> None:
        for user in (cast.pia, cast.ben, cast.cleo):
            answer = sign_in(user).post(setting(cast.project), {"days": "90", "sure": "yes"})
            assert answer.status_code == 403
            assert "Ask Ana" in answer.text
        assert days(cast.project) is None

    def test_that_was_set_meanwhile_is_said(self, cast: Cast, sign_in: SignIn) -> None:
        set_retention(cast.project, 90, by=cast.ana)
        answer = sign_in(cast.ana).post(setting(cast.project), {"days": "90", "sure": "yes"}, headers=HTMX)
        assert (answer.status_code, "kept for 90 days already" in answer.text) == (409, True)


def test_a_forgotten_call_says_so(cast: Cast, phone: Phone, sign_in: SignIn) -> None:
    (call,) = old(phone)
    Call.objects.filter(pk=call.pk).update(number=None)  # dialled another's
    set_retention(cast.project, 90, by=cast.ana)
    forget_calls(cast.project)
    cleo = sign_in(cast.cleo)

    listed = cleo.get(reverse("calls.index", args=[cast.project.pk])).text
    shown = cleo.get(reverse("calls.show", args=[call.pk])).text

    assert listed.count("Forgotten") == 2
    assert "A call from a forgotten caller" in shown
    assert "Who rang and what was said is forgotten" in shown
    assert 'name="note"' not in sign_in(cast.ben).get(reverse("calls.show", args=[call.pk])).text
    assert all(CALLER[-4:] not in text for text in (listed, shown))
