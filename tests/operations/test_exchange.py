"""Agents as files: what comes over from our own downloads, from Vapi and from Retell, and what can't."""

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agentversions import documents, exchange, pasted
from agentversions.configuration import Configuration, setting
from agentversions.exchange import Brought
from agentversions.exchange.files import LARGEST_FILE
from agentversions.models import Version
from agentversions.operations import create_agent
from agentversions.refusals import Hostile, Refused, TooLarge
from agentversions.starters import STARTERS
from tests.cast import Cast
from tests.operations.test_documents import anything

VAPI = {
    "id": "b1",
    "orgId": "o1",
    "name": "Riverside  Dental",
    "firstMessage": "Hello {{customer.name}}, this is Riverside Dental.",
    "firstMessageMode": "assistant-waits-for-user",
    "model": {
        "provider": "openai",
        "model": "gpt-4o",
        "temperature": 0.4,
        "maxTokens": 250,
        "emotionRecognitionEnabled": True,
        "messages": [
            {"role": "system", "content": "You answer {{customer.number}} at {{ clinic_name }}.\r\nBe brief."},
            {"role": "assistant", "content": "Hi."},
        ],
        "toolIds": ["a", "b"],
        "tools": [
            {
                "type": "function",
                "async": False,
                "messages": [{"type": "request-start", "content": "One moment."}],
                "function": {
                    "name": "find slots",
                    "description": "Finds free slots.",
                    "parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
                },
                "server": {
                    "url": "https://crm.example.com/slots",
                    "headers": {
                        "Authorization": "Bearer sk-live-1234567890abcdef",
                        "Content-Type": "application/json",
                        "X-Ref": "{{secret.CRM}}",
                    },
                    "secret": "whsec_topsecret",
                },
            },
            {
                "type": "transferCall",
                "destinations": [
                    {"type": "number", "number": "+441134960101", "description": "Front desk"},
                    {"type": "sip", "sipUri": "sip:desk@example.com"},
                ],
            },
            {"type": "endCall"},
            {"type": "handoff"},
            {
                "type": "apiRequest",
                "method": "GET",
                "name": "lookup",
                "url": "https://api.example.com/orders",
                "headers": {"type": "object", "properties": {"X-Api-Key": {"type": "string", "value": "abcdef123456"}}},
            },
        ],
    },
    "voice": {"provider": "11labs", "voiceId": "Rachel", "speed": 9, "stability": 0.5},
    "transcriber": {"provider": "deepgram", "language": "en-GB", "keywords": ["Riverside:2"], "keyterm": ["Okafor"]},
    "silenceTimeoutSeconds": 30,
    "maxDurationSeconds": 43_200,
    "endCallMessage": "Goodbye.",
    "backgroundSound": "office",
    "artifactPlan": {"recordingEnabled": True, "videoRecordingEnabled": False},
    "startSpeakingPlan": {"waitSeconds": 0.4},
    "stopSpeakingPlan": {"numWords": 2},
    "messagePlan": {"idleMessages": ["Are you there?"], "idleTimeoutSeconds": 8, "idleMessageMaxSpokenCount": 3},
    "analysisPlan": {
        "structuredDataPlan": {
            "schema": {
                "type": "object",
                "properties": {
                    "caller_name": {"type": "string", "description": "Their name"},
                    "urgent": {"type": "boolean"},
                    "visit": {"type": "string", "format": "date"},
                    "items": {"type": "array"},
                },
            }
        },
        "successEvaluationPlan": {"rubric": "PassFail"},
    },
    "serverUrlSecret": "hunter2hunter2",
    "backgroundDenoisingEnabled": False,
    "keypadInputPlan": {"enabled": True},
    "variableValues": {"clinic_name": "Riverside"},
}

