"""One's own projects, and one's own drafts; all else is unknown, whoever asks."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import Permission, User
from django.db.models import Model
from django.test import Client
from django.urls import reverse

from agentversions.models import Agent, Draft, Event, Membership, Project, Version
from telephony.incoming import IncomingCall
from telephony.models import Call, Connection, PhoneNumber, Retention, Review
from telephony.routing import route_call
from tests.cast import Cast, edit, save, stored
from tests.operators.conftest import SECRET, Line, messages, page, text

type SignIn = Callable[[User], Client]

PRIVATE = "a prompt that only Ben has seen"
NOUNS: list[type[Model]] = [
    *(Project, Membership, Agent, Draft, Version, Event),
    *(Connection, PhoneNumber, Call, Review, Retention),
]


@pytest.fixture
def draft(cast: Cast) -> Draft:
    """Ben's draft."""
    edit(cast.agent, cast.ben, prompt=PRIVATE)
    return stored(cast.agent, cast.ben)


@pytest.fixture
def call(cast: Cast, line: Line) -> Call:
    """A call that was missed."""
    return route_call(line.connection, IncomingCall("CA1", "+441134960101", "+15550001000"))


class TestAProject:
    def test_shows_its_members_everything_but_others_drafts(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        cleo = sign_in(cast.cleo)
        for noun in NOUNS:
            assert cleo.get(page(noun, "changelist")).status_code == 200, noun
        for thing in (cast.project, cast.agent, cast.agent.start(), call, call.connection):
            assert cleo.get(page(thing)).status_code == 200, thing

    def test_is_unknown_to_strangers(self, cast: Cast, call: Call, draft: Draft, sign_in: SignIn) -> None:
        olga = sign_in(cast.olga)
        membership = Membership.objects.get(project=cast.project, user=cast.ben)
        event = Event.objects.filter(agent=cast.agent)[0]
        number = PhoneNumber.objects.get()
        for thing in (
            *(cast.project, membership, cast.agent, cast.agent.start(), draft, event),
            *(call.connection, number, call),
        ):
            answer = olga.get(page(thing), follow=True)
            assert answer.redirect_chain == [("/admin/", 302)], thing
            assert "Perhaps it was deleted?" in messages(answer)[0]
            assert olga.get(page(thing, "history")).status_code == 404, thing

    @pytest.mark.usefixtures("call", "draft")
    def test_is_in_no_list_search_or_choice_of_strangers(self, cast: Cast, sign_in: SignIn) -> None:
        olga = sign_in(cast.olga)
        for noun in NOUNS:
            for query in ("", "?q=Reception", f"?project={cast.project.pk}", f"?q={cast.agent.pk}"):
                shown = text(olga.get(page(noun, "changelist") + query))
                assert "Front desk" not in shown, (noun, query)
                assert f"/{cast.agent.pk}/" not in shown, (noun, query)
        for noun in (Agent, Membership, PhoneNumber):
            assert "Front desk" not in text(olga.get(page(noun, "add")))

    def test_needs_the_django_permission_too(self, cast: Cast, sign_in: SignIn) -> None:
        cast.cleo.user_permissions.set(Permission.objects.filter(codename="view_project"))
        cleo = sign_in(cast.cleo)
        assert cleo.get(page(cast.project)).status_code == 200
        assert cleo.get(page(cast.agent)).status_code == 403
        assert cleo.get(page(Version, "changelist")).status_code == 403

    def test_needs_to_be_staff(self, cast: Cast, sign_in: SignIn) -> None:
        cast.ben.is_staff = False
        cast.ben.save()
        assert sign_in(cast.ben).get(page(cast.agent)).status_code == 302

    @pytest.mark.usefixtures("cast")
    def test_is_known_to_superusers(self, root: User, sign_in: SignIn) -> None:
        shown = text(sign_in(root).get(page(Agent, "changelist")))
        assert "Reception" in shown
        assert "Orders" in shown


class TestADraft:
    def test_is_its_owners(self, cast: Cast, draft: Draft, sign_in: SignIn) -> None:
        ben = sign_in(cast.ben)
        assert PRIVATE in text(ben.get(page(draft)))
        assert f"{draft.pk}" in text(ben.get(page(Draft, "changelist")))

    def test_is_nobody_elses_not_even_a_superusers(self, cast: Cast, root: User, draft: Draft, sign_in: SignIn) -> None:
        for user in (cast.ana, cast.cleo, root):
            client = sign_in(user)
            for query in ("", "?q=Reception", f"?q={draft.pk}"):
                assert not client.get(page(Draft, "changelist") + query).context["cl"].result_list
            assert client.get(page(draft)).status_code == 302
            for deed in ("save_version", "publish"):
                assert client.get(page(draft, deed)).status_code == 404
                assert client.post(page(draft, deed)).status_code == 404

    def test_has_no_history_for_anybody(self, cast: Cast, root: User, draft: Draft, sign_in: SignIn) -> None:
        save(cast.agent, cast.ben)
        for user in (cast.ben, cast.ana, root):
            client = sign_in(user)
            assert client.get(page(draft, "history")).status_code == 404
            assert client.get(f"/admin/agentversions/draft/{draft.pk}/history/1/").status_code in (302, 404)
            assert client.post(page(draft, "history")).status_code == 404
        assert "historylink" not in text(sign_in(cast.ben).get(page(draft)))

    @pytest.mark.usefixtures("cast")
    def test_is_found_by_no_autocomplete(self, root: User, draft: Draft, sign_in: SignIn) -> None:
        client = sign_in(root)
        client.raise_request_exception = False  # Django itself stumbles over relations the other way round
        for app, model, field in (
            ("agentversions", "agent", "drafts"),
            ("agentversions", "draft", "agent"),
            ("agentversions", "version", "agent"),
            ("agentversions", "historicaldraft", "history_relation"),
        ):
            query = {"app_label": app, "model_name": model, "field_name": field, "term": "Ben"}
            answer = client.get(reverse("admin:autocomplete"), query)
            assert str(draft.pk) not in text(answer)
            assert PRIVATE not in text(answer)

    @pytest.mark.usefixtures("cast", "draft")
    @pytest.mark.parametrize("lookup", ["drafts__isnull=0", "drafts__owner=1", "drafts__gt=0", "published__isnull=0"])
    def test_is_not_asked_about_through_an_agents_list(self, root: User, sign_in: SignIn, lookup: str) -> None:
        assert sign_in(root).get(page(Agent, "changelist") + "?" + lookup).status_code == 400

    @pytest.mark.usefixtures("draft")
    def test_is_not_told_of_in_others_events(self, cast: Cast, root: User, sign_in: SignIn) -> None:
        version = save(cast.agent, cast.ben)
        ben = sign_in(cast.ben)
        edited = ben.post(
            page(version, "edit_into_draft"),
            {
                f"{version.pk}-base": str(stored(cast.agent, cast.ben).base),
                f"{version.pk}-key": "0192f0c0-0000-7000-8000-000000000001",
            },
            follow=True,
        )
        assert messages(edited) == ["Your draft of Reception holds v2 now."]
        assert "copied v2 into their draft" in text(ben.get(page(Event, "changelist")))
        event = Event.objects.get(action="edited_into_draft")
        for user in (cast.ana, root):
            assert "copied v2 into their draft" not in text(sign_in(user).get(page(Event, "changelist")))
            assert sign_in(user).get(page(event)).status_code == 302


class TestASecret:
    @pytest.mark.usefixtures("cast")
    def test_is_on_no_page(self, root: User, line: Line, sign_in: SignIn) -> None:
        sealed = Connection.objects.values_list("secrets", flat=True).get()
        assert sealed
        client = sign_in(root)
        told = {"name": "Renamed", "initial-name": line.connection.name, "worker_url": "", "enabled": "on",
                "initial-enabled": "True", "fallback": line.connection.fallback,
                "initial-fallback": line.connection.fallback}  # fmt: skip
        changed = client.post(page(line.connection), told, follow=True)
        assert "was changed successfully" in text(changed)
        kept = line.connection.history.latest("history_id")
        pages = [
            changed,
            client.get(page(Connection, "changelist")),
            client.get(page(line.connection)),
            client.get(page(line.connection, "history")),
            client.get(f"/admin/telephony/connection/{line.connection.pk}/history/{kept.pk}/"),
            client.get(page(PhoneNumber, "changelist")),
            client.get(page(line.number)),
            client.get(page(Event, "changelist")),
        ]
        for answer in pages:
            assert answer.status_code == 200
            assert SECRET not in text(answer)
            assert sealed not in text(answer)

    @pytest.mark.usefixtures("line")
    def test_is_not_guessed_by_a_lists_address(self, root: User, sign_in: SignIn) -> None:
        client = sign_in(root)
        asked_by = [(Connection, "secrets"), (PhoneNumber, "connection__secrets"), (Call, "connection__secrets")]
        for noun, lookup in asked_by:
            assert client.get(page(noun, "changelist") + f"?{lookup}__startswith=g").status_code == 400

    def test_survives_a_change_of_the_rest(self, cast: Cast, line: Line, sign_in: SignIn) -> None:
        sealed = Connection.objects.values_list("secrets", flat=True).get()
        sign_in(cast.ana).post(page(line.connection), {"name": "Other", "initial-name": line.connection.name})
        assert Connection.objects.values_list("secrets", flat=True).get() == sealed
