"""Phone numbers: adding them, and letting agents answer them."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agentversions.models import Agent, Event, Project, Role
from agentversions.operations import create_agent, create_project, set_role
from telephony.models import PhoneNumber
from telephony.operations import add_connection, add_number, assign_number
from tests.cast import Cast, live
from tests.pages.conftest import SignIn
from tests.pages.phone import NUMBER, Phone, connect, install

HTMX = {"HX-Request": "true"}


def page(project: Project) -> str:
    """The numbers' page."""
    return reverse("numbers.index", args=[project.pk])


def adding(project: Project) -> str:
    """Where a number is added."""
    return reverse("numbers.add", args=[project.pk])


def assigning(number: PhoneNumber) -> str:
    """Where a number is given to an agent."""
    return reverse("numbers.assign", args=[number.pk])


def freeing(number: PhoneNumber) -> str:
    """Where a number is freed."""
    return reverse("numbers.unassign", args=[number.pk])


def answers(number: PhoneNumber) -> Agent | None:
    """Who answers it now."""
    return PhoneNumber.objects.get(pk=number.pk).agent


@pytest.fixture
def phone(cast: Cast) -> Phone:
    """Reception answers a number."""
    return install(cast)


@pytest.fixture
def free(phone: Phone, cast: Cast) -> PhoneNumber:
    """A number that nobody answers."""
    return add_number(phone.connection, "+15550003000", by=cast.ana)


@pytest.fixture
def night(cast: Cast) -> Agent:
    """Another agent of the project."""
    return create_agent(cast.project, "Night desk", by=cast.ben)


