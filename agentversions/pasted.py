"""Finds secrets that were pasted into a text: a version is for ever, and everyone in the project reads it.

Only what is a secret beyond doubt: a prefix that its issuer documents, with as many characters as a real one has, or a
form that has no other use. Each pattern is looked for only where its marker occurs, begins where a word begins and
never goes back over what it has read, so that the longest document takes milliseconds.
Sources: the providers' pages on their keys' formats; RFC 6750 (Bearer), RFC 7468 (PEM), RFC 7519 (JWT), RFC 3986.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from agentversions.configuration import Configuration
from agentversions.texts import texts


@dataclass(frozen=True)
class Found:
    """A field that holds a secret: its path, its label, and what kind of secret it is. Never the secret itself."""

    path: str
    label: str
    what: str


def secrets(configuration: Configuration) -> list[Found]:
    """Every field that holds a secret, once for each kind of secret in it."""
    return [Found(text.path, text.label, what) for text in texts(configuration) for what in kinds(text.text)]


def kinds(text: str) -> list[str]:
    """The kinds of secret in a text, in words: `an OpenAI key`. Never the secret itself."""
    return list(dict.fromkeys(_kinds(text)))


def _kinds(text: str) -> Iterator[str]:
    small = text.lower()
    for what, marker, pattern in _PATTERNS:
        if marker in small and pattern.search(text):
            yield what


_DIGIT = r"(?=[A-Za-z_.~+/-]{0,80}+[0-9])"
"""Words joined by hyphens have no digits; keys of some length always do."""

_HEX = "[0-9a-f]{32}"


def _word(pattern: str) -> re.Pattern[str]:
    """Where a word begins and ends with it."""
    return re.compile(rf"(?<![A-Za-z0-9_-]){pattern}(?![A-Za-z0-9])")


_PATTERNS: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    ("an Anthropic key", "sk-ant-", _word(r"sk-ant-[A-Za-z0-9_-]{20,}+")),
    ("an OpenAI key", "sk-", _word(rf"sk-(?!ant-)(?:proj-|svcacct-|admin-)?{_DIGIT}[A-Za-z0-9_-]{{20,}}+")),
    ("a Stripe key", "k_live_", _word(r"[sr]k_live_[A-Za-z0-9]{16,}+")),
    ("a Stripe key", "k_test_", _word(r"[sr]k_test_[A-Za-z0-9]{16,}+")),
    ("an ElevenLabs key", "sk_", _word(r"sk_[0-9a-f]{48}")),
    ("a Cartesia key", "sk_car_", _word(r"sk_car_[A-Za-z0-9]{16,}+")),
    ("a Groq key", "gsk_", _word(r"gsk_[A-Za-z0-9]{40,}+")),
    ("an xAI key", "xai-", _word(rf"xai-{_DIGIT}[A-Za-z0-9]{{40,}}+")),
    ("a Hugging Face token", "hf_", _word(r"hf_[A-Za-z0-9]{30,}+")),
    ("a Google key", "aiza", _word(r"AIza[A-Za-z0-9_-]{35}")),
    ("a Google token", "ya29.", _word(r"ya29\.[A-Za-z0-9_-]{20,}+")),
    ("an AWS key", "akia", _word(r"AKIA[A-Z2-7]{16}")),
    ("an AWS key", "asia", _word(r"ASIA[A-Z2-7]{16}")),
    ("a GitHub token", "gh", _word(r"gh[opsur]_[A-Za-z0-9]{36,}+")),
    ("a GitHub token", "github_pat_", _word(r"github_pat_[A-Za-z0-9_]{22,}+")),
    ("a GitLab token", "glpat-", _word(r"glpat-[A-Za-z0-9_-]{20,}+")),
    ("a Slack token", "xox", _word(r"xox[abeoprs]-[0-9][A-Za-z0-9-]{9,}+")),
    ("a Slack webhook", "hooks.slack.com", re.compile(r"hooks\.slack\.com/services/T\w{6,20}+/B\w{6,20}+/\w{16,}+")),
    ("a SendGrid key", "sg.", _word(r"SG\.[A-Za-z0-9_-]{22}\.[A-Za-z0-9_-]{43}")),
    ("an npm token", "npm_", _word(r"npm_[A-Za-z0-9]{36}")),
    ("a Telnyx key", "key", _word(r"KEY[0-9A-F]{32}_[A-Za-z0-9]{20,}+")),
    ("a Twilio API key", "sk", _word(r"SK[0-9a-f]{32}")),
    (
        "a Twilio auth token",
        "ac",
        _word(r"AC[0-9a-f]{32}[^0-9A-Za-z]{1,4}(?:[A-Za-z_ ]{1,30}[^0-9A-Za-z]{1,4})?[0-9a-f]{32}"),
    ),
    ("an auth token", "auth", re.compile(r"auth[_ -]?token\W{1,5}[0-9a-f]{32}(?![0-9a-f])", re.IGNORECASE)),
    ("a signing secret", "whsec_", _word(r"whsec_[A-Za-z0-9+/]{24,}+")),
    ("a private key", "private key-----", re.compile(r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY-----")),
    ("a token (JWT)", "eyj", _word(r"eyJ[A-Za-z0-9_-]{8,}+\.eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{16,}+")),
    ("a bearer token", "bearer", re.compile(rf"\bbearer\s{{1,3}}{_DIGIT}[A-Za-z0-9._~+/-]{{20,}}+", re.IGNORECASE)),
    (
        "a user name and password",
        "basic",
        re.compile(r"authorization\W{1,5}basic\s{1,3}[A-Za-z0-9+/]{12,}+", re.IGNORECASE),
    ),
    (
        "an address with a password",
        "://",
        re.compile(r"://[^\s/:@\"'<>{}]{1,100}+:(?!(?:password|pass|secret)@)[^\s/:@\"'<>{}]{1,200}+@[A-Za-z0-9\[]"),
    ),
    (
        "an address with a key",
        "=",
        re.compile(
            r"[?&](?:(?:x-)?api[_-]?key|access[_-]?token|auth[_-]?token|client[_-]?secret|secret|password)="
            r"(?!your|\W|x{3})[A-Za-z0-9._~%+/-]{6,}+"
            rf"|[?&](?:key|token|sig|signature)={_DIGIT}[A-Za-z0-9._~%+/-]{{16,}}+",
            re.IGNORECASE,
        ),
    ),
)
"""What it is, what any text with one holds (in small letters), and what it looks like."""
