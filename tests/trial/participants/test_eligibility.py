"""Facts, judgements and the decision, against the criteria of the publication (18-65 years, MADRS at least 22)."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from tests.trial.participants.people import CONSENTED, consent, enrol
from trial.participants import facts, queries, services
from trial.participants.models import CriterionJudgement, EligibilityDecision, Medication, Participant
from trial.participants.sayings import SPEAKING, sayings
from trial.participants.services import StepRefused
from trial.records import events
from trial.records.services import KeyReused, RecordError
from trial.users.models import Site, User

PLAN = date(2026, 3, 16)
EXAMINED: dict[str, Any] = {
    "general": "normal",
    "heart_lungs": "normal",
    "neurological": "normal",
    "height_cm": 170,
    "weight_kg": 80,
    "systolic": 120,
    "diastolic": 80,
}
PERSON: dict[str, Any] = {"sex": "female", "race": "white", "ethnicity": "unknown"}
FAILED: dict[str, Any] = {
    "is_adequate": "yes",
    "in_current_episode": "yes",
    "responded": "no",
    "drug_class": "ssri",
}
HISTORY: dict[str, Any] = dict.fromkeys(
    (
        "uncontrolled_hypertension",
        "heart_block",
        "raised_pressure",
        "liver_disease",
        "clonidine_intolerance",
        "significant_illness",
    ),
    "no",
)


@pytest.fixture
def entry_total(monkeypatch: pytest.MonkeyPatch) -> Callable[[Decimal | None], None]:
    """Let a test say the MADRS total at entry that the assessments would answer."""

    def say(total: Decimal | None) -> None:
        monkeypatch.setitem(events._providers, "assessments.entry_total", lambda **_: total)

    say(Decimal(30))
    return say


@pytest.fixture
def screened(consented: Participant, coordinator: User, entry_total: object) -> Participant:
    """Everything recorded but the psychiatrist's findings."""

    def record(slug: str, **values: Any) -> Any:
        return services.record_screening(coordinator, consented, slug=slug, occurred_at=CONSENTED, **values)

    record("demographics", age_years=40, **PERSON)
    record("physical-examination", heart_rate=70, **EXAMINED)
    for drug in ("sertraline", "venlafaxine"):
        record("antidepressant-trials", drug=drug, **FAILED)
    record("medical-history", takes_medicines="no", **HISTORY)
    return consented


def judge_all(psychiatrist: User, participant: Participant, **other: str) -> None:
    """Every criterion of the psychiatrist's passes, but those named."""
    criteria = queries.protocol_of(participant).eligibility.values()
    found: dict[str, tuple[str, str]] = {
        one.id: (other.get(one.id, "pass"), "interview") for one in criteria if one.judged_by == "psychiatrist"
    }
    services.judge_criteria(psychiatrist, participant, judgements=found, occurred_at=CONSENTED)


def decide(psychiatrist: User, participant: Participant, *, is_eligible: bool = True, reason: str = "") -> Any:
    return services.decide_eligibility(
        psychiatrist, participant, is_eligible=is_eligible, reason=reason, occurred_at=CONSENTED
    )


def answers(participant: Participant) -> dict[str, str]:
    return {one.criterion.id: one.answer for one in facts.judge(participant).judgements}


def test_nothing_recorded_is_unknown_everywhere(consented: Participant, entry_total: Any) -> None:
    entry_total(None)
    assert set(answers(consented).values()) == {"unknown"}


def test_a_complete_screening_is_eligible_and_enrols(screened: Participant, psychiatrist: User) -> None:
    judge_all(psychiatrist, screened)
    decision = decide(psychiatrist, screened)
    assert set(decision.criteria) == set(queries.protocol_of(screened).eligibility)
    assert {entry["answer"] for entry in decision.criteria.values()} == {"pass"}
    status = queries.current_status(screened, "enrolment")
    assert status is not None
    assert status.value == "enrolled"
    services.require_step(screened, "infusion")


def test_one_unknown_criterion_refuses_the_decision(screened: Participant, psychiatrist: User) -> None:
    judge_all(psychiatrist, screened, capacity="unknown")
    with pytest.raises(StepRefused, match="not yet judged"):
        decide(psychiatrist, screened)
    assert not EligibilityDecision.objects.exists()


@pytest.mark.parametrize("criterion", ["capacity", "psychosis"])
def test_one_failed_criterion_refuses_the_decision(screened: Participant, psychiatrist: User, criterion: str) -> None:
    judge_all(psychiatrist, screened, **{criterion: "fail"})
    assert answers(screened)[criterion] == "fail"
    with pytest.raises(StepRefused, match="Not enrolled"):
        decide(psychiatrist, screened)


def test_a_low_entry_score_refuses_the_decision(screened: Participant, psychiatrist: User, entry_total: Any) -> None:
    judge_all(psychiatrist, screened)
    entry_total(Decimal(21))
    with pytest.raises(StepRefused, match="MADRS 21"):
        decide(psychiatrist, screened)