RETELL = {
    "agent_id": "agent_1",
    "channel": "voice",
    "agent_name": "Sage Spa",
    "response_engine": {"type": "retell-llm", "llm_id": "llm_1", "version": 0},
    "language": ["de-DE", "en-GB"],
    "voice_id": "11labs-Adrian",
    "voice_speed": 0.96,
    "volume": 1.08,
    "max_call_duration_ms": 3_600_000,
    "interruption_sensitivity": 0,
    "responsiveness": 0.8,
    "reminder_trigger_ms": 8_000,
    "reminder_max_count": 3,
    "end_call_after_silence_ms": 600_000,
    "begin_message_delay_ms": 800,
    "ambient_sound": "coffee-shop",
    "ambient_sound_volume": 0.8,
    "boosted_keywords": ["Sage"],
    "pronunciation_dictionary": [{"word": "Sage", "alphabet": "ipa", "phoneme": "seidʒ"}],
    "allow_user_dtmf": False,
    "denoising_mode": "no-denoise",
    "data_storage_setting": "everything",
    "timezone": "America/New_York",
    "post_call_analysis_data": [
        {"type": "enum", "name": "mood", "description": "Mood", "choices": ["good", "bad"]},
        {"type": "system-presets", "name": "call_summary"},
    ],
    "voicemail_option": {"action": {"type": "static_text", "text": "Call us back."}},
    "retellLlmData": {
        "llm_id": "llm_1",
        "model": "claude-4.5-haiku",
        "model_temperature": 0,
        "general_prompt": "It is {{current_time_America/New_York}}. {{user_number}} called {{agent_number}}.",
        "start_speaker": "agent",
        "begin_message": "Hi {{user_name}}",
        "default_dynamic_variables": {"user_name": "guest"},
        "general_tools": [
            {"type": "end_call", "name": "end_call", "description": "When done."},
            {
                "type": "transfer_call",
                "name": "to_desk",
                "transfer_destination": {"type": "predefined", "number": "+15550001000", "extension": "12"},
            },
            {
                "type": "custom",
                "name": "book",
                "url": "https://crm.example.com/b",
                "headers": {"Authorization": "Bearer abcdef"},
                "parameters": {"type": "object", "properties": {}},
            },
            {"type": "book_appointment_cal", "name": "cal", "cal_api_key": "cal_live_1"},
            {"type": "press_digit", "name": "press"},
        ],
        "states": [{"name": "a", "state_prompt": "x"}],
        "mcps": [{"name": "crm", "url": "https://mcp.example.com"}],
    },
}


def bring(content: object) -> Brought:
    """What the content holds, as a file."""
    return exchange.bring(json.dumps(content).encode())


def left(brought: Brought) -> dict[str, str]:
    """Why each thing wasn't carried over, by its place."""
    return {note.where: note.why for note in brought.left}


def everything_told(brought: Brought) -> str:
    """All that a page could show of it."""
    return str(brought)


