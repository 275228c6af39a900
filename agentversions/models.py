"""The nouns: projects and their people, agents, drafts, versions, and the facts of what was done.

Only the verbs in `operations` write them.
"""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from agentversions.base import Base
from agentversions.configuration import SCHEMA, Configuration
from agentversions.documents import Document, digest, read, stored_tools, upgraded
from agentversions.ids import uuid7
from agentversions.merging import Merge, merge
from agentversions.typed import problems


class Role(models.TextChoices):
    """What a member may do, from least to most; `access` says what each includes."""

    VIEWER = "viewer", "Viewer"
    EDITOR = "editor", "Editor"
    PUBLISHER = "publisher", "Publisher"
    ADMIN = "admin", "Admin"


class Project(models.Model):
    """A team's room: its agents, numbers, connections, calls and members."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(auto_now_add=True)
    suspended_at = models.DateTimeField(null=True, blank=True, help_text="Since when none of its agents answers.")

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's role in a project."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="memberships")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="memberships")
    role = models.CharField(max_length=10, choices=Role)
    history = HistoricalRecords()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["project", "user"], name="one_role_per_project")]

    def __str__(self) -> str:
        return f"{self.user} ({self.get_role_display()})"


class Secret(models.Model):
    """A secret of a project. A tool's header names it as `{{secret.NAME}}`; nothing ever shows it again."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="secrets")
    name = models.CharField(max_length=64)
    sealed = models.TextField(help_text="Sealed; `sealing.unseal` reads it.")
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    history = HistoricalRecords(excluded_fields=["sealed"])

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["project", "name"], name="one_secret_of_a_name")]

    def __str__(self) -> str:
        return self.name


