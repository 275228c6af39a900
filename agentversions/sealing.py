"""Seals secrets, so that a copy of the database is worth nothing without the key."""

import hashlib
import json
from collections import Counter

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.apps import apps
from django.conf import settings
from django.db.models import Model, QuerySet

type Secrets = dict[str, str]

SEALED = [("agentversions.Secret", "sealed")]
"""Where sealed secrets lie: a model and its field. Other packages append their own when they are loaded."""
SAMPLE = 5


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


def rows(model: str, field: str) -> QuerySet[Model]:
    """The rows of a model that hold something sealed."""
    return QuerySet(apps.get_model(model)).exclude(**{field: ""})


def opens() -> bool:
    """Whether the keys at hand are this database's: of each kind's newest few, one can be opened or there is none.

    One alone may be lost, and is no reason to answer nobody; `manage.py verify` tells of every one.
    """
    newest = [rows(model, field).order_by("-pk").values_list(field, flat=True)[:SAMPLE] for model, field in SEALED]
    return all(any(map(openable, some)) for some in map(list, newest) if some)


def openable(sealed: str) -> bool:
    """Whether one of the keys at hand sealed this."""
    try:
        unseal(sealed)
    except Unsealable:
        return False
    return True


def fingerprints() -> list[str]:
    """A name for each key at hand, which tells nothing of it."""
    return [_fingerprint(key) for key in settings.ENCRYPTION_KEYS]


def _fingerprint(key: str) -> str:
    return hashlib.sha256(b"the name of a key: " + key.encode()).hexdigest()[:12]


def in_use() -> Counter[str]:
    """How many sealed rows each key at hand opens, by the key's fingerprint; under "" those that none opens."""
    found: Counter[str] = Counter()
    for model, field in SEALED:
        for sealed in rows(model, field).values_list(field, flat=True).iterator():
            found[next((_fingerprint(key) for key in settings.ENCRYPTION_KEYS if _opens(key, sealed)), "")] += 1
    return found


def _opens(key: str, sealed: str) -> bool:
    try:
        Fernet(key).decrypt(sealed.encode())
    except InvalidToken:
        return False
    return True


def _fernet() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.ENCRYPTION_KEYS])
