"""Forms of the safety pages: shape only, no judgement."""

from __future__ import annotations

from trial.safety.forms.alerts import AcknowledgeForm
from trial.safety.forms.deviations import CorrectionForm, DeviationForm
from trial.safety.forms.events import AdverseEventForm, FollowUpForm, ReportForm
from trial.safety.forms.roster import CancelForm, ContactForm, ShiftForm

__all__ = [
    "AcknowledgeForm",
    "AdverseEventForm",
    "CancelForm",
    "ContactForm",
    "CorrectionForm",
    "DeviationForm",
    "FollowUpForm",
    "ReportForm",
    "ShiftForm",
]
