"""The history beside an agent's pages: its filters, its search, its names in place."""

import re
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from agentversions.models import Event, Version
from agentversions.operations import edit_draft, publish, unpublish
from dashboard.pages import history
from telephony.operations import add_connection, add_number, assign_number
from telephony.providers.generic import new_secret
from tests.cast import Cast, edit, live, save, shown, typed
from tests.pages.conftest import SignIn

HTMX = {"HX-Request": "true"}
PARKING = "Parking is free behind the house."


@pytest.fixture
def told(cast: Cast) -> Cast:
    """Eight versions; v3 to v5, and v7, tell of the parking; v3 and v4 were live, and v4 is; v2 and v7 have names."""
    connection = add_connection(
        cast.project, provider="generic", name="Worker", secrets={"signing_secret": new_secret()}, by=cast.ana
    )
    assign_number(add_number(connection, "+15550001000", by=cast.ana), cast.agent, by=cast.ana)
    for number, words in enumerate(("", PARKING, PARKING, PARKING, "", PARKING, ""), start=2):
        author = cast.ben if number == 3 else cast.ana
        name = {2: "Summer hours", 7: "Parking again"}.get(number, "")
        save(cast.agent, author, name, prompt=f"You are Robin {number}. {words}", greeting=f"Hello {number}")
    for number, before in ((3, None), (4, 3)):
        publish(Version.objects.get(agent=cast.agent, number=number), live=before, by=cast.ana)
    return cast


def page(client: Client, cast: Cast, query: str = "", *, htmx: bool = False, **asked: str) -> str:
    """The history's page or fragment."""
    address = reverse("versions.index", args=[cast.agent.pk]) + query
    answer = client.get(address, asked or None, headers=HTMX if htmx else {})
    assert answer.status_code == 200
    return answer.content.decode()


def rows(page: str) -> list[int]:
    """The versions that are listed, in their order."""
    return [int(number) for number in re.findall(r'<li class="version[^"]*" id="v(\d+)"', page)]


def found(page: str) -> str:
    """What is said of a search, as words."""
    said = re.search(r'<div class="found"[^>]*>(.*?)</div>', page, re.DOTALL)
    return " ".join(unescape(re.sub(r"<[^>]+>", "", said[1].replace("<d", " <d"))).split()) if said else ""


class TestFilters:
    @pytest.mark.parametrize(
        ("only", "expected"),
        [
            ("", [8, 7, 6, 5, 4, 3, 2, 1]),
            ("named", [7, 2]),
            ("published", [4, 3]),
            ("unheard of", [8, 7, 6, 5, 4, 3, 2, 1]),
        ],
    )
    def test_list_some_of_the_versions(self, told: Cast, sign_in: SignIn, only: str, expected: list[int]) -> None:
        client = sign_in(told.cleo)

        assert rows(page(client, told, only=only)) == expected
        assert rows(page(client, told, only=only, htmx=True)) == expected

    def test_are_links_that_say_which_is_chosen_and_keep_the_search(self, told: Cast, sign_in: SignIn) -> None:
        seen = page(sign_in(told.ana), told, only="named", q="parking")

        assert re.findall(r'<a id="only-(\w+)"[^>]*aria-current="true"', seen) == ["named"]
        assert 'href="' + reverse("versions.index", args=[told.agent.pk]) + '?only=published&amp;q=parking"' in seen
        assert '<input type="hidden" name="only" value="named" form="seek">' in seen

    def test_hold_on_every_page_of_the_agent_whose_address_says_so(self, told: Cast, sign_in: SignIn) -> None:
        client = sign_in(told.ana)
        for address in (
            reverse("agents.show", args=[told.agent.pk]),
            reverse("versions.show", args=[told.agent.pk, 1]),
            reverse("versions.compare", args=[told.agent.pk, "1", "2"]),
        ):
            assert rows(client.get(address, {"only": "published"}).content.decode()) == [4, 3]

    def test_hold_after_a_deed_on_the_page_that_shows_them(self, told: Cast, sign_in: SignIn) -> None:
        seen = {"HX-Current-URL": f"http://testserver/agents/{told.agent.pk}/?only=named", "HX-Target": "dialog"}
        address = reverse("versions.rename", args=[told.agent.pk, 1])

        answer = sign_in(told.ana).post(address, {"name": "The first"}, headers=HTMX | seen).content.decode()

        assert rows(answer) == [7, 2, 1]

    def test_a_version_that_went_live_twice_is_listed_once_and_drawn_twice(self, told: Cast, sign_in: SignIn) -> None:
        publish(Version.objects.get(agent=told.agent, number=3), live=4, by=told.ana)
        unpublish(told.agent, live=3, by=told.ana)

        seen = page(sign_in(told.ana), told, only="published")

        assert rows(seen) == [4, 3]
        assert [row.count('class="span"') for row in seen.split('<li class="version')[-2:]] == [1, 2]

    def test_nothing_to_list_says_what_to_do(self, cast: Cast, sign_in: SignIn) -> None:
        assert "No version has a name yet." in page(sign_in(cast.ana), cast, only="named")
        assert "No version was live yet." in page(sign_in(cast.ana), cast, only="published")


