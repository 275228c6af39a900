"""Calls: which there were, and which version handled each."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.http import QueryDict
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agentversions.models import Project
from agentversions.operations import create_agent, unpublish
from telephony import finding
from telephony.management.clock import clock
from telephony.models import Call, Status
from telephony.operations import change_connection, unassign_number
from tests.cast import Cast
from tests.pages.conftest import SignIn
from tests.pages.phone import CALLER, Phone, go_live, hang_up, install, ring


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

        assert listed(shown) == [str(call.pk) for call in (second, third, first)]
        rows = re.findall(r'<tr id="call-.*?</tr>', shown, re.DOTALL)
        assert 'class="chip live small"' in rows[0]
        assert "Missed" in rows[1]
        assert "The number isn&#x27;t in this connection" in rows[1]
        assert "Unknown" in rows[1]
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

        assert listed(client.get(url).text) == [str(call.pk) for call in (new, old, missed)]
        assert listed(client.get(url, {"agent": str(cast.agent.pk)}).text) == [str(new.pk), str(old.pk)]
        assert listed(client.get(url, {"agent": str(cast.agent.pk), "version": "2"}).text) == [str(old.pk)]
        assert "No call is all of this: Night desk." in client.get(url, {"agent": str(night.pk)}).text
        assert client.get(url, {"agent": "", "version": ""}).status_code == 200

    @pytest.mark.parametrize(
        ("asked", "status"),
        [
            ({"agent": "x"}, 400),
            ({"before": "x"}, 400),
            ({"before": "00000000-0000-0000-0000-000000000000"}, 404),
            ({"agent": "00000000-0000-0000-0000-000000000000"}, 404),
            ({"version": "x"}, 400),
            ({"before": "2026-11-03T14:05:00"}, 400),
            ({"before": "0001-01-01T00:00:00+14:00"}, 400),
            ({"before": "0001-01-01T00:00:00+00:00", "status": "failed"}, 200),
            ({"from": "0001-01-01T00:00", "to": "0001-01-02T00:00", "status": "failed"}, 200),
            ({"from": "0001-01-01T00:00", "with": "success"}, 200),
            ({"to": "9999-12-31T23:59", "with": "success"}, 200),
            ({"number": "x"}, 400),
            ({"number": "999999"}, 404),
            ({"status": "x"}, 400),
            ({"with": "x"}, 400),
            ({"from": "soon"}, 422),
            ({"to": "2026-11-03T14:05", "zone": "Mars/Olympus"}, 422),
        ],
        ids=str,
    )
    def test_what_cant_be_asked_is_refused(
        self, cast: Cast, sign_in: SignIn, asked: dict[str, str], status: int
    ) -> None:
        assert sign_in(cast.cleo).get(page(cast.project), asked).status_code == status

    @pytest.mark.parametrize("view", ["index", "live", "export"])
    def test_anothers_agent_version_number_or_call_filters_nothing_here(
        self, cast: Cast, phone: Phone, sign_in: SignIn, view: str
    ) -> None:
        here, there = (reverse(f"calls.{view}", args=[project.pk]) for project in (cast.project, cast.elsewhere))
        ours, theirs = sign_in(cast.cleo), sign_in(cast.olga)

        assert ours.get(here, {"agent": str(cast.orders.pk)}).status_code == 404
        assert ours.get(here, {"agent": str(cast.agent.pk), "version": "99"}).status_code == 404
        assert theirs.get(there, {"number": str(phone.number.pk)}).status_code == 404
        if view != "export":  # which has no pages
            assert theirs.get(there, {"before": str(ring(phone).pk)}).status_code == 404

    def test_pages_follow_each_other_without_gap_or_repetition(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        calls = [str(ring(phone).pk) for _ in range(53)]
        for call in Call.objects.all():
            hang_up(call)
        moment = Call.objects.latest("pk").started_at
        Call.objects.filter(pk__in=calls[:10]).update(started_at=moment)
        client, url = sign_in(cast.cleo), page(cast.project)

        first = client.get(url, {"agent": str(cast.agent.pk)}).text
        further = re.search(r'hx-get="([^"]+before=[^"]+)"', first)
        assert further
        rest = client.get(further[1].replace("&amp;", "&"), headers={"HX-Request": "true"}).text

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
        with django_assert_num_queries(12):
            client.get(page(cast.project))
        with django_assert_num_queries(10):
            client.get(showing(call))

        for _ in range(30):
            hang_up(ring(phone))
            ring(phone, dialled="+15550009999")
            hang_up(call)

        with django_assert_num_queries(12):
            client.get(page(cast.project))
        with django_assert_num_queries(10):
            client.get(showing(call))


class TestWhatIsAskedFor:
    def test_is_said_and_each_of_it_can_be_dropped(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        good, failed = ring(phone), ring(phone)
        hang_up(good, success=True)
        hang_up(failed, Status.FAILED)
        asked = {"agent": str(cast.agent.pk), "version": "v2", "number": str(phone.number.pk), "status": "completed"}
        asked |= {"with": "success", "from": "2026-01-01T00:00:00+00:00", "q": CALLER}

        shown = sign_in(cast.cleo).get(page(cast.project), asked).text

        assert listed(shown) == [str(good.pk)]
        wishes = re.findall(r'<a class="chip" href="([^"]+)" title="Drop it">(.*?) <span', shown)
        assert [words for _, words in wishes] == [
            *("Reception", "v2", "+1 555-000-1000", "Completed", "Judged good"),
            *("From 1 January 2026, 00:00 UTC", f"“{CALLER}”"),
        ]
        dropped = [set(asked) - set(QueryDict(url.partition("?")[2].replace("&amp;", "&"))) for url, _ in wishes]
        assert dropped == [{"agent", "version"}, {"version"}, {"number"}, {"status"}, {"with"}, {"from"}, {"q"}]
        assert f"{reverse('calls.export', args=[cast.project.pk])}?agent=" in shown
        assert f'href="{reverse("performance.show", args=[cast.agent.pk])}"' in shown

    def test_is_exported_as_it_is_shown(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        kept, other = ring(phone), ring(phone)
        hang_up(kept, Status.BUSY)
        hang_up(other)
        exported = reverse("calls.export", args=[cast.project.pk])

        told = sign_in(cast.cleo).get(exported, {"status": "busy"}).getvalue().decode()

        assert str(kept.pk) in told
        assert str(other.pk) not in told

    def test_is_in_the_address_without_what_is_empty(self, cast: Cast, sign_in: SignIn) -> None:
        asked = {"agent": "", "status": "missed", "from": "", "to": "", "q": "", "zone": "Europe/Berlin"}

        answer = sign_in(cast.cleo).get(page(cast.project), asked, headers={"HX-Request": "true"})

        assert answer["HX-Push-Url"] == f"{page(cast.project)}?status=missed"
        assert "<html" not in answer.text

    def test_is_meant_in_the_zone_that_is_said(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        with clock(datetime(2026, 7, 1, 12, 30, tzinfo=UTC)):
            call = ring(phone)
        client, url = sign_in(cast.cleo), page(cast.project)

        berlin = {"from": "2026-07-01T14:00", "to": "2026-07-01T15:00", "zone": "Europe/Berlin"}
        assert listed(client.get(url, berlin).text) == [str(call.pk)]
        assert listed(client.get(url, berlin | {"zone": ""}).text) == []
        assert "From 1 July 2026, 14:00 Europe/Berlin" in client.get(url, berlin).text

    def test_is_still_meant_when_the_form_sends_a_links_time(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        minute = datetime(2026, 7, 1, 12, 30, tzinfo=UTC)
        calls = list[Call]()
        for second in (9, 11, 40, 52):
            with clock(minute + timedelta(seconds=second, milliseconds=500)):
                calls.append(ring(phone))
        span = {"from": "2026-07-01T12:30:10.000123+00:00", "to": "2026-07-01T12:30:50.000456+00:00"}
        client, url = sign_in(cast.cleo), page(cast.project)

        shown = client.get(url, span).text
        sent = dict(re.findall(r'name="(from|to|zone)"[^>]*? value="([^"]*)"', shown))

        assert sent == {"zone": "UTC", "from": "2026-07-01T12:30:10", "to": "2026-07-01T12:30:51"}
        assert listed(shown) == listed(client.get(url, sent).text) == [str(calls[2].pk), str(calls[1].pk)]
        assert "From 1 July 2026, 12:30:10 UTC" in shown

    @pytest.mark.parametrize("moment", ["9999-12-31T23:59:59.5", "0001-01-01T00:00:00.5", "0099-01-01T00:00"])
    def test_may_lie_at_either_end_of_time(self, cast: Cast, sign_in: SignIn, moment: str) -> None:
        for name in ("from", "to"):
            assert sign_in(cast.cleo).get(page(cast.project), {name: moment}).status_code == 200

    def test_a_time_that_cant_be_read_is_said_and_finds_nothing(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        call = ring(phone)

        answer = sign_in(cast.cleo).get(page(cast.project), {"from": "soon"})

        assert (answer.status_code, str(call.pk) in answer.text) == (422, False)
        assert "Type a day and a time, such as 2026-11-03 14:05." in answer.text

    def test_what_a_caller_sends_is_only_text(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        ring(phone, caller="<script>alert(1)</script>", dialled='"><img src=x>')

        shown = sign_in(cast.cleo).get(page(cast.project), {"q": "<script>alert(1)</script>"}).text

        assert "&lt;script&gt;" in shown
        assert "<script>alert" not in shown
        assert "<img src=x" not in shown

    def test_looks_further_back_where_nothing_counts_it(
        self, cast: Cast, phone: Phone, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(finding, "LOOKED", 2)
        lost = ring(phone)
        Call.objects.filter(pk=lost.pk).update(overdue_at=1)
        for _ in range(3):
            hang_up(ring(phone))
        client = sign_in(cast.cleo)

        shown = client.get(f"{page(cast.project)}?status=no_end").text
        further = re.search(r'hx-get="([^"]+before=[^"]+)"[^>]*>Look further back', shown)

        assert listed(shown) == []
        assert further
        assert listed(client.get(further[1].replace("&amp;", "&")).text) == [str(lost.pk)]


class TestAPageThatKeepsUp:
    def test_gets_the_list_alone_and_only_when_it_changed(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        call, client = ring(phone), sign_in(cast.cleo)
        url = reverse("calls.live", args=[cast.project.pk])
        first = client.get(url)
        held = {"If-None-Match": first["ETag"]}

        assert listed(first.text) == [str(call.pk)]
        assert "<form" not in first.text
        assert client.get(url, headers=held).status_code == 304

        hang_up(call)
        assert "Completed" in client.get(url, headers=held).text

    def test_is_told_of_what_it_asked_for(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        ring(phone)
        missed = ring(phone, dialled="+15550009999")
        client, url = sign_in(cast.cleo), reverse("calls.live", args=[cast.project.pk])

        assert f'data-live="{url}?status=missed"' in client.get(page(cast.project), {"status": "missed"}).text
        assert listed(client.get(url, {"status": "missed"}).text) == [str(missed.pk)]

    def test_is_of_ones_own_project(self, cast: Cast, sign_in: SignIn) -> None:
        assert sign_in(cast.olga).get(reverse("calls.live", args=[cast.project.pk])).status_code == 404


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
