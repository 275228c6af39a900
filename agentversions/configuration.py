"""What an agent is made of: one frozen value, with every setting's type, limits, label and place in the editor.

A new setting is one annotated line here; the form, the comparison, the history and the export follow from it.
Nothing here knows Django.
"""

from functools import cache
from typing import Annotated, Any, Literal
from zoneinfo import available_timezones

from pydantic import AfterValidator, Field, StringConstraints

from agentversions.tools import Tool
from agentversions.values import Leaf, Lined, Long, Names, Sentence, Setting, Short, Value, leaves, lines_of, one_line
from agentversions.variables import own_name

SCHEMA = 1
"""The number of today's schema, stored beside every document that is written under it."""

SECTIONS = {
    "prompt": (
        "Prompt",
        "What the agent knows and how it behaves. It reaches callers only when you publish.",
    ),
    "voice": ("Voice", "How the agent sounds to the caller."),
    "model": ("Model", "What thinks, and what listens."),
    "tools": ("Tools", "What the agent can do during the call. Each version keeps its own copy."),
    "turn_taking": ("Turn-taking", "Who speaks when, and what silence means."),
    "call": ("Call", "How long a call may last, how it ends, and what is kept of it."),
    "after": ("After the call", "What to note down once the caller has gone."),
}
"""The editor's sections in their order: title and explanation by key."""

MAX_TOOLS = 50


_zones = cache(available_timezones)  # which walks a directory tree each time


def _zone(name: str) -> str:
    if name not in _zones():
        raise ValueError("Choose a time zone such as Europe/London.")
    return name


def _number(*, least: float, most: float) -> Any:
    return Field(ge=least, le=most)


class Variable(Lined):
    """`{{name}}` in any text stands for its value in the call, or for this default."""

    name: Annotated[str, StringConstraints(pattern=Names.VARIABLE), AfterValidator(own_name)]
    default: Sentence = ""

    @classmethod
    def from_line(cls, line: str) -> dict[str, str]:
        """Read `name = default`; the default may be left out."""
        name, _, default = line.partition("=")
        return {"name": name.strip(), "default": default.strip()}

    def to_line(self) -> str:
        """Write `name = default`."""
        return f"{self.name} = {self.default}" if self.default else self.name


class Pronunciation(Lined):
    """A word the voice or the transcriber gets wrong, and how it is said."""

    word: Annotated[Short, Field(min_length=1)]
    say: Annotated[Short, Field(min_length=1)]

    @classmethod
    def from_line(cls, line: str) -> dict[str, str]:
        """Read `word = how to say it`."""
        word, equals, say = line.partition("=")
        if not equals or not word.strip() or not say.strip():
            raise ValueError("Write each line as: word = how to say it.")
        return {"word": word.strip(), "say": say.strip()}

    def to_line(self) -> str:
        """Write `word = how to say it`."""
        return f"{self.word} = {self.say}"


class Extract(Lined):
    """A field to note down after the call."""

    name: Annotated[str, StringConstraints(pattern=Names.VARIABLE)]
    type: Literal["text", "number", "date", "yes_no"] = "text"
    description: Sentence = ""

    @classmethod
    def from_line(cls, line: str) -> dict[str, str]:
        """Read `name (type) = what to note`; the type is text unless it says otherwise."""
        head, _, description = line.partition("=")
        name, bracket, kind = head.strip().partition("(")
        kind = kind.strip().rstrip(")").strip().replace(" ", "_") if bracket else "text"
        return {"name": name.strip(), "type": kind, "description": description.strip()}

    def to_line(self) -> str:
        """Write `name (type) = what to note`."""
        head = self.name if self.type == "text" else f"{self.name} ({self.type.replace('_', ' ')})"
        return f"{head} = {self.description}" if self.description else head


class Voice(Value):
    """Who speaks, how fast and how loud."""

    provider: Annotated[
        Short,
        Setting("Voice provider", "voice", suggestions=("ElevenLabs", "Cartesia", "Google", "Amazon", "OpenAI")),
    ] = ""
    id: Annotated[Short, Setting("Voice", "voice", hint="The voice's name or id at its provider.")] = ""
    speed: Annotated[
        float, Setting("Speed", "voice", "number", "1 is the voice's own."), _number(least=0.25, most=4)
    ] = 1
    volume: Annotated[
        float, Setting("Volume", "voice", "number", "1 is the voice's own."), _number(least=0, most=2)
    ] = 1


class Model(Value):
    """What thinks."""

    provider: Annotated[
        Short, Setting("Model provider", "model", suggestions=("openai", "anthropic", "google", "groq", "mistral"))
    ] = ""
    name: Annotated[Short, Setting("Model", "model", hint="As its provider spells it.")] = ""
    temperature: Annotated[
        float, Setting("Temperature", "model", "number", "0 is steady, 2 is wild."), _number(least=0, most=2)
    ] = 0.3
    max_tokens: Annotated[
        int | None,
        Setting("Longest answer", "model", "number", "The model's own limit when empty.", "tokens"),
        _number(least=1, most=100_000),
    ] = None


