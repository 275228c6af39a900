"""What the buttons and actions do: what the verbs do, as it was shown, once."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client

from agentversions import operations
from agentversions.models import Action, Agent, Draft, Event, Membership, Project, Version
from telephony import operations as phone
from telephony.models import PhoneNumber
from tests.cast import Cast, edit, live, save, shown, stored
from tests.operations.test_secrets import SECRETS
from tests.operators.conftest import Line, asked, confirm, messages, page, sent, text

type SignIn = Callable[[User], Client]


def choose(client: Client, noun: type, action: str, *things: object) -> Any:
    """Tick things in a list and run an action, following where it leads."""
    keys = [str(thing.pk) for thing in things]  # type: ignore[attr-defined] # rows
    return client.post(page(noun, "changelist"), {"action": action, "_selected_action": keys}, follow=True)


def publish(cast: Cast, version: Version) -> None:
    """Make it live, as Pia."""
    operations.publish(version, live=live(cast.agent), by=cast.pia)


@pytest.fixture
def assigned(cast: Cast, line: Line) -> PhoneNumber:
    """The project's number, which the agent answers."""
    return phone.assign_number(line.number, cast.agent, by=cast.pia)


class TestSaveAsVersion:
    def test_shows_the_number_then_saves_it(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.ben, prompt="Hello")
        draft, ben = stored(cast.agent, cast.ben), sign_in(cast.ben)

        page_ = choose(ben, Draft, "save_version", draft)
        assert "Your draft becomes v2. It isn&#x27;t live; your draft stays." in text(page_)
        assert "Changed against v1, from which it came: Prompt." in text(page_)
        assert Version.objects.filter(agent=cast.agent).count() == 1

        answer = confirm(ben, draft, "save_version", sent(page_), name="Greets")
        assert messages(answer) == ["Saved as v2."]
        version = Version.objects.get(agent=cast.agent, number=2)
        assert (version.name, version.author, version.configuration["prompt"]) == ("Greets", cast.ben, "Hello")
        assert live(cast.agent) is None
        event = Event.objects.get(action=Action.VERSION_SAVED)
        assert (event.actor, event.version, str(event.key)) == (cast.ben, version, sent(page_)[f"{draft.pk}-key"])

    def test_makes_one_version_of_a_confirmation_that_is_sent_twice(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.ben, prompt="Hello")
        draft, ben = stored(cast.agent, cast.ben), sign_in(cast.ben)
        told = asked(ben, draft, "save_version")

        assert messages(confirm(ben, draft, "save_version", told)) == ["Saved as v2."]
        assert messages(confirm(ben, draft, "save_version", told)) == ["Saved as v2."]
        assert Version.objects.filter(agent=cast.agent).count() == 2
        assert Event.objects.filter(action=Action.VERSION_SAVED).count() == 1
        refused = confirm(ben, draft, "save_version", told, name="Another")
        assert "already used for something else" in messages(refused)[0]
        assert Version.objects.filter(agent=cast.agent).count() == 2

    def test_asks_again_when_the_draft_moved(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.ben, prompt="Hello")
        draft, ben = stored(cast.agent, cast.ben), sign_in(cast.ben)
        told = asked(ben, draft, "save_version")
        edit(cast.agent, cast.ben, prompt="Goodbye")

        again = confirm(ben, draft, "save_version", told, name="Greets")
        assert again.status_code == 409
        assert "changed in another tab" in text(again)
        assert Version.objects.filter(agent=cast.agent).count() == 1
        assert sent(again)[f"{draft.pk}-name"] == "Greets"
        assert sent(again)[f"{draft.pk}-key"] != told[f"{draft.pk}-key"]
        assert messages(confirm(ben, draft, "save_version", sent(again))) == ["Saved as v2."]

    def test_is_refused_while_something_cant_be_read(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.ben, voice__speed="1.x")
        draft, ben = stored(cast.agent, cast.ben), sign_in(cast.ben)
        shown_ = ben.get(page(draft, "save_version"))
        assert "Type a number, such as 1.5." in text(shown_)
        assert "disabled" in text(shown_)
        assert "can't be read yet" in messages(confirm(ben, draft, "save_version", sent(shown_)))[0]
        assert Version.objects.filter(agent=cast.agent).count() == 1

    def test_saves_several_each_with_its_own_confirmation(self, cast: Cast, sign_in: SignIn) -> None:
        other = operations.create_agent(cast.project, "Night desk", by=cast.ana)
        for agent in (cast.agent, other):
            edit(agent, cast.ben, prompt="Hello")
        drafts = [stored(cast.agent, cast.ben), stored(other, cast.ben)]
        ben = sign_in(cast.ben)
        page_ = choose(ben, Draft, "save_version", *drafts)
        edit(other, cast.ben, prompt="Moved")

        address = page_.context["address"]
        again = ben.post(address, sent(page_))
        assert again.status_code == 409
        assert messages(again) == ["Saved as v2."]
        assert [question.thing for question in again.context["questions"]] == [stored(other, cast.ben)]
        assert Version.objects.filter(agent=other).count() == 1


