"""The installation's settings, with the phone's doors only: no session, no account, no page, no static file."""

from agentversions.settings import *  # noqa: F403 (all of them, but for the following)

ROOT_URLCONF = "telephony.alone.urls"
MIDDLEWARE = [
    "agentversions.requests.Told",
    "agentversions.health.Health",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
]
