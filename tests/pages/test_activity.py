"""Activity: what was done, told in sentences, to those who may know it."""

import re
from html import unescape

from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agentversions.models import Agent, Event, Project
from agentversions.operations import discard_draft, rename_agent, rename_version
from tests.cast import Cast, edit, save, shown
from tests.pages.conftest import SignIn


def of_project(project: Project) -> str:
    """The project's activity."""
    return reverse("activity.index", args=[project.pk])


def of_agent(agent: Agent) -> str:
    """The agent's activity."""
    return reverse("activity.agent", args=[agent.pk])


def told(text: str) -> list[str]:
    """The sentences of a page, newest first."""
    acts = re.findall(r'<li class="act">.*?<p>(.*?)</p>', text, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", "", act)).split()) for act in acts]


def test_a_projects_activity_tells_all_of_it_newest_first(cast: Cast, sign_in: SignIn) -> None:
    version = save(cast.agent, cast.ben, "Holiday hours", prompt="Be kind.")
    rename_version(version, "Summer hours", by=cast.pia)

    sentences = told(sign_in(cast.cleo).get(of_project(cast.project)).text)

    assert sentences[:3] == ["Pia named v2 “Summer hours”", "Ben saved v2", "Ana created Reception with v1"]
    assert sentences[-1] == "Ana created the project “Front desk”"


def test_an_agents_activity_tells_only_of_it_and_links_its_versions(cast: Cast, sign_in: SignIn) -> None:
    save(cast.agent, cast.ben, prompt="Be kind.")

    shown_page = sign_in(cast.cleo).get(of_agent(cast.agent)).text

    assert told(shown_page) == ["Ben saved v2", "Ana created Reception with v1"]
    assert f'href="{reverse("versions.show", args=[cast.agent.pk, 2])}"' in shown_page


def test_what_someone_did_with_their_own_draft_is_told_to_nobody_else(cast: Cast, sign_in: SignIn) -> None:
    edit(cast.agent, cast.ben, prompt="Be kind.")
    discard_draft(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben)

    for url in (of_project(cast.project), of_agent(cast.agent)):
        assert "Ben discarded their draft" in told(sign_in(cast.ben).get(url).text)
        for other in (cast.ana, cast.pia, cast.cleo):
            assert "discarded" not in sign_in(other).get(url).text


def test_pages_follow_each_other_without_gap_or_repetition(cast: Cast, sign_in: SignIn) -> None:
    for number in range(60):
        rename_agent(cast.agent, f"Reception {number}", by=cast.ben)
    client, url = sign_in(cast.cleo), of_agent(cast.agent)

    first = client.get(url)
    further = re.search(r'hx-get="(\?before=\d+)"', first.text)
    assert further
    rest = client.get(url + further[1], headers={"HX-Request": "true"})

    assert (len(told(first.text)), len(told(rest.text))) == (50, 11)
    assert len(set(told(first.text) + told(rest.text))) == 61
    assert "<html" not in rest.text
    assert "before=" not in rest.text


def test_a_page_that_cant_be_read_is_refused(cast: Cast, sign_in: SignIn) -> None:
    for before in ("x", "-1", "9" * 30, "1\0"):
        assert sign_in(cast.cleo).get(of_project(cast.project), {"before": before}).status_code == 400


def test_the_pages_ask_the_database_as_often_for_one_act_as_for_thirty(
    cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client = sign_in(cast.ana)
    with django_assert_num_queries(10):
        client.get(of_project(cast.project))
    with django_assert_num_queries(14):
        client.get(of_agent(cast.agent))

    for number in range(30):
        save(cast.agent, cast.ben, f"Name {number}", prompt=f"Prompt {number}")

    with django_assert_num_queries(10):
        client.get(of_project(cast.project))
    with django_assert_num_queries(14):
        client.get(of_agent(cast.agent))


def test_another_project_is_unknown_and_nothing_is_written_by_looking(
    cast: Cast, sign_in: SignIn, client: Client
) -> None:
    events = Event.objects.count()

    for url in (of_project(cast.elsewhere), of_agent(cast.orders)):
        assert sign_in(cast.ana).get(url).status_code == 404
        assert sign_in(cast.charlie).get(url).status_code == 404
        assert client.get(url)["Location"].startswith(reverse("accounts.sign_in"))
        assert sign_in(cast.olga).post(url).status_code == 405

    assert Event.objects.count() == events
