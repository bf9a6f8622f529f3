"""The site as a WSGI application; it refuses to start when its records could not be trusted."""

from __future__ import annotations

import os
from importlib import import_module

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.settings")
application = get_wsgi_application()
# Only now: the check reads models, which must be loaded first.
import_module("trial.records.checks").assert_fit_to_serve()
