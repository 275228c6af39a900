"""The deeds of the lifecycle: what each will do, told before it is done, and the verb that does it."""

from typing import Any, override

from django import forms
from django.contrib.auth.models import User

from agentversions import checks, complaints, operations
from agentversions.access import Act, names
from agentversions.admin.confirming import Confirmed, Deed, Question
from agentversions.admin.questions import (
    archived,
    called,
    carry,
    changes,
    count,
    going_live,
    in_progress,
    unreadable,
)
from agentversions.base import Base
from agentversions.configuration import Configuration
from agentversions.models import Agent, Draft, Membership, Project, Version

NAME = forms.CharField(required=False, max_length=100, label="Name", help_text="Optional.")
NOTE = forms.CharField(required=False, max_length=100, label="Note", help_text="Optional: why now.")


class Named(Confirmed):
    """A version's name."""

    name = NAME


class GoingLive(Confirmed):
    """A free number to answer, and why."""

    number = forms.CharField(required=False, label="Answer this number", widget=forms.Select)
    note = NOTE


class NamedAndGoingLive(Named, GoingLive):
    """All of them."""

    field_order = ["name", "number", "note"]


class Replacing(Confirmed):
    """Whether the draft's own changes become a version first."""

    save_first = forms.BooleanField(required=False, initial=True, label="First save my draft as a version")


class SaveVersion(Deed[Draft]):
    """Save my draft as the next version."""

    name = "save_version"
    words = "Save as version"
    permission = "agentversions.add_version"
    act = Act.EDIT
    several = True
    form = Named

    @override
    def question(self, thing: Draft, form: Confirmed, *, by: User) -> Question:
        """The number it gets, and that nothing goes live."""
        carry(form, base=thing.base)
        agent = thing.agent
        facts = [f"Your draft becomes v{agent.last_number + 1}. It isn't live; your draft stays."]
        if thing.based_on:
            facts.append(changes(thing.based_on, thing, against=f"v{thing.based_on.number}, from which it came"))
        pasted = [blocker.sentence for blocker in complaints.secrets(thing.read())]
        return Question(thing, f"Your draft of {agent}", facts, form, blockers=[*unreadable(thing), *pasted])

    @override
    def do(self, thing: Draft, told: dict[str, Any], *, by: User) -> str:
        """Save it."""
        version = operations.save_version(
            thing.agent, base=Base.read(told["base"]), name=told["name"], by=by, key=told["key"]
        )
        return f"Saved as v{version.number}."


class PublishDraft(Deed[Draft]):
    """Save my draft as the next version, and make that live."""

    name = "publish"
    words = "Publish"
    permission = "agentversions.publish_agent"
    act = Act.PUBLISH
    several = True
    form = NamedAndGoingLive

    @override
    def question(self, thing: Draft, form: Confirmed, *, by: User) -> Question:
        """What goes live instead of what."""
        carry(form, base=thing.base, live=thing.agent.published)
        expected = f"v{thing.agent.last_number + 1}"
        intro = f"Your draft becomes {expected} and answers new calls"
        return going_live(thing, thing.agent, expected, intro, form)

    @override
    def do(self, thing: Draft, told: dict[str, Any], *, by: User) -> str:
        """Publish it."""
        version = operations.publish_draft(
            thing.agent,
            base=Base.read(told["base"]),
            live=told["live"],
            name=told["name"],
            number=told["number"],
            note=told["note"],
            by=by,
            key=told["key"],
        )
        return f"Live now: v{version.number}."


class PublishVersion(Deed[Version]):
    """Make a saved version live."""

    name = "publish"
    words = "Publish"
    permission = "agentversions.publish_agent"
    act = Act.PUBLISH
    form = GoingLive

    @override
    def fits(self, thing: Version) -> bool:
        """Unless it is live, or its agent archived."""
        return thing.agent.published_id != thing.pk and not thing.agent.archived_at

    @override
    def question(self, thing: Version, form: Confirmed, *, by: User) -> Question:
        """What goes live instead of what."""
        carry(form, live=thing.agent.published)
        asked = going_live(thing, thing.agent, f"v{thing.number}", f"{called(thing)} answers new calls", form)
        if thing.agent.published_id == thing.pk:
            asked.blockers.append(f"{thing} is live already.")
        return asked

    @override
    def do(self, thing: Version, told: dict[str, Any], *, by: User) -> str:
        """Publish it."""
        version = operations.publish(
            thing, live=told["live"], number=told["number"], note=told["note"], by=by, key=told["key"]
        )
        return f"Live now: v{version.number}."


class EditIntoDraft(Deed[Version]):
    """Copy a version into my draft."""

    name = "edit_into_draft"
    words = "Edit into draft"
    permission = "agentversions.change_draft"
    act = Act.EDIT
    form = Replacing

    @override
    def fits(self, thing: Version) -> bool:
        """Unless its agent is archived."""
        return not thing.agent.archived_at

    @override
    def question(self, thing: Version, form: Confirmed, *, by: User) -> Question:
        """What it replaces, and where that stays."""
        draft = Draft.objects.of(thing.agent, by)
        carry(form, base=draft.base)
        lost = draft.has_changes_in_no_version()
        if not lost or draft.unparsed:
            del form.fields["save_first"]
        facts = [f"{called(thing)} is copied whole into your draft; {thing} itself stays as it is."]
        if draft.started_at:
            facts.append(_KEPT if lost else "Everything in your draft is in a version.")
        return Question(thing, f"{thing.agent}: {called(thing)}", facts, form, blockers=archived(thing.agent))

    @override
    def do(self, thing: Version, told: dict[str, Any], *, by: User) -> str:
        """Copy it."""
        base = Base.read(told["base"])
        if told["save_first"]:
            operations.save_and_edit_into_draft(thing, base=base, by=by, key=told["key"])
        else:
            operations.edit_into_draft(thing, base=base, replace=True, by=by, key=told["key"])
        return f"Your draft of {thing.agent} holds {thing} now."


