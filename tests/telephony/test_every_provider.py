"""The same version answers the phone whichever company carries the call: one story, told in every dialect."""

import pytest

from agentversions.models import Version
from agentversions.operations import publish
from telephony.models import Call, Missed, Status
from telephony.operations import change_connection
from telephony.providers import PROVIDERS
from tests.cast import Cast, live, save
from tests.telephony.exchange import Exchange
from tests.telephony.lines import SECRETS, heard, hung_up, line, rung

EVERY = pytest.mark.parametrize("provider", list(PROVIDERS))


@pytest.fixture
def cast(exchange: Exchange) -> Cast:
    """The people, and their agent on the air with v2."""
    return exchange.cast


def go_live(cast: Cast, greeting: str) -> Version:
    version = save(cast.agent, cast.ana, prompt=f"You say {greeting}", greeting=greeting)
    return publish(version, live=live(cast.agent), by=cast.pia)


def test_every_provider_is_in_the_story() -> None:
    assert set(SECRETS) == set(PROVIDERS)


@EVERY
def test_a_call_keeps_its_version_from_its_ring_to_its_end(cast: Cast, provider: str) -> None:
    on = line(cast, provider)

    first = rung(on, "one")
    go_live(cast, "Good evening.")
    kept = Call.objects.get().answer_digest
    again, other = rung(on, "one"), rung(on, "two")

    assert again.content == first.content
    assert Call.objects.earliest("started_at").answer_digest == kept
    assert (heard(on, first).version, heard(on, other).version) == (2, 3)
    assert hung_up(on, "one").status_code in (200, 204)
    ended, going = Call.objects.order_by("started_at")
    assert (ended.status, ended.version, ended.duration) == (Status.COMPLETED, cast.agent.versions.get(number=2), 42)
    assert (going.version, Status(going.status).ended) == (cast.agent.versions.get(number=3), False)
    assert heard(on, rung(on, "one")).refusal
    assert Call.objects.count() == 2


@EVERY
def test_an_end_that_is_told_before_the_ring_waits_for_it(cast: Cast, provider: str) -> None:
    on = line(cast, provider)

    hung_up(on, "one")
    rung(on, "one")

    call = Call.objects.get()
    assert (call.status, call.duration) == (Status.COMPLETED, 42)


@EVERY
def test_a_call_that_nothing_can_answer_is_refused_in_the_dialect_and_recorded(cast: Cast, provider: str) -> None:
    on = line(cast, provider)
    change_connection(on, enabled=False, fallback="Back on Monday.", by=cast.ana)

    refused = heard(on, rung(on))

    assert refused.version is None
    assert refused.refusal
    assert Call.objects.get().missed == Missed.CONNECTION_DISABLED


@EVERY
def test_another_accounts_secret_opens_nothing(cast: Cast, provider: str) -> None:
    on = line(cast, provider)
    change = {key: f"{text[:-4]}{text[-4:][::-1]}" for key, text in SECRETS[provider].items()}

    assert change != SECRETS[provider]
    assert rung(on, secrets=change).status_code == 403
    assert not Call.objects.exists()
