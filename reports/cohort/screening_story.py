"""First contact to the decision: consent, the screening forms, eligibility."""

from __future__ import annotations

import random
from datetime import timedelta
from decimal import Decimal
from typing import Any

from reports.cohort.ratings_story import bprs_scores, madrs_scores, rate
from reports.cohort.scene import DEMO, Scene, stated
from trial.participants import services
from trial.participants.models import Status

CONSENT_DAY, SCREENING_DAY, DECISION_DAY, BASELINE_DAY = -28, -27, -9, -3
POSITIVE_BEFORE = 5  # one point above the floor of the positive items
SEVERITY = {"moderate": 4, "marked": 5, "severe": 6}
REFUSALS = {
    "X01": (Status.Value.SCREEN_FAILURE, "MADRS below the entry score"),
    "X02": (Status.Value.WITHDREW, "no longer wished to take part"),
    "X03": (Status.Value.WITHDREW, "found another treatment"),
    "X04": (Status.Value.WITHDREW, "could not be away from home for five days"),
}
DRUGS = (
    ("sertraline", "ssri"), ("escitalopram", "ssri"), ("venlafaxine", "snri"), ("duloxetine", "snri"),
    ("bupropion", "atypical"), ("mirtazapine", "atypical"), ("nortriptyline", "tricyclic"),
    ("aripiprazole", "augmentation"), ("lithium", "augmentation"), ("fluoxetine", "ssri"),
)  # fmt: skip


def consent(scene: Scene) -> None:
    """The consent form, signed before anything else."""
    services.sign_consent(
        scene.people["coordinator"], scene.participant, occurred_at=scene.on(CONSENT_DAY, "09:00"),
        form_version="demo 1", origin=DEMO,
    )  # fmt: skip


def turn_away(scene: Scene) -> None:
    """End the story of someone who consented and did not start."""
    value, reason = REFUSALS[scene.patient.label]
    if value == Status.Value.SCREEN_FAILURE:
        rate_severity(scene, madrs=18, severity=4)
    services.set_status(
        scene.people["psychiatrist"], scene.participant, axis=Status.Axis.ENROLMENT, value=value,
        occurred_at=scene.on(-20, "10:00"), reason=reason, origin=DEMO,
    )  # fmt: skip


def screen(scene: Scene) -> None:
    """Every screening form, the entry rating, and the psychiatrist's decision."""
    patient = scene.patient
    baseline_total = stated(patient.madrs_baseline)
    for slug, values in forms(scene).items():
        enter(scene, slug, **values)
    antidepressants(scene)
    rate_severity(scene, madrs=baseline_total + 1, severity=SEVERITY[patient.severity])
    medication(scene)
    services.plan_infusion(
        scene.people["coordinator"], scene.participant, on=scene.monday, version=scene.participant.version
    )
    judge(scene)


def enter(scene: Scene, slug: str, **values: Any) -> Any:
    """Enter one screening form on the screening day."""
    return services.record_screening(
        scene.people["coordinator"], scene.participant, slug=slug, occurred_at=scene.on(SCREENING_DAY, "10:00"),
        origin=DEMO, **values,
    )  # fmt: skip


