"""Seals secrets, so that a copy of the database is worth nothing without the key."""

import json

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings

type Secrets = dict[str, str]


class Unsealable(Exception):
    """The secrets were sealed with a key that ENCRYPTION_KEYS no longer holds."""


def seal(secrets: Secrets) -> str:
    """The secrets as text for the database, encrypted with the newest key."""
    return _fernet().encrypt(json.dumps(secrets, sort_keys=True).encode()).decode()


def unseal(sealed: str) -> Secrets:
    """The secrets again, with whichever key sealed them; raises Unsealable."""
    if not sealed:
        return {}
    try:
        opened: Secrets = json.loads(_fernet().decrypt(sealed.encode()))
    except InvalidToken:
        raise Unsealable("ENCRYPTION_KEYS holds no key that opens these secrets.") from None
    return opened


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])
