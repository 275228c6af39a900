"""The product's own settings as production switches them (DEBUG is off), with keys that only tests use.

Browser tests give their server the same environment (see server.py): sessions and tokens fit both.
"""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

ENVIRONMENT = {
    "DEBUG": "",
    "SECRET_KEY": "for tests only: long enough that the deployment checks have nothing to say",
    "ENCRYPTION_KEYS": "Zm9yIHRlc3RzIG9ubHksIG5vdGhpbmcgc2VjcmV0Li4=",
    "PUBLIC_BASE_URL": "http://testserver",
    # Tests that race have more threads than a server process.
    "WEB_THREADS": "20",
    # Playwright's synchronous interface runs inside an event loop; Django would refuse its database there.
    "DJANGO_ALLOW_ASYNC_UNSAFE": "1",
}

for name in ("ALLOWED_HOSTS", "EMAIL_URL", "STATIC_ROOT"):
    os.environ.pop(name, None)
os.environ.update(ENVIRONMENT)
os.environ["HYPOTHESIS_STORAGE_DIRECTORY"] = str(Path(__file__).resolve().parents[2] / "var" / "hypothesis")
if "PYTEST_XDIST_WORKER" not in os.environ:
    # One directory a run, shared by its workers: two runs at once never meet in one database file.
    os.environ["VAR_DIR"] = tempfile.mkdtemp(prefix="agentversions-tests-")
    atexit.register(shutil.rmtree, os.environ["VAR_DIR"], ignore_errors=True)

from agentversions.settings import *  # noqa: E402, F403 - the environment first, then all of the product's settings

# The manifest is collectstatic's work: the server that browsers talk to has it, these tests do without.
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
STATIC_ROOT = Path(os.environ["VAR_DIR"]) / "no-staticfiles"
STATIC_ROOT.mkdir(exist_ok=True)
PASSWORD_HASHERS = ["tests.support.passwords.QuickHasher"]
# A test's transaction is its thread's own: what phones ask is asked on it. Servers in tests have the real patience.
PHONE_PATIENCE = 0
