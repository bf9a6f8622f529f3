"""The unit each value of a protocol must be stated in, so that a dose cannot be entered in another unit.

A key not covered here is refused: whoever adds a value to the schema also says its unit.
"""

from __future__ import annotations

from fnmatch import fnmatchcase

from trial.protocol.schema import Protocol
from trial.protocol.values import Clock, Codes, Day, ProtocolError, Switch, Text, Value

_TIME = ("min", "h", "d")

_UNITS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("trial.enrolment_target", ("participants",)),
    ("trial.control_target", ("people",)),
    ("eligibility.age.*", ("years",)),
    ("eligibility.severity.*", ("points",)),
    ("eligibility.treatment_resistance.*", ("trials",)),
    ("eligibility.antidepressant_stability.*", ("wk",)),
    ("eligibility.slow_heart_rate.*", ("beats/min",)),
    ("eligibility.*.within", ("months",)),
    ("visits.*.offset", ("h", "d")),
    ("visits.*.before", _TIME),
    ("visits.*.after", _TIME),
    ("visits.*.recall", ("h", "d")),
    ("clonidine.start_before", ("d",)),
    ("clonidine.first_dose", ("mg",)),
    ("clonidine.step", ("mg",)),
    ("clonidine.target_dose", ("mg",)),
    ("clonidine.doses_per_day", ("doses/day",)),
    ("clonidine.daily_maximum", ("mg/day",)),
    ("clonidine.recheck_after", ("min",)),
    ("clonidine.blood_pressure_follow_up", ("h",)),
    ("titration.start.rate", ("mg/kg/h",)),
    ("titration.target", ("mg/kg/h",)),
    ("titration.step", ("mg/kg/h",)),
    ("titration.steps_per_day", ("steps/day",)),
    ("titration.step_times", ("h",)),
    ("titration.minimum_interval", ("h",)),
    ("titration.duration", ("h",)),
    ("titration.target_concentration", ("ng/mL",)),
    ("infusion.usual_concentrations", ("mg/mL",)),
    ("infusion.pump_*", ("mL/h",)),
    ("infusion.rounding_error_maximum", ("%",)),
    ("infusion.weight_change_reverified", ("%",)),
    ("infusion.stay_*", ("d",)),
    ("limits.rate.*", ("mg/kg/h",)),
    ("limits.increase.*", ("mg/kg/h",)),
    ("limits.interval.*", ("h",)),
    ("limits.hourly_dose.*", ("mg/h",)),
    ("limits.weight.*", ("kg",)),
    ("limits.concentration.*", ("mg/mL",)),
    ("limits.duration.*", ("h",)),
    ("limits.cumulative_dose.*", ("mg/kg",)),
    ("limits.clonidine_*", ("mg/day",)),
    ("vital_signs.frequency.*", ("min", "h")),
    ("vital_signs.repeat_after", ("min",)),
    ("vital_signs.triggers.systolic_*", ("mmHg",)),
    ("vital_signs.triggers.diastolic_*", ("mmHg",)),
    ("vital_signs.triggers.heart_rate_*", ("beats/min",)),
    ("vital_signs.triggers.oxygen_saturation_*", ("%",)),
    ("vital_signs.triggers.respiratory_rate_*", ("breaths/min",)),
    ("vital_signs.triggers.bprs_*", ("points",)),
    ("side_effects.number", ("items",)),
    ("side_effects.grades.*", ("grade",)),
    ("serum.samples.*.offset", ("h", "d")),
    ("outcomes.response_fall_at_least", ("%",)),
    ("outcomes.remission_below", ("points",)),
    ("outcomes.severe_above", ("points",)),
    ("outcomes.cgi_i_responder", ("category",)),
    ("analysis.alpha", ("p",)),
    ("safety.suicidal_thoughts.psychiatrist_within", ("h",)),
    ("safety.suicidal_thoughts.*", ("points",)),
    ("safety.serious_events.expedited_*", ("d",)),
    ("safety.serious_events.*", ("h",)),
    ("safety.escalation.*", ("min",)),
    ("records.late_after", ("min",)),
    ("records.lateness.*", ("min",)),
    ("imaging.acquisition.field_strength", ("T",)),
    ("imaging.acquisition.runs_per_session", ("runs",)),
    ("imaging.acquisition.run_length", ("min",)),
    ("imaging.acquisition.repetition_time", ("s",)),
    ("imaging.acquisition.gap_*", ("d",)),
    ("imaging.acquisition.displacement_maximum", ("mm",)),
    ("imaging.acquisition.usable_least", ("min",)),
)


def units_of(value: Value) -> tuple[str, ...]:
    """The units a value may be stated in; ProtocolError if its key is not covered."""
    for kind, unit in ((Text, "text"), (Codes, "codes"), (Clock, "site time"), (Day, "date"), (Switch, "yes/no")):
        if isinstance(value, kind):
            return (unit,)
    for pattern, units in _UNITS:
        if fnmatchcase(value.key, pattern):
            return units
    raise ProtocolError(value.key, "has no declared unit; add it to trial/protocol/units.py")


def check_units(protocol: Protocol) -> None:
    """Refuse a value stated in a unit other than its own."""
    for key, value in protocol.walk():
        if value.unit not in units_of(value):
            allowed = " or ".join(units_of(value))
            raise ProtocolError(f"{key}.unit", f"'{value.unit}' stands where {allowed} is wanted")
