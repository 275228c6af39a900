"""The nouns of the phone: connections, their numbers, calls, and what providers reported of them."""

from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import models
from django.db.models import Q
from django.utils import timezone
from simple_history.models import HistoricalRecords

from agentversions.ids import uuid7
from agentversions.models import Agent, Project, Version

GRACE = timedelta(minutes=5)
"""How much longer than its version allows a call may take to report its end."""


UNNAMED = "unnamed:"
"""How our own id begins for a call that its provider hasn't named yet."""


class Connection(models.Model):
    """A project's account at one provider: its secrets, its worker, and what callers hear when nothing can answer."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="+")
    provider = models.CharField(max_length=20, help_text="A key of `providers.PROVIDERS`.")
    name = models.CharField(max_length=100)
    secrets = models.TextField(blank=True, help_text="Sealed; `sealing.unseal` reads them.")
    options = models.JSONField(default=dict, help_text="What its provider lets one choose, by key.")
    worker_url = models.CharField(max_length=500, blank=True)
    fallback = models.CharField(max_length=500, default="We can't take your call right now. Please try again later.")
    enabled = models.BooleanField(default=True)
    revision = models.PositiveIntegerField(default=1, help_text="Counts its changes, for who remembers it.")
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords(excluded_fields=["secrets"])

    class Meta:
        ordering = ["name", "id"]

    def __str__(self) -> str:
        return self.name


class PhoneNumber(models.Model):
    """A number of a connection, in E.164, assigned to one agent or to none."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="numbers")
    number = models.CharField(max_length=16)
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["connection", "number"], name="one_number_once_per_connection")]

    def __str__(self) -> str:
        return self.number


class Status(models.TextChoices):
    """How far a call has come; `rank` orders them, and a call never goes back."""

    ROUTING = "routing", "Routing"
    RINGING = "ringing", "Ringing"
    IN_PROGRESS = "in_progress", "In progress"
    FORWARDING = "forwarding", "Forwarding"
    COMPLETED = "completed", "Completed"
    FAILED = "failed", "Failed"
    BUSY = "busy", "Busy"
    NO_ANSWER = "no_answer", "No answer"
    CANCELED = "canceled", "Canceled"
    REJECTED = "rejected", "Rejected"

    @property
    def rank(self) -> int:
        """Its place on the way; every end has the same."""
        return min(list(Status).index(self), LAST)

    @property
    def ended(self) -> bool:
        """Whether nothing comes after it."""
        return self.rank == LAST


LAST = list(Status).index(Status.COMPLETED)
ENDED = [status for status in Status if status.ended]


class Missed(models.TextChoices):
    """Why no version could handle a call."""

    OUTAGE = "outage", "The database was away"
    PROJECT_SUSPENDED = "project_suspended", "The project is suspended"
    UNKNOWN_NUMBER = "unknown_number", "The number isn't in this connection"
    CONNECTION_DISABLED = "connection_disabled", "The connection is switched off"
    NUMBER_UNASSIGNED = "number_unassigned", "The number has no agent"
    AGENT_ARCHIVED = "agent_archived", "The agent is archived"
    NOTHING_PUBLISHED = "nothing_published", "The agent has nothing published"
    NO_WORKER = "no_worker", "The connection lacks its worker's address"


class CallQuerySet(models.QuerySet["Call"]):
    """Calls, by how they stand."""

    def in_progress(self, now: datetime | None = None) -> "CallQuerySet":
        """Calls that haven't ended, nor are overdue."""
        return self.filter(missed="", overdue_at__gt=(now or timezone.now()).timestamp()).exclude(status__in=ENDED)


