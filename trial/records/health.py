"""Is the site fit to be written to? One named answer per part."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import Error, connection
from django.utils import timezone

from trial.audit.models import AuditEntry, AuditSeal
from trial.audit.triggers import missing
from trial.jobs.queries import sweeper_silent_since

FREE_BYTES = 200 * 1024 * 1024
SEALER_BEHIND = timedelta(minutes=5)


def database() -> str:
    """Ask the database for one row."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return "ok"


def triggers() -> str:
    """Name the audit triggers that are missing."""
    gone = missing(connection)
    return "missing: " + ", ".join(gone) if gone else "ok"


def worker() -> str:
    """Say whether lost jobs were looked for lately; a site just made has had no time for it."""
    silent = sweeper_silent_since()
    return f"silent since {silent:%Y-%m-%d %H:%M} UTC" if silent else "ok"


def sealer() -> str:
    """Say whether the audit chain has kept up with the trail."""
    oldest = AuditEntry.objects.exclude(id__in=AuditSeal.objects.values("entry_id")).order_by("id").first()
    limit = (timezone.now() - SEALER_BEHIND).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    return f"behind since {oldest.at}" if oldest is not None and oldest.at < limit else "ok"


def disk() -> str:
    """Say whether there is room to write."""
    free = shutil.disk_usage(settings.VAR_DIR).free
    return "ok" if free > FREE_BYTES else f"only {free // 1024 // 1024} MiB free"


PARTS: dict[str, Callable[[], str]] = {
    "database": database,
    "triggers": triggers,
    "worker": worker,
    "sealer": sealer,
    "disk": disk,
}
# What is told beside the parts and is never wrong by itself; apps above this one add theirs to both.
FACTS: dict[str, Callable[[], str]] = {}


def facts() -> dict[str, str]:
    """Return what an operator wants to know of a site that is well."""
    return {name: say() for name, say in FACTS.items()}


def examine() -> dict[str, str]:
    """Return 'ok' or what is wrong, for each part."""
    found = {}
    for name, part in PARTS.items():
        try:
            found[name] = part()
        except Error as broken:
            found[name] = f"no answer ({type(broken).__name__})"
    return found