class TestPublishTheDraft:
    @pytest.mark.usefixtures("assigned")
    def test_says_what_it_goes_live_instead_of_then_does(self, cast: Cast, sign_in: SignIn) -> None:
        publish(cast, save(cast.agent, cast.pia, prompt="Hello"))
        edit(cast.agent, cast.pia, greeting="Good morning")
        draft, pia = stored(cast.agent, cast.pia), sign_in(cast.pia)

        told = pia.get(page(draft, "publish"))
        assert "Your draft becomes v3 and answers new calls instead of v2." in text(told)
        assert "1 number will use v3 for new calls." in text(told)
        assert "Changed against v2, which is live: Greeting." in text(told)
        assert f"{draft.pk}-number" not in sent(told)  # there is nothing to choose
        assert live(cast.agent) == 2

        answer = confirm(pia, draft, "publish", sent(told), name="Morning", note="Asked for")
        assert messages(answer) == ["Live now: v3."]
        assert live(cast.agent) == 3
        event = Event.objects.filter(action=Action.PUBLISHED).first()
        assert event is not None
        assert event.particulars == {"before": 2, "source": "draft", "note": "Asked for", "numbers": 1}
        assert messages(confirm(pia, draft, "publish", sent(told), name="Morning", note="Asked for")) == [
            "Live now: v3."
        ]
        assert Version.objects.filter(agent=cast.agent).count() == 3

    @pytest.mark.usefixtures("assigned")
    def test_asks_again_when_another_went_live(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.pia, prompt="Hello")
        draft, pia = stored(cast.agent, cast.pia), sign_in(cast.pia)
        told = asked(pia, draft, "publish")
        publish(cast, save(cast.agent, cast.ana, prompt="Quicker"))

        again = confirm(pia, draft, "publish", told)
        assert again.status_code == 409
        assert "v2 is live now." in text(again)
        assert "instead of v2" in text(again)
        assert live(cast.agent) == 2

    def test_is_blocked_without_a_number_and_changes_nothing(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.pia, prompt="Hello")
        draft, pia = stored(cast.agent, cast.pia), sign_in(cast.pia)
        told = pia.get(page(draft, "publish"))
        assert "No phone number is available" in text(told)
        assert "disabled" in text(told)
        assert "No phone number is available" in messages(confirm(pia, draft, "publish", sent(told)))[0]
        assert live(cast.agent) is None
        assert Version.objects.filter(agent=cast.agent).count() == 1

    def test_takes_the_free_number_that_was_chosen(self, cast: Cast, line: Line, sign_in: SignIn) -> None:
        edit(cast.agent, cast.pia, prompt="Hello")
        draft, pia = stored(cast.agent, cast.pia), sign_in(cast.pia)
        told = asked(pia, draft, "publish")
        assert told[f"{draft.pk}-number"] == str(line.number.pk)
        for _ in range(2):  # the second time the number isn't offered any more
            assert messages(confirm(pia, draft, "publish", told)) == ["Live now: v2."]
        assert PhoneNumber.objects.get().agent == cast.agent

    @pytest.mark.usefixtures("assigned")
    def test_is_for_publishers(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.ben, prompt="Hello")
        draft, ben = stored(cast.agent, cast.ben), sign_in(cast.ben)
        assert "publish/" not in text(ben.get(page(draft)))
        assert "save_version/" in text(ben.get(page(draft)))
        refused = ben.get(page(draft, "publish"), follow=True)
        assert "Your role doesn't allow you to publish" in messages(refused)[0]
        told = {f"{draft.pk}-{name}": text_ for name, text_ in asked(ben, draft, "save_version").items()}
        assert "Your role" in messages(ben.post(page(draft, "publish"), told, follow=True))[0]
        assert live(cast.agent) is None

    @pytest.mark.usefixtures("assigned")
    def test_needs_the_django_permission_too(self, cast: Cast, sign_in: SignIn) -> None:
        cast.pia.user_permissions.set(Permission.objects.exclude(codename="publish_agent"))
        edit(cast.agent, cast.pia, prompt="Hello")
        draft, pia = stored(cast.agent, cast.pia), sign_in(cast.pia)
        told = {f"{draft.pk}-base": str(draft.base), f"{draft.pk}-key": "0192f0c0-0000-7000-8000-000000000001"}
        assert 'value="publish"' not in text(pia.get(page(Draft, "changelist")))
        assert "publish/" not in text(pia.get(page(draft)))
        assert pia.get(page(draft, "publish")).status_code == 403
        assert pia.post(page(draft, "publish"), told).status_code == 403
        assert live(cast.agent) is None


