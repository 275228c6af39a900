"""What people think of calls. A review is a judgement, not a change of the product: its history is its memory."""

from django.contrib.auth.models import User
from django.db.transaction import atomic

from agentversions.access import Act, require
from agentversions.refusals import Invalid
from agentversions.values import UNSTORABLE
from telephony.models import Call, Review
from telephony.tallying import sums, tally

LONGEST_NOTE = 1_000


@atomic
def review_call(call: Call, *, good: bool, by: User, note: str = "") -> Review:
    """Say whether a call did what it was for, in the place of what was said before. It counts before the provider's.

    The same again is no act. Raises Invalid for a call that no version answered, and for a note on a forgotten one.
    """
    call = _locked(call)
    require(by, Act.EDIT, call.connection.project)
    if call.version_id is None:
        raise Invalid("No version answered this call, so there is nothing to judge.")
    if note and call.forgotten_at:
        raise Invalid("What was said in this call is forgotten, and a note would keep it. Judge it without a note.")
    note, before = _clean(note), Review.objects.filter(call=call).first()
    review = before or Review(call=call)
    if before and (before.good, before.note, before.by_id) == (good, note, by.pk):
        return before
    review.good, review.note, review.by = good, note, by
    _as_done(review, by).save()
    _judge(call, success=good)
    return review


@atomic
def take_back_review(call: Call, *, by: User) -> Call:
    """Leave the judgement to the provider again, if it judged. Taken back already, it stays so."""
    call = _locked(call)
    require(by, Act.EDIT, call.connection.project)
    review = Review.objects.filter(call=call).first()
    if review:
        _as_done(review, by).delete()
        _judge(call, success=provider_judgement(call))
    return call


def provider_judgement(call: Call) -> bool | None:
    """What the provider said last of the call's success, if it said anything."""
    judged = call.events.filter(told__has_key="success").order_by("-pk").values_list("told", flat=True).first()
    said: bool | None = judged["success"] if judged else None
    return said


def _locked(call: Call) -> Call:
    """The call as it is now, locked as `settle` locks it: a report that comes meanwhile waits, and sees the review."""
    rows = Call.objects.select_for_update(of=("self",), no_key=True).select_related("project")
    return rows.get(pk=call.pk)


def _as_done(review: Review, by: User) -> Review:
    """Let the review's history name who did it: of one that is taken back, not who wrote it."""
    review._history_user = by  # type: ignore[attr-defined] # noqa: SLF001 (simple-history's own word for it)
    return review


def _judge(call: Call, *, success: bool | None) -> None:
    before = sums(call)
    call.success = success
    call.save(update_fields=["success"])
    tally(call, before)


def _clean(note: str) -> str:
    """A note without spaces around it; raises Invalid if it is too long or can't be stored."""
    note = note.replace("\r\n", "\n").strip()
    if len(note) > LONGEST_NOTE or UNSTORABLE.search(note):
        raise Invalid(f"A note has at most {LONGEST_NOTE:,} characters, and no control characters.")
    return note
