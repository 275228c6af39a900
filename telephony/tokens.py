"""What lets a worker fetch the configuration of its call, and of no other: a signature over the call's id."""

from datetime import timedelta

from django.core.signing import BadSignature, Signer
from django.utils import timezone

from telephony.models import Call, Status

AFTER = timedelta(minutes=10)
"""How long a token outlives the longest its call may last."""

_signer = Signer(salt="telephony.call.configuration")


def token(call: Call) -> str:
    """The call's token: the same whenever it is asked for, so that a retry's answer is the same too."""
    return _signer.signature(str(call.pk))


def opens(call: Call, given: str) -> bool:
    """Whether this token was handed out for this call."""
    try:
        return _signer.unsign(f"{call.pk}:{given}") == str(call.pk)
    except (BadSignature, UnicodeError):
        return False


def over(call: Call) -> bool:
    """Whether the call is past: then its token is dead, and a replayed ring gets a refusal."""
    if call.version is None or Status(call.status).ended:
        return True
    return timezone.now() >= call.started_at + timedelta(seconds=call.version.longest_call) + AFTER
