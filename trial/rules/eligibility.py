"""Whether a person may be enrolled: every criterion judged pass, fail or unknown, with the reason.

"Pass" always means that the criterion does not stand in the way: an inclusion criterion is met, an
exclusion criterion is absent. Nothing is enrolled on an unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Literal

from trial.protocol import Criterion, Protocol
from trial.protocol.values import Value
from trial.rules.verdict import ALLOWED, Verdict

Answer = Literal["pass", "fail", "unknown"]
DrugClass = Literal["ssri", "snri", "other"]


@dataclass(frozen=True)
class DoseChange:
    """The daily dose (mg) from a date on; the first is the start, a dose of 0 is a stop."""

    on: date
    dose: Decimal


@dataclass(frozen=True)
class Medication:
    """An antidepressant and every change of its dose."""

    name: str
    drug_class: DrugClass
    changes: tuple[DoseChange, ...]


@dataclass(frozen=True)
class AntidepressantTrial:
    """A past trial of an antidepressant; None where it is not known."""

    name: str
    in_current_episode: bool | None
    adequate_dose: bool | None
    adequate_duration: bool | None
    responded: bool | None

    @property
    def counts(self) -> bool | None:
        """Whether it is an adequate failure in the current episode; None if that cannot be said."""
        parts = (
            self.in_current_episode,
            self.adequate_dose,
            self.adequate_duration,
            None if self.responded is None else not self.responded,
        )
        if False in parts:
            return False
        return None if None in parts else True


@dataclass(frozen=True)
class Facts:
    """What is known of a person at the decision; None means not known, an empty list means none.

    judgements: for a criterion id, whether the psychiatrist finds that its text is true.
    infusion_on: the (planned) date of the infusion at the site.
    """

    age: int | None = None
    madrs_total: int | None = None
    heart_rate: Decimal | None = None
    antidepressant_trials: tuple[AntidepressantTrial, ...] | None = None
    medications: tuple[Medication, ...] | None = None
    infusion_on: date | None = None
    judgements: Mapping[str, bool | None] = field(default_factory=dict)


@dataclass(frozen=True)
class Judgement:
    """One criterion and how it was judged."""

    criterion: Criterion
    answer: Answer
    reason: str


@dataclass(frozen=True)
class Eligibility:
    """All judgements of one person, in the protocol's order."""

    judgements: tuple[Judgement, ...]

    @property
    def answer(self) -> Literal["eligible", "not eligible", "undecided"]:
        """One failure decides; otherwise one unknown leaves it undecided."""
        answers = {judgement.answer for judgement in self.judgements}
        if "fail" in answers:
            return "not eligible"
        return "undecided" if "unknown" in answers else "eligible"

    @property
    def may_enrol(self) -> Verdict:
        """Allowed only where every criterion passes; the refusal names those that do not."""
        standing = [judgement for judgement in self.judgements if judgement.answer != "pass"]
        if not standing:
            return ALLOWED
        why = "; ".join(f"{judgement.criterion.text.text}: {judgement.reason}" for judgement in standing)
        first = next((j for j in standing if j.answer == "fail"), standing[0]).criterion.text
        return Verdict(False, "hard", f"Not enrolled. {why}.", first.source, first.key, first.proposed)


def judge_eligibility(protocol: Protocol, facts: Facts) -> Eligibility:
    """Judge every criterion of a protocol; ValueError for a judgement on an id it does not have."""
    if unknown := sorted(set(facts.judgements) - set(protocol.eligibility)):
        raise ValueError(f"Judged criteria {unknown} are not in the protocol {protocol.id}; correct their ids.")
    return Eligibility(tuple(judge_criterion(criterion, facts) for criterion in protocol.eligibility.values()))


def judge_criterion(criterion: Criterion, facts: Facts) -> Judgement:
    """Judge one criterion, by its own rule or by the psychiatrist's finding."""
    judge = _by_psychiatrist if criterion.judged_by == "psychiatrist" else _JUDGES[criterion.id]
    answer, reason = judge(criterion, facts)
    return Judgement(criterion, answer, reason)


def count_failures(trials: tuple[AntidepressantTrial, ...]) -> tuple[int, int]:
    """How many trials are adequate failures in the current episode: surely, and at most."""
    sure = sum(trial.counts is True for trial in trials)
    return sure, sure + sum(trial.counts is None for trial in trials)


def _by_psychiatrist(criterion: Criterion, facts: Facts) -> tuple[Answer, str]:
    found = facts.judgements.get(criterion.id)
    if found is None:
        return "unknown", "not yet judged by the psychiatrist"
    good = found == (criterion.kind == "inclusion")
    return ("pass" if good else "fail"), f"judged {'true' if found else 'not true'} by the psychiatrist"


