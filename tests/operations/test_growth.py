"""However long someone types, one draft is one row, and what is kept of its earlier states is bounded.

Nothing in an autosave depends on how many went before it but the checkpoints, and those depend on the clock: so 1,000
with a checkpoint due at every other one show what 10,000 do, which take most of a minute.
"""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from agentversions.models import Draft, Event
from agentversions.operations import drafts, edit_draft
from tests.cast import Cast, shown, stored, typed

AUTOSAVES = 1_000
EVERY = timedelta(minutes=3)


def test_thousands_of_autosaves_leave_one_draft_and_a_bounded_number_of_earlier_ones(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, base, now, events = uuid4(), shown(cast.agent, cast.ben), timezone.now(), Event.objects.count()
    most = 0
    for count in range(1, AUTOSAVES + 1):
        now += EVERY
        monkeypatch.setattr(timezone, "now", lambda now=now: now)
        saved = edit_draft(
            cast.agent, typed(greeting=f"Hello {count}"), base=base, by=cast.ben, client=client, sequence=count
        )
        base = saved.draft.base
        if count % 100 == 0:
            most = max(most, Draft.history.count())

    draft = stored(cast.agent, cast.ben)
    assert (Draft.objects.count(), draft.revision, draft.read().greeting) == (1, AUTOSAVES, f"Hello {AUTOSAVES}")
    assert most == Draft.history.count() == drafts.CHECKPOINTS_KEPT
    assert Event.objects.count() == events  # an autosave is no event
    newest = draft.history.latest("history_id")
    assert draft.changed_at - newest.changed_at <= drafts.CHECKPOINT_EVERY + EVERY