class Call(models.Model):
    """One phone call, pinned to the version that handles it; without one exactly if it was missed."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # No foreign key has an index of its own: the ones below begin with it, and every index costs each ring.
    # The connection's, lifted out for the indexes. The database fills it in for a release that doesn't know of it.
    project = models.ForeignKey(
        Project, on_delete=models.PROTECT, null=True, editable=False, related_name="+", db_index=False
    )
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="calls", db_index=False)
    provider_call_id = models.CharField(max_length=255)
    number = models.ForeignKey(
        PhoneNumber, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    version = models.ForeignKey(
        Version, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    agent_name = models.CharField(max_length=100, blank=True, help_text="As it was: a retry gets the same answer.")
    version_name = models.CharField(max_length=100, blank=True, help_text="As it was.")
    worker_url = models.CharField(max_length=500, blank=True, help_text="The connection's, as it was.")
    options = models.JSONField(default=dict, help_text="The connection's, as they were.")
    fallback = models.CharField(max_length=500, help_text="The connection's, as it was.")
    missed = models.CharField(max_length=20, choices=Missed, blank=True)
    dialled = models.CharField(max_length=255, help_text="As the provider sent it.")
    caller = models.CharField(max_length=255, blank=True)
    status = models.CharField(max_length=12, choices=Status, default=Status.ROUTING)
    started_at = models.DateTimeField()
    answered_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    duration = models.PositiveIntegerField(null=True, blank=True, help_text="Seconds.")
    ended_reason = models.CharField(max_length=255, blank=True)
    recording_url = models.CharField(max_length=2_000, blank=True)
    transferred = models.BooleanField(default=False, db_default=False)
    voicemail = models.BooleanField(
        default=False, db_default=False, help_text="Whether a machine answered or took the call."
    )
    cost = models.DecimalField(max_digits=10, decimal_places=4, null=True, blank=True, help_text="Dollars.")
    success = models.BooleanField(null=True, blank=True, help_text="As a reviewer judged it, else the provider.")
    # Kept beside the ring, after its answer; in no index, so that keeping it moves nothing.
    answer_digest = models.CharField(
        max_length=64, blank=True, default="", db_default="", help_text="SHA-256 of what the provider got, masked."
    )
    overdue_at = models.BigIntegerField(
        help_text="Unix seconds: when its version's longest call and the grace have passed."
    )
    forgotten_at = models.DateTimeField(null=True, blank=True, help_text="When what was somebody's was emptied.")
    objects = CallQuerySet.as_manager()

    class Meta:
        ordering = ["-started_at", "-id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "provider_call_id"], name="one_call_per_provider_call_id"),
            models.CheckConstraint(
                condition=Q(version=None, missed__gt="") | Q(version__isnull=False, missed=""),
                name="a_call_has_a_version_unless_missed",
            ),
        ]
        indexes = [
            models.Index(fields=["project", "-started_at", "-id"], name="call_project"),
            models.Index(fields=["agent", "-started_at", "-id"], name="call_agent"),
            models.Index(fields=["version", "-started_at", "-id"], name="call_version"),
            models.Index(fields=["number", "-started_at", "-id"], name="call_number"),
            models.Index(fields=["project", "caller", "-started_at"], name="call_caller"),
            # Few, and missed from the beginning: nothing that happens to a call later moves it.
            models.Index(fields=["project", "-started_at", "-id"], condition=~Q(missed=""), name="call_missed"),
            models.Index(fields=["agent", "-started_at", "-id"], condition=~Q(missed=""), name="call_agent_missed"),
            # What is in progress isn't overdue yet, and of all calls those are the few newest.
            models.Index(fields=["overdue_at"], name="call_overdue"),
        ]

    def __str__(self) -> str:
        return f"{self.caller or ('forgotten' if self.forgotten_at else 'unknown')} → {self.dialled}"

    @property
    def named(self) -> bool:
        """Whether its provider has told its own id of it."""
        return not self.provider_call_id.startswith(UNNAMED)

    @property
    def in_progress(self) -> bool:
        """Whether it is on now, as far as is known."""
        return not self.missed and not Status(self.status).ended and not self.no_end_reported

    @property
    def no_end_reported(self) -> bool:
        """Whether its end is overdue and never came."""
        return not self.missed and not Status(self.status).ended and self.overdue_at <= timezone.now().timestamp()


class CallEvent(models.Model):
    """What a provider reported of a call, in our words and as it came; without a call until the call is known."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="+")
    provider_call_id = models.CharField(max_length=255)
    call = models.ForeignKey(Call, on_delete=models.PROTECT, null=True, blank=True, related_name="events")
    kind = models.CharField(max_length=40)
    status = models.CharField(
        max_length=12, choices=Status, blank=True, help_text="What it says of the call, if it does."
    )
    duration = models.PositiveIntegerField(null=True, blank=True, help_text="Seconds.")
    reason = models.CharField(max_length=255, blank=True)
    recording_url = models.CharField(max_length=2_000, blank=True)
    provider_event_id = models.CharField(max_length=255, null=True, blank=True)  # noqa: DJ001 (NULLs don't collide)
    told = models.JSONField(default=dict, help_text="What it says beside: transcript, summary, fields and cost.")
    payload = models.JSONField(default=dict)
    occurred_at = models.DateTimeField(null=True, blank=True)
    received_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(fields=["connection", "provider_event_id"], name="an_event_is_kept_once")
        ]
        indexes = [models.Index(fields=["connection", "provider_call_id"], name="callevent_call")]

    def __str__(self) -> str:
        return self.kind


