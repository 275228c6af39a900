"""What the review of a draft that is behind sent: a side, or a text, for each setting that both changed."""

from typing import get_args

from django.http import QueryDict

from agentversions.documents import MAX_CHARACTERS
from agentversions.merging import Choice, Side
from agentversions.refusals import Hostile, TooLarge

SIDE, TEXT = "side:", "text:"
ABOUT_THE_PAGE = {"csrfmiddlewaretoken", "key", "base", "live"}


def read_choices(posted: QueryDict) -> dict[str, Choice]:
    """What was chosen, by path; raises Hostile for what no page of ours sends."""
    choices = {}
    for name in posted:
        path = name.removeprefix(SIDE)
        if path != name:
            side = next((side for side in get_args(Side.__value__) if side == posted[name]), None)
            if side is None:
                raise Hostile("The page sent a choice that doesn't exist. Reload it.")
            choices[path] = Choice(side, typed_text(posted, path) if side == "text" else "")
        elif name not in ABOUT_THE_PAGE and not name.startswith(TEXT):
            raise Hostile("The page sent a choice that doesn't exist. Reload it.")
    return choices


def typed_text(posted: QueryDict, path: str) -> str:
    """The text that was written for a setting; raises TooLarge for more than a configuration holds."""
    text = str(posted.get(TEXT + path, ""))
    if len(text) > MAX_CHARACTERS:
        raise TooLarge
    return text.replace("\r\n", "\n")
