"""The autosave's contract: nothing typed is lost, nothing older wins, and a draft keeps what is half-typed."""

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.utils import timezone

from agentversions.base import Base
from agentversions.history import visible
from agentversions.models import Draft, Event, Version
from agentversions.operations import (
    bring_back_draft,
    discard_draft,
    drafts,
    edit_draft,
    edit_into_draft,
    publish_draft,
    save_and_edit_into_draft,
    save_version,
)
from agentversions.refusals import Hostile, Stale, TooLarge
from agentversions.typed import Typed
from tests.cast import Cast, edit, opened, save, shown, stored, typed

FIND = {"id": "find", "kind": "function", "name": "find", "url": "https://crm.example.com/find"}
BYE = {"id": "bye", "kind": "hang_up", "name": "bye"}


class Tab:
    """A page in somebody's browser: it knows what it saw last, and counts its requests."""

    def __init__(self, cast: Cast, client: UUID | None = None) -> None:
        self.cast = cast
        self.client = client or uuid4()
        self.sequence = 0
        self.base = shown(cast.agent, cast.ben)

    def send(self, rows: list[dict[str, str]] | None = None, /, *, sequence: int | None = None, **words: str) -> str:
        """Save what is in the page's form, read the answer, and say what became of it."""
        if sequence is None:
            self.sequence += 1
        said = typed(rows, **words)
        saved = edit_draft(
            self.cast.agent,
            said,
            base=self.base,
            by=self.cast.ben,
            client=self.client,
            sequence=sequence or self.sequence,
        )
        self.base = saved.draft.base
        return saved.outcome


@pytest.fixture
def tab(cast: Cast) -> Tab:
    """Ben's page."""
    return Tab(cast)


def content(cast: Cast) -> dict[str, Any]:
    """Ben's stored configuration."""
    document: dict[str, Any] = stored(cast.agent, cast.ben).configuration
    return document


class TestOnePage:
    def test_each_change_is_one_revision(self, cast: Cast, tab: Tab) -> None:
        assert [tab.send(prompt=text) for text in ("H", "He", "Hel")] == ["saved"] * 3

        draft = stored(cast.agent, cast.ben)
        assert (draft.read().prompt, draft.revision, str(tab.base)) == ("Hel", 3, f"{draft.pk}.3.1")

    def test_the_first_change_of_nothing_makes_no_draft(self, tab: Tab) -> None:
        assert tab.send(prompt="") == "unchanged"

        assert not Draft.objects.exists()
        assert tab.base == Base(None, 0, 1)

    def test_unchanged_content_leaves_the_revision_where_it_is(self, cast: Cast, tab: Tab) -> None:
        tab.send(prompt="Hello")
        before = stored(cast.agent, cast.ben)

        assert tab.send(prompt="Hello") == "unchanged"

        after = stored(cast.agent, cast.ben)
        assert (after.revision, after.changed_at) == (before.revision, before.changed_at)

    def test_the_same_request_again_after_a_lost_reply_is_answered_as_before(self, cast: Cast, tab: Tab) -> None:
        seen = tab.base
        tab.send(prompt="Hello")
        tab.base = seen

        assert tab.send(prompt="Hello", sequence=1) == "saved"
        assert stored(cast.agent, cast.ben).revision == 1

    def test_a_later_request_after_a_lost_reply_is_saved_though_its_base_is_old(self, cast: Cast, tab: Tab) -> None:
        seen = tab.base
        tab.send(prompt="Hello")
        tab.base = seen

        assert tab.send(prompt="Hello there") == "saved"
        assert content(cast)["prompt"] == "Hello there"

    def test_an_older_request_that_arrives_late_is_superseded_and_writes_nothing(self, tab: Tab) -> None:
        tab.send(prompt="One")
        tab.send(prompt="Two")
        before = Draft.objects.values().get()

        assert tab.send(prompt="One", sequence=1) == "superseded"

        assert Draft.objects.values().get() == before

    def test_an_older_request_can_not_win_over_a_later_one_that_changed_nothing(self, cast: Cast, tab: Tab) -> None:
        tab.send(prompt="One")
        tab.send(prompt="One", sequence=3)

        assert tab.send(prompt="Typed and taken back", sequence=2) == "superseded"
        assert content(cast)["prompt"] == "One"

    def test_an_older_request_can_not_begin_a_draft_after_a_later_one_took_it_back(self, cast: Cast, tab: Tab) -> None:
        seen = tab.base

        assert tab.send(prompt="", sequence=2) == "unchanged"
        tab.base = seen
        assert tab.send(prompt="Typed and taken back", sequence=1) == "superseded"

        assert stored(cast.agent, cast.ben).started_at is None
        assert content(cast)["prompt"] == ""

    def test_other_content_under_the_same_number_is_a_conflict(self, cast: Cast, tab: Tab) -> None:
        tab.send(prompt="One")

        with pytest.raises(Stale):
            tab.send(prompt="Other", sequence=1)

        assert content(cast)["prompt"] == "One"

    def test_without_javascript_the_plain_base_counts(self, cast: Cast) -> None:
        seen = shown(cast.agent, cast.ben)
        edit_draft(cast.agent, typed(prompt="One"), base=seen, by=cast.ben)

        with pytest.raises(Stale):
            edit_draft(cast.agent, typed(prompt="Two"), base=seen, by=cast.ben)
        edit_draft(cast.agent, typed(prompt="Two"), base=shown(cast.agent, cast.ben), by=cast.ben)

        assert content(cast)["prompt"] == "Two"