class TestVapi:
    def test_settings_come_over_in_our_words_and_units(self) -> None:
        brought = bring(VAPI)

        found = brought.configuration
        assert (brought.source, brought.name) == ("Vapi", "Riverside Dental")
        assert found.prompt == "You answer {{caller_number}} at {{clinic_name}}.\nBe brief."
        assert (found.greeting, found.first_speaker) == (
            "Hello {{customer_name}}, this is Riverside Dental.",
            "caller",
        )
        assert (found.voice.provider, found.voice.id, found.language) == ("ElevenLabs", "Rachel", "en-GB")
        assert found.model.model_dump() == {
            "provider": "openai", "name": "gpt-4o", "temperature": 0.4, "max_tokens": 250
        }  # fmt: skip
        assert (found.transcriber.provider, found.transcriber.keywords) == ("Deepgram", ["Riverside", "Okafor"])
        assert (found.turn_taking.response_wait, found.turn_taking.end_after_silence) == (0.4, 30)
        assert (found.turn_taking.reminder_every, found.turn_taking.reminder_times) == (8, 3)
        assert found.turn_taking.reminder_texts == ["Are you there?"]
        assert (found.end_message, found.background.sound) == ("Goodbye.", "office")
        assert (found.recording, found.noise_reduction, found.keypad_input) == (True, False, True)
        assert [extract.to_line() for extract in found.extract] == [
            "caller_name = Their name",
            "urgent (yes no)",
            "visit (date)",
        ]

    def test_tools_come_over_by_kind(self) -> None:
        tools = bring(VAPI).configuration.tools

        assert [(tool.kind, tool.name) for tool in tools] == [
            ("function", "find_slots"),
            ("transfer", "transfer_call_1"),
            ("hang_up", "hang_up"),
            ("function", "lookup"),
        ]
        assert tools[0].model_dump()["url"] == "https://crm.example.com/slots"
        assert tools[0].model_dump()["parameters"]["properties"] == {"day": {"type": "string"}}
        assert tools[1].model_dump()["number"] == "+441134960101"
        assert tools[3].model_dump()["method"] == "GET"

    def test_what_isnt_carried_over_is_told_with_its_reason_and_section(self) -> None:
        brought = bring(VAPI)

        assert left(brought)["analysisPlan.successEvaluationPlan"] == "Not supported here."
        assert "kept at Vapi by id" in left(brought)["model.toolIds"]
        assert "phone number" in left(brought)["model.tools[1].destinations[1]"]
        assert "no such kind" in left(brought)["model.tools[3]"]
        assert "array" not in left(brought)["analysisPlan.structuredDataPlan.schema.properties.items"]
        assert {"model.messages[1]", "voice.stability", "stopSpeakingPlan", "model.tools[0].messages"} < set(
            left(brought)
        )
        assert not {"id", "orgId", "model.tools[0].async"} & set(left(brought))
        sections = {note.where: note.section for note in brought.left}
        assert (sections["voice.stability"], sections["model.tools[3]"]) == ("voice", "tools")

    def test_secrets_are_left_behind_and_never_repeated(self) -> None:
        brought = bring(VAPI)

        assert [header.to_line() for header in brought.configuration.tools[0].headers] == [  # type: ignore[union-attr]
            "Content-Type: application/json",
            "X-Ref: {{secret.CRM}}",
        ]
        for place in (
            "model.tools[0].server.headers.Authorization",
            "model.tools[0].server.secret",
            "model.tools[4].headers.X-Api-Key",
            "serverUrlSecret",
        ):
            assert "Write it as {{secret.NAME}}" in left(brought)[place]
        for secret in ("sk-live", "whsec", "abcdef123456", "hunter2"):
            assert secret not in everything_told(brought)

    def test_values_beyond_our_limits_are_brought_within_and_told(self) -> None:
        brought = bring(VAPI)

        assert (brought.configuration.voice.speed, brought.configuration.max_length) == (4, 14_400)
        told = {note.where: note.why for note in brought.altered}
        assert told["voice.speed"] == "Speed goes from 0.25 to 4 here: 9 became 4."
        assert "43,200 became 14,400" in told["maxDurationSeconds"]

    def test_variables_that_are_used_are_defined(self) -> None:
        brought = bring(VAPI)

        lines = [variable.to_line() for variable in brought.configuration.variables]
        assert lines == ["clinic_name = Riverside", "customer_name"]
        told = {note.where: note.why for note in brought.altered}
        assert told["{{customer.number}}"] == "It is {{caller_number}} here."
        assert "{{customer_name}}" in told["variables"]

    def test_a_hook_after_silence_is_a_reminder(self) -> None:
        say = {"type": "say", "exact": ["Still there?", "Hello?"]}
        hook = {"on": "customer.speech.timeout", "do": [say], "options": {"timeoutSeconds": 5, "triggerMaxCount": 2}}
        brought = bring({"firstMessage": "Hi", "hooks": [hook, {"on": "call.ending", "do": []}]})

        assert brought.configuration.turn_taking.reminder_texts == ["Still there?", "Hello?"]
        assert brought.configuration.turn_taking.reminder_every == 5
        assert set(left(brought)) == {"hooks[1]"}

    def test_liquid_stays_as_written_and_is_told(self) -> None:
        prompt = """It is {{"now" | date: "%H:%M", "Europe/London"}}. {{ name | upcase }}"""
        brought = bring({"firstMessage": "Hi", "model": {"messages": [{"role": "system", "content": prompt}]}})

        assert brought.configuration.prompt == "It is {{now}}. {{ name | upcase }}"
        assert "templates" in left(brought)["{{ … | … }}"]

    @pytest.mark.parametrize(
        ("content", "words"),
        [({"members": [{"assistantId": "a"}]}, "squad"), ({"nodes": [], "edges": []}, "workflow")],
    )
    def test_squads_and_workflows_are_refused(self, content: object, words: str) -> None:
        with pytest.raises(Hostile, match=words):
            bring(content)


