"""The shape of what is entered at the bedside; whether it may be is judged by the services."""

from __future__ import annotations

from infusion.forms.base import BedsideForm
from infusion.forms.corrections import EndCorrectionForm, StartCorrectionForm
from infusion.forms.observations import SerumForm, SideEffectsForm, VitalsForm
from infusion.forms.orders import BagForm, ClonidineForm, RateForm, StartForm, StopForm

__all__ = [
    "BagForm",
    "BedsideForm",
    "ClonidineForm",
    "EndCorrectionForm",
    "RateForm",
    "SerumForm",
    "SideEffectsForm",
    "StartCorrectionForm",
    "StartForm",
    "StopForm",
    "VitalsForm",
]
