"""A provider's options: asked for in its forms, shown to who may only look, and told to nobody else."""

import pytest
from django.urls import reverse

from telephony.incoming import IncomingCall
from telephony.models import Connection
from telephony.providers import PROVIDERS, Option
from telephony.providers.twilio import Twilio
from telephony.routing import route_call
from tests.cast import Cast
from tests.pages.conftest import SignIn
from tests.pages.phone import connect
from tests.pages.test_connections import HTMX, TOKEN, adding, changing, showing, twilio

HOSTILE = "</textarea><script>alert(1)</script>"


class Choosy(Twilio):
    """Twilio, with an option of each sort."""

    options: tuple[Option, ...] = (
        Option("bridge", "Bridge", "How the caller's voice travels.", (("relay", "Relay"), ("stream", "Raw audio"))),
        Option("greeter", "Greeter", default="Robin"),
        Option("agents", "Agents", "One a line.", pattern="[ -~]{0,60}", lines=True),
    )


@pytest.fixture(autouse=True)
def _choosy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(PROVIDERS, "twilio", Choosy())


def test_an_option_is_asked_for_as_what_it_is(cast: Cast, sign_in: SignIn) -> None:
    asked = sign_in(cast.ana).get(adding(cast.project), {"provider": "twilio"}).text

    assert '<select id="option-bridge" name="options.bridge"' in asked
    assert '<option value="stream">Raw audio</option>' in asked
    assert '<input id="option-greeter" name="options.greeter" value="Robin"' in asked
    assert '<textarea id="option-agents" class="lines" name="options.agents"' in asked


def test_what_was_chosen_is_kept_and_a_form_without_options_leaves_it(cast: Cast, sign_in: SignIn) -> None:
    client = sign_in(cast.ana)
    posted = {"provider": "twilio", "name": "Twilio", "auth_token": TOKEN, "options.bridge": "stream"}
    client.post(adding(cast.project), posted | {"options.agents": f"one\r\n{HOSTILE}", "options.other": "x"})
    made = Connection.objects.get()
    assert made.options == {"bridge": "stream", "agents": f"one\n{HOSTILE}"}

    client.post(changing(made), {"enabled": "off"})
    client.post(changing(made), {"options.agents": ""})

    made.refresh_from_db()
    assert made.options == {"bridge": "stream"}
    assert '<option value="stream" selected>Raw audio</option>' in client.get(showing(made)).text


@pytest.mark.parametrize("wrong", [{"options.bridge": "pigeon"}, {"options.agents": "fine\n" + "x" * 61}])
def test_what_cant_be_is_refused_in_words(cast: Cast, sign_in: SignIn, wrong: dict[str, str]) -> None:
    made = twilio(cast)

    answer = sign_in(cast.ana).post(changing(made), wrong, headers=HTMX)

    assert answer.status_code == 422
    assert "can&#x27;t be that" in answer.text
    made.refresh_from_db()
    assert made.options == {}


def test_others_read_it_in_words_and_cant_change_it(cast: Cast, sign_in: SignIn) -> None:
    made = twilio(cast, options={"bridge": "stream", "agents": HOSTILE})
    cleo = sign_in(cast.cleo)

    shown = cleo.get(showing(made)).text

    assert "<dt>Bridge</dt><dd>Raw audio</dd>" in shown
    assert "<dt>Greeter</dt><dd>Robin</dd>" in shown
    assert "<script>alert" not in shown
    assert "options.bridge" not in shown
    assert cleo.post(changing(made), {"options.bridge": "relay"}).status_code == 403


def test_activity_tells_that_it_was_changed_and_not_to_what(cast: Cast, sign_in: SignIn) -> None:
    made = twilio(cast)
    sign_in(cast.ana).post(changing(made), {"options.greeter": "agent-of-nobody-elses-business"})

    told = sign_in(cast.cleo).get(reverse("activity.index", args=[cast.project.pk])).text

    assert "changed the connection “Twilio UK”" in told
    assert "nobody-elses-business" not in told


def test_callers_can_be_put_through_to_a_number(cast: Cast, sign_in: SignIn) -> None:
    made = connect(cast)
    client = sign_in(cast.ana)

    client.post(changing(made), {"fallback": "+44 113 496 0101"})
    missed = ring_nobody(made)

    assert 'put through to <span class="tel">+44 113 496 0101</span>' in sign_in(cast.cleo).get(showing(made)).text
    assert "was put through to" in client.get(missed).text


def ring_nobody(connection: Connection) -> str:
    """Somebody rings a number that isn't there: the call's page."""
    connection.refresh_from_db()
    call = route_call(connection, IncomingCall("nobody", "+441134960101", "+15550009999"))
    return reverse("calls.show", args=[call.pk])
