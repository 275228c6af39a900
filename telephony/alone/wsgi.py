"""The WSGI application of a process group that only answers phones."""

import os

from django.core.wsgi import get_wsgi_application

os.environ["DJANGO_SETTINGS_MODULE"] = "telephony.alone.settings"

application = get_wsgi_application()