class Transcriber(Value):
    """What listens."""

    provider: Annotated[
        Short,
        Setting("Transcriber", "model", suggestions=("Deepgram", "Google", "AssemblyAI", "Speechmatics")),
    ] = ""
    keywords: Annotated[
        list[Annotated[Short, AfterValidator(one_line)]],
        Setting("Keywords", "model", "lines", "Words callers say that are easily misheard, one a line."),
        lines_of(),
        Field(max_length=200),
    ] = []
    pronunciations: Annotated[
        list[Pronunciation],
        Setting("Pronunciations", "model", "lines", "One a line: word = how to say it."),
        lines_of(Pronunciation),
        Field(max_length=200),
    ] = []


class TurnTaking(Value):
    """Who speaks when. Times are in seconds."""

    interruptions: Annotated[
        Literal["any", "speech", "none"],
        Setting(
            "The caller may interrupt",
            "turn_taking",
            "choice",
            words=("By speech or keys", "By speech", "Never"),
        ),
    ] = "any"
    response_wait: Annotated[
        float,
        Setting("Wait before answering", "turn_taking", "number", "Silence that ends the caller's turn.", "s"),
        _number(least=0, most=10),
    ] = 0.6
    reminder_every: Annotated[
        float | None,
        Setting("Remind after", "turn_taking", "number", "Silence before a reminder; none when empty.", "s"),
        _number(least=1, most=600),
    ] = None
    reminder_times: Annotated[
        int, Setting("How often", "turn_taking", "number", unit="times"), _number(least=0, most=20)
    ] = 2
    reminder_texts: Annotated[
        list[Annotated[Sentence, AfterValidator(one_line)]],
        Setting("Reminders", "turn_taking", "lines", "What the agent says, one a line, in turn."),
        lines_of(),
        Field(max_length=20),
    ] = []
    end_after_silence: Annotated[
        float | None,
        Setting("Hang up after silence", "turn_taking", "number", "Never when empty.", "s"),
        _number(least=5, most=3_600),
    ] = 60


class Background(Value):
    """What the caller hears behind the voice."""

    sound: Annotated[
        Literal["off", "office", "cafe", "call_centre"],
        Setting("Background sound", "voice", "choice", words=("Off", "Office", "Café", "Call centre")),
    ] = "off"
    volume: Annotated[float, Setting("Background volume", "voice", "number"), _number(least=0, most=1)] = 0.5


class Configuration(Value):
    """Everything that makes an agent behave as it does. A blank one is valid, and incomplete."""

    prompt: Annotated[Long, Setting("Prompt", "prompt", "prompt")] = ""
    greeting: Annotated[Sentence, Setting("Greeting", "prompt", "sentence", "The first words callers hear.")] = ""
    first_speaker: Annotated[
        Literal["agent", "caller"],
        Setting("Who speaks first", "prompt", "choice", words=("The agent", "The caller")),
    ] = "agent"
    start_delay: Annotated[
        float, Setting("Delay before speaking", "prompt", "number", unit="s"), _number(least=0, most=10)
    ] = 0
    variables: Annotated[
        list[Variable],
        Setting("Variables", "prompt", "lines", "One a line: name = default. Use one in any text as {{name}}."),
        lines_of(Variable),
        Field(max_length=100),
    ] = []
    time_zone: Annotated[
        str,
        Setting(
            "Time zone",
            "prompt",
            hint="Where the agent is: for the time it tells and the days it offers.",
            suggestions=(
                "Europe/London",
                "Europe/Berlin",
                "America/New_York",
                "America/Los_Angeles",
                "Asia/Tokyo",
                "UTC",
            ),
        ),
        AfterValidator(_zone),
    ] = "UTC"
    language: Annotated[
        str,
        Setting(
            "Language",
            "voice",
            hint="A language tag.",
            suggestions=("en-US", "en-GB", "de-DE", "fr-FR", "es-ES", "it-IT", "nl-NL", "pt-BR", "ja-JP"),
        ),
        StringConstraints(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$"),
    ] = "en-US"
    voice: Voice = Voice()
    background: Background = Background()
    model: Model = Model()
    transcriber: Transcriber = Transcriber()
    tools: Annotated[list[Tool], Field(max_length=MAX_TOOLS)] = []
    turn_taking: TurnTaking = TurnTaking()
    max_length: Annotated[
        int,
        Setting("Longest call", "call", "number", "The call ends when it is reached.", "s"),
        _number(least=30, most=14_400),
    ] = 1_800
    end_message: Annotated[Sentence, Setting("Last words", "call", "sentence", "Said before the agent hangs up.")] = ""
    recording: Annotated[bool, Setting("Record the call", "call", "switch")] = False
    keypad_input: Annotated[bool, Setting("Listen to the keypad", "call", "switch")] = True
    noise_reduction: Annotated[bool, Setting("Reduce background noise", "call", "switch")] = True
    extract: Annotated[
        list[Extract],
        Setting(
            "Fields to note down",
            "after",
            "lines",
            "One a line: name (type) = what to note. Types: text, number, date, yes no.",
        ),
        lines_of(Extract),
        Field(max_length=50),
    ] = []


BLANK = Configuration()


def settings() -> tuple[Leaf, ...]:
    """Every setting of an agent but its tools, in the editor's order."""
    return leaves(Configuration)


def setting(path: str) -> Leaf | None:
    """The setting at a path such as `voice.speed`, or None."""
    return _by_path.get(path)


_by_path = {leaf.path: leaf for leaf in settings()}