class TestTwoPages:
    def test_a_tab_that_saw_an_older_draft_is_refused_and_nothing_of_it_written(self, cast: Cast, tab: Tab) -> None:
        other = Tab(cast)
        tab.send(prompt="Mine")

        with pytest.raises(Stale):
            other.send(prompt="Other tab")

        assert content(cast)["prompt"] == "Mine"

    def test_a_tab_that_saw_the_newest_may_go_on_and_then_the_first_is_refused(self, cast: Cast, tab: Tab) -> None:
        tab.send(prompt="Mine")
        other = Tab(cast)
        other.send(prompt="Other tab")

        with pytest.raises(Stale):
            tab.send(prompt="Mine again")

        assert content(cast)["prompt"] == "Other tab"

    def test_a_draft_made_elsewhere_is_not_met_with_a_page_that_saw_none(self, cast: Cast, tab: Tab) -> None:
        edit(cast.agent, cast.ben, prompt="Made first")

        with pytest.raises(Stale):
            tab.send(prompt="Made second")

    def test_the_page_names_the_version_its_draft_would_start_from(self, cast: Cast, tab: Tab) -> None:
        save(cast.agent, cast.pia, prompt="Newest", greeting="Hello from v2")

        tab.send(prompt="Typed over v1")

        draft = stored(cast.agent, cast.ben)
        assert (draft.based_on, draft.read().greeting) == (cast.agent.versions.get(number=1), "")

    def test_a_page_that_shows_a_version_that_never_was_is_refused(self, cast: Cast) -> None:
        with pytest.raises(Stale):
            edit_draft(cast.agent, typed(prompt="x"), base=Base(None, 0, 99), by=cast.ben)

    @pytest.mark.parametrize("verb", ["save", "publish", "edit", "save and edit", "discard", "bring back"])
    def test_every_other_verb_forgets_who_wrote_last(self, cast: Cast, tab: Tab, verb: str) -> None:
        first = cast.agent.versions.get()
        cast = Cast(**{**vars(cast), "ben": cast.pia})
        tab = Tab(cast)
        tab.send(prompt="Typed")
        edit_into_draft(first, base=tab.base, by=cast.ben, replace=True)
        kept = Draft.history.get().history_id
        tab.base = shown(cast.agent, cast.ben)
        tab.send(prompt="Typed again")
        base = shown(cast.agent, cast.ben)

        match verb:
            case "save":
                save_version(cast.agent, base=base, by=cast.ben)
            case "publish":
                publish_draft(cast.agent, base=base, live=None, by=cast.ben)
            case "edit":
                edit_into_draft(first, base=base, by=cast.ben, replace=True)
            case "save and edit":
                save_and_edit_into_draft(first, base=base, by=cast.ben)
            case "discard":
                discard_draft(cast.agent, base=base, by=cast.ben)
            case "bring back":
                bring_back_draft(cast.agent, kept, by=cast.ben)

        assert stored(cast.agent, cast.ben).writer is None
        if verb not in ("save", "publish"):  # which leave the draft's content, and so its revision, as they were
            with pytest.raises(Stale):
                tab.send(prompt="From before")

    def test_a_page_goes_on_typing_after_its_own_save_as_a_version(self, cast: Cast, tab: Tab) -> None:
        tab.send(prompt="One")
        save_version(cast.agent, base=tab.base, by=cast.ben)

        assert tab.send(prompt="One and more") == "saved"


