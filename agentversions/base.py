"""What a page last saw of a draft: sent along with everything that would change it."""

from dataclasses import dataclass
from uuid import UUID

from agentversions.refusals import Hostile


@dataclass(frozen=True)
class Base:
    """The draft (None: there was none), its revision, and the number of the version it came from.

    Written `<draft>.<revision>.<version>`, with `new` for a draft that doesn't exist yet.
    """

    draft: UUID | None
    revision: int
    shown: int

    @classmethod
    def read(cls, text: str) -> "Base":
        """Read the written form; raises Hostile."""
        try:
            draft, revision, shown = text.split(".")
            return cls(None if draft == "new" else UUID(draft), int(revision), int(shown))
        except ValueError:
            raise Hostile("The page sent a draft that can't be read. Reload it.") from None

    def __str__(self) -> str:
        return f"{self.draft or 'new'}.{self.revision}.{self.shown}"
