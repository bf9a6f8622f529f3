"""How an interview stands, in words."""

from __future__ import annotations

from assessments.instruments import instrument
from assessments.models import Interview


def name_of(code: str) -> str:
    """An instrument's short name, such as CGI-I."""
    return code.upper().replace("_", "-")


def words_of(row: Interview) -> str:
    """How far an interview is, and who saved or set it aside when, in the site's time."""
    when = f"{row.saved_by.full_name}, {row.saved_at.astimezone(row.participant.site.zone):%Y-%m-%d %H:%M}"
    if not row.is_in_progress:
        return f"not recorded (answers set aside by {when})"
    return f"in progress: {len(row.scores)} of {len(instrument(row.instrument).items)} items ({when})"
