"""What must always be true of numbers and calls; the pointers to versions are verified with all the others."""

from django.db.models import F, Model, QuerySet

from agentversions.verifying import CHECKS, Findings, named
from telephony.models import Call, PhoneNumber


def own_project() -> Findings:
    """A number, and a call, belongs to an agent of its connection's project."""
    for model in (PhoneNumber, Call):
        having: QuerySet[Model] = QuerySet(model).exclude(agent=None)
        strays = having.exclude(agent__project=F("connection__project")).order_by("pk")
        for pk in strays.values_list("pk", flat=True).iterator():
            yield f"{named(model, pk)}: its agent is in another project than its connection."


CHECKS.append(own_project)
