"""Versions, events and calls are read; nothing is deleted; a history is no way back."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db.models import Model
from django.test import Client

from agentversions import operations
from agentversions.models import Agent, Draft, Event, Membership, Project, Version
from telephony.incoming import IncomingCall
from telephony.models import Call, Connection, PhoneNumber, Review
from telephony.routing import route_call
from tests.cast import Cast, edit, save
from tests.operators.conftest import Line, page, reviewed, text

type SignIn = Callable[[User], Client]

NOUNS = [Project, Membership, Agent, Draft, Version, Event, Connection, PhoneNumber, Call, Review, User]


@pytest.fixture(params=["version", "event", "call", "review"])
def kept(request: pytest.FixtureRequest, cast: Cast, line: Line) -> Model:
    """One of the things that never change."""
    match request.param:
        case "version":
            return cast.agent.start()
        case "event":
            return Event.objects.filter(agent=cast.agent)[0]
        case "review":
            return reviewed(cast, line)
        case _:
            return route_call(line.connection, IncomingCall("CA1", "+441134960101", "+15550001000"))


class TestWhatIsKept:
    def test_is_shown(self, kept: Model, root: User, sign_in: SignIn) -> None:
        answer = sign_in(root).get(page(kept))
        assert answer.status_code == 200
        assert 'name="_save"' not in text(answer)

    def test_is_not_added(self, kept: Model, root: User, sign_in: SignIn) -> None:
        noun = type(kept)
        before = noun._default_manager.count()
        assert sign_in(root).get(page(noun, "add")).status_code == 403
        assert sign_in(root).post(page(noun, "add"), {"number": 7, "name": "x"}).status_code == 403
        assert noun._default_manager.count() == before

    def test_is_not_changed(self, kept: Model, root: User, sign_in: SignIn) -> None:
        noun = type(kept)
        before = noun._default_manager.values().get(pk=kept.pk)
        for told in ({"name": "other", "number": 9, "action": "published", "_save": "Save"}, {"_saveasnew": "1"}):
            assert sign_in(root).post(page(kept), told).status_code == 403
        assert noun._default_manager.values().get(pk=kept.pk) == before

    def test_is_not_deleted(self, kept: Model, root: User, sign_in: SignIn) -> None:
        client = sign_in(root)
        assert client.get(page(kept, "delete")).status_code == 403
        assert client.post(page(kept, "delete"), {"post": "yes"}).status_code == 403
        client.post(
            page(type(kept), "changelist"),
            {"action": "delete_selected", "_selected_action": [str(kept.pk)], "post": "yes"},
        )
        assert type(kept)._default_manager.filter(pk=kept.pk).exists()


@pytest.mark.parametrize("noun", NOUNS)
def test_nothing_offers_to_be_deleted(cast: Cast, root: User, line: Line, sign_in: SignIn, noun: type[Model]) -> None:
    edit(cast.agent, root, prompt="Mine")
    reviewed(cast, line)
    client = sign_in(root)
    assert "delete_selected" not in text(client.get(page(noun, "changelist")))
    for thing in noun._default_manager.all()[:1]:
        assert client.post(page(thing, "delete"), {"post": "yes"}).status_code == 403


def test_what_a_version_holds_is_escaped(cast: Cast, sign_in: SignIn) -> None:
    version = save(cast.agent, cast.ben, prompt="</textarea><script>alert('prompt')</script>")
    shown = text(sign_in(cast.cleo).get(page(version)))
    assert "<script>alert" not in shown
    assert "&lt;/textarea&gt;&lt;script&gt;alert" in shown


class TestAHistory:
    def remembered(self, cast: Cast, line: Line) -> list[Model]:
        version = operations.rename_version(cast.agent.start(), "First", by=cast.ben)
        operations.rename_agent(cast.agent, "Front door", by=cast.ben)
        membership = Membership.objects.get(project=cast.project, user=cast.ben)
        things: list[Model] = [Agent.objects.get(pk=cast.agent.pk), membership, line.number, line.connection, version]
        return [*things, reviewed(cast, line)]

    def test_is_read_by_who_may_see_its_object(self, cast: Cast, line: Line, sign_in: SignIn) -> None:
        client = sign_in(cast.cleo)
        for thing in self.remembered(cast, line):
            answer = client.get(page(thing, "history"))
            assert answer.status_code == 200, thing
            first = thing.history.latest("history_id")  # type: ignore[attr-defined] # simple-history has no types
            state = client.get(f"{page(thing, 'history')}{first.pk}/")
            assert state.status_code == 200, thing
            assert 'name="_save"' not in text(state)
            assert not state.context["adminform"].form.fields

        assert "Reception → Front door" in text(client.get(page(cast.agent, "history")))
        assert "Agent: - → Front door" in text(client.get(page(line.number, "history")))

    def test_is_unknown_to_strangers(self, cast: Cast, line: Line, sign_in: SignIn) -> None:
        client = sign_in(cast.olga)
        for thing in self.remembered(cast, line):
            kept = thing.history.latest("history_id")  # type: ignore[attr-defined] # simple-history has no types
            assert client.get(page(thing, "history")).status_code == 404
            assert client.get(f"{page(thing, 'history')}{kept.pk}/").status_code == 404

    def test_is_no_way_back(self, cast: Cast, root: User, line: Line, sign_in: SignIn) -> None:
        client = sign_in(root)
        for thing in self.remembered(cast, line):
            noun = type(thing)
            before = noun._default_manager.values().get(pk=thing.pk)
            oldest = thing.history.earliest("history_id")  # type: ignore[attr-defined] # simple-history has no types
            told = {"name": "Reverted", "role": "admin", "agent": "", "fallback": "x", "_save": "Revert"}
            for address in (page(thing, "history"), f"{page(thing, 'history')}{oldest.pk}/"):
                assert client.post(address, told).status_code == 405, thing
            assert noun._default_manager.values().get(pk=thing.pk) == before

    @pytest.mark.parametrize("entry", ["0", "999999", "99999999999999999999999", "x", "²"])
    def test_has_only_the_entries_it_has(self, cast: Cast, root: User, sign_in: SignIn, entry: str) -> None:
        assert sign_in(root).get(f"{page(cast.agent, 'history')}{entry}/").status_code == 404

    def test_shows_no_others_entries(self, cast: Cast, sign_in: SignIn) -> None:
        theirs = cast.orders.history.latest("history_id")
        assert sign_in(cast.ana).get(f"{page(cast.agent, 'history')}{theirs.pk}/").status_code == 404
