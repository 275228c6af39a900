"""E-mail as a developer's console shows it."""

from io import StringIO

from django.core.mail import EmailMessage

from agentversions.environment import mailer
from dashboard.mail import ReadableConsole


def test_a_long_link_is_printed_on_one_line() -> None:
    link = "http://127.0.0.1:8000/password/reset/MTE/" + "c" * 60 + "/"
    printed = StringIO()

    ReadableConsole(alias="default", stream=printed).send_messages(
        [EmailMessage("Your password", f"Choose a new one:\n\n{link}\n", "us@example.com", ["pia@example.com"])]
    )

    assert link in printed.getvalue().splitlines()
    assert "To: pia@example.com" in printed.getvalue()


def test_only_a_developers_console_is_readable() -> None:
    assert mailer("", development=True)["BACKEND"] == "dashboard.mail.ReadableConsole"
    assert mailer("", development=False)["BACKEND"] == "django.core.mail.backends.console.EmailBackend"


def test_an_smtp_address_becomes_options() -> None:
    options = mailer("smtps://app:p%40ss@mail.example.com", development=False)["OPTIONS"]

    assert (options["host"], options["port"], options["use_ssl"], options["use_tls"]) == (
        "mail.example.com",
        465,
        True,
        False,
    )
    assert (options["username"], options["password"]) == ("app", "p@ss")
