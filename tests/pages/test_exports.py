"""Exports: the pages' rows as CSV, no cell of which is a formula, and which nobody takes for whole if it isn't."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from threading import Barrier, Semaphore, Thread
from urllib.parse import unquote

import pytest
from django.db import connection
from django.http import StreamingHttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agentversions.models import Action, Event, Project
from agentversions.operations import create_agent, discard_draft, publish, rename_agent, rename_version, unpublish
from dashboard import exports
from dashboard.exports import BROKE_OFF, Busy, Export, cell
from dashboard.pages import exporting
from dashboard.pages.activity import WHAT
from telephony import finding
from telephony.finding import Wanted
from telephony.management.clock import clock
from telephony.models import Call, Status
from telephony.operations import review_call
from tests.cast import Cast, edit, live, save, shown
from tests.pages.conftest import SignIn
from tests.pages.phone import CALLER, Phone, connect, hang_up, install, ring

MORNING = datetime(2026, 10, 31, 22, 30, tzinfo=UTC)


@pytest.fixture
def phone(cast: Cast) -> Phone:
    """Reception answers a number."""
    return install(cast)


def exported(client: Client, view: str, project: Project, **asked: object) -> list[dict[str, str]]:
    """The rows of an export, as a program reads them."""
    response = client.get(reverse(view, args=[project.pk], query=asked))
    assert response.status_code == 200
    return list(csv.DictReader(io.StringIO(whole(response), newline="")))


def whole(response: object) -> str:
    """All that was streamed."""
    assert isinstance(response, StreamingHttpResponse)
    return b"".join(response).decode("utf-8-sig")


class TestCells:
    @pytest.mark.parametrize(
        "text",
        [
            *("=1+1", "+1+1", "-1+1", "@SUM(1)", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")'),
            *("\uff1d1+1", "\uff0b1", "\uff0d1", "\uff20SUM(1)", " =1", "\t=1", "\r=1", "\n=1", "\0=1", "\xa0=1"),
            *("\u200b=1", "\ufeff=1", '"=1', "'=1", "+44 113 496 0101;=1", "a;=1+1", "a; =1", 'a;"=1', "a,@x", "a|=1"),
            *("+1555a", "+", "-", "+(1)"),
        ],
    )
    def test_no_text_is_a_formula(self, text: str) -> None:
        written = cell(text)

        for start in [written, *written.replace(",", ";").replace("|", ";").split(";")]:
            assert (
                start.strip(' "\xa0\u200b\ufeff')[:1] not in tuple("=+-@\uff1d\uff0b\uff0d\uff20")
                or start[1:].isdigit()
            )
        assert "'" in written

    @pytest.mark.parametrize("text", ["+441134960101", "Ann", "a - b", "1=1", "Grüße, Zoë; bis bald", "2026-11-03"])
    def test_phone_numbers_and_plain_words_stay_as_they_are(self, text: str) -> None:
        assert cell(text) == text

    def test_a_row_is_a_line(self) -> None:
        assert cell("one\r\ntwo\tthree\0\x1b\x85\u2028.") == "one  two three    ."

    def test_values_are_told_in_one_way(self) -> None:
        noon = datetime(2026, 11, 3, 12, tzinfo=UTC)
        values = (None, True, False, 0, Decimal("0.0200"), noon)
        assert [cell(value) for value in values] == ["", "yes", "no", "0", "0.0200", "2026-11-03T12:00:00.000Z"]


class TestTheStream:
    def test_batches_follow_each_other_while_rows_come_and_equal_times_stay_apart(
        self, cast: Cast, phone: Phone, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(exports, "BATCH", 3)
        with clock(MORNING):
            rung = {str(ring(phone).pk) for _ in range(8)}
        response = sign_in(cast.cleo).get(reverse("calls.export", args=[cast.project.pk]))
        stream = iter(response)
        first = [next(stream), next(stream)]
        ring(phone)

        lines = b"".join([*first, *stream]).decode("utf-8-sig")

        ids = [row["id"] for row in csv.DictReader(io.StringIO(lines, newline=""))]
        assert (len(ids), set(ids)) == (8, rung)

    def test_a_batch_is_a_query_and_one_for_where_it_begins(
        self, cast: Cast, phone: Phone, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(exports, "BATCH", 4)
        url, client = reverse("calls.export", args=[cast.project.pk]), sign_in(cast.cleo)
        asked = []
        for calls in (2, 12):
            while Call.objects.count() < calls:
                hang_up(ring(phone))
            with CaptureQueriesContext(connection) as queries:
                whole(client.get(url))
            asked.append(len(queries))
        assert asked[1] - asked[0] == 2 * 2  # 4, 4 and 4

    def test_it_is_lines_of_rfc_4180_with_a_mark_for_excel_and_a_safe_name(self, cast: Cast, sign_in: SignIn) -> None:
        Project.objects.filter(pk=cast.project.pk).update(name='Zoë"\r\nX: 1; ../=desk')
        response = sign_in(cast.cleo).get(reverse("activity.export", args=[cast.project.pk]))
        raw = b"".join(response)

        assert raw.startswith(b'\xef\xbb\xbf"id","at","username"')
        assert raw.endswith(b'"\r\n')
        assert raw.count(b"\n") == raw.count(b"\r\n") == 1 + int(response["X-Rows-About"])
        assert "zoe-x-1-desk-activity-20" in response["Content-Disposition"]
        assert not set(unquote(response["Content-Disposition"])) & set("\r\n/:")

    def test_one_that_broke_off_says_so_and_has_no_end(self, cast: Cast) -> None:
        def rows() -> Iterator[list[int]]:
            yield [1, 2]
            raise RuntimeError

        stream = iter(Export("things", cast.project, {"n": lambda n: n}, rows()).download(cast.cleo))
        heard = [next(stream), next(stream), next(stream)]

        assert heard[1:] == [b'"1"\r\n"2"\r\n', f'"{BROKE_OFF}"\r\n'.encode()]
        with pytest.raises(RuntimeError):
            next(stream)

    def test_who_took_how_much_is_logged_by_ids_without_a_name_or_a_number(
        self, cast: Cast, phone: Phone, sign_in: SignIn, caplog: pytest.LogCaptureFixture
    ) -> None:
        ring(phone)
        with caplog.at_level("INFO", "agentversions.exports"):
            whole(sign_in(cast.cleo).get(reverse("calls.export", args=[cast.project.pk])))

        (told,) = [vars(record)["told"] for record in caplog.records if record.name == "agentversions.exports"]
        assert (told["user"], told["export"], told["rows"], told["complete"]) == (cast.cleo.pk, "calls", 1, True)
        assert CALLER not in str(told)

    @pytest.mark.parametrize("view", ["calls.export", "activity.export", "timeline.export"])
    def test_another_project_is_unknown_and_nothing_is_written(
        self, cast: Cast, sign_in: SignIn, client: Client, view: str
    ) -> None:
        events, url = Event.objects.count(), reverse(view, args=[cast.project.pk])

        for stranger in (cast.olga, cast.charlie):
            assert sign_in(stranger).get(url).status_code == 404
        assert sign_in(cast.ana).get(url, {"agent": str(cast.orders.pk)}).status_code == 404
        assert client.get(url)["Location"].startswith(reverse("accounts.sign_in"))
        assert sign_in(cast.ana).post(url).status_code == 405
        assert whole(sign_in(cast.cleo).get(url))
        assert Event.objects.count() == events


@pytest.mark.django_db(transaction=True)  # an answer that is closed closes its connection
class TestAtOnce:
    """So many exports run in a process: what stalls them leaves the other threads to the pages."""

    @pytest.fixture(autouse=True)
    def two(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(exports, "_hands", Semaphore(2))

    def test_one_too_many_is_refused_until_another_is_over(self, cast: Cast, sign_in: SignIn) -> None:
        client, url = sign_in(cast.cleo), reverse("activity.export", args=[cast.project.pk])
        stalled, cancelled = client.get(url), client.get(url)
        next(iter(stalled))

        page = client.get(url)
        assert page.status_code == 503
        assert "Other exports are running. Try again in a minute." in page.text
        assert client.get(reverse("activity.index", args=[cast.project.pk])).status_code == 200

        cancelled.close()
        again = client.get(url)
        assert (again.status_code, client.get(url).status_code) == (200, 503)
        assert whole(again)
        stalled.close()
        assert whole(client.get(url))
        assert whole(client.get(url))

    def test_what_broke_off_makes_room_too(self, cast: Cast) -> None:
        def rows() -> Iterator[list[int]]:
            raise RuntimeError
            yield []

        for _ in range(3):
            with pytest.raises(RuntimeError):
                list(Export("things", cast.project, {"n": lambda n: n}, rows()).download(cast.cleo))

    def test_of_many_that_begin_at_the_same_moment_so_many_run(self, cast: Cast) -> None:
        go, begun, refused = Barrier(8), Barrier(8), []

        def one() -> None:
            go.wait()
            try:
                response = Export("things", cast.project, {"n": lambda n: n}, [[1]]).download(cast.cleo)
            except Busy:
                refused.append(1)
                begun.wait()
            else:
                begun.wait()
                whole(response)

        for _ in range(5):
            refused.clear()
            threads = [Thread(target=one) for _ in range(8)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(refused) == 6


class TestCalls:
    def test_a_call_tells_its_version_as_it_was(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        call = ring(phone)
        hang_up(call, reason='=HYPERLINK("http://evil.example")')
        review_call(call, good=True, note="", by=cast.ben)
        rename_version(phone.version, "Other hours", by=cast.ben)

        (row,) = exported(sign_in(cast.cleo), "calls.export", cast.project)

        assert row["id"] == str(call.pk)
        assert (row["agent"], row["version"], row["version_name"]) == ("Reception", "2", "Opening hours")
        assert (row["version_digest"], row["caller"]) == (phone.version.digest, CALLER)
        assert (row["status"], row["seconds"], row["success"], row["judged_by"]) == ("completed", "187", "yes", "ben")
        assert row["ended_reason"].startswith("'=HYPER")

    def test_every_call_that_a_version_answered(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        for _ in range(2):
            ring(phone)
        publish(save(cast.agent, cast.ben, prompt="Be brief."), live=2, by=cast.pia)
        ring(phone)

        rows = exported(sign_in(cast.cleo), "calls.export", cast.project, agent=cast.agent.pk, version=2)

        assert [row["version"] for row in rows] == ["2", "2"]

    def test_what_is_wanted_comes_as_the_list_finds_it_also_after_looking_in_vain(
        self, cast: Cast, phone: Phone, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(finding, "HOURS", 1)
        with clock(MORNING):
            hang_up(ring(phone), Status.FAILED, transferred=True)
        with clock(MORNING + timedelta(hours=2)):
            hang_up(ring(phone), Status.FAILED)
            hang_up(ring(phone), transferred=True)
        wanted = Wanted(status="failed", fact="transferred")

        export = exporting.calls(cast.project, wanted)
        (row,) = csv.DictReader(io.StringIO(whole(export.download(cast.cleo)), newline=""))

        assert (row["status"], row["transferred"], row["started_at"]) == ("failed", "yes", "2026-10-31T22:30:00.000Z")
        assert export.about is None
        assert exporting.calls(cast.project, Wanted(fact="transferred")).about == 2

    def test_no_address_of_a_worker_and_no_fallback_leaves(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        line = connect(
            cast, "Tokens", worker_url="https://worker.example/run?token=hidden-token", fallback="We are shut."
        )
        call = ring(Phone(line, phone.number, phone.version), dialled="+15559999999")
        assert "hidden-token" in call.worker_url

        text = whole(sign_in(cast.cleo).get(reverse("calls.export", args=[cast.project.pk])))

        assert "unknown_number" in text
        assert "hidden-token" not in text
        assert "We are shut." not in text


class TestActivity:
    def test_every_act_is_in_one_group(self) -> None:
        grouped = [action for _, actions in WHAT.values() for action in actions]
        assert sorted(grouped) == sorted(Action)

    @pytest.mark.usefixtures("phone")
    def test_every_publish_last_month_where_the_reader_is(self, cast: Cast, sign_in: SignIn) -> None:
        third = save(cast.agent, cast.ben, prompt="Be brief.")
        with clock(MORNING):  # in Berlin still October, half an hour before November
            publish(third, live=2, note="=1+1", by=cast.pia)
        with clock(MORNING + timedelta(hours=1)):
            unpublish(cast.agent, live=3, by=cast.pia)
        asked = {"what": "publishing", "over": "week", "period": "last_month", "zone": "Europe/Berlin"}

        with clock(datetime(2026, 11, 23, 9, tzinfo=UTC)):
            client = sign_in(cast.cleo)
            text = client.get(reverse("activity.index", args=[cast.project.pk], query=asked)).text
            (row,) = exported(client, "activity.export", cast.project, **asked)

        assert text.count('<li class="act">') == 1
        assert (row["username"], row["name"], row["action"], row["what"]) == (
            *("pia", "Pia", "published"),
            "published v3 instead of v2",
        )
        assert (row["at"], row["version"], row["instead_of_version"], row["note"]) == (
            *("2026-10-31T22:30:00.000Z", "3", "2"),
            "'=1+1",
        )

    def test_by_agent_by_person_and_by_days(self, cast: Cast, sign_in: SignIn) -> None:
        client = sign_in(cast.cleo)
        other = create_agent(cast.project, "Night desk", by=cast.ben)
        for asked, acts in (
            ({"agent": other.pk}, ["agent_created"]),
            ({"who": "ben"}, ["agent_created"]),
            ({"who": "olga"}, []),
            ({"who": "nobody\0"}, []),
            ({"to": "2020-01-01"}, []),
            ({"from": "2020-01-01", "who": "ben", "over": "today"}, ["agent_created"]),
        ):
            rows = exported(client, "activity.export", cast.project, **asked)
            page = client.get(reverse("activity.index", args=[cast.project.pk], query=asked)).text
            assert [row["action"] for row in rows] == acts
            assert page.count('<li class="act">') == len(acts)

    def test_earlier_acts_are_of_the_same_kind(self, cast: Cast, sign_in: SignIn) -> None:
        for number in range(60):
            rename_agent(cast.agent, f"Reception {number}", by=cast.ben)
        page = sign_in(cast.cleo).get(reverse("activity.index", args=[cast.project.pk], query={"what": "agents"}))
        assert 'hx-get="?what=agents&amp;before=' in page.text

    @pytest.mark.parametrize(
        "asked", [{"from": "soon"}, {"to": "9999-12-31"}, {"from": "2026-02-02", "to": "2026-01-01"}]
    )
    def test_days_that_cant_be_read_are_told(self, cast: Cast, sign_in: SignIn, asked: dict[str, str]) -> None:
        page = sign_in(cast.cleo).get(reverse("activity.index", args=[cast.project.pk], query=asked))
        assert page.status_code == 422
        assert 'role="alert"' in page.text

    def test_what_others_did_with_their_drafts_is_in_no_export(self, cast: Cast, sign_in: SignIn) -> None:
        edit(cast.agent, cast.ben, prompt="Be kind.")
        discard_draft(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben)
        for user, acts in ((cast.ben, ["draft_discarded"]), (cast.ana, [])):
            rows = exported(sign_in(user), "activity.export", cast.project, what="drafts")
            assert [row["action"] for row in rows] == acts


class TestTimeline:
    def test_a_row_is_a_time_that_a_version_was_live(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        third = save(cast.agent, cast.ben, prompt="Be brief.")
        publish(third, live=live(cast.agent), note="Shorter", by=cast.pia)

        newest, oldest = exported(sign_in(cast.cleo), "timeline.export", cast.project, agent=cast.agent.pk)

        assert (newest["version"], newest["until"], newest["note"]) == ("3", "", "Shorter")
        assert (oldest["version"], oldest["version_name"], oldest["until"]) == ("2", "Opening hours", newest["from"])
        assert (oldest["published_by"], oldest["digest"]) == ("pia", phone.version.digest)
