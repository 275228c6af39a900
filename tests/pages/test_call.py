"""The page of one call: how it went, what was said, the version as it was, what the provider got, and the judgement."""

import re
from datetime import timedelta
from decimal import Decimal
from html import unescape
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agentversions.operations import archive_agent, rename_version, set_secret, unpublish
from dashboard.pages.conversation import FEW_TURNS, LONGEST_TEXT, conversation
from telephony.forgetting import forget
from telephony.incoming import CallReport
from telephony.models import Call, Review, Status
from telephony.operations import review_call
from telephony.routing import keep_answer, record_call_event
from tests.cast import Cast
from tests.pages.conftest import SignIn
from tests.pages.phone import CALLER, Phone, go_live, hang_up, install, ring

HOSTILE = "</p><script>alert(1)</script><b onclick=x>“bold” {{ 1 }}"
TALK = "Agent: Front desk, hello.\nCaller: A table, please.\nfor two\nAI: Gladly."


@pytest.fixture
def phone(cast: Cast) -> Phone:
    """Reception answers a number."""
    return install(cast)


@pytest.fixture
def call(phone: Phone) -> Call:
    """A call that v2 answered."""
    made = ring(phone)
    keep_answer(made, phone.version, [])
    return made


def tell(call: Call, kind: str = "call.report", **told: Any) -> None:
    """The provider tells of it."""
    record_call_event(call.connection, CallReport(call.provider_call_id, kind, **told))


def page(of: Call, view: str = "show") -> str:
    return reverse(f"calls.{view}", args=[of.pk])


def shown(client: Client, of: Call) -> str:
    """The page, its entities as the characters that they stand for."""
    answer = client.get(page(of))
    assert answer.status_code == 200
    return answer.text


def way(text: str) -> list[tuple[str, str]]:
    """The steps: how each is drawn, and what it says without times."""
    drawn = re.search(r'<ol class="way">(.*?)</ol>', text, re.DOTALL)
    assert drawn
    steps = re.findall(r'<li class="(\w+)"><b>(.*?)(?:<span.*?)?</b>', drawn[1])
    return list(steps)


