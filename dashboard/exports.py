"""CSV for spreadsheets and programs: streamed in batches, never larger in memory than one of them.

What every export promises:

- UTF-8 with a byte order mark, without which Excel reads names as something else; RFC 4180: CRLF, every cell quoted.
- The columns' names are stable. Times are ISO 8601 in UTC, lengths are seconds, yes and no are `yes` and `no`.
- A row is a line: line breaks, tabs and other control characters become spaces.
- No cell is a formula (`cell` says how).
- A batch is one query, below the last row of the batch before it: rows that were there when it began are in it once,
  whatever is added meanwhile. Between batches no transaction is open, and the connection goes back to its pool.
- A download that broke off is told apart: its last line says so if it was ours that failed, and its stream has no end,
  which browsers and curl report as a failed download.
- An export holds a thread for as long as its reader takes. At most half of a process's threads are held so: whoever
  stalls leaves the other half to the pages. One more is refused (`Busy`).

Who may see a page may export it. It is logged, by ids and without a name or a number, and is no event: a GET writes
nothing, and reading the pages themselves leaves none either.
"""

import csv
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from threading import Semaphore

from django.conf import settings
from django.contrib.auth.models import User
from django.db import connection
from django.db.models import Model, Q, QuerySet
from django.http import StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.text import slugify

from agentversions.logs import REQUEST
from agentversions.models import Project
from agentversions.refusals import Refused

BATCH = 1_000
MOST_COUNTED = 10_000
"""Rows that are counted to tell how far an export is."""
ABOUT = "X-Rows-About"
"""The header that says how many rows to expect, where that is cheap to know."""
BROKE_OFF = "INCOMPLETE: this export broke off here. Export again."

log = logging.getLogger("agentversions.exports")

_hands = Semaphore(max(1, settings.WEB_THREADS // 2))

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")
_UNSEEN = r"\s\"'\u00ad\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufe00-\ufe0f\ufeff"
_FORMULA = re.compile(rf"(^|[;,|])([{_UNSEEN}]*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20\u2212\ufe62\ufe63\ufe66\ufe6b])")
_PHONE = re.compile(r"\+[0-9]{1,20}", re.ASCII)

type Columns[Row] = Mapping[str, Callable[[Row], object]]


class Busy(Refused):
    """As many exports as may are running in this process."""

    code = "busy"
    sentence = "Other exports are running. Try again in a minute."
    status = 503


def cell(value: object) -> str:
    """A value as a cell that no spreadsheet takes for a formula.

    OWASP's way: a text that begins with `=`, `+`, `-` or `@` (full-width ones too; behind spaces, quotes and what
    can't be seen) gets a `'` before it, which makes it text. So does what follows a `;`, `,` or `|` inside, since a
    spreadsheet of another country may begin a new cell there. A phone number stays as it is: `+` and nothing but
    digits is at most a number to a spreadsheet, it can't name a function or a cell, and programs need it in E.164.
    """
    match value:
        case None:
            return ""
        case bool():
            return "yes" if value else "no"
        case datetime():
            return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case int() | Decimal():
            return str(value)
    text = _CONTROL.sub(" ", str(value))
    return text if _PHONE.fullmatch(text) else _FORMULA.sub(r"\1'\2", text)


def batches[M: Model](query: QuerySet[M], after: Callable[[M], Q]) -> Iterator[list[M]]:
    """The rows of an ordered query, one query a batch; `after` is what lies below a row in that order."""
    rows = query
    while page := list(rows[:BATCH]):
        yield page
        if len(page) < BATCH:
            return
        rows = query.filter(after(page[-1]))


def counted[M: Model](query: QuerySet[M]) -> int | None:
    """How many rows a query has; None for more than are counted."""
    found = query.order_by()[: MOST_COUNTED + 1].count()
    return found if found <= MOST_COUNTED else None


@dataclass(frozen=True)
class Export[Row]:
    """What to export of a project: the rows in batches, and what to write of each. `about` how many, if known."""

    name: str
    project: Project
    columns: Columns[Row]
    batches: Iterable[Sequence[Row]]
    about: int | None = None

    @property
    def filename(self) -> str:
        """`front-desk-calls-2026-11-23.csv`: nothing of it needs quoting in a header."""
        return f"{slugify(self.project.name)[:60] or 'project'}-{self.name}-{timezone.now():%Y-%m-%d}.csv"

    def download(self, by: User) -> StreamingHttpResponse:
        """The answer that streams it. Raises Busy while too many others run."""
        lines = self._lines(by, REQUEST.get())
        next(lines)  # it runs: whatever becomes of the answer now, closing it lets the next one run
        response = StreamingHttpResponse(lines, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = content_disposition_header(as_attachment=True, filename=self.filename)
        if self.about is not None:
            response[ABOUT] = str(self.about)
        return response

    def _lines(self, by: User, request: str) -> Iterator[bytes]:
        """Nothing, then a batch at a time. What ends it early is told, and goes on to the server, which then breaks
        the stream.
        """
        if not _hands.acquire(blocking=False):
            raise Busy
        rows, complete = 0, False
        try:
            yield b""
            yield b"\xef\xbb\xbf" + _csv([list(self.columns)])
            for batch in self.batches:
                if not connection.in_atomic_block:  # as it is in a test
                    connection.close()
                rows += len(batch)
                yield _csv([cell(of(row)) for of in self.columns.values()] for row in batch)
            complete = True
        except Exception:
            yield _csv([[BROKE_OFF]])
            raise
        finally:
            _hands.release()
            told = {"project": self.project.pk, "user": by.pk, "export": self.name, "rows": rows, "complete": complete}
            log.info("exported", extra={"told": told | ({"request": request} if request else {})})


class _Written(list[str]):
    """What csv writes into."""

    write = list.append


def _csv(rows: Iterable[Sequence[str]]) -> bytes:
    written = _Written()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\r\n").writerows(rows)
    return "".join(written).encode("utf-8", "replace")