class TestSearch:
    def test_tells_the_first_and_the_last_version_that_hold_a_sentence(self, told: Cast, sign_in: SignIn) -> None:
        seen = page(sign_in(told.ana), told, q="parking is free")

        assert found(seen).startswith("In v3–v5 and v7. First v3 · Ben")  # noqa: RUF001
        assert "Compare with v2" in found(seen)
        assert "Last v7 · Ana" in found(seen)
        assert "In v4, which is live." in found(seen)
        assert rows(seen) == [7, 5, 4, 3]
        assert "<mark>Parking is free</mark>" in seen
        assert '/versions/3/#setting-prompt"' in seen
        assert reverse("versions.compare", args=[told.agent.pk, "2", "3"]) in seen

    def test_says_when_the_live_version_lacks_it(self, told: Cast, sign_in: SignIn) -> None:
        assert "Not in v4, which is live." in found(page(sign_in(told.cleo), told, q="Robin 8"))

    @pytest.mark.parametrize("text", ["v2", "2", " V2 ", "summer", "HOURS"])
    def test_finds_a_version_by_its_number_and_its_name(self, told: Cast, sign_in: SignIn, text: str) -> None:
        assert rows(page(sign_in(told.cleo), told, q=text))[0] == 2

    def test_a_number_comes_first_and_once_though_other_texts_hold_it(self, told: Cast, sign_in: SignIn) -> None:
        edit(told.agent, told.ana, prompt="Call 3 times")
        save(told.agent, told.ana)

        assert rows(page(sign_in(told.ana), told, q="3")) == [3, 9]

    def test_searches_tools_greetings_and_lists(self, cast: Cast, sign_in: SignIn) -> None:
        tool = {"id": "a1", "kind": "hang_up", "name": "bye", "description": "When the caller is satisfied."}
        save(cast.agent, cast.ana, greeting="Good morning", extract="shoe_size (number)")
        edit_draft(cast.agent, typed([tool]), base=shown(cast.agent, cast.ana), by=cast.ana)
        save(cast.agent, cast.ana)

        client = sign_in(cast.ana)
        assert "Tool bye · When to use it" in page(client, cast, q="is SATISFIED")
        assert rows(page(client, cast, q="shoe_size")) == [3, 2]
        assert rows(page(client, cast, q="good  morning")) == [3, 2]

    @pytest.mark.parametrize(
        ("written", "text"),
        [
            ("Only 100% wool", "100% WOOL"),
            ("snake_case", "E_C"),
            (r"a back\slash", r"BACK\SLASH"),
            ('She said "hello" & <b>left</b>', 'SAID "hello" & <B>'),
            ("It's John's", "it's john's"),
            ("Bring cake 🎂 please", "cake 🎂"),
            ("Hauptstraße 5", "HAUPTSTRASSE"),
            ("HAUPTSTRASSE 5", "hauptstraße"),
            ("Welcome to İstanbul", "istanbul"),
            ("ΑΘΗΝΑ", "αθηνα"),
            ("Добрый день", "ДОБРЫЙ"),
            ("CAFÉ", "café"),
            ("two\n\n  lines", "two lines"),
        ],
    )
    def test_finds_what_was_written_in_any_case_and_script(
        self, cast: Cast, sign_in: SignIn, written: str, text: str
    ) -> None:
        save(cast.agent, cast.ana, prompt=f"Before. {written} After.")

        seen = page(sign_in(cast.ana), cast, q=text)

        assert rows(seen) == [2]
        mark = re.search(r"<mark>(.*?)</mark>", seen, re.DOTALL)
        assert mark is not None
        assert " ".join(unescape(mark[1]).split()).casefold() in " ".join(written.split()).casefold()

    @pytest.mark.parametrize("text", ["%", "_", "100_", r"\\", "'; drop table", "R.bin", "(", "[a", "\x00", "x" * 4000])
    def test_takes_nothing_for_a_pattern(self, cast: Cast, sign_in: SignIn, text: str) -> None:
        save(cast.agent, cast.ana, prompt="You are Robin, 100 times.")

        seen = page(sign_in(cast.ana), cast, q=text)

        assert rows(seen) == []
        assert "No version holds this." in found(seen)

    def test_nothing_typed_is_the_plain_list(self, told: Cast, sign_in: SignIn) -> None:
        seen = page(sign_in(told.ana), told, q="  ")

        assert rows(seen) == [8, 7, 6, 5, 4, 3, 2, 1]
        assert found(seen) == ""

    def test_of_some_versions_says_so(self, told: Cast, sign_in: SignIn) -> None:
        seen = page(sign_in(told.ana), told, q=PARKING, only="published")

        assert found(seen).startswith("In v3–v4 of the published versions. First v3")  # noqa: RUF001
        assert rows(seen) == [4, 3]
        publish(Version.objects.get(agent=told.agent, number=7), live=4, by=told.ana)
        assert "In v3–v7 of the published" in found(page(sign_in(told.ana), told, q=PARKING, only="published"))  # noqa: RUF001
        assert "No named version holds this." in found(page(sign_in(told.ana), told, q="Robin 3", only="named"))

    def test_searches_ones_own_draft_and_nobody_elses(self, told: Cast, sign_in: SignIn) -> None:
        edit(told.agent, told.ben, greeting="Ben's secret plan", voice__speed="1e plan")

        assert "In your draft" in found(page(sign_in(told.ben), told, q="secret plan"))
        assert "In your draft" in found(page(sign_in(told.ben), told, q="1e plan"))
        for user in (told.ana, told.pia, told.cleo):
            assert found(page(sign_in(user), told, q="secret plan")) == "No version holds this."

    def test_what_was_typed_is_text_and_nothing_else(self, told: Cast, sign_in: SignIn) -> None:
        hostile = '"><script>alert(1)</script>{{ 7|add:"7" }}'
        save(told.agent, told.ana, prompt=hostile)

        for htmx in (True, False):
            seen = page(sign_in(told.ana), told, q=hostile, htmx=htmx)
            assert "<script>alert" not in seen
            assert rows(seen) == [9]

    def test_a_foreign_agent_is_unknown(self, told: Cast, sign_in: SignIn) -> None:
        address = reverse("versions.index", args=[told.agent.pk])

        assert sign_in(told.olga).get(address, {"q": "parking"}).status_code == 404
        assert sign_in(told.charlie).get(address, {"q": "parking"}).status_code == 404

    @pytest.mark.parametrize(
        "query", ["?runs=x", "?q=a&runs=1-2-3", "?before=x", "?q=a&listed=-1", "?q=a&oldest=" + "9" * 40]
    )
    def test_an_address_of_nobodys_is_refused(self, told: Cast, sign_in: SignIn, query: str) -> None:
        assert sign_in(told.ana).get(reverse("versions.index", args=[told.agent.pk]) + query).status_code == 400