class TestPublishAVersion:
    @pytest.mark.usefixtures("assigned")
    def test_goes_live_as_shown(self, cast: Cast, sign_in: SignIn) -> None:
        first = save(cast.agent, cast.ben, "Steady", prompt="Hello")
        publish(cast, save(cast.agent, cast.ben, prompt="Mistake"))
        pia = sign_in(cast.pia)

        told = choose(pia, Version, "publish", first)
        assert "v2 “Steady” answers new calls instead of v3." in text(told)
        assert messages(confirm(pia, first, "publish", sent(told))) == ["Live now: v2."]
        assert live(cast.agent) == 2
        assert messages(confirm(pia, first, "publish", sent(told))) == ["Live now: v2."]
        assert Event.objects.filter(action=Action.PUBLISHED, version=first).count() == 1
        assert Version.objects.filter(agent=cast.agent).count() == 3

    @pytest.mark.usefixtures("assigned")
    def test_is_for_exactly_one(self, cast: Cast, sign_in: SignIn) -> None:
        versions = [save(cast.agent, cast.ben, prompt=words) for words in ("One", "Two")]
        pia = sign_in(cast.pia)
        for action in ("publish", "edit_into_draft"):
            answer = choose(pia, Version, action, *versions)
            assert messages(answer) == ["Choose exactly one version to do this."]
        both = f"/admin/agentversions/version/{versions[0].pk},{versions[1].pk}/publish/"
        assert pia.get(both).status_code == 404
        assert live(cast.agent) is None

    def test_of_none_it_asks_for_one(self, cast: Cast, sign_in: SignIn) -> None:
        page = choose(sign_in(cast.ana), Version, "publish", Version(pk=999_999))

        assert messages(page) == ["Choose a version first."]

    @pytest.mark.usefixtures("assigned")
    def test_says_when_it_is_live_already(self, cast: Cast, sign_in: SignIn) -> None:
        version = save(cast.agent, cast.ben, prompt="Hello")
        publish(cast, version)
        pia = sign_in(cast.pia)
        assert "publish/" not in text(pia.get(page(version)))
        told = pia.get(page(version, "publish"))
        assert "v2 is live already." in text(told)
        assert messages(confirm(pia, version, "publish", sent(told))) == ["v2 is live already."]

    @pytest.mark.usefixtures("assigned")
    @pytest.mark.parametrize("spoilt", ["key", "base", "live"])
    def test_survives_what_cant_be_read(self, cast: Cast, sign_in: SignIn, spoilt: str) -> None:
        version = save(cast.agent, cast.ben, prompt="Hello")
        pia = sign_in(cast.pia)
        for words in ("\0", "x" * 300, "9" * 400, "null"):
            told = asked(pia, version, "edit_into_draft") | {f"{version.pk}-{spoilt}": words}
            assert confirm(pia, version, "edit_into_draft", told).status_code in (200, 409)
            told = asked(pia, version, "publish") | {f"{version.pk}-{spoilt}": words}
            assert confirm(pia, version, "publish", told).status_code in (200, 409)

    @pytest.mark.usefixtures("assigned")
    def test_is_for_no_foreigner_and_no_viewer(self, cast: Cast, sign_in: SignIn) -> None:
        version = save(cast.agent, cast.ben, prompt="Hello")
        told = {f"{version.pk}-key": "0192f0c0-0000-7000-8000-000000000001"}
        for deed in ("publish", "edit_into_draft"):
            assert sign_in(cast.olga).get(page(version, deed)).status_code == 404
            assert sign_in(cast.olga).post(page(version, deed), told).status_code == 404
            assert "Your role" in messages(sign_in(cast.cleo).post(page(version, deed), told, follow=True))[0]
        assert live(cast.agent) is None
        assert not Draft.objects.filter(owner__in=[cast.olga, cast.cleo]).exists()

    @pytest.mark.usefixtures("assigned")
    def test_is_for_superusers(self, cast: Cast, root: User, sign_in: SignIn) -> None:
        version = save(cast.agent, cast.ben, prompt="Hello")
        assert messages(confirm(sign_in(root), version, "publish")) == ["Live now: v2."]

    def test_takes_only_get_and_post(self, cast: Cast, root: User, sign_in: SignIn) -> None:
        assert sign_in(root).delete(page(cast.agent.start(), "publish")).status_code == 405