class TestWhatIsTyped:
    def test_an_absent_setting_is_unchanged(self, cast: Cast, tab: Tab) -> None:
        tab.send([FIND], prompt="Hello", voice__speed="1.5")

        tab.send(greeting="Good morning")

        assert content(cast)["prompt"] == "Hello"
        assert content(cast)["voice"]["speed"] == 1.5
        assert [tool["id"] for tool in content(cast)["tools"]] == ["find"]

    def test_half_typed_text_is_kept_and_flagged_and_the_value_before_it_stays(self, cast: Cast, tab: Tab) -> None:
        tab.send(voice__speed="1.5")

        assert tab.send(voice__speed="1.") == "saved"
        assert tab.send(voice__speed="1.5e") == "saved"

        draft = stored(cast.agent, cast.ben)
        assert draft.unparsed == {"voice.speed": "1.5e"}
        assert draft.problems() == {"voice.speed": "Type a number, such as 1.5."}
        assert draft.read().voice.speed == 1

    def test_the_flag_goes_when_the_text_becomes_a_value(self, cast: Cast, tab: Tab) -> None:
        tab.send(voice__speed="1e", start_delay="soon")

        tab.send(voice__speed="1.2")

        draft = stored(cast.agent, cast.ben)
        assert (draft.read().voice.speed, draft.unparsed) == (1.2, {"start_delay": "soon"})

    def test_a_flag_alone_is_a_change_and_the_same_flag_again_is_none(self, tab: Tab) -> None:
        assert [tab.send(voice__speed="1e") for _ in range(2)] == ["saved", "unchanged"]

    def test_line_breaks_are_the_same_whoever_sends_them(self, cast: Cast, tab: Tab) -> None:
        tab.send(prompt="One\r\nTwo")

        assert tab.send(prompt="One\nTwo") == "unchanged"
        assert content(cast)["prompt"] == "One\nTwo"

    def test_what_a_newer_release_wrote_stays_beside_what_is_typed(self, cast: Cast) -> None:
        document = {**cast.agent.versions.get().configuration, "mood": "sunny"}
        Version.objects.create(
            agent=cast.agent,
            number=2,
            configuration=document,
            schema=9,
            digest="sha256:x",
            longest_call=60,
            author=cast.ana,
        )

        edit_draft(cast.agent, typed(prompt="Hello"), base=Base(None, 0, 2), by=cast.ben)

        draft = stored(cast.agent, cast.ben)
        assert (draft.configuration["mood"], draft.schema, draft.read().prompt) == ("sunny", 9, "Hello")


