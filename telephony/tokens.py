"""What opens one call's doors, and no other's: signatures over the call's id.

One token lets a worker fetch the configuration, another guards the address of reports that a provider doesn't sign.
"""

from datetime import timedelta

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


def opens(call: Call, given: str) -> bool:
    """Whether this token was handed out for this call."""
    return _signed(_signer, call, given)


def reports(call: Call, given: str) -> bool:
    """Whether a report may come to this address: it is this call's, and not of long ago."""
    if call.version is None or not _signed(_reports, call, given):
        return False
    return timezone.now() < call.started_at + timedelta(seconds=call.version.longest_call) + REPORTS


def _signed(signer: Signer, call: Call, given: str) -> bool:
    try:
        return signer.unsign(f"{call.pk}:{given}") == str(call.pk)
    except (BadSignature, UnicodeError):
        return False


def over(call: Call) -> bool:
    """Whether the call is past: then its token is dead, and a replayed ring gets a refusal."""
    if call.version is None or Status(call.status).ended:
        return True
    return timezone.now() >= call.started_at + timedelta(seconds=call.version.longest_call) + AFTER
