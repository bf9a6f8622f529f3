"""What the site's health says of the back-ups."""

from __future__ import annotations

from trial.backup import memory
from trial.records import health

health.PARTS["backups"] = memory.overdue
health.FACTS["last back-up"] = lambda: memory.age("backup")
health.FACTS["last rehearsed restore"] = lambda: memory.age("rehearsal")
