"""What is rare enough to be asked about: soft limits of typed values, proposed for the data-validation plan. Pure.

A value beyond is saved all the same; only a question is raised. What cannot be at all is refused by the field
itself, and limits of the treatment stand in the protocol.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple


class Plausible(NamedTuple):
    """From *least* to *most*, both plausible, in *unit*."""

    what: str
    least: int
    most: int
    unit: str

    def speaks_against(self, value: Decimal | int) -> bool:
        """Whether a value lies outside."""
        return not self.least <= value <= self.most

    @property
    def range(self) -> str:
        """Both bounds with the unit."""
        return f"{self.least} to {self.most} {self.unit}"


PRESSURES = {
    "systolic": Plausible("systolic blood pressure", 80, 200, "mmHg"),
    "diastolic": Plausible("diastolic blood pressure", 40, 120, "mmHg"),
    "heart_rate": Plausible("heart rate", 40, 140, "beats/min"),
}

# All of them proposed: the data-validation plan of the site has to confirm or replace them.
LIMITS: dict[str, dict[str, Plausible]] = {
    "infusion.vitals": {
        **PRESSURES,
        "respiratory_rate": Plausible("respiratory rate", 8, 30, "breaths/min"),
        "oxygen_saturation": Plausible("oxygen saturation", 85, 100, "%"),
    },
    "participants.physicalexamination": {
        **PRESSURES,
        "height_cm": Plausible("height", 140, 210, "cm"),
        "weight_kg": Plausible("weight", 40, 160, "kg"),
    },
    "participants.electrocardiogram": {
        "heart_rate": PRESSURES["heart_rate"],
        "pr_ms": Plausible("PR interval", 100, 300, "ms"),
        "qtc_ms": Plausible("QTc interval", 320, 500, "ms"),
    },
}
VISIT_SILENT_FOR = timedelta(days=7)

# Fields that decide the trial's answers and everybody's safety: a monitor verifies each against its source.
CRITICAL: dict[str, tuple[str, ...]] = {
    "participants.consent": ("occurred_at", "form_version"),
    "participants.eligibilitydecision": ("is_eligible",),
    "participants.physicalexamination": ("weight_kg",),
    "assessments.assessment": ("occurred_at", "scores", "total"),
    "infusion.infusion": ("occurred_at", "ended_at", "dosing_weight_kg"),
    "infusion.ratechange": ("occurred_at", "rate"),
    "infusion.clonidinedose": ("occurred_at", "dose_mg"),
    "safety.adverseevent": ("occurred_at", "term", "grade", "is_serious"),
}
