"""Every reason for which the product says no, each in plain words with its cure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass


class Refused(Exception):
    """A verb did nothing, and says why. `code` is for programs, `sentence` is for people."""

    code = "refused"
    sentence = "That can't be done."
    status = 409

    def __init__(self, sentence: str | None = None) -> None:
        self.sentence = sentence or self.sentence
        super().__init__(self.sentence)


class NotAllowed(Refused):
    """The person's role doesn't include this act."""

    code = "not_allowed"
    sentence = "Your role in this project doesn't allow this. Ask a project admin."
    status = 403


class TooMany(Refused):
    """Somebody tries too often."""

    code = "too_many"
    sentence = "Too many attempts. Try again in a few minutes."
    status = 429


class Hostile(Refused):
    """The input can't be stored or is not of this shape; nothing was written and nothing of it is echoed."""

    code = "unreadable"
    sentence = "This can't be read as an agent's configuration."
    status = 400


class TooLarge(Refused):
    """More text than one configuration may hold."""

    code = "too_large"
    sentence = "This is too large to save. Shorten the longest text."
    status = 413


class Stale(Refused):
    """The draft is no longer what the page showed."""

    code = "draft_changed"
    sentence = "This draft was changed in another tab. Look at it again before you go on."


class PublishedMeanwhile(Refused):
    """Another version went live since the confirmation was shown."""

    code = "published_meanwhile"
    sentence = "Another version went live meanwhile. Look again before you publish."


class DraftHasChanges(Refused):
    """The draft holds work that is in no version, and would be replaced."""

    code = "draft_has_changes"
    sentence = "Your draft has changes that are in no version. Save them first, or replace them knowingly."


class Archived(Refused):
    """The agent is archived: it keeps its history and does nothing new."""

    code = "archived"
    sentence = "This agent is archived."


class AlreadyDone(Refused):
    """There is nothing left to do: what was asked for is already so."""

    code = "already"
    sentence = "That is already so."


class KeyReused(Refused):
    """A confirmation's key came again with another request."""

    code = "key_reused"
    sentence = "This confirmation was already used for something else. Reload the page and try again."
    status = 422


class Invalid(Refused):
    """A value a person gave is not acceptable: a name that is empty, a role that doesn't exist."""

    code = "invalid"
    status = 422


class Undecided(Refused):
    """Both changed a setting in ways that contradict each other, and nobody has chosen yet."""

    code = "undecided"
    status = 422

    def __init__(self, labels: Mapping[str, str]) -> None:
        self.labels = dict(labels)
        super().__init__(f"Choose first what becomes of {', '.join(dict.fromkeys(self.labels.values()))}.")


@dataclass(frozen=True)
class Blocker:
    """One thing in the way of publishing: what it is, and where it is mended (a field's path, or a page's word)."""

    code: str
    sentence: str
    cure: str = ""
    where: str = ""


class Blocked(Refused):
    """Publishing is refused while something is missing."""

    code = "blocked"
    status = 422

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        self.blockers = list(blockers)
        super().__init__(" ".join(blocker.sentence for blocker in blockers))


class SecretPasted(Blocked):
    """A text holds a secret. A version is for ever, so none is made; the draft keeps what was typed."""

    code = "secret_pasted"


class Unparsable(Refused):
    """The draft holds text that is not yet a value; a version can only hold values."""

    code = "unparsable"
    status = 422

    def __init__(self, problems: Mapping[str, str]) -> None:
        self.problems = dict(problems)
        count = len(self.problems)
        super().__init__(
            "1 field can't be read yet. Correct it before you save a version."
            if count == 1
            else f"{count} fields can't be read yet. Correct them before you save a version."
        )
