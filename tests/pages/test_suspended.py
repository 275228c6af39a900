"""A project that was suspended says so on each of its pages, and on the calls it missed."""

from django.urls import reverse

from agentversions.operations import resume_project, suspend_project
from tests.cast import Cast
from tests.factories import person
from tests.pages.conftest import SignIn
from tests.pages.phone import install, ring

SAID = "This project is suspended"


def test_every_page_of_it_says_so_until_it_is_resumed(cast: Cast, sign_in: SignIn) -> None:
    root, cleo = person("Root", is_superuser=True), sign_in(cast.cleo)
    phone = install(cast)
    pages = [
        *(reverse(f"{noun}.index", args=[cast.project.pk]) for noun in ("agents", "calls", "numbers", "secrets")),
        reverse("versions.show", args=[cast.agent.pk, 2]),
        reverse("connections.show", args=[phone.connection.pk]),
    ]
    assert not [page for page in pages if SAID in cleo.get(page).text]

    suspend_project(cast.project, by=root)
    call = ring(phone)

    assert [page for page in pages if SAID not in cleo.get(page).text] == []
    missed = cleo.get(reverse("calls.show", args=[call.pk])).text
    assert "The project is suspended, so the caller heard" in missed
    assert "Who runs this server can resume it." in missed
    assert SAID not in sign_in(cast.olga).get(reverse("agents.index", args=[cast.elsewhere.pk])).text
    resume_project(cast.project, by=root)
    assert not [page for page in pages if SAID in cleo.get(page).text]
