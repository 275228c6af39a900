"""What must always be true of what is stored, asked of the rows as they lie there.

The verbs, the constraints and the guards keep it so. This is for afterwards: a restored backup, a damaged disk, a hand
in the database.
"""

from collections.abc import Callable, Iterator
from typing import Any

from django.apps import apps
from django.db import connection
from django.db.models import Count, Exists, F, Max, Min, Model, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from agentversions import guards
from agentversions.documents import digest
from agentversions.models import Agent, Event, Version
from agentversions.sealing import SEALED, openable, rows

type Findings = Iterator[str]
type Progress = Callable[[int, int], None]
"""Told how many versions have been read, and how many there are."""

SLICE = 50
"""Versions in memory at once."""

CHECKS: list[Callable[[], Findings]] = []
"""What other packages know must be true of their tables."""


def verify(progress: Progress | None = None) -> Findings:
    """Whatever is wrong, a sentence each; nothing when all is well. Its memory doesn't grow with the database."""
    for name in guards.missing(connection):
        yield f"The database doesn't guard its history: {name} is missing. Run migrate."
    yield from _pointers()
    yield from _numbers()
    yield from _events()
    for check in CHECKS:
        yield from check()
    yield from _secrets()
    yield from _digests(progress)


def _pointers() -> Findings:
    """Each pointer to a version leads to one of the row's own agent."""
    models = {model._meta.db_table: model for model in apps.get_models()}
    for pointer in guards.BELONGINGS:
        model = models[pointer.table]
        own = Version.objects.filter(pk=OuterRef(pointer.column), agent_id=OuterRef(pointer.agent))
        pointing: QuerySet[Model] = QuerySet(model).exclude(**{pointer.column: None})
        for pk in _keys(pointing.exclude(Exists(own))):
            yield f"{named(model, pk)}: its {pointer.column.removesuffix('_id')} is no version of its agent."


def _numbers() -> Findings:
    """The numbers of an agent's versions are 1, 2, 3 … up to its counter."""
    counted = Agent.objects.annotate(
        rows=Count("versions"),
        numbers=Count("versions__number", distinct=True),
        lowest=Coalesce(Min("versions__number"), 0),
        highest=Coalesce(Max("versions__number"), 0),
    )
    wrong = counted.exclude(
        rows=F("last_number"), numbers=F("last_number"), highest=F("last_number"), lowest=1, last_number__gte=1
    )
    for agent in wrong.order_by("pk").iterator():
        has = f"it has {agent.rows} from {agent.lowest} to {agent.highest}, {agent.numbers} of them different"
        yield f"{named(Agent, agent.pk)}: its numbers should be 1 to {agent.last_number}, each once; {has}."


def _events() -> Findings:
    """A fact is about one agent, its version and its project."""
    facts = Event.objects.all()
    for pk in _keys(facts.exclude(agent=None).exclude(agent__project=F("project"))):
        yield f"{named(Event, pk)}: its agent is in another project."
    for pk in _keys(facts.exclude(version=None).exclude(agent=F("version__agent"))):
        yield f"{named(Event, pk)}: its version is another agent's."


def _secrets() -> Findings:
    """The keys at hand open what is sealed."""
    for label, field in SEALED:
        for pk, sealed in rows(label, field).order_by("pk").values_list("pk", field).iterator():
            if not openable(sealed):
                yield f"{named(apps.get_model(label), pk)}: no key in ENCRYPTION_KEYS opens its {field}."


def _digests(progress: Progress | None) -> Findings:
    """Every version's content is what its digest says."""
    versions = Version.objects.order_by("pk")
    total, done, last = versions.count(), 0, 0
    while some := list(versions.filter(pk__gt=last)[:SLICE]):
        last = some[-1].pk
        for version in some:
            # What is no JSON any more comes as text.
            if digest(version.configuration) != version.digest:
                where = f"({version} of agent {version.agent_id})"
                yield f"{named(Version, version.pk)} {where}: its content isn't what its digest says."
        done += len(some)
        if progress:
            progress(done, total)


def _keys(found: QuerySet[Any]) -> Iterator[Any]:
    return found.order_by("pk").values_list("pk", flat=True).iterator()


def named(model: type[Model], pk: object) -> str:
    """A row, for a sentence's beginning."""
    return f"{str(model._meta.verbose_name).capitalize()} {pk}"
