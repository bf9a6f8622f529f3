"""The site as a WSGI application; it refuses to start while an audit trigger is missing."""

from __future__ import annotations

import os

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.settings")

from django.core.wsgi import get_wsgi_application  # noqa: E402 - settings must be named first

from trial.celery import app as celery_app  # noqa: E402

application = get_wsgi_application()

__all__ = ["application", "celery_app"]
