"""What opens one call's doors, and no other's: signatures over the call's id.

One token lets a worker fetch the configuration, another guards the address of reports that a provider doesn't sign.
"""

from datetime import timedelta
from uuid import UUID

from django.core.signing import BadSignature, Signer
from django.utils import timezone

from telephony.models import Call, Status

AFTER = timedelta(minutes=10)
"""How long a token outlives the longest its call may last."""

REPORTS = timedelta(days=1)
"""How long after the longest its call may last a report is still taken: some are made by slow machines, afterwards."""

_signer = Signer(salt="telephony.call.configuration")
_reports = Signer(salt="telephony.call.report")


def token(call: Call) -> str:
    """The call's token: the same whenever it is asked for, so that a retry's answer is the same too."""
    return _signer.signature(str(call.pk))


def report_token(call: Call) -> str:
    """The secret part of the address for a call's unsigned reports."""
    return _reports.signature(str(call.pk))


def opens(call: UUID, given: str) -> bool:
    """Whether this token was handed out for this call."""
    return _signed(_signer, call, given)


def opens_reports(call: UUID, given: str) -> bool:
    """Whether this token is the secret part of the address for this call's reports."""
    return _signed(_reports, call, given)


def _signed(signer: Signer, call: UUID, given: str) -> bool:
    try:
        return signer.unsign(f"{call}:{given}") == str(call)
    except (BadSignature, UnicodeError):
        return False


def may_report(call: Call) -> bool:
    """Whether a report of the call may still come."""
    if call.version is None:
        return False
    return timezone.now() < call.started_at + timedelta(seconds=call.version.longest_call) + REPORTS


def over(call: Call) -> bool:
    """Whether the call is past: then its token is dead, and a replayed ring gets a refusal."""
    if call.version is None or Status(call.status).ended:
        return True
    return timezone.now() >= call.started_at + timedelta(seconds=call.version.longest_call) + AFTER
