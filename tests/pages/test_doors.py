"""Whoever knocks too often is told to wait, before anything costly is done; who belongs here comes in all the same."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.core import mail
from django.db import connection as database
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import Settings

from agentversions.models import Knocks
from agentversions.operations import doors
from agentversions.refusals import TooMany
from dashboard import mail as outgoing
from tests.cast import Cast

SIGN_IN = reverse("accounts.sign_in")
ADMIN = reverse("admin:login")
RESET = reverse("accounts.reset_password")
WRONG = "wrong"
HERE, ELSEWHERE = "198.51.100.7", "198.51.100.8"


def status(door: str, name: str, password: str = WRONG, address: str = HERE) -> int:
    """What a try brings: 302 lets in."""
    answer: Any = Client(REMOTE_ADDR=address).post(door, {"username": name, "password": password})
    found: int = answer.status_code
    return found


def tired(door: str, name: str, address: str = HERE) -> None:
    """Try as often as one may."""
    assert {status(door, name, address=address) for _ in range(doors.SIGN_IN_PAIR.most)} == {200}


@pytest.mark.parametrize("door", [SIGN_IN, ADMIN])
@pytest.mark.usefixtures("cast")
class TestSigningIn:
    def test_too_often_is_refused_before_the_password_is_looked_at(
        self, door: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        looked_at: list[str] = []

        def looked(password: str, encoded: str, *rest: Any) -> bool:
            looked_at.append(password)
            return check_password(password, encoded, *rest)

        monkeypatch.setattr("django.contrib.auth.base_user.check_password", looked)
        tired(door, "ana")
        seen = len(looked_at)

        answer: Any = Client(REMOTE_ADDR=HERE).post(door, {"username": "ana", "password": "known"})

        assert answer.status_code == 429
        assert "Too many attempts. Try again in 5 minutes." in answer.text
        assert 'name="password"' in answer.text
        assert 'value="ana"' in answer.text
        assert seen > 0
        assert len(looked_at) == seen

    def test_is_possible_again_after_a_while(self, door: str) -> None:
        tired(door, "ana")
        assert status(door, "ana", "known") == 429

        Knocks.objects.update(until=timezone.now() - timedelta(seconds=1))

        assert status(SIGN_IN, "ana", "known") == 302

    def test_of_one_person_is_not_stopped_by_another_ones_tries(self, door: str) -> None:
        tired(door, "ana")

        assert status(SIGN_IN, "ana", "known", ELSEWHERE) == 302
        assert status(SIGN_IN, "ben", "known") == 302

    def test_counts_however_the_name_is_spelled(self, door: str) -> None:
        for name in ("ana", "ANA", " ana ", "Ana"):
            for _ in range(doors.SIGN_IN_PAIR.most // 4):
                status(door, name)

        assert status(door, "ana", "known") == 429


@pytest.mark.usefixtures("cast")
class TestManyAddresses:
    def tries(self, most: int) -> list[int]:
        return [status(SIGN_IN, "ana", address=f"203.0.{n // 250}.{n % 250}") for n in range(most)]

    def test_together_may_not_try_one_name_for_ever_and_lock_nobody_out_who_was_here(self) -> None:
        assert status(SIGN_IN, "ana", "known") == 302

        assert set(self.tries(doors.SIGN_IN_NAME.most)) == {200}

        assert status(SIGN_IN, "ana", "known", ELSEWHERE) == 429
        assert status(SIGN_IN, "ana", "known") == 302

    def test_of_one_network_count_as_one(self) -> None:
        for n in range(doors.SIGN_IN_PAIR.most):
            status(SIGN_IN, "ana", address=f"2001:db8::{n:x}")

        assert status(SIGN_IN, "ana", "known", "2001:db8::ffff") == 429
        assert status(SIGN_IN, "ana", "known", "2001:db8:1::") == 302

    def test_one_address_may_not_try_everybody(self) -> None:
        for n in range(doors.SIGN_IN_ADDRESS.most):
            assert status(SIGN_IN, f"nobody{n}") == 200

        assert status(SIGN_IN, "nobody") == 429

    def test_one_or_two_addresses_dont_stop_a_name_elsewhere(self) -> None:
        for address in (HERE, ELSEWHERE):
            for _ in range(doors.SIGN_IN_ADDRESS.most):
                status(SIGN_IN, "ana", address=address)

        assert status(SIGN_IN, "ana", "known", "198.51.100.9") == 302

    def test_who_was_here_is_not_stopped_by_what_others_try_from_the_same_address(self) -> None:
        assert status(SIGN_IN, "ana", "known") == 302
        for n in range(doors.SIGN_IN_ADDRESS.most + 1):
            status(SIGN_IN, f"nobody{n}")

        assert status(SIGN_IN, "ben", "known") == 429
        assert status(SIGN_IN, "ana", "known") == 302

    def test_a_name_that_looks_like_an_address_isnt_held_against_the_address(self) -> None:
        for n in range(doors.SIGN_IN_ADDRESS.most):
            status(SIGN_IN, HERE, address=f"203.0.113.{n}")

        assert status(SIGN_IN, "ana", "known") == 302

    def test_what_one_address_makes_us_remember_has_an_end_and_is_forgotten(self) -> None:
        for n in range(doors.SIGN_IN_ADDRESS.most * 2):
            status(SIGN_IN, f"nobody{n}")
        kept = Knocks.objects.count()
        Knocks.objects.update(until=timezone.now() - timedelta(seconds=1))

        assert kept == 1 + 2 * doors.SIGN_IN_ADDRESS.most
        assert status(SIGN_IN, "ana", "known") == 302
        assert Knocks.objects.filter(until__lt=timezone.now()).count() == 0

    def test_who_succeeds_is_never_stopped(self) -> None:
        for _ in range(doors.SIGN_IN_ADDRESS.most + 1):
            assert status(SIGN_IN, "ana", "known") == 302


@pytest.mark.parametrize(
    ("proxies", "passed", "counted"),
    [
        *((0, "203.0.113.9", HERE), (1, "203.0.113.9", "203.0.113.9"), (1, "forged, 203.0.113.9", "203.0.113.9")),
        *((2, "203.0.113.9, 10.0.0.1", "203.0.113.9"), (1, "", HERE), (2, "203.0.113.9", HERE), (1, "x", "unknown")),
    ],
)
def test_who_calls_is_what_the_proxies_say_that_are_ours(
    cast: Cast, settings: Settings, proxies: int, passed: str, counted: str
) -> None:
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": passed} if passed else {}

    for _ in range(doors.SIGN_IN_PAIR.most):
        Client(REMOTE_ADDR=HERE, headers=headers).post(SIGN_IN, {"username": "ana", "password": "wrong"})

    with pytest.raises(TooMany):
        doors.knock_to_sign_in("ana", counted)


@pytest.mark.usefixtures("cast")
class TestANewPassword:
    def test_one_person_gets_one_mail_in_a_while_and_the_page_says_the_same(self) -> None:
        answers = [Client().post(RESET, {"email": "ben@example.com"}) for _ in range(3)]
        outgoing.sent()

        assert {answer["Location"] for answer in answers} == {reverse("accounts.reset_sent")}
        assert len(mail.outbox) == 1

    def test_is_asked_for_a_few_times_only(self) -> None:
        tried = [Client().post(RESET, {"email": f"nobody{n}@example.com"}).status_code for n in range(11)]

        assert tried == [302] * 10 + [429]

    def test_a_mail_that_cant_be_sent_is_logged_without_its_address(
        self, settings: Settings, caplog: pytest.LogCaptureFixture
    ) -> None:
        settings.MAILERS = {"default": {"BACKEND": "tests.pages.test_doors.Broken"}}

        Client().post(RESET, {"email": "ben@example.com"})
        outgoing.sent()

        assert "An e-mail could not be sent: OSError." in caplog.text
        assert "ben@" not in caplog.text


class Broken:
    """A mail server that isn't there."""

    def __init__(self, **_: Any) -> None:
        """Whatever it is told."""

    def send_messages(self, messages: list[Any]) -> int:
        """Fail, naming the person."""
        raise OSError(f"{messages[0].to} is refused")


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_tries_at_the_same_moment_all_count() -> None:
    together = threading.Barrier(8)

    def knock(_: int) -> bool:
        together.wait(timeout=30)
        try:
            doors.knock_to_sign_in("ana", HERE)
        except TooMany:
            return False
        finally:
            database.close()
        return True

    let: list[bool] = []
    for _ in range(3):
        with ThreadPoolExecutor(8) as pool:
            let += pool.map(knock, range(8))

    assert sum(let) == doors.SIGN_IN_PAIR.most
    assert sorted(Knocks.objects.values_list("count", flat=True)) == [8, 24, 24]


@pytest.mark.race
@pytest.mark.django_db(transaction=True)
def test_who_is_let_in_while_others_knock_is_let_in() -> None:
    together, came_in = threading.Barrier(8), threading.Event()

    def come(number: int) -> str:
        told = ""
        together.wait(timeout=30)
        try:
            for _ in range(6):
                doors.knock_to_sign_in("ana", HERE)
                if number % 2:
                    doors.let_in("ana", HERE)
                    came_in.set()
        except TooMany as refused:
            told = refused.code
        finally:
            database.close()
        return told

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(come, range(8)))

    assert set(told) <= {"", TooMany.code}
    # Whoever doesn't come in may have used up all tries before the first who would.
    remembered = Knocks.objects.filter(until__gt=timezone.now() + timedelta(days=1)).count()
    assert remembered == (1 if came_in.is_set() else 0)