class TestTools:
    def test_rows_become_tools_in_their_order(self, cast: Cast, tab: Tab) -> None:
        tab.send([FIND, BYE])
        assert [tool.id for tool in stored(cast.agent, cast.ben).read().tools] == ["find", "bye"]

        assert tab.send([BYE, FIND]) == "saved"
        assert [tool.id for tool in stored(cast.agent, cast.ben).read().tools] == ["bye", "find"]

        assert tab.send([BYE]) == "saved"
        assert [tool.id for tool in stored(cast.agent, cast.ben).read().tools] == ["bye"]

        assert tab.send([]) == "saved"
        assert stored(cast.agent, cast.ben).read().tools == []

    def test_a_tools_absent_settings_are_unchanged(self, cast: Cast, tab: Tab) -> None:
        tab.send([{**FIND, "parameters": '{"properties": {"day": {}}}', "headers": "Accept: */*"}, BYE])

        tab.send([{"id": "find", "kind": "function", "name": "search"}, {"id": "bye", "kind": "hang_up"}])

        find, bye = content(cast)["tools"]
        assert (find["name"], find["url"]) == ("search", "https://crm.example.com/find")
        assert find["parameters"] == {"properties": {"day": {}}}
        assert find["headers"] == [{"name": "Accept", "value": "*/*"}]
        assert bye["name"] == "bye"

    def test_parameters_that_do_not_parse_are_kept_and_flagged_beside_the_last_that_did(
        self, cast: Cast, tab: Tab
    ) -> None:
        tab.send([{**FIND, "parameters": '{"properties": {"day": {}}}'}])

        tab.send([{**FIND, "parameters": '{"properties": {\n"day": }}'}])

        draft = stored(cast.agent, cast.ben)
        assert draft.configuration["tools"][0]["parameters"] == {"properties": {"day": {}}}
        assert draft.unparsed == {"tools.find.parameters": '{"properties": {\n"day": }}'}
        assert draft.problems() == {"tools.find.parameters": "Line 2, column 8: Expecting value."}

    def test_a_tools_flag_stays_until_its_setting_is_sent_again(self, cast: Cast, tab: Tab) -> None:
        tab.send([{**FIND, "parameters": "{"}, BYE])
        tab.send([{"id": "find", "kind": "function", "name": "search"}, BYE])
        assert stored(cast.agent, cast.ben).unparsed == {"tools.find.parameters": "{"}

        tab.send([{**FIND, "parameters": "{}"}, BYE])

        assert stored(cast.agent, cast.ben).unparsed == {}

    def test_a_tools_flags_go_with_it(self, cast: Cast, tab: Tab) -> None:
        tab.send([{**FIND, "parameters": "{"}, BYE])

        tab.send([BYE])

        assert stored(cast.agent, cast.ben).unparsed == {}

    def test_another_kind_under_the_same_id_starts_afresh(self, cast: Cast, tab: Tab) -> None:
        tab.send([{**FIND, "parameters": "{"}])

        tab.send([{**BYE, "id": "find"}])

        draft = stored(cast.agent, cast.ben)
        assert draft.configuration["tools"] == [{"id": "find", "kind": "hang_up", "name": "bye", "description": ""}]
        assert draft.unparsed == {}

    def test_a_blank_row_is_no_tool(self, cast: Cast, tab: Tab) -> None:
        blank = {"id": "new", "kind": "hang_up", "name": "", "description": ""}

        assert tab.send([blank]) == "unchanged"
        tab.send([FIND, blank])

        assert [tool.id for tool in stored(cast.agent, cast.ben).read().tools] == ["find"]

    def test_a_row_with_nothing_but_a_flag_is_a_tool(self, cast: Cast, tab: Tab) -> None:
        tab.send([{"id": "new", "kind": "function", "name": "not a name"}])

        draft = stored(cast.agent, cast.ben)
        assert [tool.id for tool in draft.read().tools] == ["new"]
        assert draft.problems() == {"tools.new.name": "Use letters, digits, - and _ only."}

    def test_fifty_are_kept_and_one_more_is_refused(self, cast: Cast, tab: Tab) -> None:
        rows = [{"id": f"t{n}", "kind": "hang_up", "name": f"bye{n}"} for n in range(51)]
        tab.send(rows[:50])
        assert len(stored(cast.agent, cast.ben).read().tools) == 50

        with pytest.raises(Hostile, match="at most 50"):
            tab.send(rows)

    def test_the_deepest_schema_a_tool_may_have_is_saved_and_read(self, cast: Cast, tab: Tab) -> None:
        deep = '{"type":"object","a":' + "[" * 18 + "]" * 18 + "}"

        tab.send([{**FIND, "parameters": deep}])
        version = save(cast.agent, cast.ben)

        assert version.read().tools[0].model_dump()["parameters"] == json.loads(deep)

    def test_tools_that_another_release_left_in_a_shape_of_its_own_do_not_stop_the_editor(self, cast: Cast) -> None:
        shapes: list[Any] = [None, "soon", {"find": {}}, [1, {"id": ["x"]}]]
        for number, tools in enumerate(shapes, start=2):
            Version.objects.create(
                agent=cast.agent,
                number=number,
                configuration={"prompt": "Newer", "tools": tools},
                schema=9,
                digest="sha256:x",
                longest_call=60,
                author=cast.ana,
            )
            page = opened(cast.agent, cast.olga)
            page.fill(Version.objects.get(agent=cast.agent, number=number), live=None)
            assert page.problems() == {}
            assert page.read().prompt == "Newer"
        for number in (2, 3, 4, 5):
            current = shown(cast.agent, cast.ben)
            edit_into_draft(cast.agent.versions.get(number=number), base=current, by=cast.ben, replace=True)
            edit_draft(cast.agent, typed([BYE]), base=shown(cast.agent, cast.ben), by=cast.ben)
            assert [tool.id for tool in stored(cast.agent, cast.ben).read().tools] == ["bye"]