class TestEditIntoDraft:
    def test_copies_it_whole(self, cast: Cast, sign_in: SignIn) -> None:
        version = save(cast.agent, cast.ana, prompt="Hello")
        ben = sign_in(cast.ben)
        assert not Draft.objects.filter(owner=cast.ben).exists()
        told = ben.get(page(version, "edit_into_draft"))
        assert "v2 is copied whole into your draft" in text(told)
        assert not Draft.objects.filter(owner=cast.ben).exists()

        assert messages(confirm(ben, version, "edit_into_draft", sent(told))) == [
            "Your draft of Reception holds v2 now."
        ]
        draft = stored(cast.agent, cast.ben)
        assert (draft.configuration, draft.based_on) == (version.configuration, version)
        revision = draft.revision
        confirm(ben, version, "edit_into_draft", sent(told))
        assert stored(cast.agent, cast.ben).revision == revision

    def test_says_what_it_replaces_and_keeps_it(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.ben, prompt="Unsaved")
        ben, version = sign_in(cast.ben), cast.agent.start()
        told = ben.get(page(version, "edit_into_draft"))
        assert "Your draft has changes that are in no version." in text(told)

        replaced = sent(told) | {f"{version.pk}-save_first": ""}
        assert messages(confirm(ben, version, "edit_into_draft", replaced)) == ["Your draft of Reception holds v1 now."]
        draft = stored(cast.agent, cast.ben)
        assert draft.history.latest("history_id").configuration["prompt"] == "Unsaved"
        assert Version.objects.filter(agent=cast.agent).count() == 1

    def test_saves_it_first_when_asked(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.ben, prompt="Unsaved")
        ben, version = sign_in(cast.ben), cast.agent.start()
        confirm(ben, version, "edit_into_draft", asked(ben, version, "edit_into_draft"), save_first="on")
        assert Version.objects.get(agent=cast.agent, number=2).configuration["prompt"] == "Unsaved"
        assert stored(cast.agent, cast.ben).based_on == version

    def test_asks_again_when_the_draft_moved(self, cast: Cast, sign_in: SignIn) -> None:
        ben, version = sign_in(cast.ben), cast.agent.start()
        told = asked(ben, version, "edit_into_draft")
        edit(cast.agent, cast.ben, prompt="Typed meanwhile")
        assert confirm(ben, version, "edit_into_draft", told).status_code == 409
        assert stored(cast.agent, cast.ben).configuration["prompt"] == "Typed meanwhile"


class TestAnAgent:
    @pytest.mark.usefixtures("assigned")
    def test_is_unpublished_as_shown(self, cast: Cast, sign_in: SignIn) -> None:
        publish(cast, save(cast.agent, cast.ben, prompt="Hello"))
        pia = sign_in(cast.pia)
        told = pia.get(page(cast.agent, "unpublish"))
        assert "Callers of 1 number hear the connection&#x27;s refusal." in text(told)
        assert messages(confirm(pia, cast.agent, "unpublish", sent(told))) == [
            "Nothing is live. Reception no longer answers calls."
        ]
        assert live(cast.agent) is None
        confirm(pia, cast.agent, "unpublish", sent(told))
        assert Event.objects.filter(action=Action.UNPUBLISHED).count() == 1

    @pytest.mark.usefixtures("assigned")
    def test_is_archived_by_admins_once_nothing_is_live(self, cast: Cast, sign_in: SignIn) -> None:
        publish(cast, save(cast.agent, cast.ben, prompt="Hello"))
        ana = sign_in(cast.ana)
        told = ana.get(page(cast.agent, "archive"))
        assert "v2 is live. Unpublish it first." in text(told)
        assert messages(confirm(ana, cast.agent, "archive", sent(told))) == ["v2 is live. Unpublish it first."]
        operations.unpublish(cast.agent, live=2, by=cast.ana)
        assert "Your role" in messages(sign_in(cast.pia).get(page(cast.agent, "archive"), follow=True))[0]

        assert messages(confirm(ana, cast.agent, "archive")) == ["Reception is archived."]
        assert Agent.objects.get(pk=cast.agent.pk).archived_at
        assert PhoneNumber.objects.get().agent is None
        assert 'name="_save"' not in text(ana.get(page(cast.agent)))

    @pytest.mark.usefixtures("assigned")
    def test_may_not_be_touched_by_editors_beyond_its_name(self, cast: Cast, sign_in: SignIn) -> None:
        publish(cast, save(cast.agent, cast.ben, prompt="Hello"))
        ben = sign_in(cast.ben)
        for deed in ("unpublish", "archive"):
            told = {f"{cast.agent.pk}-key": "0192f0c0-0000-7000-8000-000000000001", f"{cast.agent.pk}-live": "2"}
            assert "Your role" in messages(ben.post(page(cast.agent, deed), told, follow=True))[0]
        assert live(cast.agent) == 2


