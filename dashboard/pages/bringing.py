"""What a file holds for a new agent, shown before anything is created: what comes over, what otherwise, what not."""

import json
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from django.contrib.auth.models import User

from agentversions import documents
from agentversions.configuration import SECTIONS
from agentversions.exchange import Brought, Note
from agentversions.models import Project, Version
from agentversions.starters import STARTERS
from dashboard import forms
from dashboard.forms import Field, ToolRow
from dashboard.pages import projects
from dashboard.pages.projects import Context


@dataclass(frozen=True)
class Part:
    """One of the editor's sections, as the file fills it; `fields` and `tools` go with their places in the file."""

    title: str
    fields: list[tuple[Field, str]]
    tools: list[tuple[ToolRow, str]]
    altered: list[Note]
    left: list[Note]


def choosing(user: User, project: Project, **more: Any) -> Context:
    """The page on which a new agent's beginning is chosen: a starter, or a file."""
    return projects.project(user, project) | {"starters": STARTERS, "key": uuid4()} | more


def preview(user: User, project: Project, brought: Brought) -> Context:
    """What the new agent would be. The configuration goes along as JSON, without whatever wasn't carried over."""
    document = documents.write(brought.configuration)
    parts = _parts(brought, Version(configuration=document))
    return projects.project(user, project) | {
        "brought": brought,
        "parts": parts,
        "came": len(brought.carried),
        "configuration": json.dumps(document, ensure_ascii=False),
        "key": uuid4(),
    }


def _parts(brought: Brought, version: Version) -> list[Part]:
    drawn = {section.key: section.fields for section in forms.sections(version)}
    rows = [(row, brought.carried.get(f"tools.{row.id}", "")) for row in forms.tools(version)]
    titles = {key: title for key, (title, _) in SECTIONS.items()} | {"": "Everything else"}
    parts = [
        Part(
            title,
            [(field, brought.carried[field.path]) for field in drawn.get(key, []) if field.path in brought.carried],
            rows if key == "tools" else [],
            [note for note in brought.altered if note.section == key],
            [note for note in brought.left if note.section == key],
        )
        for key, title in titles.items()
    ]
    return [part for part in parts if part.fields or part.tools or part.altered or part.left]