class Agent(models.Model):
    """A voice agent: its name, the counter of its version numbers, and the one version that is live."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="agents")
    name = models.CharField(max_length=100)
    last_number = models.PositiveIntegerField(default=0)
    published = models.ForeignKey("Version", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(archived_at=None) | Q(published=None), name="an_archived_agent_has_nothing_live"
            )
        ]
        permissions = [("publish_agent", "Can publish and unpublish versions")]

    def __str__(self) -> str:
        return self.name

    def start(self) -> "Version":
        """What a new draft starts from: the published version, else the newest."""
        wanted = Q(pk=self.published_id) if self.published_id else Q(number=self.last_number)
        return Version.objects.get(wanted, agent=self)


class Content(models.Model):
    """A stored configuration, beside the number of the schema it was written under."""

    configuration = models.JSONField()
    schema = models.PositiveSmallIntegerField(default=SCHEMA)

    class Meta:
        abstract = True

    def read(self) -> Configuration:
        """The configuration as this release understands it; never fails."""
        document: Document = self.configuration
        return read(document, self.schema)


class Version(Content):
    """An immutable numbered snapshot of a configuration. Its name is a label beside it and may change."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    name = models.CharField(max_length=100, blank=True)
    digest = models.CharField(max_length=71)
    longest_call = models.PositiveIntegerField(
        help_text="Seconds; lifted out of the configuration so that routing a call needn't read it."
    )
    parent = models.ForeignKey("self", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords(
        excluded_fields=[
            "configuration",
            "schema",
            "digest",
            "longest_call",
            "parent",
            "author",
            "created_at",
        ]
    )

    class Meta:
        ordering = ["-number"]
        constraints = [
            models.UniqueConstraint(fields=["agent", "number"], name="version_numbers_never_repeat"),
            models.UniqueConstraint(fields=["id", "agent"], name="a_version_belongs_to_its_agent"),
            models.CheckConstraint(condition=Q(number__gte=1), name="version_numbers_begin_at_1"),
        ]
        indexes = [
            # Few versions have names, and a name lies behind a configuration of many pages: found without reading them.
            models.Index(fields=["agent", "-number"], name="version_named", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return f"v{self.number}"


class DraftManager(models.Manager["Draft"]):
    """Finds drafts by the one person who may see each."""

    def of(self, agent: Agent, owner: User) -> "Draft":
        """The person's draft as their editor shows it; one that isn't stored where there is nothing in it yet."""
        draft = self.filter(agent=agent, owner=owner).select_related("based_on", "live_at_start").first()
        draft = draft or Draft(agent=agent, owner=owner)
        if not draft.started_at:
            draft.fill(agent.start(), live=agent.published)
        return draft


class Draft(Content):
    """One person's private working copy of one agent's configuration.

    The row stays for ever, so that its revision never starts again; `started_at` is empty while there is nothing
    in it, and the editor then shows what a draft would start from.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="drafts")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    unparsed = models.JSONField(default=dict, blank=True, help_text="Text that is not yet a value, by path.")
    based_on = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    live_at_start = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    revision = models.PositiveIntegerField(default=0)
    started_at = models.DateTimeField(null=True, blank=True)
    changed_at = models.DateTimeField(auto_now_add=True)
    checkpointed_at = models.DateTimeField(null=True, blank=True)
    writer = models.UUIDField(null=True, blank=True, help_text="The page that saved last.")
    writer_sequence = models.PositiveIntegerField(default=0)
    writer_digest = models.CharField(max_length=71, blank=True)
    history = HistoricalRecords(
        cascade_delete_history=True,
        excluded_fields=["writer", "writer_sequence", "writer_digest", "checkpointed_at"],
    )
    objects = DraftManager()
    skip_history_when_saving: ClassVar[bool] = True  # a checkpoint keeps the old state; operations.drafts takes it

    class Meta:
        constraints = [models.UniqueConstraint(fields=["agent", "owner"], name="one_draft_per_person")]

    def __str__(self) -> str:
        return f"{self.owner}'s draft of {self.agent}"

    @property
    def base(self) -> Base:
        """What a page that shows this draft has seen of it."""
        number = self.based_on.number if self.based_on else 0
        return Base(None if self._state.adding else self.pk, self.revision, number)

    def fill(self, version: Version, *, live: Version | None) -> None:
        """Take a version's whole content, in memory."""
        self.configuration, self.schema, self.unparsed = version.configuration, version.schema, {}
        self.based_on, self.live_at_start = version, live

    def problems(self) -> dict[str, str]:
        """Why each text that was kept is not a value yet, by path."""
        kinds = {tool["id"]: str(tool.get("kind")) for tool in stored_tools(self.configuration)}
        return problems(self.unparsed, kinds)

    def differs_from(self, version: Version | None) -> bool:
        """Whether it would behave otherwise than the version, or holds text that is not a value yet."""
        return bool(self.unparsed) or version is None or self.read() != version.read()

    def is_behind(self, live: Version | None) -> bool:
        """Whether another version went live since it was started, which it isn't based on either."""
        return bool(self.started_at and live and live.pk not in (self.live_at_start_id, self.based_on_id))

    def merged_with(self, live: Version) -> Merge:
        """What it and the live version made of what was live when it was started, else of what it came from."""
        start = self.live_at_start or self.based_on
        base, mine, theirs = (
            upgraded(content.configuration, content.schema) if content else {} for content in (start, self, live)
        )
        return merge(base, mine, theirs, self.unparsed)

    def has_changes_in_no_version(self) -> bool:
        """Whether replacing it would lose something that no version holds."""
        if not self.started_at or not self.differs_from(self.based_on):
            return False
        saved = Version.objects.filter(agent=self.agent_id, digest=digest(self.configuration))
        return bool(self.unparsed) or not saved.exists()


class Action(models.TextChoices):
    """What can be done. `history` words each as a sentence."""

    PROJECT_CREATED = "project_created"
    PROJECT_SUSPENDED = "project_suspended"
    PROJECT_RESUMED = "project_resumed"
    ROLE_SET = "role_set"
    MEMBER_REMOVED = "member_removed"
    AGENT_CREATED = "agent_created"
    AGENT_RENAMED = "agent_renamed"
    AGENT_DUPLICATED = "agent_duplicated"
    AGENT_ARCHIVED = "agent_archived"
    VERSION_SAVED = "version_saved"
    VERSION_RENAMED = "version_renamed"
    PUBLISHED = "published"
    UNPUBLISHED = "unpublished"
    EDITED_INTO_DRAFT = "edited_into_draft"
    DRAFT_DISCARDED = "draft_discarded"
    DRAFT_BROUGHT_BACK = "draft_brought_back"
    MERGED_PUBLISHED = "merged_published"
    DRAFT_RESOLVED = "draft_resolved"
    SECRET_SET = "secret_set"  # noqa: S105 (an act, no secret)
    SECRET_REMOVED = "secret_removed"  # noqa: S105 (likewise)
    CONNECTION_ADDED = "connection_added"
    CONNECTION_CHANGED = "connection_changed"
    NUMBER_ADDED = "number_added"
    NUMBER_ASSIGNED = "number_assigned"
    NUMBER_UNASSIGNED = "number_unassigned"
    RETENTION_SET = "retention_set"


class Event(models.Model):
    """A fact, never changed: who did what to which agent or version, when; and the confirmation's key."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="events")
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    version = models.ForeignKey(Version, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    actor = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=30, choices=Action)
    particulars = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField(auto_now_add=True)
    key = models.UUIDField(null=True, blank=True)
    request = models.CharField(max_length=71, blank=True, help_text="What the key confirmed, as a digest.")

    class Meta:
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["project", "-id"], name="event_project"),
            models.Index(fields=["agent", "-id"], name="event_agent"),
            # What is rare, or long ago, among a million: found without reading all that came since.
            models.Index(fields=["project", "action", "-id"], name="event_action"),
            models.Index(fields=["project", "at"], name="event_at"),
        ]
        constraints = [models.UniqueConstraint(fields=["actor", "key"], name="a_key_confirms_once")]

    def __str__(self) -> str:
        return f"{self.get_action_display()} by {self.actor}"


class Knocks(models.Model):
    """How often somebody knocked at a door, which counts until when; who it was is a digest."""

    key = models.CharField(primary_key=True, max_length=64)
    count = models.PositiveIntegerField()
    until = models.DateTimeField(db_index=True)

    class Meta:
        verbose_name_plural = "knocks"

    def __str__(self) -> str:
        return f"{self.count} until {self.until:%H:%M}"
