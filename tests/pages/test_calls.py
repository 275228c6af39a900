"""Calls: which there were, and which version handled each."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agentversions.models import Project
from agentversions.operations import create_agent, unpublish
from telephony.models import Call, Status
from telephony.operations import change_connection, unassign_number
from tests.cast import Cast
from tests.pages.conftest import SignIn
from tests.pages.phone import Phone, go_live, hang_up, install, ring


def page(project: Project) -> str:
    """The calls' page."""
    return reverse("calls.index", args=[project.pk])


def showing(call: Call) -> str:
    """A call's page."""
    return reverse("calls.show", args=[call.pk])


def listed(text: str) -> list[str]:
    """The calls of a page, by their ids."""
    return re.findall(r'href="/calls/([0-9a-f-]{36})/"', text)


@pytest.fixture
def phone(cast: Cast) -> Phone:
    """Reception answers a number."""
    return install(cast)


class TestTheList:
    def test_calls_are_listed_newest_first_with_how_they_stand(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        first, second, third = ring(phone), ring(phone), ring(phone, dialled="+15550009999", caller="")
        hang_up(first)

        shown = sign_in(cast.cleo).get(page(cast.project)).text

        assert listed(shown) == [str(call.pk) for call in (third, second, first)]
        rows = re.findall(r"<tr>\s*<td>.*?</tr>", shown, re.DOTALL)
        assert "Missed" in rows[0]
        assert "The number isn&#x27;t in this connection" in rows[0]
        assert "Unknown" in rows[0]
        assert 'class="chip live small"' in rows[1]
        assert "Completed" in rows[2]
        assert "3:07" in rows[2]
        assert all(words in rows[2] for words in ("+44 113 496 0101", "+1 555-000-1000", "Reception", ">v2<"))

    def test_a_call_that_reported_no_end_in_time_is_shown_as_such(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        call = ring(phone)
        Call.objects.filter(pk=call.pk).update(overdue_at=1)
        client = sign_in(cast.cleo)

        assert "No end reported" in client.get(page(cast.project)).text
        assert "No end reported" in client.get(showing(call)).text
        assert " now</span>" not in client.get(page(cast.project)).text

    def test_the_list_can_be_of_one_agent_or_one_version(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        old = ring(phone)
        go_live(cast.agent, cast, "Holiday hours")
        new, missed = ring(phone), ring(phone, dialled="+15550009999")
        night = create_agent(cast.project, "Night desk", by=cast.ben)
        client, url = sign_in(cast.cleo), page(cast.project)

        assert listed(client.get(url).text) == [str(call.pk) for call in (missed, new, old)]
        assert listed(client.get(url, {"agent": str(cast.agent.pk)}).text) == [str(new.pk), str(old.pk)]
        assert listed(client.get(url, {"agent": str(cast.agent.pk), "version": "2"}).text) == [str(old.pk)]
        assert "Night desk hasn&#x27;t been called yet." in client.get(url, {"agent": str(night.pk)}).text.replace(
            "'", "&#x27;"
        )
        assert client.get(url, {"agent": "", "version": ""}).status_code == 200

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ({"agent": "x"}, 400),
            ({"before": "x"}, 400),
            ({"before": "00000000-0000-0000-0000-000000000000"}, 404),
            ({"agent": "00000000-0000-0000-0000-000000000000"}, 404),
            ({"version": "x"}, 400),
        ],
        ids=str,
    )
    def test_what_cant_be_asked_is_refused(
        self, cast: Cast, sign_in: SignIn, asked: dict[str, str], status: int
    ) -> None:
        assert sign_in(cast.cleo).get(page(cast.project), asked).status_code == status

    def test_anothers_agent_version_or_call_filters_nothing_here(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        client, url = sign_in(cast.cleo), page(cast.project)

        assert client.get(url, {"agent": str(cast.orders.pk)}).status_code == 404
        assert client.get(url, {"agent": str(cast.agent.pk), "version": "99"}).status_code == 404
        assert sign_in(cast.olga).get(page(cast.elsewhere), {"before": str(ring(phone).pk)}).status_code == 404

    def test_pages_follow_each_other_without_gap_or_repetition(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        calls = [str(ring(phone).pk) for _ in range(53)]
        moment = Call.objects.latest("pk").started_at
        Call.objects.filter(pk__in=calls[:10]).update(started_at=moment)
        client, url = sign_in(cast.cleo), page(cast.project)

        first = client.get(url, {"agent": str(cast.agent.pk)}).text
        further = re.search(r'hx-get="(\?[^"]+)"', first)
        assert further
        rest = client.get(url + further[1].replace("&amp;", "&"), headers={"HX-Request": "true"}).text

        assert (len(listed(first)), len(listed(rest))) == (50, 3)
        assert set(listed(first) + listed(rest)) == set(calls)
        assert "<html" not in rest

    def test_a_project_without_calls_says_what_will_be_here(self, cast: Cast, sign_in: SignIn) -> None:
        assert "No calls yet" in sign_in(cast.cleo).get(page(cast.project)).text

    def test_the_pages_ask_the_database_as_often_for_one_call_as_for_thirty(
        self, cast: Cast, phone: Phone, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client, call = sign_in(cast.cleo), ring(phone)
        hang_up(call)
        with django_assert_num_queries(10):
            client.get(page(cast.project))
        with django_assert_num_queries(10):
            client.get(showing(call))

        for _ in range(30):
            hang_up(ring(phone))
            ring(phone, dialled="+15550009999")
            hang_up(call)

        with django_assert_num_queries(10):
            client.get(page(cast.project))
        with django_assert_num_queries(10):
            client.get(showing(call))


class TestACall:
    def test_it_tells_who_rang_whom_how_it_went_and_what_the_provider_reported(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        call = ring(phone)
        hang_up(call, reason="caller hung up", recording_url="https://recordings.example/1")

        shown = sign_in(cast.cleo).get(showing(call)).text

        for words in ("+44 113 496 0101", "+1 555-000-1000", "Completed", "caller hung up", "3:07", "call.ended"):
            assert words in shown
        assert 'href="https://recordings.example/1"' in shown

    def test_it_tells_the_version_that_handled_it_for_ever(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        call = ring(phone)
        go_live(cast.agent, cast, "Holiday hours")

        shown = sign_in(cast.cleo).get(showing(call)).text

        assert "v2 “Opening hours”" in shown
        assert f'href="{reverse("versions.show", args=[cast.agent.pk, 2])}"' in shown
        assert phone.version.digest in shown
        assert "Ben" in shown
        live = re.search(r"<dt>Live</dt><dd>(.*?)</dd>", shown, re.DOTALL)
        assert live
        assert live[1].count("<time") == 2
        assert f'<dt>Live now</dt><dd><a href="{reverse("versions.show", args=[cast.agent.pk, 3])}"' in shown

    def test_in_progress_it_is_green(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        assert '<span class="chip live small">' in sign_in(cast.cleo).get(showing(ring(phone))).text

    def test_a_recordings_address_is_a_link_only_on_the_web(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        call = ring(phone)
        hang_up(call, recording_url="javascript:alert(1)")

        assert 'href="javascript' not in sign_in(cast.cleo).get(showing(call)).text

    def test_a_missed_call_says_why_and_what_to_do(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        client = sign_in(cast.cleo)
        project = cast.project.pk

        def missed(call: Call) -> str:
            assert call.version is None
            shown = client.get(showing(call)).text
            assert "No version answered" in shown
            return shown

        unknown = missed(ring(phone, dialled="sip:nobody@example.com"))
        assert "sip:nobody@example.com" in unknown
        assert reverse("numbers.add", args=[project]) in unknown

        unpublish(cast.agent, live=2, by=cast.pia)
        assert "Publish a version of Reception." in missed(ring(phone))

        unassign_number(phone.number, by=cast.pia)
        assert "Assign the number to an agent." in missed(ring(phone))

        change_connection(phone.connection, enabled=False, by=cast.ana)
        assert "Switch Local worker on again." in missed(ring(phone))

    def test_how_it_ended_is_told_in_words(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        call = ring(phone)
        hang_up(call, status=Status.NO_ANSWER)

        assert '<li class="bad"><b>No answer</b>' in sign_in(cast.cleo).get(showing(call)).text


class TestAccess:
    def test_another_projects_calls_are_unknown(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        call = ring(phone)

        for user in (cast.olga, cast.charlie):
            assert sign_in(user).get(page(cast.project)).status_code == 404
            assert sign_in(user).get(showing(call)).status_code == 404

    def test_calls_are_only_looked_at(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        client, call = sign_in(cast.ana), ring(phone)

        assert client.post(page(cast.project)).status_code == 405
        assert client.post(showing(call)).status_code == 405

    def test_who_isnt_signed_in_is_led_to_sign_in(self, cast: Cast, phone: Phone, client: Client) -> None:
        for url in (page(cast.project), showing(ring(phone))):
            assert client.get(url)["Location"].startswith(reverse("accounts.sign_in"))
