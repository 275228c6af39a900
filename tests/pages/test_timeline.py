"""The timeline: what answered callers when, what changed it, what to press; and what was live at a moment."""

import random
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from html import unescape
from itertools import zip_longest
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from agentversions.models import Action, Agent, Event, Project, Version
from agentversions.operations import (
    archive_agent,
    create_agent,
    discard_draft,
    publish,
    rename_agent,
    rename_version,
    suspend_project,
    unpublish,
)
from agentversions.turns import live_at, told, turns
from telephony import counting
from telephony.counting import counted
from telephony.management.clock import clock
from telephony.models import Call, Connection
from telephony.operations import add_number, assign_number, change_connection, unassign_number
from tests.cast import Cast, edit, live, save, shown
from tests.factories import person
from tests.pages.conftest import SignIn
from tests.pages.phone import NUMBER, Phone, connect, go_live, hang_up, ring

NIGHT = datetime(2025, 11, 3, 3, 0, tzinfo=UTC)
SECOND = "+15550002000"


def page(project: Project, **asked: str | int) -> str:
    """The timeline's page."""
    return reverse("timeline.index", args=[project.pk], query=asked)


def lines(text: str) -> list[str]:
    """What the timeline says, a line each, newest first."""
    rows = re.findall(r'<li class="(?:turn|touch)[^"]*">.*?</li>', text, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", row)).replace("\N{EN DASH}", "-").split()) for row in rows]


def then(text: str) -> str:
    """What it says of the moment that was asked about."""
    found = re.search(r'<section class="card then".*?</section>', text, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split()) if found else ""


def at(minutes: float, deed: Callable[[], object]) -> None:
    """Let something happen so many minutes after three at night."""
    with clock(NIGHT + timedelta(minutes=minutes)):
        deed()


@pytest.fixture
def phone(cast: Cast) -> Phone:
    """Reception answers a number with v2, “Opening hours”, since midnight."""
    with clock(NIGHT - timedelta(hours=3)):
        connection = connect(cast)
        number = assign_number(add_number(connection, NUMBER, by=cast.ana), cast.agent, by=cast.pia)
        version = go_live(cast.agent, cast, "Opening hours")
    return Phone(connection, number, version)


def a_bad_night(cast: Cast, phone: Phone) -> Version:
    """v3 is live from 03:02 to 03:19; in between the connection is away for two callers."""
    version = save(cast.agent, cast.ben, "Closed sign", prompt="Say that we are closed.")
    at(2, lambda: publish(version, live=2, note="For the holidays", by=cast.pia))
    for minute in (3, 4, 5):
        at(minute, lambda: hang_up(ring(phone)))
    at(6, lambda: change_connection(phone.connection, enabled=False, by=cast.ana))
    for minute in (7, 8):
        at(minute, lambda: ring(phone))
    at(9, lambda: change_connection(phone.connection, enabled=True, by=cast.ana))
    at(10, lambda: ring(phone))
    return version


class TestSpans:
    def test_each_span_tells_its_version_its_publisher_and_its_calls(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        a_bad_night(cast, phone)
        at(19, lambda: publish(phone.version, live=3, by=cast.pia))

        said = lines(sign_in(cast.cleo).get(page(cast.project)).text)

        assert re.sub(r" - now .*? v2", " - now v2", said[0]) == (
            "3 Nov 2025, 03:19 UTC - now v2 “Opening hours” of Reception Live now Published by Pia "
            "No calls What changed from v3 to v2 of Reception"
        )
        assert said[1:] == [
            "03:09 UTC Ana switched the connection “Local worker” on",
            "03:06 UTC Ana switched the connection “Local worker” off",
            "3 Nov 2025, 03:02 UTC - 3 Nov 2025, 03:19 UTC 17 min v3 “Closed sign” of Reception Published by Pia "
            "“For the holidays” 4 calls 2 missed What changed from v2 to v3 of Reception",
            "3 Nov 2025, 00:00 UTC - 3 Nov 2025, 03:02 UTC 3 h v2 “Opening hours” of Reception Published by Pia "
            "No calls The first to go live",
            "00:00 UTC Pia assigned +15550001000 to Reception",
        ]

    def test_what_a_span_counts_is_what_its_link_lists(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        at(-5, lambda: ring(phone))
        a_bad_night(cast, phone)
        at(19, lambda: publish(phone.version, live=3, by=cast.pia))
        at(20, lambda: ring(phone))

        text = sign_in(cast.cleo).get(page(cast.project)).text

        linked = [
            (int(count), {name: value[0] for name, value in parse_qs(urlsplit(unescape(link)).query).items()})
            for link, count in re.findall(r'<a href="([^"]*/calls/\?[^"]*)">(\d+) calls?</a>', text)
        ]
        assert [count for count, _ in linked] == [1, 4, 1]
        for count, asked in linked:
            since = datetime.fromisoformat(asked.get("from", "2000-01-01T00:00Z"))
            until = datetime.fromisoformat(asked.get("to", "2100-01-01T00:00Z"))
            calls = Call.objects.filter(agent=UUID(asked["agent"]), version__number=asked["version"])
            assert calls.filter(started_at__gte=since, started_at__lt=until).count() == count

    def test_a_call_that_rang_while_the_publish_was_written_is_counted_where_it_was_answered(
        self, cast: Cast, phone: Phone
    ) -> None:
        at(1, lambda: ring(phone))
        Call.objects.update(started_at=NIGHT + timedelta(minutes=2, milliseconds=3))
        at(2, lambda: go_live(cast.agent, cast, "Closed sign"))
        at(19, lambda: publish(phone.version, live=3, by=cast.pia))
        at(20, lambda: ring(phone))

        spans = told(turns(cast.project)[:3])
        counts = counted(spans, timezone.now())

        assert [counts[turn.event.pk].calls for turn in spans] == [1, 0, 1]

    @pytest.mark.parametrize("exact", [counting.EXACT, 2])
    def test_of_a_version_that_was_live_again_and_again_within_an_hour_each_time_is_counted_by_itself(
        self, cast: Cast, phone: Phone, exact: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(counting, "EXACT", exact)
        version = save(cast.agent, cast.ben, "Closed sign", prompt="Say that we are closed.")
        for minute, calls in ((10, 1), (20, 4), (30, 3)):
            at(minute, lambda: publish(version, live=2, by=cast.pia))
            for n in range(calls):
                at(minute + 1 + n, lambda: hang_up(ring(phone)))
            at(minute + 9, lambda: publish(phone.version, live=3, by=cast.pia))

        spans = [turn for turn in told(turns(cast.project)) if turn.event.version == version]
        counts = counted(spans, timezone.now())

        assert [counts[turn.event.pk].calls for turn in spans] == [3, 4, 1]

    def test_unpublished_nothing_is_live_and_whose_calls_were_missed_is_counted(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        at(0, lambda: unpublish(cast.agent, live=2, by=cast.pia))
        at(5, lambda: ring(phone))
        client = sign_in(cast.pia)

        while_it_lasts = client.get(page(cast.project)).text
        assert "Nothing is live of Reception v2 was unpublished by Pia 1 missed Publish v2" in lines(while_it_lasts)[0]

        at(10, lambda: publish(phone.version, live=None, by=cast.pia))
        said = lines(client.get(page(cast.project)).text)
        assert "v2 “Opening hours” of Reception Live now Published by Pia No calls The same version again" in said[0]
        assert "03:00 UTC - 3 Nov 2025, 03:10 UTC 10 min Nothing was live" in said[1]
        assert "Publish" not in said[1].partition("unpublished")[2]

    @pytest.mark.usefixtures("phone")
    def test_an_archived_agent_waits_for_nothing(self, cast: Cast, sign_in: SignIn) -> None:
        at(0, lambda: unpublish(cast.agent, live=2, by=cast.pia))
        at(5, lambda: archive_agent(cast.agent, by=cast.ana))

        text = sign_in(cast.pia).get(page(cast.project)).text

        said = lines(text)
        assert said[0] == "03:05 UTC Ana archived Reception"
        assert "Ana took +15550001000 away from Reception" in said[1]
        assert "3 Nov 2025, 03:00 UTC - 3 Nov 2025, 03:05 UTC 5 min Nothing was live" in said[2]
        assert "confirm" not in text

    def test_two_agents_stand_in_one_timeline_each_with_its_own_spans(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        night = create_agent(cast.project, "Night desk", by=cast.ben)
        at(0, lambda: assign_number(add_number(phone.connection, SECOND, by=cast.ana), night, by=cast.pia))
        at(1, lambda: go_live(night, cast, "Night one"))
        at(2, lambda: go_live(cast.agent, cast, "Closed sign"))
        at(3, lambda: ring(phone, SECOND))
        at(4, lambda: go_live(night, cast, "Night two"))
        client = sign_in(cast.pia)

        said = lines(client.get(page(cast.project)).text)
        only = lines(client.get(page(cast.project, agent=str(night.pk))).text)

        assert re.findall(r"v\d “.*?” of (?:Reception|Night desk)", " ".join(said)) == [
            "v3 “Night two” of Night desk",
            "v3 “Closed sign” of Reception",
            "v2 “Night one” of Night desk",
            "v2 “Opening hours” of Reception",
        ]
        assert "03:01 UTC - 3 Nov 2025, 03:04 UTC 3 min" in said[2]
        assert "1 call The first to go live" in said[2]
        assert said[0].endswith("Publish v2 of Night desk")
        assert said[1].endswith("Publish v2 of Reception")
        assert [line for line in only if "Reception" in line] == []
        assert len(only) == 3

    def test_what_else_touches_callers_stands_between_and_nothing_else(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        at(1, lambda: unassign_number(phone.number, by=cast.pia))
        at(2, lambda: rename_agent(cast.agent, "Front door", by=cast.ana))
        at(3, lambda: suspend_project(cast.project, by=person("Root", is_superuser=True)))
        at(4, lambda: change_connection(phone.connection, name="Worker", enabled=False, by=cast.ana))
        edit(cast.agent, cast.ben, prompt="Secretly rude.")
        discard_draft(cast.agent, base=shown(cast.agent, cast.ben), by=cast.ben)

        text = sign_in(cast.ben).get(page(cast.project)).text

        assert lines(text)[:3] == [
            "03:04 UTC Ana changed the connection “Worker” and switched it off",
            "03:03 UTC Root suspended the project: its callers hear the connections' messages",
            "03:01 UTC Pia took +15550001000 away from Front door",
        ]
        of_one = sign_in(cast.ben).get(page(cast.project, agent=str(cast.agent.pk))).text
        assert lines(of_one) == lines(text)
        assert "discarded" not in text
        assert "Secretly" not in text

    def test_pages_follow_each_other_without_gap_or_repetition(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        third = save(cast.agent, cast.ben, "Third", prompt="Three.")
        for minute in range(40):
            at(
                minute,
                lambda: publish([phone.version, third][live(cast.agent) == 2], live=live(cast.agent), by=cast.pia),
            )
        client = sign_in(cast.cleo)

        first = client.get(page(cast.project)).text
        further = re.search(r'hx-get="([^"]*before=\d+[^"]*)"', first)
        assert further
        rest = client.get(unescape(further[1]), headers={"HX-Request": "true"}).text

        assert (len(lines(first)), len(lines(rest))) == (30, 12)
        assert len(set(lines(first) + lines(rest))) == 42
        assert "<html" not in rest
        assert "before=" not in rest


class TestGoingBack:
    def test_a_publisher_is_offered_the_version_before(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        a_bad_night(cast, phone)
        address = reverse("versions.confirm_publish", args=[cast.agent.pk, 2])

        text = sign_in(cast.pia).get(page(cast.project)).text

        assert text.count(address) == 2  # with a script, and without
        assert re.search(rf'class="button primary" [^>]*href="{address}"', text)
        assert sign_in(cast.pia).get(address).status_code == 200

    def test_once_gone_back_going_forth_again_is_not_what_to_press_first(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        a_bad_night(cast, phone)
        at(19, lambda: publish(phone.version, live=3, by=cast.pia))

        text = sign_in(cast.pia).get(page(cast.project)).text

        assert lines(text)[0].endswith("Publish v3 of Reception")
        assert "button primary" not in text

    def test_what_was_unpublished_in_between_leads_back_to_another_version(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        version = a_bad_night(cast, phone)
        at(19, lambda: unpublish(cast.agent, live=3, by=cast.pia))
        at(20, lambda: publish(version, live=None, by=cast.pia))

        said = lines(sign_in(cast.pia).get(page(cast.project)).text)

        assert said[0].endswith("The same version again Publish v2 of Reception")

    @pytest.mark.usefixtures("phone")
    def test_where_nothing_was_live_before_it_can_be_unpublished(self, cast: Cast, sign_in: SignIn) -> None:
        assert lines(sign_in(cast.pia).get(page(cast.project)).text)[0].endswith("Unpublish v2 of Reception")

    def test_an_editor_is_told_whom_to_ask_and_a_viewer_sees_no_publish(
        self, cast: Cast, phone: Phone, sign_in: SignIn
    ) -> None:
        a_bad_night(cast, phone)
        editors, viewers = (sign_in(user).get(page(cast.project)).text for user in (cast.ben, cast.cleo))

        assert "To publish v2, ask Ana, Pia" in editors
        assert "confirm" not in editors
        assert "To publish" not in viewers
        assert "confirm" not in viewers

    @pytest.mark.usefixtures("phone")
    def test_after_a_publish_the_list_alone_is_drawn_again(self, cast: Cast, sign_in: SignIn) -> None:
        text = sign_in(cast.pia).get(page(cast.project), headers={"HX-Request": "true"}).text

        assert text.strip().startswith('<ol class="turns" id="turns"')
        assert "<html" not in text


class TestAMoment:
    def test_it_is_told_for_every_agent_there_was(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        Agent.objects.update(created_at=NIGHT - timedelta(days=1))
        create_agent(cast.project, "Later", by=cast.ben)
        a_bad_night(cast, phone)
        at(19, lambda: publish(phone.version, live=3, by=cast.pia))
        client = sign_in(cast.cleo)

        def said(text: str, zone: str = "") -> str:
            return then(client.get(page(cast.project, at=text, zone=zone)).text)

        assert said("2025-11-03T04:05", "Europe/Berlin") == (
            "At 3 November 2025, 04:05 (Europe/Berlin) Reception v3 “Closed sign” Published by Pia on "
            "3 November 2025, 04:02, live until 3 November 2025, 04:19 Calls within half an hour of it "
            "Compare with v2, which is live now"
        )
        assert (
            "v2 “Opening hours” Live now Published by Pia on 3 November 2025, 00:00, live until 3 November 2025, 03:02"
            in said("2025-11-03T03:01")
        )
        assert "live until now" in said("2025-11-03T03:19")
        assert "No version had been published yet of Reception ." in said("2025-11-02T23:00")
        assert "Later" not in said("2025-11-03T03:19")
        assert "The project wasn't there yet" in said("2025-11-01")
        assert "The project wasn't there yet" in said("0001-01-01T00:00")

    @pytest.mark.usefixtures("phone")
    def test_it_is_right_to_the_instant(self, cast: Cast) -> None:
        Agent.objects.update(created_at=NIGHT - timedelta(days=1))
        at(2, lambda: go_live(cast.agent, cast, "Closed sign"))
        moment = NIGHT + timedelta(minutes=2)

        def number(when: datetime) -> int | None:
            (standing,) = live_at(cast.project, when)
            return standing.turn.version.number if standing.turn and standing.turn.version else None

        assert [number(moment + timedelta(microseconds=n)) for n in (-1, 0, 1)] == [2, 3, 3]

    @pytest.mark.usefixtures("phone")
    def test_when_nothing_was_live_it_says_who_had_unpublished(self, cast: Cast, sign_in: SignIn) -> None:
        Agent.objects.update(created_at=NIGHT - timedelta(days=1))
        at(0, lambda: unpublish(cast.agent, live=2, by=cast.pia))
        at(10, lambda: suspend_project(cast.project, by=person("Root", is_superuser=True)))
        client = sign_in(cast.cleo)

        early, late = (
            then(client.get(page(cast.project, at=f"2025-11-03T03:{minute}")).text) for minute in ("05", "15")
        )

        assert (
            "Nothing was live v2 was unpublished by Pia on 3 November 2025, 03:00; nothing was live until now" in early
        )
        assert "suspended" not in early
        assert "The project was suspended" in late

    @pytest.mark.usefixtures("phone")
    def test_what_is_still_to_come_isnt_guessed(self, cast: Cast, sign_in: SignIn) -> None:
        assert "That is still to come." in sign_in(cast.cleo).get(page(cast.project, at="2999-01-01T00:00")).text

    @pytest.mark.parametrize(
        ("asked", "zone"),
        [
            ("yesterday", ""),
            ("2026-13-01T00:00", ""),
            ("0001-01-01T00:00", "Asia/Tokyo"),
            ("9999-12-31T23:59", "America/New_York"),
            ("2025-11-03T14:05", "Nowhere/Land"),
            ("2025-11-03T14:05", "../etc/passwd"),
            ("2025-11-03T14:05", "Europe"),
            ("2025-11-03T14:05", "\0"),
            ("\0", "UTC"),
        ],
    )
    @pytest.mark.usefixtures("phone")
    def test_what_cant_be_read_is_said_beside_the_field(
        self, cast: Cast, sign_in: SignIn, asked: str, zone: str
    ) -> None:
        answer = sign_in(cast.cleo).get(page(cast.project), {"at": asked, "zone": zone})

        assert answer.status_code == 422
        assert 'class="problem" role="alert"' in answer.text
        assert lines(answer.text)

    def test_a_time_that_the_clock_showed_twice_or_never_is_told_as_what_it_was_taken_for(
        self, cast: Cast, sign_in: SignIn
    ) -> None:
        client = sign_in(cast.cleo)

        def said(text: str) -> str:
            return then(client.get(page(cast.project, at=text, zone="Europe/Berlin")).text)

        assert "At 26 October 2025, 02:30 (Europe/Berlin) The clock was put back" in said("2025-10-26T02:30")
        assert "At 26 October 2025, 02:30 (Europe/Berlin) The project" in said("2025-10-26T02:30+01:00")
        assert "At 30 March 2025, 03:30 (Europe/Berlin) The project" in said("2025-03-30T02:30")

    @pytest.mark.usefixtures("phone")
    def test_a_time_with_an_offset_needs_no_zone(self, cast: Cast, sign_in: SignIn) -> None:
        said = then(sign_in(cast.cleo).get(page(cast.project), {"at": "2025-11-03T04:05+01:00"}).text)

        assert said.startswith("At 3 November 2025, 03:05 (UTC)")


@dataclass
class Deed:
    """A publish or unpublish as it was told to happen, with the calls that rang before the next."""

    at: datetime
    whose: int
    live: int | None
    calls: int = 0
    missed: int = 0


def live_then(deeds: list[Deed], whose: int, moment: datetime) -> int | None:
    """What was live at a moment, replayed from the beginning."""
    number = None
    for deed in deeds:
        if deed.whose == whose and deed.at <= moment:
            number = deed.live
    return number


@pytest.mark.parametrize("exact", [counting.EXACT, 2])
@pytest.mark.parametrize("seed", range(6))
def test_any_story_is_told_as_it_happened(
    cast: Cast, phone: Phone, seed: int, exact: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With hardly a call counted one by one, too: then hours are summed up."""
    monkeypatch.setattr(counting, "EXACT", exact)
    dice = random.Random(seed)
    night = create_agent(cast.project, "Night desk", by=cast.ben)
    with clock(NIGHT - timedelta(hours=3)):
        assign_number(add_number(phone.connection, SECOND, by=cast.ana), night, by=cast.pia)
    Agent.objects.update(created_at=NIGHT - timedelta(days=1))
    agents, numbers = (cast.agent, night), (NUMBER, SECOND)
    versions = [[save(agent, cast.ben, prompt=f"{n}") for n in range(3)] for agent in agents]
    deeds, now = [Deed(NIGHT - timedelta(hours=3), 0, 2)], NIGHT
    for _ in range(60):
        now += timedelta(minutes=dice.choice([0, 1, 7, 50, 130]))
        which = dice.randrange(2)
        agent, current = agents[which], live(agents[which])
        if dice.random() < 0.6:
            now += timedelta(seconds=1)
            at((now - NIGHT) / timedelta(minutes=1), partial(a_call, phone, numbers[which], ends=dice.random() < 0.8))
            now += timedelta(seconds=1)
            for deed in [deed for deed in deeds if deed.whose == which][-1:]:
                deed.calls += bool(current)
                deed.missed += not current
            continue
        with clock(now):
            if current and dice.random() < 0.3:
                unpublish(agent, live=current, by=cast.pia)
                deeds.append(Deed(now, which, None))
            else:
                version = dice.choice([version for version in versions[which] if version.number != current])
                publish(version, live=current, by=cast.pia)
                deeds.append(Deed(now, which, version.number))

    for moment in {deed.at + timedelta(microseconds=n) for deed in deeds for n in (-1, 0, 1)}:
        stood = {standing.agent.pk: standing for standing in live_at(cast.project, moment)}
        for which, agent in enumerate(agents):
            event = stood[agent.pk].turn if stood[agent.pk].was_live else None
            assert (event.version.number if event and event.version else None) == live_then(deeds, which, moment)

    for which, agent in enumerate(agents):
        spans = [turn for turn in told(turns(cast.project, agent)) if turn.is_turn][::-1]
        counts = counted(spans, timezone.now())
        mine = [deed for deed in deeds if deed.whose == which]
        assert [(turn.event.at, turn.until) for turn in spans] == [
            (deed.at, after.at if after else None) for deed, after in zip_longest(mine, mine[1:])
        ]
        assert [counts[turn.event.pk].calls for turn in spans] == [deed.calls for deed in mine]
        assert [counts[turn.event.pk].missed for turn in spans] == [min(deed.missed, exact + 1) for deed in mine]


def a_call(phone: Phone, number: str, *, ends: bool) -> None:
    """Somebody rings, and hangs up or goes on talking for ever."""
    call = ring(phone, number)
    if call.missed:
        return
    if ends:
        hang_up(call)
    else:
        Call.objects.filter(pk=call.pk).update(overdue_at=2**40)


class TestAccess:
    @pytest.mark.usefixtures("phone")
    def test_another_projects_timeline_is_unknown(self, cast: Cast, sign_in: SignIn, client: Client) -> None:
        for user in (cast.olga, cast.charlie):
            assert sign_in(user).get(page(cast.project)).status_code == 404
        for user in (cast.ana, person("Root", is_superuser=True)):
            assert sign_in(user).get(page(cast.project, agent=str(cast.orders.pk))).status_code == 404
        assert sign_in(cast.ana).post(page(cast.project)).status_code == 405
        assert client.get(page(cast.project))["Location"].startswith(reverse("accounts.sign_in"))

    @pytest.mark.usefixtures("phone")
    def test_looking_writes_nothing(self, cast: Cast, sign_in: SignIn) -> None:
        events = Event.objects.count()

        sign_in(cast.ana).get(page(cast.project, at="2025-11-03T03:00"))

        assert Event.objects.count() == events

    @pytest.mark.parametrize("asked", [{"before": "x"}, {"before": "9" * 30}, {"agent": "x"}], ids=str)
    def test_what_no_link_of_ours_says_is_refused(self, cast: Cast, sign_in: SignIn, asked: dict[str, str]) -> None:
        assert sign_in(cast.cleo).get(page(cast.project), asked).status_code == 400

    def test_names_are_only_ever_text(self, cast: Cast, phone: Phone, sign_in: SignIn) -> None:
        hostile = "<img src=x onerror=alert(1)>"
        rename_agent(cast.agent, hostile, by=cast.ana)
        rename_version(phone.version, hostile, by=cast.ana)
        change_connection(phone.connection, name=hostile, by=cast.ana)
        version = save(cast.agent, cast.ben, hostile, prompt="Hello.")
        publish(version, live=2, note=hostile, by=cast.pia)

        text = sign_in(cast.pia).get(page(cast.project, at="2025-11-03T03:00")).text

        assert "<img" not in text
        assert text.count("&lt;img") > 5

    def test_before_the_first_publish_it_says_what_will_be_here(self, cast: Cast, sign_in: SignIn) -> None:
        assert "Nothing was published yet" in sign_in(cast.cleo).get(page(cast.project)).text

    def test_the_page_asks_the_database_as_often_for_one_turn_as_for_thirty(
        self, cast: Cast, phone: Phone, sign_in: SignIn, django_assert_num_queries: DjangoAssertNumQueries
    ) -> None:
        client, moment = sign_in(cast.pia), timezone.now().isoformat()
        with django_assert_num_queries(11):
            client.get(page(cast.project))
        with django_assert_num_queries(14):
            client.get(page(cast.project, at=moment))

        for n in range(15):
            agent = create_agent(cast.project, f"Agent {n}", by=cast.ben)
            number = add_number(phone.connection, f"+1555000{3000 + n}", by=cast.ana)
            assign_number(number, agent, by=cast.pia)
            go_live(agent, cast, "One")
            ring(phone, number.number)
            go_live(cast.agent, cast, f"Name {n}")

        with django_assert_num_queries(11):
            client.get(page(cast.project))
        with django_assert_num_queries(14):
            client.get(page(cast.project, at=timezone.now().isoformat()))
        assert Event.objects.filter(action=Action.PUBLISHED).count() == 31
        assert Connection.objects.count() == 1
