"""When this machine last made a back-up and rehearsed a restore.

A file and no table: it tells of the copies beside the database, and a restored database must not bring an old
answer back.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings

from trial.records.files import write_whole

NEVER = "never"


def _path() -> Any:
    return settings.VAR_DIR / "backups.json"


def remember(what: str, at: datetime, path: str) -> None:
    """Note that something was done: "backup" or "rehearsal", when, and with which file."""
    write_whole(_path(), json.dumps({**_all(), what: {"at": at.isoformat(), "file": path}}, indent=2).encode())


def last(what: str) -> datetime | None:
    """When something was last done, or None."""
    noted = _all().get(what)
    return datetime.fromisoformat(noted["at"]) if noted else None


def _all() -> dict[str, dict[str, str]]:
    try:
        found: dict[str, dict[str, str]] = json.loads(_path().read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return found


def age(what: str) -> str:
    """How long ago something was last done, in words: "never", "3 h ago", "12 days ago"."""
    if (at := last(what)) is None:
        return NEVER
    passed = datetime.now(UTC) - at
    return f"{passed.total_seconds() // 3600:.0f} h ago" if passed < timedelta(days=2) else f"{passed.days} days ago"


def overdue() -> str:
    """What a production site lacks: a back-up or a rehearsed restore young enough; "ok" elsewhere."""
    if settings.SITE_MODE != "production":
        return "ok"
    limits = {
        "backup": timedelta(hours=settings.BACKUP_WITHIN_HOURS),
        "rehearsal": timedelta(days=settings.REHEARSAL_WITHIN_DAYS),
    }
    late = [what for what, limit in limits.items() if _is_late(last(what), limit)]
    return "; ".join(f"last {what}: {age(what)}" for what in late) or "ok"


def _is_late(at: datetime | None, limit: timedelta) -> bool:
    return at is None or datetime.now(UTC) - at > limit
