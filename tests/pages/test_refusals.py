"""A refusal says why, and leads back to a page of ours."""

import pytest
from django.urls import reverse

from dashboard.templatetags.words import local_path
from tests.cast import Cast
from tests.pages.conftest import SignIn


@pytest.mark.parametrize(
    ("came_from", "leads_to"),
    [
        ("https://agents.example.com/agents/1/?x=1", "/agents/1/"),
        ("https://evil.example.com//evil.example.com/x", "/evil.example.com/x"),
        ("javascript:alert(1)", "/alert(1)"),
        (None, "/"),
        ("http://[", "/"),
    ],
)
def test_the_way_back_is_on_this_host(came_from: str | None, leads_to: str) -> None:
    assert local_path(came_from) == leads_to


def test_an_address_that_is_none_breaks_no_page(cast: Cast, sign_in: SignIn) -> None:
    address = reverse("versions.index", args=[cast.agent.pk])

    page = sign_in(cast.cleo).get(address, headers={"HX-Request": "true", "HX-Current-URL": "http://["})

    assert page.status_code == 200


def test_a_refusal_is_a_page_for_a_browser_and_a_line_for_a_fragment(cast: Cast, sign_in: SignIn) -> None:
    address = reverse("agents.rename", args=[cast.agent.pk])
    page = sign_in(cast.cleo).post(address, {"name": "Mine"})
    line = sign_in(cast.cleo).post(address, {"name": "Mine"}, headers={"HX-Request": "true", "HX-Target": "dialog"})

    assert (page.status_code, line.status_code) == (403, 403)
    assert page.text.startswith("<!doctype html>")
    assert line.text.strip().startswith('<p class="block">Your role')
    assert line["HX-Retarget"] == "#dialog-refusal"
