"""The switchboard's settings; everything that differs between installations comes from the environment.

DEBUG=1                  a developer's machine: development keys, e-mail on the console, demo sign-ins
SECRET_KEY               signs sessions and call tokens; required without DEBUG
ENCRYPTION_KEYS          Fernet keys, newest first, separated by commas; required without DEBUG
DATABASE_URL             postgres://user:password@host:port/name; the embedded SQLite file without it
PUBLIC_BASE_URL          https://agents.example.com: what providers were told to call, and what they sign
ALLOWED_HOSTS            host names, separated by commas; the public base URL's host when unset
EMAIL_URL                smtp://user:password@host:port (smtps:// for TLS from the start); the console without it
VAR_DIR                  where the embedded database lies; var/ beside manage.py when unset
TRUSTED_PROXIES          how many proxies add to X-Forwarded-For whom they heard; 1 with https, else 0, when unset
WEB_THREADS              threads of one server process, and so its database connections; 4 when unset
PHONE_PATIENCE           seconds that a caller waits for the database before the fallback; 1.5 when unset
"""

import os
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured
from django.utils.csp import CSP

from agentversions.environment import database, mailer, switch

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = Path(os.environ.get("VAR_DIR") or BASE_DIR / "var")

DEBUG = switch("DEBUG")


def _required(name: str, in_development: str) -> str:
    value = os.environ.get(name, "")
    if not value and not DEBUG:
        raise ImproperlyConfigured(f"Set {name} in the environment; the README says how.")
    return value or in_development


SECRET_KEY = _required("SECRET_KEY", "for development only, never on a server")
ENCRYPTION_KEYS = _required("ENCRYPTION_KEYS", "ZGV2ZWxvcG1lbnQtb25seS1uby1zZWNyZXQtaGVyZSE=").split(",")

PUBLIC_BASE_URL = os.environ.get("PUBLIC_BASE_URL", "http://127.0.0.1:8000").rstrip("/")
_public = urlsplit(PUBLIC_BASE_URL)
ALLOWED_HOSTS = [host for host in (os.environ.get("ALLOWED_HOSTS") or _public.hostname or "").split(",") if host]
if DEBUG:
    ALLOWED_HOSTS += ["127.0.0.1", "localhost"]
CSRF_TRUSTED_ORIGINS = [PUBLIC_BASE_URL]

TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES") or (_public.scheme == "https"))

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "simple_history",
    "agentversions",
    "telephony",
    "dashboard",
]

MIDDLEWARE = [
    "agentversions.requests.Told",
    "agentversions.health.Health",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "dashboard.middleware.SignInRequired",
    # After it: who is signed out should hear that, and not that a token of theirs is stale.
    "django.middleware.csrf.CsrfViewMiddleware",
    "dashboard.middleware.PrivatePages",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
]

ROOT_URLCONF = "agentversions.urls"
WSGI_APPLICATION = "agentversions.wsgi.application"

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "builtins": ["dashboard.templatetags.words"],
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "dashboard.toasts.toast",
            ],
        },
    }
]

WEB_THREADS = int(os.environ.get("WEB_THREADS") or "4")
PHONE_PATIENCE = float(os.environ.get("PHONE_PATIENCE") or "1.5")
DATABASES = {
    "default": database(
        os.environ.get("DATABASE_URL", ""),
        embedded=VAR_DIR / "db.sqlite3",
        threads=WEB_THREADS,
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
if DEBUG:
    AUTHENTICATION_BACKENDS.append("dashboard.demo_sign_in.DemoSignIn")
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "accounts.sign_in"
LOGIN_REDIRECT_URL = "projects.home"
LOGOUT_REDIRECT_URL = "accounts.sign_in"

MAILERS = {"default": mailer(os.environ.get("EMAIL_URL", ""), development=DEBUG)}
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", f"agent-versions@{_public.hostname}")

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = Path(os.environ.get("STATIC_ROOT") or BASE_DIR / "staticfiles")
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# A form with 50 tools has more than Django's 1,000 fields; a transcript with word times is larger than its 2.5 MB.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 4_000
DATA_UPLOAD_MAX_MEMORY_SIZE = 8 * 1024 * 1024

# Every script and style is a file of ours: nothing inline, nothing from elsewhere.
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _public.scheme == "https" else None
if _public.scheme == "https":
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
    SECURE_SSL_REDIRECT = True
    # A provider's webhook must never be redirected, and a health probe comes from beside the server.
    SECURE_REDIRECT_EXEMPT = [r"^telephony/"]
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True

SIMPLE_HISTORY_REVERT_DISABLED = True
SIMPLE_HISTORY_ENFORCE_HISTORY_MODEL_PERMISSIONS = True

# Lines of JSON for a server's log, text for a developer's eyes: there runserver tells of each request by itself.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {"()": "agentversions.logs.Lines"},
        "text": {"format": "%(levelname)s %(name)s: %(message)s"},
    },
    "filters": {"unanswered": {"()": "agentversions.logs.Unanswered"}},
    "handlers": {
        "console": {"class": "logging.StreamHandler", "formatter": "text" if DEBUG else "lines"},
    },
    "loggers": {
        "agentversions.access": {"level": "WARNING" if DEBUG else "INFO"},
        "django": {"handlers": [], "level": "INFO"},
        "django.server": {"level": "INFO" if DEBUG else "CRITICAL"},
        "django.request": {"filters": [] if DEBUG else ["unanswered"]},
    },
    "root": {"handlers": ["console"], "level": "INFO"},
}