HOSTILE_FIELDS = {
    "NUL": {"prompt": "a\x00b"},
    "a control character": {"prompt": "a\x1bb"},
    "half a surrogate pair": {"prompt": "a\ud800b"},
    "NUL where it would not parse": {"voice.speed": "1\x00"},
    "an unknown setting": {"secret_word": "tiger"},
    "an unknown setting of a group": {"voice.secret_word": "tiger"},
    "a group": {"voice": "tiger"},
    "a dunder": {"__class__": "tiger"},
    "an unknown kind of tool": {"tools": "a", "tools.a.kind": "tiger"},
    "a tool without a kind": {"tools": "a"},
    "an unknown setting of a tool": {"tools": "a", "tools.a.kind": "hang_up", "tools.a.tiger": "1"},
    "a setting of a tool that isn't listed": {"tools": "", "tools.b.kind": "hang_up"},
    "the same tool twice": {"tools": "a,a", "tools.a.kind": "hang_up"},
    "an id no tool can have": {"tools": "A", "tools.A.kind": "hang_up"},
    "an id from elsewhere": {"tools": "tools", "tools.tools.kind": "hang_up", "tools.x.kind": "hang_up"},
    "an id too long": {"tools": "a" * 33, f"tools.{'a' * 33}.kind": "hang_up"},
}


class TestHostile:
    @pytest.mark.parametrize("fields", HOSTILE_FIELDS.values(), ids=HOSTILE_FIELDS)
    def test_what_no_page_of_ours_sends_is_refused_and_not_repeated(self, fields: dict[str, str]) -> None:
        with pytest.raises(Hostile) as refused:
            typed(**fields)

        assert "tiger" not in refused.value.sentence
        assert refused.value.status == 400

    def test_more_than_an_agent_needs_is_too_large(self) -> None:
        with pytest.raises(TooLarge):
            typed(prompt="x" * 400_001)

    @pytest.mark.parametrize(
        "parameters",
        [
            '{"a": "\\u0000"}',
            '{"\\ud800": 1}',
            '{"a": NaN}',
            '{"a": -Infinity}',
            '{"a": 1e400}',
            '{"a": ' + "9" * 5000 + "}",
            '{"a": ' * 3000 + "1" + "}" * 3000,
            "[" * 9000,
            '{"a": ' + "[" * 19 + "1" + "]" * 19 + "}",
            '{"type": "array"}',
            '{"properties": []}',
            "[]",
            "null",
            "x" * 20_001,
        ],
        ids=lambda text: text[:24],
    )
    def test_parameters_that_can_not_be_stored_are_kept_as_text_and_flagged(
        self, cast: Cast, tab: Tab, parameters: str
    ) -> None:
        assert tab.send([{**FIND, "parameters": parameters}]) == "saved"

        draft = stored(cast.agent, cast.ben)
        assert draft.unparsed == {"tools.find.parameters": parameters}
        assert list(draft.problems()) == ["tools.find.parameters"]
        assert draft.configuration["tools"][0]["parameters"] == {"type": "object", "properties": {}}

    def test_values_that_come_from_no_form_are_refused_with_nothing_written(self, cast: Cast) -> None:
        deep: dict[str, Any] = {}
        for _ in range(30):
            deep = {"a": deep}
        for value in ("\ud800", "\x00", float("nan"), float("inf"), 10**400, deep, b"bytes", {"a": ("tuple",)}):
            said = Typed(values={"prompt": value})
            with pytest.raises(Hostile):
                edit_draft(cast.agent, said, base=shown(cast.agent, cast.ben), by=cast.ben)
        with pytest.raises(TooLarge):
            edit_draft(
                cast.agent,
                Typed(values={"prompt": "x" * 400_001}),
                base=shown(cast.agent, cast.ben),
                by=cast.ben,
            )

        assert not Draft.objects.exists()

    @pytest.mark.parametrize(
        "text", ["", "new", "new.0", "new.0.0.0", "x.0.1", f"{UUID(int=7)}.x.1", "new.0.x", "new..", "new.0.1e3"]
    )
    def test_a_base_that_can_not_be_read_is_refused(self, text: str) -> None:
        with pytest.raises(Hostile):
            Base.read(text)

    @pytest.mark.parametrize("base", [Base(None, 0, 1), Base(UUID(int=7), 12, 3)])
    def test_a_base_is_read_as_it_was_written(self, base: Base) -> None:
        assert Base.read(str(base)) == base


