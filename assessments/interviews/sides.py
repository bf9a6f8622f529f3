"""Both sides of a form that is entered while somebody else enters or records the same instrument."""

from __future__ import annotations

from typing import Any

from assessments.models import Interview
from trial.audit import past
from trial.records.conflicts import Opened, Save, number

# How a state of an interview is told from a version of the assessment that came of it.
INTERVIEW = "interview "


class Entered(Opened):
    """A form that enters an instrument: *find* gives the assessment, or the interview while none is recorded."""

    def token(self, form: Any) -> str:
        """The version of the assessment that a correction was opened at, else that of the interview."""
        if form.data.get("version"):
            return super().token(form)
        return f"{INTERVIEW}{number(form.data.get('interview'))}"

    def is_current(self, current: Any, form: Any) -> bool:
        """Whether the form was opened at what there is now."""
        return self.token(form) == f"{kind_of(current)}{current.version}"

    def stood(self, current: Any, token: str) -> Any:
        """What there was at a state: of an assessment that came of an interview, the interview as it was opened."""
        version = number(token.removeprefix(INTERVIEW))
        if not token.startswith(INTERVIEW) or isinstance(current, Interview):
            return super().stood(current, str(version))
        begun = Interview.objects.filter(visit=current.visit, instrument=current.instrument).first()
        return past.as_it_stood(Interview, begun.pk, version) if begun else None

    def saves(self, current: Any, token: str) -> list[Save]:
        """Who saved since; everybody, where it has become an assessment meanwhile."""
        is_same = token.startswith(INTERVIEW) == isinstance(current, Interview)
        return super().saves(current, token.removeprefix(INTERVIEW) if is_same else "0")


def kind_of(current: Any) -> str:
    """What stands before the version in a state's name."""
    return INTERVIEW if isinstance(current, Interview) else ""
