"""The Celery application: tasks are found in every app's ``tasks`` module and named by hand."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
from typing import Any

from celery import Celery
from celery.signals import beat_embedded_init, worker_process_init

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trial.settings")

PR_SET_PDEATHSIG = 1

app = Celery("trial")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def die_with_parent(**_: Any) -> None:
    """Ask Linux to kill this process when the one that started it dies, so that a crash leaves no orphans."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


worker_process_init.connect(die_with_parent, weak=False)
beat_embedded_init.connect(die_with_parent, weak=False)
