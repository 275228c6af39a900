"""On a bad network nothing typed is lost, and "Draft saved" is never said while server and page differ."""

import json
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.conftest import draft_of, open_editor
from tests.cast import Cast
from tests.support.flaky import Fields, FlakyNetwork, Held, fields, flaky
from tests.support.server import Server

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

SEEDS = range(int(connection.vendor == "postgresql"), 10, 2)
"""Half on each database: it's the browser's saving that is tried, and half a minute a seed."""
CHARACTERS = 2_000
BURSTS = 20
WINDOW = 5.0  # seconds without a network
PATIENCE = 30_000  # milliseconds until all is saved once the network is back
FIELDS = {"prompt": "Prompt", "greeting": "Greeting", "end_message": "Last words"}
LETTERS = "eeeaaooiinnttsr bcdfgh jklmpq uvwxyz ,.?&=+%\"'<{ äß漢字😀\n"

# What the page claims: from when to when it said "Draft saved", and what was in its form all that time.
WATCH = """() => {
  const form = document.getElementById("draft");
  const words = document.getElementById("state-words");
  window.claims = [];
  let open = null;
  const look = () => {
    const now = (performance.timeOrigin + performance.now()) / 1000;
    const text = words.textContent.startsWith("Draft saved") ? JSON.stringify([...new FormData(form)]) : null;
    if (open && open.text === text) open.until = now;
    else {
      open = text && { text, since: now, until: now };
      if (open) window.claims.push(open);
    }
  };
  new MutationObserver(look).observe(words, { childList: true, characterData: true, subtree: true });
  const frame = () => { look(); requestAnimationFrame(frame); };
  frame();
}"""


@dataclass(frozen=True)
class Claim:
    """From when to when a page said "Draft saved" while its form held these fields."""

    fields: Fields
    since: float
    until: float


def false(claims: list[Claim], held: dict[int, Held]) -> list[Claim]:
    """The claims at some moment of which the server held something else; the exact moment of a commit is unknown."""
    states = [held[revision] for revision in sorted(held)]
    ends = [state.known for state in states[1:]] + [float("inf")]
    return [
        claim
        for claim in claims
        if not any(
            state.fields == claim.fields and state.sent <= claim.since and claim.until <= end
            for state, end in zip(states, ends, strict=True)
        )
    ]


@pytest.fixture
def network(server: Server, request: pytest.FixtureRequest) -> Iterator[FlakyNetwork]:
    """The bad network of this seed, before the server."""
    with flaky(int(server.url.rsplit(":", 1)[1]), request.param) as bad:
        yield bad


@pytest.fixture
def ben(cast: Cast, network: FlakyNetwork, browser: Browser) -> Iterator[BrowserContext]:
    """Ben's browser, signed in, behind the bad network."""
    client = Client()
    client.force_login(cast.ben)
    context = browser.new_context(base_url=network.url)
    name = settings.SESSION_COOKIE_NAME
    context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": network.url}])
    yield context
    context.close()


class Writer:
    """Someone who writes prompts, quickly and with second thoughts, while the network comes and goes."""

    def __init__(self, page: Page, network: FlakyNetwork, seed: int) -> None:
        self.page = page
        self.network = network
        self.dice = random.Random(f"writer {seed}")
        self.other = page.context.new_page()
        self.other.goto("/projects/")
        page.bring_to_front()

    def write(self) -> None:
        """Write all of it, with two times offline: the browser knows of one; of the last words' it doesn't."""
        known = self.dice.randrange(1, BURSTS // 2)
        until: dict[str, float] = {}
        for burst in range(BURSTS):
            if burst == BURSTS - 2:
                self.network.go_offline()
                until["network"] = time.monotonic() + WINDOW
            if burst == known:
                self.page.context.set_offline(True)
                until["browser"] = time.monotonic() + WINDOW
            self.burst()
            self.come_back(until)
        while until:
            self.page.wait_for_timeout(100)
            self.come_back(until)

    def come_back(self, until: dict[str, float]) -> None:
        """End the times offline that are over."""
        for what in [what for what, end in until.items() if time.monotonic() >= end]:
            del until[what]
            if what == "network":
                self.network.go_online()
            else:
                self.page.context.set_offline(False)

    def burst(self) -> None:
        """Some words in one of the fields, then a moment of thinking, or of something else."""
        field = self.page.get_by_role("textbox", name=self.dice.choice(list(FIELDS.values())), exact=True)
        field.focus()
        self.page.keyboard.press("ControlOrMeta+End")
        self.page.keyboard.type("".join(self.dice.choices(LETTERS, k=CHARACTERS // BURSTS)))
        match self.dice.randrange(6):
            case 0:
                self.page.keyboard.press("Shift+Home")
                self.page.keyboard.press("ControlOrMeta+c")
                self.page.keyboard.press("ControlOrMeta+End")
                self.page.keyboard.press("ControlOrMeta+v")
            case 1:
                for _ in range(self.dice.randrange(1, 6)):
                    self.page.keyboard.press("ControlOrMeta+z")
            case 2:
                self.other.bring_to_front()
                self.page.wait_for_timeout(200)
                self.page.bring_to_front()
            case 3:
                self.page.wait_for_timeout(900)  # time for a save between two bursts
        self.page.wait_for_timeout(self.dice.uniform(50, 400))


@pytest.mark.parametrize(("network", "seed"), [(seed, seed) for seed in SEEDS], indirect=["network"], ids=str)
def test_nothing_is_lost_and_saved_is_never_said_too_soon(
    ben: BrowserContext, network: FlakyNetwork, seed: int, cast: Cast
) -> None:
    page = ben.new_page()
    broken: list[str] = []
    page.on("pageerror", lambda error: broken.append(str(error)))
    open_editor(page, cast.agent)
    page.evaluate(WATCH)

    Writer(page, network, seed).write()
    expect(page.locator("#state")).to_contain_text("Draft saved", timeout=PATIENCE)
    while not network.quiet():
        page.wait_for_timeout(50)  # what was given up may still arrive, and must not win

    draft = draft_of(cast.agent, cast.ben)
    shown = {path: page.locator(f"#setting-{path}").input_value() for path in FIELDS}
    assert {path: draft.configuration[path] for path in FIELDS} == shown
    assert len("".join(shown.values())) > CHARACTERS / 4
    claims = [
        Claim(fields(json.loads(claim["text"])), claim["since"], claim["until"])
        for claim in page.evaluate("window.claims")
    ]
    assert claims[-1].fields == network.held[draft.revision].fields
    assert false(claims, network.held) == []
    assert not broken


class TestTheRuleItself:
    A: Fields = [("prompt", "a")]
    B: Fields = [("prompt", "b")]

    @pytest.fixture
    def held(self) -> dict[int, Held]:
        """The server held A from 1 on, and B from 5 on."""
        return {1: Held(self.A, 0.9, 1.1), 2: Held(self.B, 4.9, 5.1)}

    def test_believes_what_was_so_all_the_time(self, held: dict[int, Held]) -> None:
        assert false([Claim(self.A, 2, 4), Claim(self.B, 6, 60)], held) == []

    @pytest.mark.parametrize(
        ("text", "since", "until"),
        [("a", 0.5, 2), ("a", 4, 6), ("a", 6, 7), ("b", 2, 3), ("b", 4, 6), ("c", 6, 7)],
        ids=["too soon", "for too long", "afterwards", "before it arrived", "a moment before", "never"],
    )
    def test_finds_what_was_not(self, held: dict[int, Held], text: str, since: float, until: float) -> None:
        claim = Claim([("prompt", text)], since, until)

        assert false([claim], held) == [claim]
