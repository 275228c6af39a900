"""What holds for every page: signed in, kept by nobody on the way, and a refusal said in plain words."""

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from agentversions.refusals import Refused

type View = Callable[..., HttpResponseBase]


class SignInRequired(LoginRequiredMiddleware):
    """Sends people who aren't signed in to sign in; a fragment's request gets 401, so that its page stays."""

    def handle_no_permission(self, request: HttpRequest, view_func: View) -> Any:
        """Answer 401 to htmx, the sign-in page's address to everyone else.

        A deed isn't done by signing in, and its address is no page: from there it leads to its agent, or home.
        """
        if request.headers.get("HX-Request"):
            return HttpResponse(status=401)
        if request.method not in ("GET", "HEAD"):
            agent = request.resolver_match.kwargs.get("agent_id") if request.resolver_match else None
            return redirect_to_login(reverse("agents.show", args=[agent]) if agent else "/")
        return super().handle_no_permission(request, view_func)


class PrivatePages:
    """Prompts are nobody else's: no cache keeps a page, and a page is never mistaken for its fragment."""

    def __init__(self, get_response: View) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Add the headers; static files never come this far."""
        response = self.get_response(request)
        response.headers.setdefault("Cache-Control", "no-store")
        patch_vary_headers(response, ["HX-Request"])
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        """Tell a refusal: in the open dialog, beside the page, or on a page of its own."""
        if not isinstance(exception, Refused):
            return None
        return refusal(request, exception)


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """The page or fragment that says why nothing happened, and the cure."""
    match = request.resolver_match
    told: dict[str, Any] = {"refused": refused, "agent_id": match.kwargs.get("agent_id") if match else None}
    if not request.headers.get("HX-Request"):
        return render(request, "refusal.html", told, status=refused.status)
    response = render(request, "components/refusal.html", told, status=refused.status)
    in_dialog = request.headers.get("HX-Target") == "dialog"
    response["HX-Retarget"] = "#dialog-refusal" if in_dialog else "#toasts"
    response["HX-Reswap"] = "innerHTML" if in_dialog else "beforeend"
    return response