_KEPT = "Your draft has changes that are in no version. They stay under “Earlier drafts” in its editor."


class Unpublish(Deed[Agent]):
    """Leave nothing live."""

    name = "unpublish"
    words = "Unpublish"
    permission = "agentversions.publish_agent"
    act = Act.PUBLISH

    @override
    def fits(self, thing: Agent) -> bool:
        """While something is live."""
        return thing.published_id is not None

    @override
    def question(self, thing: Agent, form: Confirmed, *, by: User) -> Question:
        """What callers will get."""
        live = thing.published
        carry(form, live=live)
        seen = checks.outlook(thing, live.read() if live else Configuration())
        facts = [f"Nothing will answer for {thing}."]
        if seen.numbers:
            facts.append(f"Callers of {count(seen.numbers, 'number')} hear the connection's refusal.")
        facts += in_progress(seen)
        return Question(thing, str(thing), facts, form, blockers=[] if live else ["Nothing is live."])

    @override
    def do(self, thing: Agent, told: dict[str, Any], *, by: User) -> str:
        """Unpublish it."""
        operations.unpublish(thing, live=told["live"], by=by, key=told["key"])
        return f"Nothing is live. {thing} no longer answers calls."


class Archive(Deed[Agent]):
    """Retire an agent."""

    name = "archive"
    words = "Archive"
    permission = "agentversions.change_agent"
    act = Act.ADMINISTER

    @override
    def fits(self, thing: Agent) -> bool:
        """Once."""
        return thing.archived_at is None

    @override
    def question(self, thing: Agent, form: Confirmed, *, by: User) -> Question:
        """What becomes free, and what stays."""
        facts = [
            f"{thing} does nothing new, and its phone numbers become free.",
            "Its versions, calls and history stay.",
        ]
        live = [f"{thing.published} is live. Unpublish it first."] if thing.published else []
        return Question(thing, str(thing), facts, form, blockers=archived(thing) or live)

    @override
    def do(self, thing: Agent, told: dict[str, Any], *, by: User) -> str:
        """Archive it."""
        operations.archive_agent(thing, by=by, key=told["key"])
        return f"{thing} is archived."


class Suspend(Deed[Project]):
    """Let none of a project's agents answer."""

    name = "suspend"
    words = "Suspend"
    permission = "agentversions.suspend_project"  # which nobody can be given: superusers alone have it
    act = Act.ADMINISTER

    @override
    def fits(self, thing: Project) -> bool:
        """Unless it is."""
        return thing.suspended_at is None

    @override
    def question(self, thing: Project, form: Confirmed, *, by: User) -> Question:
        """What callers get, and what goes on."""
        facts = [
            f"None of {thing}'s agents answers until it is resumed: callers hear the connections' messages.",
            "Calls in progress go on. Its members see why on every page, and can still edit and publish.",
        ]
        blockers = [] if self.fits(thing) else ["It is suspended already."]
        return Question(thing, str(thing), facts, form, blockers)

    @override
    def do(self, thing: Project, told: dict[str, Any], *, by: User) -> str:
        """Suspend it."""
        operations.suspend_project(thing, by=by)
        return f"{thing} is suspended. None of its agents answers."


class Resume(Deed[Project]):
    """Let a suspended project's agents answer again."""

    name = "resume"
    words = "Resume"
    permission = Suspend.permission
    act = Act.ADMINISTER

    @override
    def fits(self, thing: Project) -> bool:
        """While it is suspended."""
        return thing.suspended_at is not None

    @override
    def question(self, thing: Project, form: Confirmed, *, by: User) -> Question:
        """Who answers again."""
        live = Agent.objects.filter(project=thing).exclude(published=None).count()
        facts = [f"New calls are answered again at once, by {count(live, 'agent')}."]
        blockers = [] if self.fits(thing) else ["It isn't suspended."]
        return Question(thing, str(thing), facts, form, blockers)

    @override
    def do(self, thing: Project, told: dict[str, Any], *, by: User) -> str:
        """Resume it."""
        operations.resume_project(thing, by=by)
        return f"{thing}'s agents answer again."


class RemoveMember(Deed[Membership]):
    """Take someone out of a project."""

    name = "remove"
    words = "Remove from project"
    permission = "agentversions.delete_membership"
    act = Act.ADMINISTER

    @override
    def question(self, thing: Membership, form: Confirmed, *, by: User) -> Question:
        """What they lose, and what stays."""
        who = names([thing.user])[0]
        facts = [f"{who} no longer sees {thing.project}.", "What they did stays."]
        return Question(thing, f"{who} in {thing.project}", facts, form)

    @override
    def do(self, thing: Membership, told: dict[str, Any], *, by: User) -> str:
        """Remove them."""
        operations.remove_member(thing, by=by)
        return f"{names([thing.user])[0]} is no longer in {thing.project}."