def _judge_age(criterion: Criterion, facts: Facts) -> tuple[Answer, str]:
    least, most = _stated(criterion.least), _stated(criterion.most)
    if facts.age is None:
        return "unknown", "age not recorded"
    inside = least.decimal <= facts.age <= most.decimal
    return ("pass" if inside else "fail"), f"age {facts.age}, wanted {least.text} to {most.text} years"


def _judge_severity(criterion: Criterion, facts: Facts) -> tuple[Answer, str]:
    least = _stated(criterion.least)
    if facts.madrs_total is None:
        return "unknown", "no complete MADRS at entry"
    enough = facts.madrs_total >= least.decimal
    return ("pass" if enough else "fail"), f"MADRS {facts.madrs_total}, wanted at least {least.text}"


def _judge_resistance(criterion: Criterion, facts: Facts) -> tuple[Answer, str]:
    least = _stated(criterion.least)
    if facts.antidepressant_trials is None:
        return "unknown", "antidepressant trials not recorded"
    sure, at_most = count_failures(facts.antidepressant_trials)
    wanted = f"wanted at least {least.text}"
    if sure >= least.decimal:
        return "pass", f"{sure} adequate failures in the current episode, {wanted}"
    if at_most < least.decimal:
        return "fail", f"at most {at_most} adequate failures in the current episode, {wanted}"
    return "unknown", f"{sure} sure and {at_most} possible adequate failures in the current episode, {wanted}"


def _judge_stability(criterion: Criterion, facts: Facts) -> tuple[Answer, str]:
    least = _stated(criterion.least)
    if facts.medications is None:
        return "unknown", "medications not recorded"
    drugs = [drug for drug in facts.medications if drug.drug_class in ("ssri", "snri")]
    if not drugs:
        return "pass", "takes no SSRI or SNRI"
    if facts.infusion_on is None:
        return "unknown", "date of the infusion not planned"
    answers = [_drug_stability(drug, facts.infusion_on, least) for drug in drugs]
    grave: Answer = next((a for a in ("fail", "unknown") if any(a == one for one, _ in answers)), "pass")
    if grave == "unknown" and facts.judgements.get(criterion.id) is not None:
        return _by_psychiatrist(criterion, facts)
    return grave, "; ".join(reason for answer, reason in answers if answer == grave)


def _drug_stability(drug: Medication, on: date, least: Value) -> tuple[Answer, str]:
    """One SSRI or SNRI; changes planned for the day of the infusion or later are not counted."""
    doses = [change for change in sorted(drug.changes, key=lambda c: c.on) if change.on < on]
    if not doses:
        known = "its start and dose are not recorded" if not drug.changes else "not started before the infusion"
        return ("unknown" if not drug.changes else "pass"), f"{drug.name}: {known}"
    last = _last_change(doses)
    weeks = f"{least.text} weeks"
    if on - last.on >= least.elapsed:
        return "pass", f"{drug.name}: unchanged since {last.on.isoformat()}, at least {weeks}"
    if last.dose == 0:
        # The publication speaks of continued use only; a recent stop is for the psychiatrist to judge.
        return "unknown", f"{drug.name}: stopped {last.on.isoformat()}, less than {weeks} before the infusion"
    return "fail", f"{drug.name}: dose changed {last.on.isoformat()}, less than {weeks} before the infusion"


def _last_change(doses: list[DoseChange]) -> DoseChange:
    """The last entry whose dose differs from the one before: a repeated dose is no change."""
    last = doses[0]
    for change in doses[1:]:
        if change.dose != last.dose:
            last = change
    return last


def _judge_heart_rate(criterion: Criterion, facts: Facts) -> tuple[Answer, str]:
    below = _stated(criterion.below)
    if facts.heart_rate is None:
        return "unknown", "heart rate not recorded"
    low = facts.heart_rate < below.decimal
    return ("fail" if low else "pass"), f"heart rate {facts.heart_rate}, excluded below {below.text}"


def _stated(value: Value | None) -> Value:
    """A threshold that the protocol's checks guarantee."""
    if value is None:
        raise ValueError("An automatic criterion lacks its threshold; load the protocol through protocol.load.")
    return value


_JUDGES: Mapping[str, Callable[[Criterion, Facts], tuple[Answer, str]]] = {
    "age": _judge_age,
    "severity": _judge_severity,
    "treatment_resistance": _judge_resistance,
    "antidepressant_stability": _judge_stability,
    "slow_heart_rate": _judge_heart_rate,
}