class TestRetell:
    def test_settings_come_over_in_our_words_and_units(self) -> None:
        brought = bring(RETELL)

        found = brought.configuration
        assert (brought.source, brought.name) == ("Retell", "Sage Spa")
        assert found.prompt == "It is {{now}}. {{caller_number}} called {{called_number}}."
        assert (found.greeting, found.first_speaker, found.start_delay) == ("Hi {{user_name}}", "agent", 0.8)
        assert [variable.to_line() for variable in found.variables] == ["user_name = guest"]
        assert (found.time_zone, found.language) == ("America/New_York", "de-DE")
        assert found.voice.model_dump() == {"provider": "ElevenLabs", "id": "Adrian", "speed": 0.96, "volume": 1.08}
        assert found.background.model_dump() == {"sound": "cafe", "volume": 0.4}
        assert (found.model.provider, found.model.name, found.model.temperature) == ("anthropic", "claude-4.5-haiku", 0)
        assert found.transcriber.keywords == ["Sage"]
        assert [entry.to_line() for entry in found.transcriber.pronunciations] == ["Sage = seidʒ"]
        assert (found.turn_taking.interruptions, found.turn_taking.end_after_silence) == ("none", 600)
        assert (found.turn_taking.reminder_every, found.turn_taking.reminder_times) == (8, 3)
        assert (found.max_length, found.recording) == (3_600, True)
        assert (found.keypad_input, found.noise_reduction) == (False, False)
        assert [extract.to_line() for extract in found.extract] == ["mood = Mood (one of: good, bad)"]

    def test_tools_come_over_by_kind(self) -> None:
        tools = bring(RETELL).configuration.tools

        assert [(tool.kind, tool.name) for tool in tools] == [
            ("hang_up", "end_call"),
            ("transfer", "to_desk"),
            ("function", "book"),
            ("keypad", "press"),
            ("mcp", "crm"),
            ("voicemail", "voicemail"),
        ]
        assert tools[1].model_dump()["extension"] == "12"
        assert tools[5].model_dump()["message"] == "Call us back."

    def test_what_isnt_carried_over_is_told_and_no_secret_is_repeated(self) -> None:
        brought = bring(RETELL)

        assert "{{secret.NAME}}" in left(brought)["retellLlmData.general_tools[2].headers.Authorization"]
        assert "Cal.com" in left(brought)["retellLlmData.general_tools[3]"]
        assert "one prompt" in left(brought)["retellLlmData.states"]
        assert "by ear" in left(brought)["responsiveness"]
        assert not {"agent_id", "channel", "retellLlmData.llm_id", "response_engine"} & set(left(brought))
        for secret in ("abcdef", "cal_live_1"):
            assert secret not in everything_told(brought)

    def test_the_response_engine_alone_is_enough(self) -> None:
        brought = bring({"general_prompt": "Be kind.", "begin_message": "", "model": "gpt-4.1"})

        assert (brought.configuration.prompt, brought.configuration.first_speaker) == ("Be kind.", "caller")
        assert (brought.name, brought.configuration.model.provider) == ("", "openai")

    def test_an_agent_without_its_engine_says_where_the_prompt_is(self) -> None:
        brought = bring({"agent_name": "A", "response_engine": {"type": "retell-llm", "llm_id": "llm_1"}})

        assert "export the agent from Retell's dashboard" in left(brought)["response_engine"]

    @pytest.mark.parametrize(
        "content",
        [{"response_engine": {"type": "conversation-flow"}}, {"agent_name": "A", "conversationFlow": {"nodes": []}}],
    )
    def test_a_conversation_flow_is_refused_with_what_to_do(self, content: object) -> None:
        with pytest.raises(Hostile, match=r"conversation flow.*Create a blank agent"):
            bring(content)


class TestOurs:
    @pytest.mark.parametrize("starter", STARTERS)
    def test_a_download_makes_the_same_agent_again(self, cast: Cast, starter: str) -> None:
        configuration = STARTERS[starter].configuration
        version = Version.objects.get(
            agent=create_agent(cast.project, "Shop", by=cast.ana, configuration=configuration)
        )

        brought = exchange.bring(exchange.download(version))

        assert brought.configuration == configuration
        assert (brought.source, brought.name, brought.warning) == ("Agent Versions", "Shop", "")
        assert not brought.left
        assert not brought.altered
        assert documents.digest(documents.write(brought.configuration)) == version.digest

    def test_a_change_after_the_download_is_told(self, cast: Cast) -> None:
        content = self.downloaded(cast)
        content["configuration"]["prompt"] = "Changed by hand."

        brought = bring(content)

        assert "changed after it was downloaded" in brought.warning
        assert brought.configuration.prompt == "Changed by hand."

    def test_what_this_release_doesnt_know_is_told_and_passed_over(self, cast: Cast) -> None:
        content = self.downloaded(cast)
        content["schema"] = 99
        content["configuration"] |= {"mood": "sunny", "max_length": "long"}

        brought = bring(content)

        assert left(brought) == {
            "mood": "This release doesn't know it.",
            "max_length": "It can't be read here: the default is taken.",
        }

    def test_a_secret_written_into_a_header_is_left_behind(self, cast: Cast) -> None:
        content = self.downloaded(cast)
        header = {"name": "Authorization", "value": "Bearer sk-live-1234567890"}
        content["configuration"]["tools"] = [{"id": "a", "kind": "function", "name": "f", "headers": [header]}]

        brought = bring(content)

        assert brought.configuration.tools[0].model_dump()["headers"] == []
        assert "{{secret.NAME}}" in left(brought)["tools[0].headers[0]"]
        assert "sk-live" not in everything_told(brought)

    @pytest.mark.parametrize("configuration", [None, [], "x"])
    def test_a_file_without_a_configuration_is_refused(self, configuration: object) -> None:
        with pytest.raises(Hostile, match="no configuration"):
            bring({"format": "agent-versions", "configuration": configuration})

    def downloaded(self, cast: Cast) -> dict[str, Any]:
        """v1 of Reception, downloaded."""
        content: dict[str, Any] = json.loads(exchange.download(Version.objects.get(agent=cast.agent)))
        return content