def forms(scene: Scene) -> dict[str, dict[str, Any]]:
    """Return invented answers of someone who fits: nothing stands in the way."""
    patient, rng = scene.patient, random.Random(scene.patient.label)  # noqa: S311 - invented data, no secret
    man = patient.sex == "male"
    height = Decimal(rng.randint(168, 186) if man else rng.randint(156, 172))
    return {
        "demographics": {
            "age_years": patient.age, "sex": patient.sex, "race": "white", "ethnicity": patient.ethnicity,
            "education_years": rng.randint(12, 20),
        },
        "diagnosis": {
            "major_depression": "yes", "recurrent": "yes", "severe": "yes", "psychotic_features": "no",
            "bipolar": "no", "schizophrenia_spectrum": "no", "personality_disorder": "no", "substance_use": "no",
            "ketamine_pcp_use": "no", "episode_weeks": rng.randint(20, 160),
        },
        "psychiatric-history": {
            "age_at_onset": rng.randint(12, 19), "episodes": rng.randint(2, 6), "hospitalisations": rng.randint(0, 3),
            "suicide_attempts": 0, "electroconvulsive_therapy": "no",
        },
        "medical-history": {
            "uncontrolled_hypertension": "no", "heart_block": "no", "raised_pressure": "no", "liver_disease": "no",
            "clonidine_intolerance": "no", "significant_illness": "no", "takes_medicines": "yes",
        },
        "physical-examination": {
            "general": "normal", "heart_lungs": "normal", "neurological": "normal", "height_cm": height,
            "weight_kg": weight_of(scene), "systolic": 122, "diastolic": 78, "heart_rate": rng.randint(62, 84),
        },
        "electrocardiogram": {"heart_rate": rng.randint(60, 82), "pr_ms": 160, "qtc_ms": 410, "finding": "normal"},
        "laboratory": {"blood_count": "normal", "chemistry": "normal", "liver": "normal", "thyroid": "normal"},
        "pregnancy-test": {
            "result": "not_applicable" if man else "negative", "breast_feeding": "no", "contraception": "yes",
        },
        "drug-test": {"result": "negative"},
        "mri-safety": {"implant": "no", "metal_fragment": "no", "claustrophobia": "no", "cleared": "yes"},
    }  # fmt: skip


def weight_of(scene: Scene) -> Decimal:
    """Return an invented weight (kg) within the limits of the dosing weight."""
    rng = random.Random(f"weight {scene.patient.label}")  # noqa: S311 - invented data, no secret
    return Decimal(rng.randint(680, 980) if scene.patient.sex == "male" else rng.randint(540, 820)) / 10


def antidepressants(scene: Scene) -> None:
    """The lifetime count of Table 1; the first two are the adequate failures of this episode."""
    for place in range(scene.patient.trials):
        drug, drug_class = DRUGS[place % len(DRUGS)]
        recent = "yes" if place < 2 else "no"
        enter(
            scene, "antidepressant-trials", drug=drug, drug_class=drug_class, weeks=8, is_adequate="yes",
            in_current_episode=recent, responded="no",
        )  # fmt: skip


def medication(scene: Scene) -> None:
    """One antidepressant at a dose kept for half a year."""
    since = scene.monday - timedelta(days=200)
    taken = enter(scene, "medication", drug="sertraline", drug_class="ssri", indication="depression", started_on=since)
    services.record_dose(
        scene.people["coordinator"], taken, daily_dose_mg=Decimal(150), from_date=since,
        occurred_at=scene.on(SCREENING_DAY, "10:00"), origin=DEMO,
    )  # fmt: skip


def rate_severity(scene: Scene, *, madrs: int, severity: int) -> None:
    """The ratings of the screening visit; this MADRS is the entry score, never the baseline."""
    scores = {"madrs": madrs_scores(scene, "screening", madrs), "cgi_s": {"severity": severity}}
    rate(scene, "screening", scene.on(SCREENING_DAY, "11:00"), scores)


def judge(scene: Scene) -> None:
    """The psychiatrist finds every criterion met, and enrols."""
    by_hand = [one for one in scene.protocol.eligibility.values() if one.judged_by == "psychiatrist"]
    services.judge_criteria(
        scene.people["psychiatrist"], scene.participant, occurred_at=scene.on(DECISION_DAY, "15:00"), origin=DEMO,
        judgements={one.id: ("pass", "interview and records") for one in by_hand},
    )  # fmt: skip
    services.decide_eligibility(
        scene.people["psychiatrist"], scene.participant, is_eligible=True, origin=DEMO,
        occurred_at=scene.on(DECISION_DAY, "15:30"),
    )  # fmt: skip


def baseline(scene: Scene) -> None:
    """The ratings before the infusion that every change is counted from."""
    patient = scene.patient
    baseline_total = stated(patient.madrs_baseline)
    scores = {
        "madrs": madrs_scores(scene, "baseline", baseline_total),
        "cgi_s": {"severity": SEVERITY[patient.severity]},
        "bprs": bprs_scores(scene, "baseline", POSITIVE_BEFORE),
    }
    rate(scene, "baseline", scene.on(BASELINE_DAY, "11:00"), scores)
