"""Performance: versions side by side over a time, each figure with its calls, and never more certain than it is."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agentversions.models import Agent, Version
from agentversions.operations import create_agent, publish, rename_version, unpublish
from telephony.models import Call, Status, Tally
from telephony.tallying import recount
from tests.cast import Cast
from tests.pages.conftest import SignIn
from tests.pages.phone import Phone, go_live, hang_up, install, ring

QUERIES = 21


def page(agent: Agent) -> str:
    """The agent's Performance."""
    return reverse("performance.show", args=[agent.pk])


def row(shown: str, label: str) -> str:
    """A row of the table."""
    found = re.search(rf'<th scope="row">{label}\b.*?</tr>', shown, re.DOTALL)
    assert found, label
    return found[0]


def figures(shown: str, label: str) -> list[str]:
    """What a row says of each version."""
    return re.findall(r'class="figure"[^>]*>([^<]*)<', row(shown, label))


def heads(shown: str) -> list[str]:
    """The versions side by side."""
    return re.findall(r'<th scope="col">\s*<a href="/agents/[^"]+">(v\d+)</a>', shown)


def called(phone: Phone, times: int, status: Status = Status.COMPLETED) -> list[Call]:
    """So many calls, which end."""
    calls = [ring(phone) for _ in range(times)]
    for call in calls:
        hang_up(call, status)
    return calls


def many(version: Version, completed: int, failed: int = 0) -> None:
    """The sums of so many calls that began this hour."""
    Tally.objects.create(
        agent_id=version.agent_id,
        version=version,
        hour=timezone.now().replace(minute=0, second=0, microsecond=0),
        calls=completed + failed,
        completed=completed,
        failed=failed,
        under_105=completed + failed,
        seconds=100 * (completed + failed),
    )


@pytest.fixture
def phone(cast: Cast) -> Phone:
    """Reception answers a number."""
    return install(cast)