class TestHowItWent:
    def test_is_a_list_of_the_statuses_it_reached(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        client, began = sign_in(cast.cleo), call.started_at
        assert way(shown(client, call)) == [("now", "Routing")]

        tell(call, status=Status.IN_PROGRESS, occurred_at=began + timedelta(seconds=5))
        tell(call, status=Status.RINGING, occurred_at=began + timedelta(seconds=1))  # told late
        assert way(shown(client, call)) == [("done", "Routing"), ("done", "Ringing"), ("now", "In progress")]

        hang_up(call, occurred_at=began + timedelta(seconds=15))
        text = shown(client, call)
        assert way(text)[2:] == [("done", "In progress"), ("done", "Completed")]
        assert re.findall(r"for </span>(.*?)</span>", text) == ["1 s", "4 s", "10 s"]

    def test_of_more_than_an_hour_is_told_as_in_the_list(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        began = call.started_at - timedelta(hours=2)
        Call.objects.filter(pk=call.pk).update(started_at=began)
        tell(call, status=Status.IN_PROGRESS, occurred_at=began + timedelta(seconds=5))
        tell(call, status=Status.COMPLETED, occurred_at=began + timedelta(seconds=4512), duration=4507)
        client = sign_in(cast.cleo)

        assert '<span class="unseen">for </span>1:15:07</span>' in shown(client, call)
        assert "1:15:07" in client.get(reverse("calls.index", args=[cast.project.pk])).text

    def test_an_end_that_is_overdue_is_an_open_one(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        Call.objects.update(overdue_at=1)

        assert way(shown(sign_in(cast.cleo), call)) == [("done", "Routing"), ("open", "No end reported")]

    def test_a_missed_call_was_turned_away(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        text = shown(sign_in(cast.ana), ring(phone, dialled="+15550009999"))

        assert way(text) == [("done", "Routing"), ("bad", "Turned away")]
        assert 'id="review"' not in text
        assert "What the provider got" not in text

    def test_a_clock_that_goes_backwards_takes_no_time(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        hang_up(call, occurred_at=call.started_at - timedelta(hours=1))

        assert "for </span>" not in shown(sign_in(cast.cleo), call)


class TestWhatWasSaid:
    def test_is_told_in_turns_with_what_was_noted_down(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        fields = {"guests": 2, "regular": True, "note": None, "dishes": ["soup"]}
        tell(call, transcript=TALK, summary="A table.", fields=fields, cost=Decimal("0.0532"), transferred=True)

        text = unescape(shown(sign_in(cast.cleo), call))

        assert re.findall(r'<li class="by-(\w+)">', text) == ["agent", "caller", "agent"]
        assert "A table, please.\nfor two" in text
        for words in ("A table.", '<dt>guests</dt><dd class="lines-shown">2</dd>', ">Yes</dd>", '["soup"]', "$0.0532"):
            assert words in text
        assert '<span class="chip small">Transferred</span>' in text

    def test_of_what_was_told_twice_the_last_counts(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        tell(call, summary="Early.", transcript=TALK)
        tell(call, summary="Late.")

        text = shown(sign_in(cast.cleo), call)

        assert "Late." in text
        assert "Early." not in text
        assert "Gladly." in text

    def test_nothing_of_it_is_taken_for_markup(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        tell(call, kind=HOSTILE[:40], transcript=f"Agent: {HOSTILE}\nUser: {HOSTILE}", summary=HOSTILE,
             fields={HOSTILE: HOSTILE, "deep": {HOSTILE: [HOSTILE]}}, payload={HOSTILE: HOSTILE})  # fmt: skip
        hang_up(call, reason=HOSTILE, recording_url="javascript:alert(1)")
        Call.objects.update(caller=HOSTILE[:60], dialled=HOSTILE[:60], version_name=HOSTILE[:60])
        review_call(call, good=False, note=HOSTILE, by=cast.ben)

        for user in (cast.cleo, cast.ben):
            text = shown(sign_in(user), call)
            assert "<script>alert" not in text
            assert "<b onclick" not in text
            assert 'href="javascript' not in text
            assert "&lt;script&gt;alert(1)" in text
        assert re.search(r"<section hx-disable>.*?by-agent", text, re.DOTALL)

    @pytest.mark.parametrize(
        "told",
        [
            {},
            {"transcript": 7, "summary": [], "fields": "x"},
            {"transcript": "", "summary": "  ", "fields": {}},
            {"fields": None, "transcript": None},
        ],
    )
    def test_may_be_missing_or_of_another_shape(self, told: dict[str, Any]) -> None:
        assert not conversation(told)

    def test_a_text_without_speakers_stays_a_text(self) -> None:
        said = conversation({"transcript": "They talked: at length.\nCaller: hello"})

        assert (said.first, said.text) == ([], "They talked: at length.\nCaller: hello")

    def test_much_is_folded_and_very_much_is_cut(self) -> None:
        said = conversation({"transcript": "Agent: yes\nUser: no\n" * 20})
        assert (len(said.first), len(said.rest), said.shortened) == (FEW_TURNS, 30, False)

        said = conversation(
            {"transcript": "User: no\n" * LONGEST_TEXT, "summary": "s" * 10**6, "fields": {"a": "b" * 10**6}}
        )
        assert said.shortened
        assert len(said.first) + len(said.rest) == 400
        assert len(said.summary) + len(said.fields[0][1]) < 110_000


class TestTheVersion:
    def test_is_told_as_it_was_and_as_it_is_called_today(
        self, cast: Cast, phone: Phone, call: Call, sign_in: SignIn
    ) -> None:
        rename_version(phone.version, "Summer hours", by=cast.ben)

        text = shown(sign_in(cast.cleo), call)

        assert "v2 “Opening hours”" in text
        assert "<dt>Its name today</dt><dd>Summer hours</dd>" in text

    def test_leads_to_its_difference_from_what_is_live_and_to_its_other_calls(
        self, cast: Cast, call: Call, sign_in: SignIn
    ) -> None:
        client, agent = sign_in(cast.cleo), cast.agent.pk
        compare = reverse("versions.compare", args=[agent, 2, "live"])
        assert compare not in shown(client, call)  # it is what is live

        go_live(cast.agent, cast, "Holiday hours")
        text = unescape(shown(client, call))
        assert f'href="{compare}"' in text
        assert client.get(compare).status_code == 200
        assert f"{reverse('calls.index', args=[cast.project.pk])}?agent={agent}&version=2" in text
        assert f"?q=%2B{CALLER[1:]}" in text

        unpublish(cast.agent, live=3, by=cast.pia)
        assert compare not in shown(client, call)

    def test_may_be_edited_by_who_edits_while_the_agent_lives(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        edit = f'action="{reverse("versions.edit", args=[cast.agent.pk, 2])}"'

        assert edit in shown(sign_in(cast.ben), call)
        assert edit not in shown(sign_in(cast.cleo), call)
        unpublish(cast.agent, live=2, by=cast.pia)
        archive_agent(cast.agent, by=cast.ana)
        assert edit not in shown(sign_in(cast.ben), call)


class TestWhatTheProviderGot:
    def test_is_a_digest_with_how_today_compares(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        client, kept = sign_in(cast.cleo), Call.objects.get().answer_digest

        text = unescape(shown(client, call))
        assert kept in text
        assert "Today's rendering is the same." in text
        assert f"{reverse('versions.answer', args=[cast.agent.pk, 2])}?connection={call.connection_id}" in text

        Call.objects.update(answer_digest="0" * 64)
        assert "Today's rendering differs: this release" in unescape(shown(client, call))
        Call.objects.update(answer_digest="")
        assert "No digest of the answer was kept." in shown(client, call)

    def test_what_another_has_set_since_makes_no_difference_where_it_isnt_named(
        self, cast: Cast, call: Call, sign_in: SignIn
    ) -> None:
        set_secret(cast.project, "CRM_TOKEN", "the-value-of-the-secret", by=cast.ana)

        assert "Today&#x27;s rendering is the same." in shown(sign_in(cast.cleo), call).replace("'", "&#x27;")


class TestForgotten:
    def test_what_stays_is_shown(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        tell(call, transcript=TALK, summary="A table.", fields={"guests": 2}, cost=Decimal("0.05"), success=True)
        hang_up(call, recording_url="https://recordings.example/1", reason="she said goodbye")
        review_call(call, good=False, note="She was sad.", by=cast.ben)
        forget([call.pk], timezone.now())

        text = unescape(shown(sign_in(cast.ben), call))

        for gone in ("A table", "+44 113", "recordings.example", "goodbye", "sad", "What was said", "Noted down"):
            assert gone not in text
        for stays in ("v2 “Opening hours”", "3:07", "$0.05", "Not good", "judged it as good", "rendering is the same"):
            assert stays in text


class TestJudging:
    def test_an_editor_judges_changes_their_mind_and_takes_it_back(
        self, cast: Cast, call: Call, sign_in: SignIn
    ) -> None:
        ben = sign_in(cast.ben)

        assert ben.post(page(call, "review"), {"good": "yes", "note": "Kind."}).headers["Location"] == page(call)
        text = shown(ben, call)
        assert re.findall(r'aria-pressed="(\w+)"', text) == ["true", "false"]
        assert ">Kind.</textarea>" in text
        assert "This call is judged as good." in text

        ben.post(page(call, "review"), {"good": "no", "note": ""})
        assert re.findall(r'aria-pressed="(\w+)"', shown(ben, call)) == ["false", "true"]

        assert ben.post(page(call, "take_back_review")).headers["Location"] == page(call)
        assert re.findall(r'aria-pressed="(\w+)"', shown(ben, call)) == ["false", "false"]
        assert not Review.objects.exists()

    def test_htmx_gets_the_parts_that_changed(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        ben, asked = sign_in(cast.ben), {"HX-Request": "true"}

        answer = ben.post(page(call, "review"), {"good": "no", "note": "Rude."}, headers=asked)

        assert answer.status_code == 200
        assert answer.text.lstrip().startswith('<section class="card review" id="review">')
        assert re.search(r'id="standing" hx-swap-oob="true">.*?Not good', answer.text, re.DOTALL)
        assert "judged as not good" in answer.text
        assert "<html" not in answer.text

    def test_who_reads_sees_who_judged_and_how(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        cleo = sign_in(cast.cleo)
        assert "Nobody has judged it." in shown(cleo, call)

        tell(call, success=True)
        assert "Generic webhook judged it as good." in shown(cleo, call)

        review_call(call, good=False, note="Rude.", by=cast.ben)
        text = shown(cleo, call)
        assert "<b>Not good</b>, says Ben" in text
        assert "“Rude.”" in text
        assert "The review counts." in text
        assert "aria-pressed" not in text

    def test_only_editors_and_only_here(self, cast: Cast, call: Call, sign_in: SignIn) -> None:
        for view in ("review", "take_back_review"):
            assert sign_in(cast.cleo).post(page(call, view), {"good": "yes"}).status_code == 403
            for stranger in (cast.olga, cast.charlie):
                assert sign_in(stranger).post(page(call, view), {"good": "yes"}).status_code == 404
            assert sign_in(cast.ben).get(page(call, view)).status_code == 405
        assert not Review.objects.exists()

    @pytest.mark.parametrize("sent", [{}, {"good": ""}, {"good": "maybe"}, {"good": "True"}])
    def test_what_is_no_judgement_is_refused(
        self, cast: Cast, call: Call, sign_in: SignIn, sent: dict[str, str]
    ) -> None:
        assert sign_in(cast.ben).post(page(call, "review"), sent).status_code == 400

    def test_a_missed_call_has_nothing_to_judge(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        missed = ring(phone, dialled="+15550009999")

        assert "nothing to judge" in sign_in(cast.ben).post(page(missed, "review"), {"good": "yes"}).text


def test_the_page_asks_as_often_whatever_was_told(
    cast: Cast, phone: Phone, call: Call, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    ben = sign_in(cast.ben)
    hang_up(call)
    with django_assert_num_queries(11):  # one of them for the draft that Edit would replace
        ben.get(page(call))

    for _ in range(30):
        tell(call, transcript=TALK, summary="A table.", fields={"guests": 2}, success=True)
    review_call(call, good=True, note="Kind.", by=cast.ben)
    for number in range(5):
        go_live(cast.agent, cast, f"Version {number}")

    with django_assert_num_queries(11):
        ben.get(page(call))
