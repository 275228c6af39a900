"""A short word on what was just done, with a way to look at it or undo it; it survives one redirect."""

from dataclasses import asdict, dataclass, field
from uuid import uuid4

from django.http import HttpRequest

_KEPT = "toast"


@dataclass(frozen=True)
class Toast:
    """What is said, and the addresses behind `View` and `Undo`; `fields` go along with the undo."""

    words: str
    view: str = ""
    undo: str = ""
    fields: dict[str, str] = field(default_factory=dict)

    @property
    def key(self) -> str:
        """The undo's confirmation key."""
        return str(uuid4())


def keep(request: HttpRequest, toast: Toast) -> None:
    """Show the toast on the next page."""
    request.session[_KEPT] = asdict(toast)


def toast(request: HttpRequest) -> dict[str, object]:
    """A context processor: the toast kept for this page, if there is one.

    Only a page that somebody will look at takes it: what a page fetches besides and finds missing is answered by a
    page too, and may be answered first.
    """
    if not hasattr(request, "session") or request.headers.get("HX-Request"):
        return {}
    if request.headers.get("Sec-Fetch-Dest", "document") != "document":  # https://www.w3.org/TR/fetch-metadata/
        return {}
    kept = request.session.pop(_KEPT, None)
    return {"toast": Toast(**kept)} if kept else {}
