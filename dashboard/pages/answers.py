"""What the page knows that shows what a provider would get: the exact answer for one of the project's connections."""

import json
from urllib.parse import quote
from uuid import UUID
from xml.etree import ElementTree as ET

from django.contrib.auth.models import User
from django.http import Http404, HttpResponse

from agentversions import checks
from agentversions.checks import Carrier
from agentversions.documents import digest
from agentversions.models import Agent, Draft, Version
from dashboard.pages import editor
from dashboard.pages.projects import Context
from telephony.answering import MASKED, chosen
from telephony.carrying import lacks
from telephony.models import Connection, PhoneNumber
from telephony.previewing import preview
from telephony.providers import PROVIDERS


def of_version(user: User, of: Version, wanted: UUID | None) -> Context:
    """What a provider would get if this version were live."""
    return editor.around(user, of.agent) | {"version": of} | _answer(of.agent, of, wanted)


def of_draft(user: User, of: Agent, wanted: UUID | None) -> Context:
    """What a provider would get if one's own draft were the next version, and live."""
    around = editor.around(user, of)
    draft: Draft = around["draft"]
    would_be = Version(
        agent=of,
        number=of.last_number + 1,
        configuration=draft.configuration,
        schema=draft.schema,
        digest=digest(draft.configuration),
        longest_call=draft.read().max_length,
    )
    return around | {"unread": len(draft.unparsed)} | _answer(of, would_be, wanted)


def _answer(of: Agent, version: Version, wanted: UUID | None) -> Context:
    connections = list(Connection.objects.filter(project=of.project_id).select_related("project").defer("secrets"))
    own = PhoneNumber.objects.filter(agent=of, connection__project=of.project_id).order_by("pk")
    connection = _chosen(connections, list(own.values_list("connection", flat=True)), wanted)
    if connection is None:
        return {"connections": []}
    provider = PROVIDERS[connection.provider]
    numbers = list(PhoneNumber.objects.filter(connection=connection).order_by("pk"))
    number = next((one for one in numbers if one.agent_id == of.pk), next(iter(numbers), None))
    seen = preview(version, connection, number)
    lacking = lacks(provider, version.read(), chosen(provider, connection.options))
    return {
        "connections": connections,
        "connection_chosen": connection,
        "provider": provider,
        "preview": seen,
        "shown": readable(seen.answer),
        "content_type": seen.answer["Content-Type"],
        "masked": MASKED,
        "missing_secrets": checks.missing_secrets(of, version.read()),
        "carrier": Carrier(provider.name, tuple(lacking)) if lacking and not seen.missed else None,
    }


def _chosen(connections: list[Connection], answering: list[UUID], wanted: UUID | None) -> Connection | None:
    """The wanted one, else one whose number is the agent's, else the first; 404 for one that isn't there."""
    by_id = {connection.pk: connection for connection in connections}
    if wanted and wanted not in by_id:
        raise Http404
    order = [wanted, *answering, *by_id]
    return next((by_id[pk] for pk in order if pk in by_id), None)


def readable(answer: HttpResponse) -> str:
    """An answer's body in lines, each value in it as it is."""
    text = answer.content.decode().replace(quote(MASKED), MASKED)  # a token in an address
    if not answer["Content-Type"].startswith(("text/xml", "application/xml")):
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    document = ET.fromstring(text)  # noqa: S314 (our own answer)
    ET.indent(document)
    return ET.tostring(document, encoding="unicode")