class TestTheFigures:
    def test_stand_side_by_side_with_the_live_version_first(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        called(phone, 2)
        third = go_live(cast.agent, cast, "Holiday hours")
        called(phone, 3, Status.FAILED)
        ring(phone)
        publish(phone.version, live=third.number, by=cast.pia)

        shown = sign_in(cast.cleo).get(page(cast.agent)).text

        assert heads(shown) == ["v2", "v3"]
        assert figures(shown, "Calls") == ["2", "4"]
        assert "1 in progress" in row(shown, "Calls")
        assert figures(shown, "Completed") == ["2 of 2", "0 of 3"]
        assert figures(shown, "Failed") == ["0 of 2", "3 of 3"]
        assert figures(shown, "Average length") == ["3:07", "3:07"]
        assert "<b>5 calls</b> ended, 1 is in progress" in shown

    def test_lead_to_their_calls(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        called(phone, 2)

        link = re.search(r'href="([^"]+)">2 of 2<', row(sign_in(cast.cleo).get(page(cast.agent)).text, "Completed"))

        assert link
        address = urlsplit(link[1].replace("&amp;", "&"))
        asked = {name: value for name, (value,) in parse_qs(address.query).items()}
        assert address.path == reverse("calls.index", args=[cast.project.pk])
        assert (asked["agent"], asked["version"], asked["status"]) == (str(cast.agent.pk), "2", "completed")
        assert asked["from"].endswith("+00:00")
        assert asked["from"] < timezone.now().isoformat() < asked["to"]

    def test_up_to_a_day_lead_to_calls_up_to_its_end(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        called(phone, 1)
        client, url, today = sign_in(cast.cleo), page(cast.agent), timezone.now().date()
        tomorrow = (today + timedelta(days=1)).isoformat()

        assert f"&amp;to={tomorrow}T00%3A00%3A00%2B00%3A00" in client.get(url, {"to": today.isoformat()}).text
        assert "&amp;to=" not in client.get(url, {"period": "all"}).text

    def test_of_a_few_calls_stand_as_counts_and_arent_compared(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        called(phone, 4)
        go_live(cast.agent, cast, "Holiday hours")
        called(phone, 3)

        shown = sign_in(cast.cleo).get(page(cast.agent)).text

        assert figures(shown, "Completed") == ["3 of 3", "4 of 4"]
        assert "Too few calls to tell" in row(shown, "Completed")
        assert not re.search(r"\d%[^\w]", row(shown, "Completed"))

    def test_of_many_say_how_sure_they_are(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        many(phone.version, 48, 32)
        many(go_live(cast.agent, cast, "Holiday hours"), 56, 14)
        many(go_live(cast.agent, cast, "Quicker"), 40, 12)

        shown = sign_in(cast.cleo).get(page(cast.agent), {"against": "2"}).text

        assert heads(shown) == ["v2", "v4", "v3"]
        assert figures(shown, "Completed") == ["60%", "77%", "80%"]
        told = re.findall(r'class="verdict (\w+)">([^<]*)<', row(shown, "Completed"))
        assert told[1] == ("higher", "higher by 5 to 33 points")
        assert "48 of 80" in row(shown, "Completed")
        assert "49 to 70%" in row(shown, "Completed")
        assert "significant" not in shown
        usual = sign_in(cast.cleo).get(page(cast.agent)).text
        assert heads(usual)[0] == "v4"
        assert ("unsure", "+3 points (\u221211 to +18): can&#x27;t tell yet") in re.findall(
            r'class="verdict (\w+)">([^<]*)<', row(usual, "Completed")
        )

    def test_tell_transfers_judgements_and_costs_where_there_are_some(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        calls = called(phone, 4)
        client = sign_in(cast.cleo)
        before = client.get(page(cast.agent)).text
        for label in ("Transferred", "Voicemail", "Judged good", "Cost of a call", "Busy"):
            assert label not in before

        Call.objects.filter(pk=calls[0].pk).update(transferred=True, success=True, cost=Decimal("0.25"))
        Call.objects.filter(pk=calls[1].pk).update(voicemail=True, success=False, cost=Decimal("0.05"))
        recount()
        shown = client.get(page(cast.agent)).text

        assert figures(shown, "Transferred") == figures(shown, "Voicemail") == ["1 of 4"]
        assert figures(shown, "Judged good") == ["1 of 2"]
        assert figures(shown, "Cost of a call") == ["$0.15"]
        assert "of 2 with a known cost" in row(shown, "Cost of a call")
        assert figures(shown, "Cost in all") == ["$0.30"]

    def test_count_missed_calls_for_what_was_live(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        while_live = called(phone, 1)[0].started_at
        unpublish(cast.agent, live=2, by=cast.pia)
        first, _, _ = ring(phone), ring(phone), ring(phone)
        Call.objects.filter(pk=first.pk).update(started_at=while_live)

        shown = sign_in(cast.cleo).get(page(cast.agent)).text

        assert figures(shown, "Missed") == ["1"]
        link = re.search(r'href="([^"]+)"', row(shown, "Missed"))
        assert link
        listed = sign_in(cast.cleo).get(unescape(link[1])).text
        assert set(re.findall(r"/calls/([0-9a-f-]{36})/", listed)) == {str(first.pk)}
        assert "while v2 was live" in listed
        assert figures(shown, "Nothing live") == ["2 missed"]
        assert ">3 were missed</a>" in shown

    def test_of_a_version_with_a_hostile_name_are_escaped(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        rename_version(phone.version, "<script>alert(1)</script>", by=cast.ben)
        called(phone, 1)

        assert "<script>alert" not in sign_in(cast.cleo).get(page(cast.agent)).text


class TestWhatIsAsked:
    def test_versions_can_be_chosen(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        for number in range(3, 9):
            called(phone, 1)
            go_live(cast.agent, cast, f"Version {number}")
        client, url = sign_in(cast.cleo), page(cast.agent)

        assert heads(client.get(url).text) == ["v7", "v8", "v6", "v5", "v4"]
        assert heads(client.get(url + "?v=3&v=4&more=v5,+6&against=2").text) == ["v2", "v6", "v5", "v4", "v3"]
        assert heads(client.get(url + "?v=3&v=99&v=x").text) == ["v7", "v3"]

    @pytest.mark.parametrize("zone", ["Asia/Kolkata", "Asia/Kathmandu", "Australia/Adelaide", "America/New_York"])
    def test_days_stay_what_they_are_however_often_they_are_sent(
        self, cast: Cast, phone: Phone, sign_in: SignIn, zone: str
    ) -> None:
        called(phone, 1)

        text = sign_in(cast.cleo).get(page(cast.agent), {"from": "2026-11-01", "to": "2026-11-23", "zone": zone}).text

        assert re.findall(r'type="date" name="(?:from|to)" value="([^"]*)"', text) == ["2026-11-01", "2026-11-23"]

    def test_where_clocks_are_half_an_hour_apart_it_says_when_a_day_begins(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        called(phone, 1)
        client, url = sign_in(cast.cleo), page(cast.agent)

        assert "a day begins at 00:30 here" in client.get(url, {"zone": "Asia/Kolkata"}).text
        assert "a day begins at" not in client.get(url, {"zone": "Europe/Berlin"}).text

    def test_a_time_can_be_chosen(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        old, _ = called(phone, 2)
        Call.objects.filter(pk=old.pk).update(started_at=timezone.now() - timedelta(days=60))
        recount()
        client, url = sign_in(cast.cleo), page(cast.agent)

        for period, calls in (("24h", "1"), ("7d", "1"), ("30d", "1"), ("90d", "2"), ("all", "2"), ("", "1")):
            assert figures(client.get(url, {"period": period}).text, "Calls") == [calls]
        day = (timezone.now() - timedelta(days=60)).date().isoformat()
        assert figures(client.get(url, {"from": day, "to": day}).text, "Calls") == ["1"]
        assert figures(client.get(url, {"from": day, "period": "24h"}).text, "Calls") == ["2"]
        empty = client.get(url, {"from": "2020-01-01", "to": "2020-01-31"}).text
        assert "No calls in this time" in empty
        assert "Reception" in empty

    @pytest.mark.parametrize(
        "asked",
        [
            {"from": "yesterday"},
            {"from": "2026-02-02", "to": "2026-01-01"},
            {"to": "9999-12-31"},
            {"to": "9999-12-31T23:59:59+14:00"},
            {"to": "0001-01-01T00:00"},
            {"from": "0001-01-01T00:00"},
            {"from": "2026-13-01"},
        ],
        ids=str,
    )
    def test_a_time_that_is_none_is_told(
        self, cast: Cast, phone: Phone, sign_in: SignIn, asked: dict[str, str]
    ) -> None:
        called(phone, 1)

        response = sign_in(cast.cleo).get(page(cast.agent), asked)

        assert response.status_code == 422
        assert 'role="alert"' in response.text
        assert figures(response.text, "Calls") == ["1"]

    @pytest.mark.parametrize("zone", ["Asia/Kolkata", "Pacific/Kiritimati", "../../etc/passwd", "x", "\0"])
    @pytest.mark.parametrize("period", ["24h", "7d", "30d", "90d", "all"])
    def test_days_are_those_of_the_zone(
        self, cast: Cast, phone: Phone, sign_in: SignIn, zone: str, period: str
    ) -> None:
        called(phone, 1)

        shown = sign_in(cast.cleo).get(page(cast.agent), {"zone": zone, "period": period}).text

        assert (f", {zone}</figcaption>" if "/P" in f"/{zone}" or "Asia" in zone else ", UTC</figcaption>") in shown


class TestTheChart:
    def test_is_read_as_a_table_too(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        called(phone, 3)

        shown = sign_in(cast.cleo).get(page(cast.agent), {"period": "24h"}).text

        assert shown.count('role="img"') == 4
        table = re.search(r'<details class="as-table">.*?</details>', shown, re.DOTALL)
        assert table
        assert table[0].count('<th scope="row">') == 24
        assert table[0].count('<td class="number">0</td>') == 2 * 23
        assert table[0].count('<td class="number">3</td>') == 2
        assert "<td>v2</td>" in table[0]

    def test_tells_the_versions_apart_and_puts_all_others_together(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        for number in range(3, 9):
            called(phone, number)
            go_live(cast.agent, cast, f"Version {number}")

        shown = sign_in(cast.cleo).get(page(cast.agent), {"period": "24h"}).text

        table = re.search(r'<details class="as-table">.*?</details>', shown, re.DOTALL)
        assert table
        heads = re.findall(r'<th scope="col" class="number">([^<]*)</th>', table[0])
        last = re.findall(r"<td[^>]*>([^<]*)</td>", table[0].split("</tr>")[-2])
        assert dict(zip(heads, last, strict=False)) == {
            **{f"v{number}": f"{number + 1}" for number in (4, 5, 6, 7)},
            "Others": "7",
            "All": "33",
        }

    def test_marks_what_went_live(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        called(phone, 1)
        go_live(cast.agent, cast, "Holiday hours")

        shown = sign_in(cast.cleo).get(page(cast.agent)).text

        assert shown.count('class="went"') == 4 * 2
        assert "Went live: v2 in" in shown


class TestWhereItIsFound:
    def test_the_editor_and_a_version_lead_to_it(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        called(phone, 1)
        client = sign_in(cast.cleo)

        assert f'href="{page(cast.agent)}"' in sign_in(cast.ben).get(reverse("agents.show", args=[cast.agent.pk])).text
        version = client.get(reverse("versions.show", args=[cast.agent.pk, 2])).text
        assert f'href="{page(cast.agent)}?period=all&amp;v=2"' in version

    def test_an_agent_that_was_never_called_says_what_will_be_here(self, cast: Cast, sign_in: SignIn) -> None:
        night = create_agent(cast.project, "Night desk", by=cast.ben)

        assert "No calls yet" in sign_in(cast.cleo).get(page(night)).text


class TestAccess:
    def test_another_projects_agent_is_unknown(self, cast: Cast, sign_in: SignIn, client: Client) -> None:
        for user in (cast.olga, cast.charlie):
            assert sign_in(user).get(page(cast.agent)).status_code == 404
        assert client.get(page(cast.agent))["Location"].startswith(reverse("accounts.sign_in"))
        assert sign_in(cast.ana).post(page(cast.agent)).status_code == 405

    def test_it_asks_the_database_as_often_for_many_versions_as_for_two(
        self, cast: Cast, phone: Phone, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = sign_in(cast.cleo)
        called(phone, 1)
        go_live(cast.agent, cast, "Second")
        unpublish(cast.agent, live=3, by=cast.pia)
        ring(phone)
        publish(phone.version, live=None, by=cast.pia)
        with django_assert_num_queries(QUERIES):
            client.get(page(cast.agent), {"period": "all"})

        for number in range(8):
            called(phone, 2)
            unpublish(cast.agent, live=Agent.objects.get(pk=cast.agent.pk).published.number, by=cast.pia)  # type: ignore[union-attr]
            ring(phone)
            go_live(cast.agent, cast, f"Version {number}")

        with django_assert_num_queries(QUERIES):
            client.get(page(cast.agent), {"period": "all"})
