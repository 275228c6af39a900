"""Agents as files: a version downloaded."""

import hashlib
import json
from urllib.parse import quote

import pytest
from django.urls import reverse

from agentversions.documents import canonical
from agentversions.models import Agent, Version
from agentversions.operations import create_agent
from agentversions.starters import STARTERS
from tests.cast import Cast, edit, save
from tests.pages.conftest import SignIn


def address(version: Version) -> str:
    """Where the version is downloaded."""
    return reverse("versions.download", args=[version.agent_id, version.number])


class TestDownload:
    def test_is_the_version_and_where_it_comes_from(self, cast: Cast, sign_in: SignIn) -> None:
        version = save(cast.agent, cast.ben, "Easter hours", prompt="Grüß Gott, 你好.", voice__speed="1.0")

        answer = sign_in(cast.cleo).get(address(version))

        assert answer.headers["Content-Type"] == "application/json"
        assert answer.headers["Content-Disposition"] == 'attachment; filename="reception-v2.json"'
        told = json.loads(answer.content)
        assert told["configuration"].pop("prompt") == "Grüß Gott, 你好."
        assert (told["format"], told["schema"]) == ("agent-versions", 1)
        assert (told["agent"], told["version"], told["name"]) == ("Reception", 2, "Easter hours")
        assert (told["author"], told["created_at"]) == ("Ben", version.created_at.isoformat())

    def test_anyone_can_compute_its_digest_again(self, cast: Cast, sign_in: SignIn) -> None:
        agent = create_agent(cast.project, "Shop", by=cast.ana, configuration=STARTERS["order_status"].configuration)
        version = Version.objects.get(agent=agent)

        told = json.loads(sign_in(cast.ana).get(address(version)).content)

        assert told["digest"] == version.digest
        assert told["digest"] == "sha256:" + hashlib.sha256(canonical(told["configuration"])).hexdigest()

    def test_holds_nothing_of_a_draft(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.ben, prompt="Not for anyone yet")
        version = Version.objects.get(agent=cast.agent)

        for user in (cast.ana, cast.ben):
            assert b"Not for anyone yet" not in sign_in(user).get(address(version)).content

    @pytest.mark.parametrize(
        ("name", "file"),
        [
            ("../../etc/passwd", "etcpasswd-v1.json"),
            ('Re"ception\\; x=1', "reception-x1-v1.json"),
            ("💥", "agent-v1.json"),
        ],
    )
    def test_a_file_name_is_safe(self, cast: Cast, sign_in: SignIn, *, name: str, file: str) -> None:
        version = Version.objects.get(agent=create_agent(cast.project, name, by=cast.ana))

        answer = sign_in(cast.ana).get(address(version))

        assert answer.headers["Content-Disposition"] == f'attachment; filename="{file}"'

    def test_a_name_in_another_script_stays_readable(self, cast: Cast, sign_in: SignIn) -> None:
        version = Version.objects.get(agent=create_agent(cast.project, "受付 Zürich", by=cast.ana))

        answer = sign_in(cast.ana).get(address(version))

        assert answer.headers["Content-Disposition"] == "attachment; filename*=utf-8''" + quote("受付-zürich-v1.json")

    def test_is_offered_where_a_version_is_shown(self, cast: Cast, sign_in: SignIn) -> None:
        version = Version.objects.get(agent=cast.agent)
        shown = reverse("versions.show", args=[cast.agent.pk, 1])

        for user in (cast.cleo, cast.ben):
            assert f'href="{address(version)}"' in sign_in(user).get(shown).content.decode()
        assert sign_in(cast.ben).get(shown).content.decode().count(f'href="{address(version)}"') == 2  # its row too

    def test_what_is_foreign_or_unknown_is_404(self, cast: Cast, sign_in: SignIn) -> None:
        version = Version.objects.get(agent=cast.agent)

        assert sign_in(cast.olga).get(address(version)).status_code == 404
        assert sign_in(cast.charlie).get(address(version)).status_code == 404
        assert sign_in(cast.ana).get(reverse("versions.download", args=[cast.agent.pk, 9])).status_code == 404


class TestDuplicate:
    def test_copies_of_copies_can_be_told_apart(self, cast: Cast, sign_in: SignIn) -> None:
        browser = sign_in(cast.ben)
        for _ in range(3):
            browser.post(reverse("agents.duplicate", args=[cast.agent.pk]))
        browser.post(reverse("agents.duplicate", args=[Agent.objects.get(name="Reception (copy 2)").pk]))

        made = Agent.objects.filter(project=cast.project, name__startswith="Reception (")
        assert {agent.name for agent in made} == {
            "Reception (copy)",
            "Reception (copy 2)",
            "Reception (copy 3)",
            "Reception (copy 4)",
        }

    def test_a_long_name_still_fits(self, cast: Cast, sign_in: SignIn) -> None:
        agent = create_agent(cast.project, "x" * 100, by=cast.ana)

        sign_in(cast.ana).post(reverse("agents.duplicate", args=[agent.pk]))

        assert Agent.objects.filter(name="x" * 85 + " (copy)").exists()
