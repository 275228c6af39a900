"""gunicorn for either process group: `gunicorn -c deploy/gunicorn.py`, from the checkout's top.

GROUP         phone: webhooks and probes only, with threads of their own; pages, when unset: everything
BIND          where it listens; 127.0.0.1, port 8001 for the phone and 8000 for the pages, when unset
WEB_WORKERS   its processes; 2 when unset
WEB_THREADS   threads of each process, and so its database connections; 4 when unset
"""

import os
import runpy
from pathlib import Path

GROUPS = {"phone": ("telephony.alone.wsgi", 8001), "pages": ("agentversions.wsgi", 8000)}

wsgi_app, port = GROUPS[os.environ.get("GROUP") or "pages"]
bind = os.environ.get("BIND") or f"127.0.0.1:{port}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_WORKERS") or "2")
threads = int(os.environ.get("WEB_THREADS") or "4")
max_requests, max_requests_jitter = 2_000, 200
# A heartbeat in memory never waits for a disk.
worker_tmp_dir = "/dev/shm" if Path("/dev/shm").is_dir() else None  # noqa: S108 (gunicorn makes a file of its own there)
control_socket_disable = True
# The database pool opens in each worker: it must never be shared across a fork.
preload_app = False

# The product tells of each request by itself, without its path. Its formatter is run, not imported: this process
# lives on when it is told to reload, and the workers it then starts must find nothing of the release before.
accesslog = None
lines = runpy.run_path(str(Path(__file__).resolve().parent.parent / "agentversions" / "logs.py"))["Lines"]
logconfig_dict = {
    "formatters": {"lines": {"()": lines}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "loggers": {"gunicorn.error": {"level": "INFO", "handlers": ["console"], "propagate": False}},
    "root": {"level": "INFO", "handlers": ["console"]},
}
