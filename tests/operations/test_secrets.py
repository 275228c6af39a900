"""A version is for ever: what looks like a secret gets into none, and is never repeated."""

import pytest

from agentversions import pasted
from agentversions.configuration import Configuration
from agentversions.models import Draft, Event, Version
from agentversions.operations import (
    create_agent,
    duplicate_agent,
    edit_draft,
    publish_draft,
    save_and_edit_into_draft,
    save_version,
)
from agentversions.refusals import SecretPasted
from agentversions.starters import STARTERS
from tests.cast import Cast, edit, live, shown, stored, typed

pytestmark = pytest.mark.django_db

LETTERS = "Zx9mK2vB7nQ4wE8rT1yU6iO3pA5sD0fGhJkLzXcVbNm"
HEX = "0123456789abcdef" * 3
# Put together here, so that no scanner of repositories takes them for somebody's.
SECRETS = {
    "an Anthropic key": "sk-" + "ant-api03-" + LETTERS,
    "an OpenAI key": "sk-" + "proj-" + LETTERS,
    "a Stripe key": "sk" + "_live_" + LETTERS[:24],
    "an ElevenLabs key": "sk" + "_" + HEX,
    "a Groq key": "gsk" + "_" + LETTERS,
    "a Google key": "AI" + "za" + LETTERS[:35],
    "an AWS key": "AK" + "IAIOSFODNN7EXAMPLE",
    "a GitHub token": "gh" + "p_" + LETTERS[:36],
    "a GitLab token": "gl" + "pat-" + LETTERS[:20],
    "a Slack token": "xo" + "xb-123456789012-" + LETTERS[:24],
    "a Slack webhook": "https://hooks.slack" + ".com/services/T00000000/B00000000/" + LETTERS[:24],
    "a SendGrid key": "S" + "G." + LETTERS[:22] + "." + LETTERS[:43],
    "a Twilio API key": "S" + "K" + HEX[:32],
    "a Twilio auth token": "A" + "C" + HEX[:32] + ":" + HEX[:32],
    "an auth token": "auth_" + "token = " + HEX[:32],
    "a signing secret": "wh" + "sec_" + LETTERS[:32],
    "a private key": "-----BEGIN " + "RSA PRIVATE KEY-----",
    "a token (JWT)": "ey" + "JhbGciOiJIUzI1NiJ9.ey" + "JzdWIiOiIxMjM0NTY3ODkwIn0." + LETTERS,
    "a bearer token": "Authorization: Bea" + "rer " + LETTERS[:30],
    "a user name and password": "Authorization: Ba" + "sic YW5hOnNlc2FtZQ==",
    "an address with a password": "postgres://ana:" + "sesame@db.example.com/crm",
    "an address with a key": "https://crm.example.com/slots?api_" + "key=" + LETTERS[:20],
}

HARMLESS = (
    "Ask for the task-oriented sk-learn-something-for-everybody; risk-averse callers like it.",
    "Bearer of bad news: say so plainly. Bearer authentication-is-configured-elsewhere.",
    "Authorization: {{secret.CRM_TOKEN}}",
    "https://crm.example.com/slots?key=appointments&page=2&token={{secret.CRM}}&api_key=YOUR_API_KEY",
    "Write to https://example.com/a:b@c or ana@example.com; https://user:password@host is how it looks.",
    "The order number is AC and six digits, such as AC123456. SKU: SK-1234567890.",
    "Basic opening hours: 9:00-17:00. xox-oxo. eyJ is how a token begins.",
    "Call +44 113 496 0101, or room 0123456789abcdef0123456789abcdef.",
    "the-quick-brown-fox-jumps-over-the-lazy-dog-and-then-some-more-of-it",
)


@pytest.mark.parametrize("what", SECRETS)
def test_a_secret_is_found_wherever_it_is_pasted(what: str) -> None:
    assert pasted.kinds(f"Use “{SECRETS[what]}”, and be kind.") == [what]
    assert pasted.kinds(SECRETS[what]) == [what]


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_secret_beyond_doubt_is_left_alone(text: str) -> None:
    assert pasted.kinds(text) == []


def test_no_starter_holds_a_secret() -> None:
    assert not any(pasted.secrets(starter.configuration) for starter in STARTERS.values())


def test_every_field_that_holds_one_is_named_and_the_secret_never_is() -> None:
    key, other = SECRETS["an OpenAI key"], SECRETS["a Stripe key"]
    schema = {"type": "object", "properties": {"key": {"type": "string", "default": other}}}
    configuration = Configuration.model_validate(
        {
            "prompt": f"Use {key}.",
            "variables": [{"name": "crm", "default": key}],
            "turn_taking": {"reminder_texts": ["Hello?", other]},
            "tools": [
                {"kind": "function", "id": "a", "name": "find_slots", "parameters": schema},
                {"kind": "mcp", "id": "b", "url": SECRETS["an address with a key"]},
            ],
        }
    )

    found = pasted.secrets(configuration)

    assert [(one.path, one.label) for one in found] == [
        ("prompt", "Prompt"),
        ("variables", "Variables"),
        ("turn_taking.reminder_texts", "Reminders"),
        ("tools.a.parameters", "find_slots: Parameters"),
        ("tools.b.url", "Tool 2: Address"),
    ]
    assert key not in repr(found)
    assert other not in repr(found)


@pytest.fixture
def holding(cast: Cast) -> Draft:
    """Ana's draft, with a key in its prompt and another in a tool's address."""
    address = SECRETS["an address with a key"]
    written = typed([{"id": "slots", "kind": "function", "url": address}], prompt=SECRETS["an OpenAI key"])
    return edit_draft(cast.agent, written, base=shown(cast.agent, cast.ana), by=cast.ana).draft


def test_a_draft_keeps_what_was_typed_and_no_version_is_made_of_it(cast: Cast, holding: Draft) -> None:
    before, base, first = Event.objects.count(), holding.base, Version.objects.get(agent=cast.agent, number=1)

    with pytest.raises(SecretPasted) as refused:
        save_version(cast.agent, base=base, by=cast.ana)
    with pytest.raises(SecretPasted):
        publish_draft(cast.agent, base=base, live=None, by=cast.ana)
    with pytest.raises(SecretPasted):
        save_and_edit_into_draft(first, base=base, by=cast.ana)

    assert [blocker.where for blocker in refused.value.blockers] == ["prompt", "tools.slots.url"]
    assert SECRETS["an OpenAI key"] not in str(refused.value)
    assert Event.objects.count() == before
    assert live(cast.agent) is None
    assert list(Version.objects.filter(agent=cast.agent).values_list("number", flat=True)) == [1]
    assert stored(cast.agent, cast.ana).configuration["prompt"] == SECRETS["an OpenAI key"]

    edit(cast.agent, cast.ana, prompt="Ask the CRM.")
    tools = typed([{"id": "slots", "kind": "function", "url": "https://crm.example.com"}])
    edit_draft(cast.agent, tools, base=shown(cast.agent, cast.ana), by=cast.ana)
    assert save_version(cast.agent, base=shown(cast.agent, cast.ana), by=cast.ana).number == 2


def test_neither_a_new_agent_nor_a_copy_starts_with_one(cast: Cast) -> None:
    holding = Configuration(greeting=SECRETS["a Google key"])
    with pytest.raises(SecretPasted):
        create_agent(cast.project, "Leaky", by=cast.ana, configuration=holding)
    assert not cast.project.agents.filter(name="Leaky").exists()

    assert duplicate_agent(cast.agent, by=cast.ana).last_number == 1