def test_refusing_needs_a_reason_and_is_always_possible(screened: Participant, psychiatrist: User) -> None:
    with pytest.raises(RecordError, match="Say why"):
        decide(psychiatrist, screened, is_eligible=False)
    decide(psychiatrist, screened, is_eligible=False, reason="prefers another treatment")
    status = queries.current_status(screened, "enrolment")
    assert status is not None
    assert (status.value, status.explanation) == ("screen_failure", "prefers another treatment")
    with pytest.raises(StepRefused, match="did not meet"):
        services.require_step(screened, "infusion")


def test_nobody_is_enrolled_before_consent(enrolled: Participant, psychiatrist: User, entry_total: Any) -> None:
    with pytest.raises(StepRefused, match="consent"):
        decide(psychiatrist, enrolled)


def test_the_lower_heart_rate_counts(screened: Participant, coordinator: User) -> None:
    assert answers(screened)["slow_heart_rate"] == "pass"
    services.record_screening(
        coordinator,
        screened,
        slug="electrocardiogram",
        occurred_at=CONSENTED,
        heart_rate=48,
        finding="normal",
    )
    assert answers(screened)["slow_heart_rate"] == "fail"


def test_medicines_not_logged_are_unknown_and_none_taken_passes(screened: Participant, coordinator: User) -> None:
    assert answers(screened)["antidepressant_stability"] == "pass"
    services.record_screening(
        coordinator,
        screened,
        slug="medical-history",
        occurred_at=CONSENTED.replace(hour=16),
        takes_medicines="yes",
        **HISTORY,
    )
    assert answers(screened)["antidepressant_stability"] == "unknown"


@pytest.mark.parametrize(
    ("changed", "answer"),
    [(date(2026, 2, 2), "pass"), (date(2026, 2, 3), "fail")],  # six weeks before 2026-03-16 is 2026-02-02
)
def test_an_ssri_must_be_stable_for_six_weeks(
    screened: Participant, coordinator: User, changed: date, answer: str
) -> None:
    taken = services.record_screening(
        coordinator, screened, slug="medication", occurred_at=CONSENTED, drug="sertraline", drug_class="ssri"
    )
    assert isinstance(taken, Medication)
    for dose, on in ((Decimal(100), date(2025, 6, 1)), (Decimal(150), changed)):
        services.record_dose(coordinator, taken, daily_dose_mg=dose, from_date=on, occurred_at=CONSENTED)
    assert answers(screened)["antidepressant_stability"] == "unknown"
    services.plan_infusion(coordinator, screened, on=PLAN, version=screened.version)
    assert answers(screened)["antidepressant_stability"] == answer


def test_what_the_screening_says_stands_beside_the_criterion(screened: Participant) -> None:
    said = sayings(screened)
    assert said["heart_block"] == ("second- or third-degree AV block: no", "pass")
    assert "psychosis" not in said  # no diagnosis is recorded yet


def test_every_form_field_speaks_to_a_criterion_the_psychiatrist_judges(screened: Participant) -> None:
    criteria = queries.protocol_of(screened).eligibility
    spoken = {one.criterion for fields in SPEAKING.values() for one in fields}
    assert {criteria[criterion].judged_by for criterion in spoken} == {"psychiatrist"}


def test_the_latest_judgement_counts(screened: Participant, psychiatrist: User) -> None:
    judge_all(psychiatrist, screened, capacity="fail")
    services.judge_criteria(
        psychiatrist,
        screened,
        judgements={"capacity": ("pass", "seen again")},
        occurred_at=CONSENTED.replace(hour=20),
    )
    assert answers(screened)["capacity"] == "pass"


def test_the_same_findings_twice_are_kept_once(screened: Participant, psychiatrist: User) -> None:
    key = uuid.uuid4()
    for _ in range(2):
        services.judge_criteria(
            psychiatrist, screened, judgements={"capacity": ("pass", "seen")}, occurred_at=CONSENTED, key=key
        )
    assert CriterionJudgement.objects.count() == 1


def test_other_findings_under_a_used_key_are_refused(screened: Participant, psychiatrist: User) -> None:
    key = uuid.uuid4()

    def judge(verdict: str) -> None:
        judgements = {"capacity": (verdict, "seen")}
        services.judge_criteria(psychiatrist, screened, judgements=judgements, occurred_at=CONSENTED, key=key)

    judge("pass")
    with pytest.raises(KeyReused):
        judge("fail")


def test_a_control_is_not_judged_by_the_criteria_of_patients(
    site: Site, coordinator: User, psychiatrist: User, entry_total: object
) -> None:
    control = consent(coordinator, enrol(coordinator, site, "control"))
    with pytest.raises(RecordError, match="criteria are those of patients"):
        decide(psychiatrist, control, is_eligible=False, reason="no match")
    services.set_status(coordinator, control, axis="enrolment", value="enrolled", occurred_at=CONSENTED)


@pytest.mark.parametrize(
    ("judgements", "why"),
    [
        ({"mood": ("pass", "seen")}, "no criterion 'mood'"),
        ({"capacity": ("pass", " ")}, "on what the finding"),
    ],
)
def test_a_finding_needs_a_known_criterion_and_a_reason(
    screened: Participant, psychiatrist: User, judgements: dict[str, tuple[str, str]], why: str
) -> None:
    with pytest.raises(RecordError, match=why):
        services.judge_criteria(psychiatrist, screened, judgements=judgements, occurred_at=CONSENTED)