class TestLongSearch:
    @pytest.fixture(autouse=True)
    def slices(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """A request has time for one chunk of three versions only, and a page holds two."""
        monkeypatch.setattr(history, "SLICE_SECONDS", -1)
        monkeypatch.setattr(history, "CHUNK", 3)
        monkeypatch.setattr(history, "HISTORY_PAGE", 2)

    def test_goes_on_by_itself_to_the_same_answer(self, told: Cast, sign_in: SignIn) -> None:
        client = sign_in(told.ana)
        listed, said, query = [], "", "?q=parking+is"
        requests = 0
        while query:
            seen = page(client, told, query, htmx=True)
            requests += 1
            listed += rows(seen)
            said = found(seen)
            assert found(seen).count("so far") == ("searching on" in seen and bool(rows(seen) or requests > 1))
            following = re.search(r'hx-get="[^"?]*([^"]*)"\s+hx-trigger="load ', seen)
            query = unescape(following[1]) if following else ""

        assert requests == 3
        assert listed == [7, 5]
        assert said.startswith("In v3–v5 and v7. First v3 · Ben")  # noqa: RUF001

    def test_lists_more_where_the_page_was_full(self, told: Cast, sign_in: SignIn) -> None:
        client = sign_in(told.ana)
        second = page(client, told, "?q=parking&before=6&runs=7-7&oldest=7&listed=1", htmx=True)
        older = re.search(r'href="[^"?]*([^"]*)"[^>]*>Show older', second)
        assert older is not None

        third = page(client, told, unescape(older[1]), htmx=True)

        assert rows(second) == [5]
        assert rows(third) == [4, 3]
        assert 'id="found"' not in third

    def test_goes_on_without_scripts(self, told: Cast, sign_in: SignIn) -> None:
        seen = page(sign_in(told.ana), told, q="parking")

        assert ">Search older</a>" in seen
        assert "Searched v8 – v6" in seen  # noqa: RUF001

    def test_very_many_runs_stay_a_short_address(self, told: Cast, sign_in: SignIn) -> None:
        runs = ".".join(f"{number}-{number}" for number in range(40, 24, -2))
        seen = page(sign_in(told.ana), told, f"?q=parking&before=9&runs={runs}&oldest=26&listed=2", htmx=True)

        assert found(seen).startswith("Among others in v26, v28 and 6 more, so far")
        assert f"runs={runs}&amp;oldest=7" in seen


class TestPaging:
    def test_keeps_the_filter_and_stands_on_the_first_new_row(
        self, told: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(history, "HISTORY_PAGE", 1)
        first = page(sign_in(told.ana), told, only="named", htmx=True)
        assert "?only=named&amp;before=7" in first

        older = page(sign_in(told.ana), told, "?only=named&before=7", htmx=True)

        assert (rows(first), rows(older)) == ([7], [2])
        assert "autofocus" not in first
        assert older.count("autofocus") == 1
        assert "Show older" not in older
        assert 'class="day"' not in older  # the day goes on

    def test_pages_hold_every_version_once(self, told: Cast, sign_in: SignIn, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(history, "HISTORY_PAGE", 3)
        pages = [page(sign_in(told.ana), told, query) for query in ("", "?before=6", "?before=3")]

        assert [rows(seen) for seen in pages] == [[8, 7, 6], [5, 4, 3], [2, 1]]


class TestRow:
    def test_shows_what_is_known_of_a_version(self, told: Cast, sign_in: SignIn) -> None:
        seen = page(sign_in(told.cleo), told)
        row = seen.split('id="v4"')[1].split("</li>")[0]
        words = " ".join(unescape(re.sub(r"<[^>]+>", "", row)).split())

        assert "Published" in words
        assert re.search(r"Ana · \d\d:\d\d", words)
        assert re.search(r"Live \d+ \w+ \d{4}, \d\d:\d\d UTC – now", words)  # noqa: RUF001
        assert "Copy link" in words
        assert "Compare with v3" in words
        assert not {"Edit", "Rename", "Publish"} & set(words.split())


class TestNaming:
    def address(self, cast: Cast, name: str = "versions.rename", number: int = 2) -> str:
        return reverse(name, args=[cast.agent.pk, number])

    def test_asks_in_the_row_in_the_dialog_and_on_a_page(self, told: Cast, sign_in: SignIn) -> None:
        client, address = sign_in(told.ben), self.address(told, "versions.confirm_rename")
        in_row = client.get(address, headers=HTMX | {"HX-Target": "name-2"}).content.decode()
        in_dialog = client.get(address, headers=HTMX | {"HX-Target": "dialog"}).content.decode()
        alone = client.get(address).content.decode()

        assert '<form class="naming" id="name-2"' in in_row
        assert 'id="dialog-title"' in in_dialog
        assert "<form" in in_dialog
        assert alone.startswith("<!doctype html>")
        assert alone.count('value="Summer hours"') == 1

    def test_names_the_version_in_the_row_and_says_so(self, told: Cast, sign_in: SignIn) -> None:
        headers = HTMX | {"HX-Target": "name-2"}
        answer = sign_in(told.ben).post(self.address(told), {"name": " Winter <hours> "}, headers=headers)

        assert Version.objects.get(agent=told.agent, number=2).name == "Winter <hours>"
        assert answer.content.decode().startswith('<a class="name" id="name-2"')
        assert "Winter &lt;hours&gt;" in answer.content.decode()
        assert "v2 is named “Winter &lt;hours&gt;”" in answer.content.decode()
        assert 'id="history"' not in answer.content.decode()

    def test_names_it_also_on_its_own_page_and_looks_for_it_on_no_other(self, told: Cast, sign_in: SignIn) -> None:
        def named(page: str, number: int) -> bool:
            beside = f"http://testserver{reverse(page, args=[told.agent.pk, number])}"
            headers = HTMX | {"HX-Target": "name-2", "HX-Current-URL": beside}
            answer = sign_in(told.ben).post(self.address(told), {"name": "Winter"}, headers=headers)
            return "data-name-of" in answer.content.decode()

        assert [named("versions.show", number) for number in (2, 3)] == [True, False]

    @pytest.mark.parametrize("name", ["x" * 101, "a\x00b"])
    def test_keeps_what_was_typed_where_it_is_refused(self, told: Cast, sign_in: SignIn, name: str) -> None:
        client = sign_in(told.ben)
        in_row = client.post(self.address(told), {"name": name}, headers=HTMX | {"HX-Target": "name-2"})
        alone = client.post(self.address(told), {"name": name})

        for answer in (in_row, alone):
            assert answer.status_code == 422
            assert f'value="{name}"' in answer.content.decode()
            assert "A name has at most 100 characters" in answer.content.decode()
        assert Version.objects.get(agent=told.agent, number=2).name == "Summer hours"

    def test_a_viewer_may_not_and_a_stranger_finds_nothing(self, told: Cast, sign_in: SignIn) -> None:
        headers = HTMX | {"HX-Target": "name-2"}
        before = Event.objects.count()

        assert sign_in(told.cleo).post(self.address(told), {"name": "x"}, headers=headers).status_code == 403
        assert sign_in(told.olga).post(self.address(told), {"name": "x"}, headers=headers).status_code == 404
        assert Event.objects.count() == before


class TestQueries:
    @pytest.mark.parametrize("versions", [5, 60])
    @pytest.mark.parametrize(("query", "queries"), [("", 15), ("?only=named", 15), ("?q=hello", 20)])
    def test_the_history_asks_as_often_for_many_versions_as_for_few(
        self,
        told: Cast,
        sign_in: SignIn,
        query: str,
        queries: int,
        *,
        versions: int,
        django_assert_num_queries: DjangoAssertNumQueries,
    ) -> None:
        edit(told.agent, told.ana, greeting="Hello now")
        for number in range(9, versions + 1):
            version = save(told.agent, told.ana, f"Name {number}", greeting=f"Hello {number}")
            if number % 9 == 0:
                publish(version, live=live(told.agent), by=told.ana)
        client = sign_in(told.ana)

        with django_assert_num_queries(queries):
            client.get(reverse("versions.index", args=[told.agent.pk]) + query)
