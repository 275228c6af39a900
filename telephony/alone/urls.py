"""The phone's doors, under the same addresses as in the whole site."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path

urlpatterns = [path("telephony/", include("telephony.urls"))]


def nothing_here(_request: HttpRequest, exception: Exception) -> HttpResponse:
    """A page would lead to pages, of which there are none here."""
    del exception
    return HttpResponse("Nothing is here.\n", status=404, content_type="text/plain")


handler404 = nothing_here
