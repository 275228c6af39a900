"""Agents as files: a version downloaded, and a new agent from a file, with a look at it first."""

import hashlib
import html
import json
import re
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agentversions.documents import canonical, write
from agentversions.exchange.files import LARGEST_FILE
from agentversions.models import Agent, Event, Version
from agentversions.operations import create_agent
from agentversions.starters import STARTERS
from tests.cast import Cast, edit, save
from tests.operations.test_exchange import KEY, RETELL, VAPI
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


class TestNewAgentFromAFile:
    def test_the_page_offers_it_beside_the_starters(self, cast: Cast, sign_in: SignIn) -> None:
        page = sign_in(cast.ben).get(reverse("agents.create", args=[cast.project.pk])).content.decode()

        assert f'action="{previewing(cast)}"' in page
        assert "Order status" in page

    def test_shows_what_comes_over_and_what_doesnt_and_writes_nothing(self, cast: Cast, sign_in: SignIn) -> None:
        before = Agent.objects.count(), Version.objects.count(), Event.objects.count()

        page = html.unescape(sent(sign_in(cast.ben), cast, VAPI).content.decode())

        assert "<h1>New agent from Vapi</h1>" in page
        assert 'value="Riverside Dental"' in page
        assert "You answer {{caller_number}} at {{clinic_name}}." in page
        assert "<code>voice.stability</code> <span>Not supported here.</span>" in page
        assert page.index("<h2", page.index(">Prompt<")) < page.index(">After the call<")
        assert (Agent.objects.count(), Version.objects.count(), Event.objects.count()) == before

    @pytest.mark.parametrize("content", [VAPI, RETELL])
    def test_no_secret_of_the_file_is_on_the_page(self, cast: Cast, sign_in: SignIn, content: Any) -> None:
        page = sent(sign_in(cast.ben), cast, content).content.decode()

        for secret in ("sk-live", "whsec", "abcdef", "hunter2", "cal_live"):
            assert secret not in page

    def test_create_agent_makes_what_was_shown(self, cast: Cast, sign_in: SignIn) -> None:
        browser = sign_in(cast.ben)
        fields = hidden(sent(browser, cast, VAPI))

        answer = browser.post(reverse("agents.create", args=[cast.project.pk]), {**fields, "name": "Dentist"})

        agent = Agent.objects.get(name="Dentist")
        assert answer.headers["Location"] == reverse("agents.show", args=[agent.pk])
        version = Version.objects.get(agent=agent)
        assert (version.number, version.author, agent.published) == (1, cast.ben, None)
        assert version.read().voice.id == "Rachel"
        assert write(version.read()) == json.loads(fields["configuration"])

    def test_the_same_confirmation_twice_makes_one_agent(self, cast: Cast, sign_in: SignIn) -> None:
        browser = sign_in(cast.ben)
        fields = {**hidden(sent(browser, cast, RETELL)), "name": "Spa"}

        answers = [browser.post(reverse("agents.create", args=[cast.project.pk]), fields) for _ in range(2)]

        assert answers[0].headers["Location"] == answers[1].headers["Location"]
        assert Agent.objects.filter(name="Spa").count() == 1

    def test_a_download_comes_back_as_it_was(self, cast: Cast, sign_in: SignIn) -> None:
        version = save(cast.agent, cast.ben, prompt="Line one.\nLine two <b>&amp;</b>.", greeting="Grüß Gott")
        browser = sign_in(cast.ben)
        file = browser.get(address(version)).content

        fields = hidden(sent(browser, cast, file))
        browser.post(reverse("agents.create", args=[cast.project.pk]), {**fields, "name": "Again"})

        assert Version.objects.get(agent__name="Again").digest == version.digest

    def test_what_was_pasted_is_read_as_well(self, cast: Cast, sign_in: SignIn) -> None:
        page = sign_in(cast.ben).post(previewing(cast), {"pasted": json.dumps(RETELL), "file": ""})

        assert "New agent from Retell" in page.content.decode()

    def test_a_changed_download_is_told(self, cast: Cast, sign_in: SignIn) -> None:
        browser = sign_in(cast.ben)
        content = json.loads(browser.get(address(Version.objects.get(agent=cast.agent))).content)
        content["configuration"]["greeting"] = "Changed"

        assert "changed after it was downloaded" in sent(browser, cast, content).content.decode()

    @pytest.mark.parametrize(
        ("file", "status", "words"),
        [
            (b"", 400, "There is nothing in it"),
            (b"{", 400, "isn't JSON"),
            (b"[" + b" " * LARGEST_FILE + b"]", 413, "larger than any agent's file"),
            (b'{"response_engine": {"type": "conversation-flow"}}', 400, "conversation flow"),
        ],
    )
    def test_a_file_that_cant_be_used_is_refused_beside_its_field(
        self, cast: Cast, sign_in: SignIn, *, file: bytes, status: int, words: str
    ) -> None:
        answer = sent(sign_in(cast.ben), cast, file)

        assert answer.status_code == status
        assert words in html.unescape(answer.content.decode())
        assert "Start from" in answer.content.decode()

    def test_hostile_texts_are_escaped(self, cast: Cast, sign_in: SignIn) -> None:
        bad = "</textarea><script>alert(1)</script>"
        content = {
            "name": bad,
            "firstMessage": bad,
            bad: 1,
            "model": {"messages": [], "tools": [{bad: 1, "type": "endCall"}]},
        }

        assert "<script>alert" not in sent(sign_in(cast.ben), cast, content).content.decode()

    @pytest.mark.parametrize("configuration", ["{", "[]", '{"mood": 1}', '{"prompt": "\\u0000"}', "x" * 3_000_000])
    def test_a_configuration_that_no_page_of_ours_sends_is_refused(
        self, cast: Cast, sign_in: SignIn, configuration: str
    ) -> None:
        fields = {"name": "Mine", "key": str(uuid4()), "configuration": configuration}

        answer = sign_in(cast.ben).post(reverse("agents.create", args=[cast.project.pk]), fields)

        assert answer.status_code in (400, 413)
        assert not Agent.objects.filter(name="Mine").exists()

    def test_a_secret_put_into_the_confirmation_makes_no_version(self, cast: Cast, sign_in: SignIn) -> None:
        browser = sign_in(cast.ben)
        configuration = json.dumps({"prompt": f"Use {KEY}."})
        fields = {"name": "Mine", "key": str(uuid4()), "configuration": configuration}

        answer = browser.post(reverse("agents.create", args=[cast.project.pk]), fields)

        assert (answer.status_code, Agent.objects.filter(name="Mine").exists()) == (422, False)
        assert KEY not in answer.content.decode()

    def test_it_needs_a_name(self, cast: Cast, sign_in: SignIn) -> None:
        browser = sign_in(cast.ben)
        fields = {**hidden(sent(browser, cast, {"firstMessage": "Hi"})), "name": " "}

        answer = browser.post(reverse("agents.create", args=[cast.project.pk]), fields)

        assert (answer.status_code, Agent.objects.filter(project=cast.project).count()) == (422, 1)

    def test_editors_may_and_nobody_else(self, cast: Cast, sign_in: SignIn) -> None:
        assert sent(sign_in(cast.cleo), cast, VAPI).status_code == 403
        assert sent(sign_in(cast.olga), cast, VAPI).status_code == 404
        assert sent(sign_in(cast.charlie), cast, VAPI).status_code == 404
        fields = {"name": "Mine", "configuration": "{}"}
        assert sign_in(cast.cleo).post(reverse("agents.create", args=[cast.project.pk]), fields).status_code == 403

    def test_a_reload_of_its_address_leads_back_to_the_choice(self, cast: Cast, sign_in: SignIn) -> None:
        answer = sign_in(cast.ben).get(previewing(cast))

        assert answer.headers["Location"] == reverse("agents.create", args=[cast.project.pk])

    def test_its_queries_dont_grow_with_the_file(
        self, cast: Cast, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        browser = sign_in(cast.ben)
        tools = [{"type": "endCall", "function": {"name": f"bye{n}"}} for n in range(40)]
        for content in ({"firstMessage": "Hi"}, {"model": {"messages": [], "tools": tools}}):
            with django_assert_num_queries(8):
                sent(browser, cast, content)


def previewing(cast: Cast) -> str:
    """Where a file is sent to be looked at."""
    return reverse("agents.preview", args=[cast.project.pk])


def sent(browser: Client, cast: Cast, content: Any) -> Any:
    """What is answered to a file with this content."""
    file = content if isinstance(content, bytes) else json.dumps(content).encode()
    upload = SimpleUploadedFile("agent.json", file, content_type="application/json")
    return browser.post(previewing(cast), {"file": upload, "pasted": ""})


def hidden(page: Any) -> dict[str, str]:
    """What the preview sends along when it is confirmed."""
    found = re.findall(r'<input type="hidden" name="(key|configuration)" value="([^"]*)"', page.content.decode())
    return {name: html.unescape(value) for name, value in found}


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
