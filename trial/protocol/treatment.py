"""The types of what is given and measured: clonidine, infusion, limits, vital signs, side effects, serum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from trial.protocol.reader import Key
from trial.protocol.values import Bound, Clock, Codes, Count, Number, Numbers, Text

Anchor = Literal["consent", "infusion_start", "infusion_end"]


@dataclass(frozen=True)
class Labelled:
    """Something with an id and a published or proposed label."""

    id: Key
    label: Text


@dataclass(frozen=True)
class ClonidinePlan:
    """Oral clonidine around the infusion."""

    start_before: Number
    first_dose: Number
    step: Number
    target_dose: Number
    doses_per_day: Count
    daily_maximum: Number
    stop: Codes
    recheck_after: Number
    blood_pressure_follow_up: Number


@dataclass(frozen=True)
class TitrationStart:
    """First rate and the nominal site time of day 1."""

    rate: Number
    at: Clock


@dataclass(frozen=True)
class TitrationPlan:
    """How the rate rises; `step_times` are elapsed hours after the start."""

    start: TitrationStart
    target: Number
    step: Number
    steps_per_day: Count
    step_times: Numbers
    minimum_interval: Number
    duration: Number
    target_concentration: Number


@dataclass(frozen=True)
class InfusionPlan:
    """Pump, weight and stay."""

    usual_concentrations: Numbers
    pump_resolution: Number
    pump_minimum: Number
    rounding_error_maximum: Number
    weight_change_reverified: Number
    stay_days: Count
    stay_nights: Count


@dataclass(frozen=True)
class Limit:
    """Soft limits warn and may be overridden with a reason; hard limits refuse an order."""

    id: Key
    label: str
    soft_below: Bound
    soft_above: Bound
    hard_below: Bound
    hard_above: Bound

    @property
    def unit(self) -> str:
        """The unit all four bounds share."""
        return self.soft_above.unit


@dataclass(frozen=True)
class VitalFrequency:
    """How often vital signs are taken."""

    after_change: Number
    after_change_for: Number
    awake: Number
    asleep: Number


@dataclass(frozen=True)
class Trigger:
    """A reading that calls for an action."""

    id: Key
    label: str
    variable: Literal[
        "systolic", "diastolic", "heart_rate", "oxygen_saturation", "respiratory_rate", "bprs_positive_item"
    ]
    comparison: Literal["below", "at_least"]
    threshold: Number
    action: Literal["hold_clonidine", "stop_clonidine", "no_increase", "pause", "stop"]
    instruction: Text


@dataclass(frozen=True)
class VitalSigns:
    """Frequency, repeat interval and triggers of vital signs."""

    frequency: VitalFrequency
    repeat_after: Number
    triggers: Mapping[str, Trigger]


@dataclass(frozen=True)
class Grade:
    """One grade of the side-effect checklist."""

    id: Key
    label: str
    grade: Count


@dataclass(frozen=True)
class SideEffects:
    """The side-effect checklist."""

    number: Count
    grades: Mapping[str, Grade]
    items: Mapping[str, Labelled]


@dataclass(frozen=True)
class Sample:
    """When a serum sample is drawn."""

    id: Key
    label: str
    anchor: Anchor
    offset: Number
    at: Clock | None


@dataclass(frozen=True)
class Analyte:
    """A serum analyte and the unit its concentration is entered in: one unit, so that levels compare."""

    id: Key
    label: Text
    concentration_unit: Literal["ng/mL"]


@dataclass(frozen=True)
class Serum:
    """Analytes and sampling times."""

    analytes: Mapping[str, Analyte]
    samples: Mapping[str, Sample]
