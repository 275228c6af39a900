"""How much processor time the editor's page takes on the server with a prompt of 20 kB and twelve tools. Run by hand:

.venv/bin/python -m tests.support.postgres -- .venv/bin/python -m pytest tests/speed/editor.py -s
"""

import sys
from cProfile import Profile
from pstats import Stats
from statistics import median
from time import process_time

import pytest
from django.test import Client
from django.urls import reverse

from agentversions.operations import edit_draft
from tests.cast import assemble, shown, typed

ROUNDS = 40
PROPERTIES = ", ".join(f'"field_{at}": {{"type": "string", "description": "What the caller said"}}' for at in range(8))


@pytest.mark.django_db
def test_the_editor_of_a_large_draft() -> None:
    cast = assemble()
    tools = [
        {
            "id": f"t{at}",
            "kind": "function",
            "name": f"tool_{at}",
            "description": "Finds free appointments on a day.",
            "url": "https://crm.example.com/slots",
            "headers": "Authorization: {{secret.CRM_TOKEN}}",
            "parameters": f'{{"type": "object", "properties": {{{PROPERTIES}}}}}',
        }
        for at in range(12)
    ]
    draft = typed(tools, prompt="You answer the phone, {{now}}.\n" * 645)
    edit_draft(cast.agent, draft, base=shown(cast.agent, cast.ana), by=cast.ana)
    client, address = Client(), reverse("agents.show", args=[cast.agent.pk])
    client.force_login(cast.ana)
    size = len(client.get(address).content)

    took, profile = [], Profile()
    for _ in range(ROUNDS):
        began = process_time()
        client.get(address)
        took.append((process_time() - began) * 1000)
    profile.runcall(client.get, address)

    sys.stdout.write(
        f"\n{size:,} bytes in {median(took):.0f} ms (median of {ROUNDS}; {min(took):.0f} to {max(took):.0f})\n"
    )
    Stats(profile).sort_stats("cumulative").print_stats("agentversions|dashboard|templates|pydantic", 25)