KEY = "sk-proj-" + "a1B2" * 8


class TestPastedSecrets:
    """What is beyond doubt a secret stays in the file, wherever it stands."""

    def test_a_text_with_a_key_is_left_and_the_rest_comes_over(self) -> None:
        tools = [
            {"type": "function", "function": {"name": "f", "description": f"Use {KEY}."}},
            {"type": "endCall", "function": {"name": "bye"}},
        ]
        messages = [{"role": "system", "content": f"Authorise with {KEY}."}]
        brought = bring({"name": KEY, "firstMessage": "Hi", "model": {"messages": messages, "tools": tools}, KEY: 1})

        found = brought.configuration
        assert (found.prompt, found.greeting) == ("", "Hi")
        assert [(tool.name, tool.description) for tool in found.tools] == [("f", ""), ("bye", "")]
        assert left(brought)["model.messages"].startswith("Prompt holds an OpenAI key, which a version never keeps.")
        assert "When to use it holds an OpenAI key" in left(brought)["model.tools[0]"]
        assert "prompt" not in brought.carried
        assert KEY not in everything_told(brought)

    def test_of_a_list_only_the_entry_with_a_key_is_left(self) -> None:
        variables = {"token": KEY, "clinic": "Riverside"}
        brought = bring({"firstMessage": "Hi", "variableValues": variables})

        assert [variable.to_line() for variable in brought.configuration.variables] == ["clinic = Riverside"]
        assert "variables" in brought.carried
        assert KEY not in everything_told(brought)

    def test_a_tampered_download_brings_none_in(self) -> None:
        schema = {"type": "object", "properties": {"a": {"const": KEY}}}
        tool = {"id": "a", "kind": "function", "name": "f", "parameters": schema}
        brought = bring({"format": "agent-versions", "configuration": {"greeting": KEY, "tools": [tool]}})

        assert brought.configuration.greeting == ""
        assert brought.configuration.tools[0].model_dump()["parameters"] == {"type": "object", "properties": {}}
        assert KEY not in everything_told(brought)


