"""PURE judgement of the treatment, from the protocol alone: rates, pump, clonidine, vital signs.

Limits refuse orders, never facts: a verdict says whether something may be ordered; what has happened is
recorded all the same. Lowering a rate or stopping is never refused.
"""

from __future__ import annotations

from infusion.rules.clonidine import judge_clonidine
from infusion.rules.course import Course, NextStep, RateEvent, next_step
from infusion.rules.pump import PumpSetting, judge_concentration, pump_setting
from infusion.rules.rates import (
    Earliest,
    against_rate,
    against_weight,
    earliest_increase,
    is_lowering,
    judge_check,
    judge_course,
    judge_end,
    judge_rate,
    judge_weight,
)
from infusion.rules.vitals import (
    POSITIVE_ITEMS,
    VitalsDue,
    alert_level,
    judge_increase,
    judge_positive_items,
    judge_vitals,
    next_vitals,
)

__all__ = [
    "POSITIVE_ITEMS",
    "Course",
    "Earliest",
    "NextStep",
    "PumpSetting",
    "RateEvent",
    "VitalsDue",
    "against_rate",
    "against_weight",
    "alert_level",
    "earliest_increase",
    "is_lowering",
    "judge_check",
    "judge_clonidine",
    "judge_concentration",
    "judge_course",
    "judge_end",
    "judge_increase",
    "judge_positive_items",
    "judge_rate",
    "judge_vitals",
    "judge_weight",
    "next_step",
    "next_vitals",
    "pump_setting",
]
