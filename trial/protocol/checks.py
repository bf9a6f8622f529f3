"""What must hold between the values of a protocol: references, order, agreement and windows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

from trial.protocol.schema import Protocol, Visit
from trial.protocol.treatment import Limit
from trial.protocol.units import check_units
from trial.protocol.values import Codes, ProtocolError, Value

# The thresholds each criterion states; a criterion judged automatically has a rule of its own.
AUTOMATIC: Mapping[str, tuple[str, ...]] = {
    "age": ("least", "most"),
    "severity": ("least",),
    "treatment_resistance": ("least",),
    "antidepressant_stability": ("least",),
    "slow_heart_rate": ("below",),
}
BY_PSYCHIATRIST: Mapping[str, tuple[str, ...]] = {"psychosis": ("within",)}

# The ids that code and other files name; a protocol without them cannot run.
REQUIRED: Mapping[str, tuple[str, ...]] = {
    "eligibility": tuple(AUTOMATIC),
    "instruments": ("madrs", "cgi_s", "cgi_i", "bprs"),
    "measurements": ("side_effects", "blood_pressure", "serum", "functional_mri", "structural_mri"),
    "visits": (
        *("screening", "baseline", "admission"),
        *(f"infusion_day_{day}" for day in range(1, 6)),
        *("day_5_0800", "discharge", "day_6", "week_2", "week_4", "week_6", "week_8", "pre1", "pre2", "post"),
    ),
    "limits": (
        *("rate", "increase", "interval", "hourly_dose", "weight", "concentration", "duration"),
        *("cumulative_dose", "clonidine_rise", "clonidine_daily"),
    ),
}
# How far participants can be when an amendment takes effect, for the list of those who consent again.
PHASES = ("screening", "before_infusion", "during_infusion", "follow_up")
ALERT_LEVELS = ("emergency", "urgent", "review")
OBSERVATIONS = ("rating", "vitals", "rate", "clonidine", "side_effects", "serum", "screening", "imaging", "safety")
_NOMINAL_DAY_1 = datetime(2000, 1, 3)  # noqa: DTZ001  a date for comparing windows, in no zone


def check(protocol: Protocol) -> None:
    """Refuse a protocol that contradicts itself; ProtocolError names the dotted key at fault."""
    check_units(protocol)
    _check_required(protocol)
    _check_criteria(protocol)
    for visit in protocol.visits.values():
        _check_visit(protocol, visit)
    _check_windows(protocol)
    _check_treatment(protocol)
    for limit in protocol.limits.values():
        _check_limit(limit)
    _check_lists(protocol)
    _check_outcomes(protocol)
    _check_safety(protocol)
    _check_amendment(protocol)


def nominal_window(protocol: Protocol, visit: Visit) -> tuple[datetime, datetime]:
    """Opening and closing of a visit in a course that goes as planned, in no zone; half-open."""
    start = datetime.combine(_NOMINAL_DAY_1, protocol.titration.start.at.time)
    shift = protocol.titration.duration.elapsed if visit.anchor == "infusion_end" else timedelta()
    target = start + shift + visit.offset.elapsed
    if visit.whole_dates:
        midnight = datetime.combine(target.date(), datetime.min.time())
        return midnight - visit.before.elapsed, midnight + visit.after.elapsed + timedelta(days=1)
    if visit.at is not None:
        target = datetime.combine(target.date(), visit.at.time)
    return target - visit.before.elapsed, target + visit.after.elapsed


def _require(holds: bool, key: str, problem: str) -> None:
    if not holds:
        raise ProtocolError(key, problem)


def _refer(codes: Codes, known: Iterable[str], what: str) -> None:
    for code in codes.codes:
        _require(code in known, codes.key, f"'{code}' is not {what} of this protocol")


def _check_required(protocol: Protocol) -> None:
    for table, ids in REQUIRED.items():
        for name in ids:
            _require(name in getattr(protocol, table), f"{table}.{name}", "is missing; add it")


def _check_criteria(protocol: Protocol) -> None:
    for criterion in protocol.eligibility.values():
        key = f"eligibility.{criterion.id}"
        automatic = criterion.id in AUTOMATIC
        judge = "automatic" if automatic else "psychiatrist"
        _require(criterion.judged_by == judge, f"{key}.judged_by", f"must be '{judge}'")
        wanted = AUTOMATIC.get(criterion.id, BY_PSYCHIATRIST.get(criterion.id, ()))
        kind = "exclusion" if "below" in wanted else "inclusion"
        _require(not automatic or criterion.kind == kind, f"{key}.kind", f"must be '{kind}'")
        for name in ("least", "most", "below", "within"):
            stated = getattr(criterion, name) is not None
            _require(stated or name not in wanted, f"{key}.{name}", "is missing; add it")
            _require(not stated or name in wanted, f"{key}.{name}", "is not a threshold of this criterion")
    age = protocol.eligibility["age"]
    _ascending("eligibility.age.most", [bound for bound in (age.least, age.most) if bound is not None])


def _check_visit(protocol: Protocol, visit: Visit) -> None:
    key = f"visits.{visit.code}"
    _refer(visit.instruments, protocol.instruments, "an instrument")
    _refer(visit.measurements, protocol.measurements, "a measurement")
    _require(visit.at is None or visit.offset.unit == "d", f"{key}.at", "needs an offset in d")
    for value in (visit.offset, visit.before, visit.after):
        whole_days = value.unit != "d" or value.decimal == value.decimal.to_integral_value()
        _require(whole_days, value.key, "a number of dates is a whole number")
    for bound in (visit.before, visit.after):
        _require(bound.decimal >= 0, bound.key, "must not be negative")
        whole = not visit.whole_dates or bound.unit == "d"
        _require(whole, bound.key, "must be in d, because the visit is due on whole dates (no 'at')")
    recalled = "madrs" in visit.instruments.codes
    _require(recalled == (visit.recall is not None), f"{key}.recall", "is stated exactly where MADRS is due")
    by_phone = visit.schedule == "phone"
    _require(by_phone == (visit.mode == "phone"), f"{key}.mode", "is phone exactly in the phone schedule")
    of_patients = visit.population == "patient" or visit.anchor == "consent"
    _require(of_patients, f"{key}.anchor", "a control has no infusion; anchor it at consent")


def _check_windows(protocol: Protocol) -> None:
    """Windows of one schedule follow one another; those from consent have an axis of their own."""
    axes: dict[tuple[str, str, bool], list[Visit]] = {}
    for visit in protocol.visits.values():
        axes.setdefault((visit.schedule, visit.population, visit.anchor == "consent"), []).append(visit)
    for visits in axes.values():
        for earlier, later in pairwise(visits):
            closes, opens = nominal_window(protocol, earlier)[1], nominal_window(protocol, later)[0]
            overlap = f"the window overlaps or precedes that of visits.{earlier.code}"
            _require(closes <= opens, f"visits.{later.code}", overlap)


def _check_treatment(protocol: Protocol) -> None:
    plan, clonidine, limits = protocol.titration, protocol.clonidine, protocol.limits
    _ascending("titration.target", [plan.start.rate, plan.target])
    _require(plan.step.decimal > 0, "titration.step", "must be above zero")
    top = plan.start.rate.decimal + plan.step.decimal * len(plan.step_times.decimals)
    _require(top == plan.target.decimal, "titration.step_times", f"the steps lead to {top}, not to the target")
    times = [Decimal(0), *plan.step_times.decimals, plan.duration.decimal]
    gaps = [later - earlier for earlier, later in pairwise(times)]
    close = min(gaps) >= plan.minimum_interval.decimal
    _require(close, "titration.step_times", "steps are closer than titration.minimum_interval, or after the end")
    _ascending("clonidine.target_dose", [clonidine.first_dose, clonidine.target_dose])
    _require(clonidine.stop.codes == ("infusion_end",), "clonidine.stop", "must be infusion_end")
    _agree(plan.minimum_interval, limits["interval"].hard_below)
    _agree(plan.target, limits["rate"].soft_above)
    _agree(plan.step, limits["increase"].soft_above)
    _agree(plan.duration, limits["duration"].soft_above)
    _agree(clonidine.daily_maximum, limits["clonidine_daily"].hard_above)
    for sample in protocol.serum.samples.values():
        placed = sample.at is None or sample.offset.unit == "d"
        _require(placed, f"serum.samples.{sample.id}.at", "needs an offset in d")
        timed = sample.at is not None or sample.offset.unit == "h"
        _require(timed, f"serum.samples.{sample.id}.at", "is missing; an offset in d needs a site time")


def _agree(planned: Value, bound: Value) -> None:
    agrees = bound.limit == planned.decimal
    _require(agrees, bound.key, f"{bound.text} must equal {planned.key} ({planned.text})")


def _check_limit(limit: Limit) -> None:
    bounds = (limit.hard_below, limit.soft_below, limit.soft_above, limit.hard_above)
    _ascending(f"limits.{limit.id}", [bound for bound in bounds if bound.limit is not None])
    some = any(bound.limit is not None for bound in bounds)
    _require(some, f"limits.{limit.id}", "limits nothing; state a bound or remove it")


def _ascending(key: str, values: Sequence[Value | Decimal]) -> None:
    numbers = [value.decimal if isinstance(value, Value) else value for value in values]
    _require(numbers == sorted(numbers), key, "is out of order: the numbers must not fall")


def _check_lists(protocol: Protocol) -> None:
    stated, listed = protocol.side_effects.number, len(protocol.side_effects.items)
    _require(stated.integer == listed, stated.key, f"{listed} side effects are listed, not {stated.text}")
    grades = [grade.grade.integer for grade in protocol.side_effects.grades.values()]
    _require(grades == list(range(len(grades))), "side_effects.grades", "must count up from 0")
    for structure in protocol.imaging.structures.values():
        name = f"{structure.hemisphere}_{structure.structure}"
        _require(structure.id == name, f"imaging.structures.{structure.id}", f"must be called {name}")
    gaps = protocol.imaging.acquisition
    _ascending("imaging.acquisition.gap_most", [gaps.gap_least, gaps.gap_most])


def _check_outcomes(protocol: Protocol) -> None:
    outcomes, analysis = protocol.outcomes, protocol.analysis
    for visits in (outcomes.response_visit, outcomes.sustained_visits, analysis.repeated_measures_visits):
        _refer(visits, protocol.visits, "a visit")
        _require(bool(visits.codes), visits.key, "names no visit")
    _require(len(outcomes.response_visit.codes) == 1, outcomes.response_visit.key, "names one visit")
    _require(len(outcomes.sustained_visits.codes) == 2, outcomes.sustained_visits.key, "names two visits")
    _refer(protocol.baseline.covers, {*protocol.instruments, *protocol.measurements}, "assessed in a visit")
    _require(0 < analysis.alpha.decimal < 1, analysis.alpha.key, "must lie between 0 and 1")
    for outcome in analysis.primary_outcomes.values():
        key = f"analysis.primary_outcomes.{outcome.id}"
        known = protocol.instruments if outcome.kind == "clinical" else protocol.imaging.networks
        _require(outcome.measure in known, f"{key}.measure", f"'{outcome.measure}' is not a {outcome.kind} measure")
        terms = ("change", "responders") if outcome.kind == "clinical" else ("time", "time_by_response")
        _require(outcome.term in terms, f"{key}.term", f"must be one of {', '.join(terms)}")


def _check_safety(protocol: Protocol) -> None:
    item = protocol.safety.suicidal_thoughts
    steps = [item.review_at_least, item.alert_at_least, item.emergency_at_least]
    _ascending("safety.suicidal_thoughts", steps)
    _ascending("safety.serious_events.alarms", list(protocol.safety.serious_events.alarms.decimals))
    if (escalation := protocol.safety.escalation) is not None:
        _require(tuple(escalation) == ALERT_LEVELS, "safety.escalation", f"states {', '.join(ALERT_LEVELS)}, each once")
        for waits in escalation.values():
            _ascending(waits.key, list(waits.decimals))
    if (lateness := protocol.records.lateness) is not None:
        known = set(lateness) == set(OBSERVATIONS)
        _require(known, "records.lateness", f"states {', '.join(OBSERVATIONS)}, each once")


def _check_amendment(protocol: Protocol) -> None:
    amends = protocol.trial.amends is not None
    _require(amends == (protocol.amendment is not None), "amendment", "is stated exactly where trial.amends is")
    if protocol.amendment is not None:
        _refer(protocol.amendment.reconsent, PHASES, f"one of {', '.join(PHASES)}, a phase")