class Review(models.Model):
    """What somebody who listened thinks of a call; it counts before the provider's judgement."""

    call = models.OneToOneField(Call, on_delete=models.PROTECT, related_name="review")
    good = models.BooleanField()
    note = models.CharField(max_length=1_000, blank=True)
    by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField(auto_now=True)
    history = HistoricalRecords()

    def __str__(self) -> str:
        return "Good" if self.good else "Not good"


class Retention(models.Model):
    """For how many days a project's calls keep what is somebody's; for ever without one, or without days."""

    project = models.OneToOneField(Project, on_delete=models.PROTECT, related_name="+")
    days = models.PositiveIntegerField(null=True, blank=True)
    changed_at = models.DateTimeField(auto_now=True)
    changed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    forgotten_until = models.DateTimeField(
        null=True, blank=True, help_text="Calls that began before are done; the last day's are looked at again."
    )
    history = HistoricalRecords(excluded_fields=["forgotten_until"])

    class Meta:
        verbose_name = "retention"

    def __str__(self) -> str:
        return kept(self.days)

    def horizon(self, now: datetime | None = None) -> datetime | None:
        """Calls that were over before it are to be forgotten; None while all are kept."""
        return (now or timezone.now()) - timedelta(days=self.days) if self.days else None


def kept(days: int | None) -> str:
    """`for 90 days`, or `for ever`."""
    return f"for {days:,} day{'s' if days > 1 else ''}" if days else "for ever"


LENGTHS = (
    *(5, 10, 15, 20, 30, 40, 50, 60, 75, 90, 105, 120, 150, 180, 210, 240),
    *(300, 360, 420, 480, 600, 900, 1_800, 3_600),
)
"""Seconds at which a class of lengths ends and the next begins: fine enough for a median, and few enough to add up."""


class Lengths(models.Model):
    """How many calls were shorter than each of the lengths, and no shorter than the one before."""

    class Meta:
        abstract = True


for _seconds in LENGTHS:
    models.PositiveIntegerField(default=0).contribute_to_class(Lengths, f"under_{_seconds}")
models.PositiveIntegerField(default=0).contribute_to_class(Lengths, "longer")


class Tally(Lengths):
    """What became of the calls of one version that began in one hour and have ended: sums, kept with each end."""

    agent = models.ForeignKey(Agent, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey(Version, on_delete=models.PROTECT, related_name="+", db_index=False)
    hour = models.DateTimeField(help_text="In which the calls began.")
    calls = models.PositiveIntegerField(default=0)
    seconds = models.PositiveBigIntegerField(default=0)
    completed = models.PositiveIntegerField(default=0)
    failed = models.PositiveIntegerField(default=0)
    busy = models.PositiveIntegerField(default=0)
    no_answer = models.PositiveIntegerField(default=0)
    canceled = models.PositiveIntegerField(default=0)
    rejected = models.PositiveIntegerField(default=0)
    transferred = models.PositiveIntegerField(default=0)
    voicemail = models.PositiveIntegerField(default=0)
    successes = models.PositiveIntegerField(default=0)
    failures = models.PositiveIntegerField(default=0, help_text="Calls that were judged, and not as a success.")
    priced = models.PositiveIntegerField(default=0, help_text="Calls whose cost was told.")
    cost = models.DecimalField(max_digits=14, decimal_places=4, default=0)

    class Meta:
        verbose_name_plural = "tallies"
        constraints = [models.UniqueConstraint(fields=["version", "hour"], name="one_tally_per_version_and_hour")]
        indexes = [models.Index(fields=["agent", "hour"], name="tally_agent")]

    def __str__(self) -> str:
        return f"{self.version} at {self.hour:%Y-%m-%d %H}"