class TestHostileFiles:
    @pytest.mark.parametrize(
        ("file", "words"),
        [
            (b"", "nothing in it"),
            (b"\xef\xbb\xbf  \n", "nothing in it"),
            (b"agent: yaml", "isn't JSON"),
            (b'{"a": 1,}', "line 1, column"),
            (b"\x89PNG\r\n\x1a\n\xff\xff", "isn't a text file"),
            (b'{"firstMessage": NaN}', "NaN"),
            (b'{"firstMessage": "a", "firstMessage": "b"}', "twice"),
            (b'{"firstMessage": "a\\u0000"}', "characters that can't be stored"),
            (b'{"firstMessage": "\\ud800"}', "characters that can't be stored"),
            (b'{"maxDurationSeconds": 1e999}', "number that can't be stored"),
            (b'{"maxDurationSeconds": ' + b"9" * 5_000 + b"}", "number that can't be stored"),
            (b'{"a":' * 100_000, "nested too deeply"),
            (b'{"firstMessage":' + b"[" * 40 + b"]" * 40 + b"}", "nested too deeply"),
            (b"[]", "isn't an agent's file"),
            (b'"text"', "isn't an agent's file"),
            (b"null", "isn't an agent's file"),
            (b"[{}, {}]", "2 entries"),
            (b"{}", "neither"),
            (b'{"name": "package", "version": "1.0.0"}', "neither"),
        ],
    )
    def test_is_refused_in_plain_words(self, file: bytes, words: str) -> None:
        with pytest.raises(Hostile, match=words):
            exchange.bring(file)

    @pytest.mark.parametrize(
        "file", [b"[" + b" " * LARGEST_FILE + b"]", json.dumps({"firstMessage": "x" * 500_000}).encode()]
    )
    def test_too_large_is_refused(self, file: bytes) -> None:
        with pytest.raises(TooLarge, match="larger than any agent's file"):
            exchange.bring(file)

    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
    def test_any_encoding_of_json_is_read(self, encoding: str) -> None:
        file = json.dumps({"firstMessage": "Grüß Gott, 你好 👋"}, ensure_ascii=False)

        assert exchange.bring(file.encode(encoding)).configuration.greeting == "Grüß Gott, 你好 👋"

    def test_a_pasted_text_is_read_as_well(self) -> None:
        assert exchange.bring('\ufeff[{"firstMessage": "Hi"}]').configuration.greeting == "Hi"

    def test_a_text_that_is_too_long_for_its_setting_is_left(self) -> None:
        brought = bring({"firstMessage": "x" * 2_001, "endCallMessage": "Bye."})

        assert left(brought) == {"firstMessage": "At most 2,000 characters."}
        assert brought.configuration.end_message == "Bye."

    def test_more_tools_and_words_than_fit_are_told(self) -> None:
        brought = bring(
            {"model": {"messages": [], "tools": [{"type": "endCall"}] * 60}, "transcriber": {"keyterm": ["w"] * 250}}
        )

        assert len(brought.configuration.tools) == 50
        assert left(brought)["model.tools[59]"] == "An agent has at most 50 tools."
        assert "50 of them" in left(brought)["transcriber.keywords"]

    def test_a_file_of_nothing_but_noise_is_told_in_brief(self) -> None:
        brought = bring({"firstMessage": "Hi", **{f"noise{number}": 1 for number in range(5_000)}})

        assert len(brought.left) == 301
        assert brought.left[-1].why == "And 4,700 more."


def shaped(*examples: dict[str, Any]) -> st.SearchStrategy[Any]:
    """Files with the names of these, and anything anywhere."""
    names: set[str] = set()
    words: set[str] = set()

    def walk(value: object) -> None:
        match value:
            case dict():
                names.update(value)
                for inner in value.values():
                    walk(inner)
            case list():
                for inner in value:
                    walk(inner)
            case str():
                words.add(value)

    for example in examples:
        walk(example)
    leaf = st.one_of(
        anything,
        st.sampled_from(sorted(words)),
        st.sampled_from([KEY, f"Bearer {KEY}", "{{", "{{a b}}", "{{x}} {{y.z}}"]),
    )
    value = st.recursive(
        leaf,
        lambda inner: st.one_of(
            st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(sorted(names)), inner, max_size=5)
        ),
        max_leaves=12,
    )
    mutated = st.tuples(
        st.sampled_from(examples), st.lists(st.tuples(st.randoms(use_true_random=False), value), min_size=1, max_size=4)
    ).map(lambda drawn: _mutated(*drawn))
    return st.one_of(st.dictionaries(st.sampled_from(sorted(names)), value, max_size=6), mutated)


def _mutated(example: dict[str, Any], changes: list[tuple[Any, Any]]) -> Any:
    content = json.loads(json.dumps(example))
    for dice, value in changes:
        inner: Any = content
        while True:
            keys = list(inner) if isinstance(inner, dict) else list(range(len(inner)))
            if not keys:
                break
            key = dice.choice(keys)
            if isinstance(inner[key], dict | list) and inner[key] and dice.random() < 0.7:
                inner = inner[key]
                continue
            inner[key] = value
            break
    return content


OURS = {
    "format": "agent-versions",
    "schema": 1,
    "agent": "Booking",
    "digest": "sha256:0",
    "configuration": documents.write(STARTERS["booking"].configuration),
}


class TestAnything:
    @settings(max_examples=400)
    @given(shaped(VAPI, RETELL, OURS))
    def test_is_refused_in_words_or_makes_an_agent_that_can_be_stored(self, content: object) -> None:
        try:
            brought = bring(content)
        except Refused:
            return

        written = documents.write(brought.configuration)
        assert documents.check(written) == brought.configuration
        assert pasted.secrets(brought.configuration) == []
        assert len(brought.name) <= 100
        for path in brought.carried:
            assert path.startswith("tools.") or setting(path)

    @given(st.binary(max_size=200))
    def test_bytes_are_read_or_refused(self, file: bytes) -> None:
        with suppress(Refused):
            assert isinstance(exchange.bring(file).configuration, Configuration)