class TestCheckpoints:
    def test_autosaves_alone_keep_none(self, tab: Tab) -> None:
        for text in ("One", "Two", "Three"):
            tab.send(prompt=text)

        assert Draft.history.count() == 0

    def test_every_few_minutes_of_editing_the_state_before_is_kept(self, cast: Cast, tab: Tab) -> None:
        tab.send(prompt="One")
        self.wait(cast)
        tab.send(prompt="Two")
        tab.send(prompt="Three")

        assert [kept.configuration["prompt"] for kept in Draft.history.all()] == ["One"]

    def test_also_in_a_draft_that_was_discarded_before(self, cast: Cast, tab: Tab) -> None:
        tab.send(prompt="One")
        discard_draft(cast.agent, base=tab.base, by=cast.ben)
        tab = Tab(cast)
        tab.send(prompt="Two")
        assert stored(cast.agent, cast.ben).checkpointed_at
        self.wait(cast)
        tab.send(prompt="Three")

        assert [kept.configuration["prompt"] for kept in Draft.history.order_by("history_id")] == ["One", "Two"]

    def test_their_number_is_bounded_and_the_oldest_go_first(
        self, cast: Cast, tab: Tab, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(drafts, "CHECKPOINTS_KEPT", 3)
        for number in range(6):
            tab.send(prompt=str(number))
            self.wait(cast)

        kept = Draft.history.order_by("history_id")
        assert [checkpoint.configuration["prompt"] for checkpoint in kept] == ["2", "3", "4"]

    def test_old_ones_go_but_what_is_replaced_today_stays_however_old_it_is(self, cast: Cast, tab: Tab) -> None:
        first = cast.agent.versions.get()
        tab.send(prompt="Old work")
        edit_into_draft(first, base=tab.base, by=cast.ben, replace=True)
        edit(cast.agent, cast.ben, prompt="Work of last year")
        long_ago = timezone.now() - timedelta(days=400)
        Draft.objects.update(changed_at=long_ago, checkpointed_at=long_ago)
        Draft.history.update(history_date=long_ago)

        edit_into_draft(first, base=shown(cast.agent, cast.ben), by=cast.ben, replace=True)
        edit(cast.agent, cast.ben, prompt="Work of today")
        edit_into_draft(first, base=shown(cast.agent, cast.ben), by=cast.ben, replace=True)

        kept = [checkpoint.configuration["prompt"] for checkpoint in Draft.history.order_by("history_id")]
        assert kept == ["Work of last year", "Work of today"]

    def test_the_checkpoint_and_the_change_are_one(self, cast: Cast, tab: Tab) -> None:
        tab.send(prompt="One")
        self.wait(cast)

        with pytest.raises(TooLarge):
            edit_draft(
                cast.agent,
                Typed(values={"prompt": "x" * 400_001}),
                base=tab.base,
                by=cast.ben,
            )

        assert Draft.history.count() == 0

    @staticmethod
    def wait(cast: Cast) -> None:
        """Let the minutes between two checkpoints pass."""
        earlier = timezone.now() - drafts.CHECKPOINT_EVERY
        Draft.objects.filter(owner=cast.ben).update(checkpointed_at=earlier)


class TestPrivacy:
    def test_no_event_says_what_is_in_a_draft(self, cast: Cast, tab: Tab) -> None:
        first = cast.agent.versions.get()
        tab.send(prompt="My secret thought")
        edit_into_draft(first, base=tab.base, by=cast.ben, replace=True)
        tab = Tab(cast)
        tab.send(prompt="Another secret thought")
        discard_draft(cast.agent, base=tab.base, by=cast.ben)
        bring_back_draft(cast.agent, Draft.history.latest("history_id").history_id, by=cast.ben)

        told = json.dumps(list(Event.objects.values_list("particulars", flat=True)))
        assert "secret" not in told

    def test_what_someone_does_with_their_own_draft_only_they_are_told(self, cast: Cast, tab: Tab) -> None:
        first = cast.agent.versions.get()
        tab.send(prompt="Mine")
        edit_into_draft(first, base=tab.base, by=cast.ben, replace=True)
        discard_draft(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben)
        bring_back_draft(cast.agent, Draft.history.latest("history_id").history_id, by=cast.ben)
        save(cast.agent, cast.ben)

        def told(reader: str) -> list[str]:
            events = visible(Event.objects.filter(actor=cast.ben), getattr(cast, reader))
            return list(events.order_by("id").values_list("action", flat=True))

        assert told("ben") == ["edited_into_draft", "draft_discarded", "draft_brought_back", "version_saved"]
        assert told("ana") == ["version_saved"]

    def test_a_draft_is_found_by_its_owner_alone(self, cast: Cast, tab: Tab) -> None:
        tab.send(prompt="Mine")

        for other in (cast.ana, cast.pia, cast.cleo):
            assert opened(cast.agent, other).base.draft is None
            assert opened(cast.agent, other).read().prompt == ""
