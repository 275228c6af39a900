"""Nothing is dropped silently: what a provider can't carry of a configuration, in the editor's words."""

from agentversions.checks import Carrier, Fate
from agentversions.configuration import Configuration
from telephony.carrying import carried, carriers, labels, lacks
from telephony.models import Connection
from telephony.providers import PROVIDERS
from telephony.providers.generic import Generic
from telephony.providers.signalwire import SignalWire
from telephony.providers.twilio import Twilio

BOOK = {"id": "a", "kind": "function", "name": "book"}
FULL = Configuration.model_validate(
    {
        "prompt": "Be kind.",
        "greeting": "Hello",
        "voice": {"volume": 1.5},
        "model": {"temperature": 0.9},
        "tools": [BOOK, BOOK | {"id": "b"}, {"id": "c", "kind": "mcp"}],
    }
)


def told(provider: str, configuration: Configuration = FULL) -> dict[tuple[str, ...], tuple[str, str]]:
    """What each group of settings meets there."""
    return {lack.labels: (lack.fate.value, lack.sentence) for lack in lacks(PROVIDERS[provider], configuration, {})}


def test_what_the_worker_fetches_is_one_group_in_the_editors_words() -> None:
    words = "Twilio can't carry these: your worker fetches them from the configuration address."
    assert told("twilio") == {
        ("Prompt", "Volume", "Temperature", "Function tools", "MCP server tool"): ("fetched", words)
    }


def test_one_alone_is_spoken_of_as_one() -> None:
    words = "Twilio can't carry this: your worker fetches it from the configuration address."
    assert told("twilio", Configuration(prompt="Be kind.")) == {("Prompt",): ("fetched", words)}


def test_without_a_worker_it_is_lost_and_what_is_limited_comes_last() -> None:
    found = told("signalwire")

    assert [fate for fate, _ in found.values()] == ["lost", "lost", "limited", "limited"]
    assert found["Volume",] == ("lost", SignalWire.notes["voice.volume"])
    assert found["MCP server tool",] == ("lost", SignalWire.notes["tools.mcp"])
    assert found["Temperature",] == ("limited", SignalWire.notes["model.temperature"])
    assert found["Function tools",] == ("limited", SignalWire.notes["tools.function"])


def test_without_a_note_it_is_said_to_be_left_out() -> None:
    class Mute(Generic):
        name = "Mute"
        carries = frozenset[str]()

    (lack,) = lacks(Mute(), Configuration(prompt="Be kind."), {})

    assert (lack.fate, lack.sentence) == (Fate.LOST, "Mute can't carry this, and leaves it out.")


def test_only_what_is_asked_for_is_told() -> None:
    assert [lacks(provider, Configuration(), {}) for provider in PROVIDERS.values()] == [[]] * len(PROVIDERS)
    assert told("generic") == {}


def test_an_option_takes_away_what_it_cant_carry() -> None:
    asked = Configuration.model_validate({"greeting": "Hello", "voice": {"provider": "Google"}, "recording": True})
    words, sound = (lacks(Twilio(), asked, {"bridge": bridge}) for bridge in ("relay", "stream"))

    assert carried(Twilio(), {"bridge": "relay"}) == Twilio.carries
    assert carried(Twilio(), {"bridge": "stream"}) == {"recording"}
    assert [(lack.labels, lack.fate) for lack in words] == [(("Voice provider",), Fate.LIMITED)]
    assert [(lack.labels, lack.fate) for lack in sound] == [(("Greeting", "Voice provider"), Fate.FETCHED)]
    assert Twilio.notes["voice.provider"] == words[0].sentence != sound[0].sentence


def test_connections_of_one_provider_are_told_once_and_who_carries_all_of_it_never() -> None:
    lines = [Connection(provider=key) for key in ("twilio", "generic", "twilio", "signalwire")]

    assert [carrier.name for carrier in carriers(lines, FULL)] == ["Twilio", "SignalWire"]


def test_a_carrier_is_summed_up_in_a_line() -> None:
    lines = [Connection(provider=key) for key in ("twilio", "signalwire")]
    twilio, signalwire = carriers(lines, FULL)

    assert (twilio.summary, twilio.loses) == ("Twilio leaves 5 settings to your worker.", False)
    assert (signalwire.summary, signalwire.loses) == (
        "SignalWire can't carry 2 settings, and carries 2 within limits.",
        True,
    )
    assert Carrier("X1", tuple(lacks(Twilio(), Configuration(prompt="a"), {}))).summary == (
        "X1 leaves 1 setting to your worker."
    )


def test_every_provider_speaks_of_settings_that_there_are() -> None:
    for provider in PROVIDERS.values():
        assert provider.carries | provider.notes.keys() <= labels().keys(), provider.name
        assert provider.summary.endswith(".")