class TestLooking:
    @pytest.mark.usefixtures("phone", "free")
    def test_numbers_are_readable_and_say_who_answers(self, cast: Cast, sign_in: SignIn) -> None:
        shown = sign_in(cast.cleo).get(page(cast.project)).text

        assert "+1 555-000-1000" in shown
        assert f'href="{reverse("agents.show", args=[cast.agent.pk])}">Reception</a>' in shown
        assert ">v2</span>" in shown
        assert "+1 555-000-3000" in shown
        assert "Free" in shown

    def test_publishers_see_how_to_assign_and_admins_how_to_add(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        for user, assigns, adds in ((cast.ana, 1, 1), (cast.pia, 1, 0), (cast.ben, 0, 0), (cast.cleo, 0, 0)):
            shown = sign_in(user).get(page(cast.project)).text
            assert (assigning(phone.number) in shown, adding(cast.project) in shown) == (assigns, adds)

    def test_a_project_without_numbers_offers_the_one_next_step(self, cast: Cast, sign_in: SignIn) -> None:
        ana, cleo = sign_in(cast.ana), sign_in(cast.cleo)
        assert reverse("connections.add", args=[cast.project.pk]) in ana.get(page(cast.project)).text
        assert reverse("connections.add", args=[cast.project.pk]) not in cleo.get(page(cast.project)).text
        assert "Connect a provider first" in ana.get(adding(cast.project)).text

        connect(cast)

        assert adding(cast.project) in ana.get(page(cast.project)).text
        assert "An admin of this project can add one." in cleo.get(page(cast.project)).text

    def test_the_page_asks_the_database_as_often_for_one_number_as_for_thirty(
        self, cast: Cast, phone: Phone, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client = sign_in(cast.pia)
        with django_assert_num_queries(10):
            client.get(page(cast.project))

        for number in range(30):
            agent = create_agent(cast.project, f"Agent {number}", by=cast.ben)
            assign_number(add_number(phone.connection, f"+1555000{number:04}", by=cast.ana), agent, by=cast.pia)

        with django_assert_num_queries(10):
            client.get(page(cast.project))


class TestAdding:
    @pytest.mark.parametrize("typed", ["+1 (555) 000-3000", "0015550003000", " +15550003000 "])
    def test_any_spelling_becomes_the_same_number(self, cast: Cast, phone: Phone, sign_in: SignIn, typed: str) -> None:
        client = sign_in(cast.ana)

        answer = client.post(adding(cast.project), {"number": typed, "connection": phone.connection.pk})

        assert PhoneNumber.objects.latest("pk").number == "+15550003000"
        assert "+1 555-000-3000 is added." in client.get(answer["Location"]).text

    @pytest.mark.parametrize("typed", ["", "0113 496 0101", "hello", "+1555", "+1\0", "+" + "9" * 400, NUMBER])
    def test_what_is_no_new_number_is_told_beside_the_field_and_kept(
        self, cast: Cast, phone: Phone, sign_in: SignIn, typed: str
    ) -> None:
        before = (PhoneNumber.objects.count(), Event.objects.count())

        answer = sign_in(cast.ana).post(adding(cast.project), {"number": typed, "connection": phone.connection.pk})

        assert answer.status_code in (409, 422)
        assert 'class="problem"' in answer.text
        assert (PhoneNumber.objects.count(), Event.objects.count()) == before

    def test_the_page_chooses_the_connection_it_was_opened_from(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        other = connect(cast, "Another")

        shown = sign_in(cast.ana).get(adding(cast.project), {"connection": str(phone.connection.pk)}).text

        assert f'<option value="{phone.connection.pk}" selected>' in shown
        assert f'<option value="{other.pk}">' in shown

    @pytest.mark.parametrize("who", ["pia", "ben", "cleo"])
    def test_only_an_admin_adds(self, cast: Cast, phone: Phone, sign_in: SignIn, who: str) -> None:
        client = sign_in(getattr(cast, who))
        posted = {"number": "+15550003000", "connection": phone.connection.pk}

        assert client.get(adding(cast.project)).status_code == 403
        assert client.post(adding(cast.project), posted).status_code == 403
        assert PhoneNumber.objects.count() == 1

    def test_a_number_is_added_together_with_who_answers_it(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        ana = sign_in(cast.ana)
        posted = {"number": "+15550003000", "connection": phone.connection.pk, "agent": str(cast.agent.pk)}

        assert f'<option value="{cast.agent.pk}" selected>Reception</option>' in ana.get(adding(cast.project)).text
        answer = ana.post(adding(cast.project), posted, follow=True)

        assert "+1 555-000-3000 is added. Reception answers it now." in answer.text
        assert PhoneNumber.objects.get(number="+15550003000").agent == cast.agent
        quiet = create_agent(cast.project, "Quiet", by=cast.ana)
        answer = ana.post(adding(cast.project), posted | {"number": "+15550004000", "agent": quiet.pk}, follow=True)
        assert "Quiet answers it once you publish a version." in answer.text
        refused = ana.post(adding(cast.project), posted | {"agent": quiet.pk})
        assert f'<option value="{quiet.pk}" selected>Quiet</option>' in refused.text

    def test_another_projects_agent_is_unknown_and_no_number_is_added(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        set_role(cast.elsewhere, cast.ana, Role.ADMIN, by=cast.olga)
        posted = {"number": "+15550003000", "connection": phone.connection.pk}

        for agent in (cast.orders.pk, "00000000-0000-0000-0000-000000000000"):
            assert sign_in(cast.ana).post(adding(cast.project), posted | {"agent": agent}).status_code == 404
        assert PhoneNumber.objects.count() == 1

    def test_a_connection_of_another_project_is_unknown(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        theirs = add_connection(cast.elsewhere, provider="generic", name="Theirs", secrets={}, by=cast.olga)
        mine = create_project("Mine", by=cast.ana)
        client = sign_in(cast.ana)

        for connection in (theirs.pk, "00000000-0000-0000-0000-000000000000", ""):
            posted = {"number": "+15550003000", "connection": connection}
            assert client.post(adding(cast.project), posted).status_code == 404
        posted = {"number": "+15550003000", "connection": phone.connection.pk}
        assert client.post(adding(mine), posted).status_code == 404
        assert client.post(adding(cast.project), posted | {"connection": "x"}).status_code == 400
        assert PhoneNumber.objects.count() == 1


class TestAssigning:
    def test_a_free_number_is_answered_at_once_and_can_be_freed_again(
        self, cast: Cast, free: PhoneNumber, night: Agent, sign_in: SignIn
    ) -> None:
        client = sign_in(cast.pia)

        answer = client.post(assigning(free), {"agent": night.pk}, headers=HTMX)

        assert (answer.status_code, answer["HX-Redirect"]) == (204, page(cast.project))
        assert answers(free) == night
        shown = client.get(page(cast.project)).text
        assert "Night desk answers +1 555-000-3000 now." in shown
        assert f'action="{freeing(free)}"' in shown

    def test_moving_a_number_from_another_agent_asks_first(
        self, cast: Cast, phone: Phone, night: Agent, sign_in: SignIn
    ) -> None:
        client, events = sign_in(cast.pia), Event.objects.count()

        asked = client.post(assigning(phone.number), {"agent": night.pk}, headers=HTMX)

        assert (asked.status_code, asked["HX-Retarget"]) == (409, "#dialog")
        assert "Move +1 555-000-1000 to Night desk?" in asked.text
        assert "v2 stays published, but no call will reach it" in asked.text
        assert "<html" not in asked.text
        assert (answers(phone.number), Event.objects.count()) == (cast.agent, events)

        client.post(assigning(phone.number), {"agent": night.pk, "sure": "yes"}, headers=HTMX)
        assert answers(phone.number) == night

        shown = client.get(page(cast.project)).text
        assert f'name="agent" value="{cast.agent.pk}"><input type="hidden" name="sure" value="yes">' in shown

    def test_without_a_script_the_question_is_a_page(
        self, cast: Cast, phone: Phone, night: Agent, sign_in: SignIn
    ) -> None:
        asked = sign_in(cast.pia).post(assigning(phone.number), {"agent": night.pk})

        assert asked.status_code == 409
        assert "<html" in asked.text
        assert "Move +1 555-000-1000 to Night desk?" in asked.text

    @pytest.mark.parametrize("who", ["ben", "cleo"])
    def test_only_publishers_assign(
        self, cast: Cast, phone: Phone, free: PhoneNumber, sign_in: SignIn, who: str
    ) -> None:
        client, events = sign_in(getattr(cast, who)), Event.objects.count()

        for number in (phone.number, free):
            assert client.post(assigning(number), {"agent": cast.agent.pk, "sure": "yes"}).status_code == 403
            assert client.post(freeing(number)).status_code == 403

        assert (answers(phone.number), answers(free), Event.objects.count()) == (cast.agent, None, events)

    def test_an_agent_that_isnt_there_is_unknown(self, cast: Cast, free: PhoneNumber, sign_in: SignIn) -> None:
        client = sign_in(cast.pia)

        for agent in (cast.orders.pk, "00000000-0000-0000-0000-000000000000", ""):
            assert client.post(assigning(free), {"agent": agent}).status_code == 404
        assert client.post(assigning(free), {"agent": "x"}).status_code == 400
        assert answers(free) is None


class TestUnassigning:
    def test_the_last_number_of_a_published_agent_asks_first_and_leaves_it_published(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        client = sign_in(cast.pia)

        asked = client.post(freeing(phone.number), headers=HTMX)

        assert (asked.status_code, asked["HX-Retarget"]) == (409, "#dialog")
        assert "v2 stays published, but no call will reach it" in asked.text
        assert answers(phone.number) == cast.agent

        client.post(freeing(phone.number), {"sure": "yes"}, headers=HTMX)
        assert (answers(phone.number), live(cast.agent)) == (None, 2)

    def test_one_of_several_is_freed_at_once_and_can_be_given_back(
        self, cast: Cast, free: PhoneNumber, sign_in: SignIn
    ) -> None:
        assign_number(free, cast.agent, by=cast.pia)
        client = sign_in(cast.pia)

        client.post(freeing(free))

        assert answers(free) is None
        assert f'action="{assigning(free)}"' in client.get(page(cast.project)).text

    def test_a_free_number_is_free_already(self, cast: Cast, free: PhoneNumber, sign_in: SignIn) -> None:
        assert sign_in(cast.pia).post(freeing(free)).status_code == 409


class TestAccess:
    def test_another_projects_numbers_are_unknown(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        olga = sign_in(cast.olga)

        for answer in (
            olga.get(page(cast.project)),
            olga.get(adding(cast.project)),
            olga.post(assigning(phone.number), {"agent": cast.orders.pk, "sure": "yes"}),
            olga.post(freeing(phone.number), {"sure": "yes"}),
        ):
            assert answer.status_code == 404
        assert answers(phone.number) == cast.agent

    def test_only_a_post_writes(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        client = sign_in(cast.ana)

        assert [client.get(url(phone.number)).status_code for url in (assigning, freeing)] == [405, 405]
        assert client.put(adding(cast.project)).status_code == 405

    def test_who_isnt_signed_in_is_led_to_sign_in(self, cast: Cast, phone: Phone, client: Client) -> None:
        for answer in (client.get(page(cast.project)), client.post(freeing(phone.number))):
            assert answer["Location"].startswith(reverse("accounts.sign_in"))