class TestAMember:
    def test_is_removed_by_admins(self, cast: Cast, sign_in: SignIn) -> None:
        membership = Membership.objects.get(project=cast.project, user=cast.ben)
        assert "Your role" in messages(sign_in(cast.pia).get(page(membership, "remove"), follow=True))[0]
        answer = confirm(sign_in(cast.ana), membership, "remove")
        assert messages(answer) == ["Ben is no longer in Front desk."]
        assert not Membership.objects.filter(pk=membership.pk).exists()
        assert Event.objects.get(action=Action.MEMBER_REMOVED).actor == cast.ana

    def test_stays_if_nobody_else_runs_the_project(self, cast: Cast, sign_in: SignIn) -> None:
        membership = Membership.objects.get(project=cast.project, user=cast.ana)
        assert "A project needs an admin" in messages(confirm(sign_in(cast.ana), membership, "remove"))[0]
        assert Membership.objects.filter(pk=membership.pk).exists()


def test_a_page_that_was_opened_shows_its_base(cast: Cast, sign_in: SignIn) -> None:
    edit(cast.agent, cast.ben, prompt="Hello")
    draft = stored(cast.agent, cast.ben)
    told = asked(sign_in(cast.ben), draft, "save_version")
    assert told[f"{draft.pk}-base"] == str(shown(cast.agent, cast.ben))


def test_a_confirmation_needs_its_token(cast: Cast) -> None:
    edit(cast.agent, cast.ben, prompt="Hello")
    draft = stored(cast.agent, cast.ben)
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.ben)
    assert client.post(page(draft, "save_version"), {}).status_code == 403


def test_the_admin_says_the_same_words_as_the_dialogs(cast: Cast, sign_in: SignIn) -> None:
    key = SECRETS["an OpenAI key"]
    edit(cast.agent, cast.ana, greeting=f"{key} {{{{place}}}}", variables="hours = 9 to 5")
    ana, draft = sign_in(cast.ana), stored(cast.agent, cast.ana)

    saving, publishing = text(ana.get(page(draft, "save_version"))), text(ana.get(page(draft, "publish")))

    secret = "Greeting holds an OpenAI key. Remove it before it is in a version for ever."
    for words in (secret, "The prompt is empty.", "Greeting uses {{place}}, which is not defined."):
        assert words in publishing
    assert "{{hours}} is defined and used in no text." in publishing
    assert secret in saving
    assert key not in saving + publishing
    refused = messages(confirm(ana, draft, "save_version", asked(ana, draft, "save_version")))
    assert refused == [secret]


class TestSuspend:
    def test_says_what_it_does_and_undoes_it(self, cast: Cast, root: User, sign_in: SignIn) -> None:
        client = sign_in(root)

        asking = client.get(page(cast.project, "suspend"))
        assert "callers hear the connections&#x27; messages" in text(asking)
        assert messages(confirm(client, cast.project, "suspend")) == [
            "Front desk is suspended. None of its agents answers."
        ]
        cast.project.refresh_from_db()
        assert cast.project.suspended_at
        assert "It is suspended already." in text(client.get(page(cast.project, "suspend")))
        assert ">Resume<" in text(client.get(page(cast.project)))
        assert ">Suspend<" not in text(client.get(page(cast.project)))

        assert messages(confirm(client, cast.project, "resume")) == ["Front desk's agents answer again."]
        cast.project.refresh_from_db()
        assert cast.project.suspended_at is None
        acts = Event.objects.filter(project=cast.project).order_by("-id").values_list("action", flat=True)[:2]
        assert list(acts) == [Action.PROJECT_RESUMED, Action.PROJECT_SUSPENDED]

    def test_is_offered_to_nobody_but_who_runs_the_server(self, cast: Cast, sign_in: SignIn) -> None:
        ana = sign_in(cast.ana)

        assert ">Suspend<" not in text(ana.get(page(cast.project)))
        assert 'value="suspend"' not in text(ana.get(page(Project, "changelist")))
        for deed in ("suspend", "resume"):
            assert ana.get(page(cast.project, deed)).status_code == 403
            assert ana.post(page(cast.project, deed), {}).status_code == 403
        cast.project.refresh_from_db()
        assert cast.project.suspended_at is None
