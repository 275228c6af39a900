"""Signing in and out, and a new password by e-mail."""

from collections.abc import Iterable
from functools import partial
from typing import Any

from django.conf import settings
from django.contrib.auth import logout, views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import PasswordResetForm
from django.contrib.auth.models import User
from django.core.mail import EmailMessage
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from agentversions.operations import doors
from agentversions.signing_in import Counted, caller, told_to_wait
from dashboard import demo_sign_in, mail

SHOWN = ("ana", "pia", "ben", "cleo", "admin")
"""The demo's people whom the sign-in page names, on a developer's machine."""


class SignInForm(Counted):
    """A name and a password; a refusal doesn't tell which of them was wrong."""

    error_messages = {
        "invalid_login": "That name and password don't belong together. Both mind capital letters.",
        "inactive": "That name and password don't belong together. Both mind capital letters.",
    }


class ResetForm(PasswordResetForm):
    """An e-mail address; the demo's people, who have no password yet, may choose one too."""

    def send_mail(
        self, subject_template_name: str, email_template_name: str, context: dict[str, Any], *told: Any, **more: Any
    ) -> None:
        """Send it after the answer, which then takes as long for an address that nobody has."""
        del subject_template_name, email_template_name, told, more
        mail.later(partial(_send, context))

    def get_users(self, email: str) -> Iterable[User]:
        """Those who get the e-mail; nobody, if one was asked for moments ago."""
        if not doors.may_mail(email):
            return
        yield from super().get_users(email)
        if settings.DEBUG:
            demo = User.objects.filter(email__iexact=email, is_active=True, username__in=demo_sign_in.PEOPLE)
            yield from (person for person in demo if not person.has_usable_password())


def _send(context: dict[str, Any]) -> None:
    subject = " ".join(render_to_string("accounts/reset_subject.txt", context).split())
    EmailMessage(subject, render_to_string("accounts/reset_mail.txt", context), to=[context["email"]]).send()


@told_to_wait
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponseBase:
    """Let someone in, and lead them where they were going."""
    view = views.LoginView.as_view(
        template_name="accounts/sign_in.html",
        authentication_form=SignInForm,
        redirect_authenticated_user=True,
        extra_context=_demo(),
    )
    return view(request)


def _demo() -> dict[str, Any]:
    if not settings.DEBUG:
        return {}
    there = set(User.objects.filter(username__in=SHOWN).values_list("username", flat=True))
    return {"demo": [name for name in SHOWN if name in there], "demo_password": demo_sign_in.PASSWORD}


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    logout(request)
    return redirect("accounts.sign_in")


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def reset_password(request: HttpRequest) -> HttpResponseBase:
    """Send the way to a new password; what is said doesn't tell whether someone has this address."""
    if request.method == "POST":
        doors.knock_for_a_password(caller(request))
    view = views.PasswordResetView.as_view(
        template_name="accounts/reset_password.html",
        form_class=ResetForm,
        extra_email_context={"home": settings.PUBLIC_BASE_URL},
        success_url=reverse_lazy("accounts.reset_sent"),
    )
    return view(request)


@login_not_required
@require_safe
def reset_sent(request: HttpRequest) -> HttpResponse:
    """The e-mail is on its way."""
    return render(request, "accounts/reset_sent.html", {"demo": settings.DEBUG})


@login_not_required
@require_http_methods(["GET", "HEAD", "POST"])
def choose_password(request: HttpRequest, uidb64: str, token: str) -> HttpResponseBase:
    """A new password, for who holds the e-mail."""
    view = views.PasswordResetConfirmView.as_view(
        template_name="accounts/choose_password.html",
        success_url=reverse_lazy("accounts.password_chosen"),
    )
    return view(request, uidb64=uidb64, token=token)


@login_not_required
@require_safe
def password_chosen(request: HttpRequest) -> HttpResponse:
    """The new password holds."""
    return render(request, "accounts/password_chosen.html")
