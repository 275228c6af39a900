"""The list of agents: what is live, how their phones went in the last day, and one's own drafts."""

import re
from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agentversions.models import Project
from agentversions.operations import archive_agent, create_agent, publish, rename_agent, save_version, unpublish
from dashboard.pages.agents import BAR, BAR_WIDTH, HIGHEST, HOURS, Hours
from telephony.models import Call
from telephony.operations import add_number, assign_number
from telephony.tallying import recount
from tests.cast import Cast, edit, shown
from tests.pages.conftest import SignIn
from tests.pages.phone import Phone, go_live, hang_up, install, ring


def page(project: Project) -> str:
    """The list's page."""
    return reverse("agents.index", args=[project.pk])


def rows(text: str) -> dict[str, str]:
    """What the list says of each agent, as one line."""
    found = re.findall(r'<tr>\s*<td class="who">.*?</tr>', text, re.DOTALL)
    named = {re.findall(r'class="name"[^>]*>([^<]*)<', row)[0]: row for row in found}
    return {name: " ".join(unescape(re.sub(r"<[^>]+>", " ", row)).split()) for name, row in named.items()}


@pytest.fixture
def phone(cast: Cast) -> Phone:
    """Reception answers a number."""
    return install(cast)


def listed(text: str) -> int:
    return len(set(re.findall(r'href="/calls/([0-9a-f-]{36})/"', text)))


def test_an_agent_tells_its_calls_of_the_last_day_those_in_progress_and_those_missed(
    cast: Cast, phone: Phone, sign_in: SignIn
) -> None:
    hang_up(ring(phone))
    hang_up(ring(phone))
    ring(phone)
    Call.objects.filter(pk=ring(phone).pk).update(overdue_at=1)  # its end was never reported
    Call.objects.filter(pk=ring(phone).pk).update(started_at=timezone.now() - timedelta(days=3), status="completed")
    recount()
    unpublish(cast.agent, live=2, by=cast.pia)
    Call.objects.filter(pk=ring(phone).pk).update(started_at=timezone.now() - timedelta(days=3))
    ring(phone)

    text = sign_in(cast.cleo).get(page(cast.project)).text

    said = rows(text)["Reception"]
    assert "1 number Not published" in said
    assert "5 calls of Reception in the last 24 hours, at most 5 in an hour" in said
    assert "1 of Reception 1 of Reception, in the last 24 hours" in said
    links = [
        unescape(link)
        for link in re.findall(rf'href="({reverse("calls.index", args=[cast.project.pk])}\?[^"]+)"', text)
    ]
    assert [re.sub(r"from=.*", "from=…", link).partition("?")[2] for link in links] == [
        f"agent={cast.agent.pk}&from=…",
        f"agent={cast.agent.pk}&status=in_progress",
        f"agent={cast.agent.pk}&status=missed&from=…",
    ]
    assert all(re.search(r"from=\d{4}-\d\d-\d\dT\d\d%3A00%3A00%2B00%3A00$", link) for link in (links[0], links[2]))
    assert [listed(sign_in(cast.cleo).get(link).text) for link in links] == [5, 1, 1]


def test_of_very_many_calls_only_the_newest_are_looked_at_for_those_without_an_end(
    cast: Cast, phone: Phone, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dashboard.pages.agents.LOOKED_AT", 1)
    for overdue_at in (1, 2**40, 1, 1):
        Call.objects.filter(pk=ring(phone).pk).update(overdue_at=overdue_at)

    said = rows(sign_in(cast.cleo).get(page(cast.project)).text)["Reception"]

    assert "3 calls of Reception" in said  # the newest two, and the one in progress


def test_what_is_live_is_told_with_since_when_and_a_draft_only_to_its_owner(
    cast: Cast, phone: Phone, sign_in: SignIn
) -> None:
    edit(cast.agent, cast.ben, prompt="Be brief.")

    bens, cleos = (rows(sign_in(user).get(page(cast.project)).text)["Reception"] for user in (cast.ben, cast.cleo))

    assert "Published v2 Draft Live since" in bens
    assert "draft changed" in bens
    assert "Published v2 Live since" in cleos
    assert "raft" not in cleos


def test_a_draft_that_went_live_is_no_draft_any_more(cast: Cast, phone: Phone, sign_in: SignIn) -> None:
    edit(cast.agent, cast.pia, prompt="Be brief.")
    publish(save_version(cast.agent, base=shown(cast.agent, cast.pia), by=cast.pia), live=2, by=cast.pia)

    assert "Draft" not in rows(sign_in(cast.pia).get(page(cast.project)).text)["Reception"]


def test_an_hour_is_as_high_as_its_calls_and_a_call_in_a_quiet_day_is_no_peak() -> None:
    quiet, busy = Hours((0,) * (HOURS - 1) + (1,)), Hours((12, 3) + (0,) * (HOURS - 2))

    assert quiet.bars == f"M{(HOURS - 1) * BAR} {HIGHEST}v-{HIGHEST / 4:.1f}h{BAR_WIDTH}V{HIGHEST}z"
    assert busy.bars.split("z")[:2] == [
        f"M0 {HIGHEST}v-{HIGHEST:.1f}h{BAR_WIDTH}V{HIGHEST}",
        f"M{BAR} {HIGHEST}v-{HIGHEST / 4:.1f}h{BAR_WIDTH}V{HIGHEST}",
    ]
    assert (busy.total, busy.most) == (15, 12)


def test_archived_agents_stand_apart_without_figures(cast: Cast, phone: Phone, sign_in: SignIn) -> None:
    unpublish(cast.agent, live=2, by=cast.pia)
    archive_agent(cast.agent, by=cast.ana)
    text = sign_in(cast.cleo).get(page(cast.project)).text

    assert rows(text) == {}
    assert "<h2>Archived</h2>" in text
    assert "No agents yet" in text


def test_a_name_is_only_ever_text(cast: Cast, phone: Phone, sign_in: SignIn) -> None:
    rename_agent(cast.agent, "<img src=x onerror=alert(1)>", by=cast.ana)
    ring(phone)

    assert "<img" not in sign_in(cast.cleo).get(page(cast.project)).text


def test_the_page_asks_the_database_as_often_for_forty_agents_as_for_one(
    cast: Cast, phone: Phone, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = sign_in(cast.ben)
    ring(phone)
    with django_assert_num_queries(14):
        client.get(page(cast.project))

    for name in range(39):
        agent = create_agent(cast.project, f"Agent {name}", by=cast.ben)
        number = assign_number(add_number(phone.connection, f"+1555000{2000 + name}", by=cast.ana), agent, by=cast.pia)
        if name % 2:
            go_live(agent, cast, "First")
            hang_up(ring(phone, number.number))
        edit(agent, cast.ben, prompt="Be brief.")
        ring(phone, number.number)

    with django_assert_num_queries(14):
        assert len(rows(client.get(page(cast.project)).text)) == 40


def test_another_projects_agents_are_unknown(cast: Cast, sign_in: SignIn, client: Client) -> None:
    for user in (cast.olga, cast.charlie):
        assert sign_in(user).get(page(cast.project)).status_code == 404
    assert sign_in(cast.ana).post(page(cast.project)).status_code == 405
    assert client.get(page(cast.project))["Location"].startswith(reverse("accounts.sign_in"))
