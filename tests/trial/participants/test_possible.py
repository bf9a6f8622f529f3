"""What cannot be is refused in words. The bounds were set against published extremes of living persons.

Sources: longest confirmed life 122 years (Guinness World Records); QTc below 200 ms or above 800 ms is not seen
in life (Gollob, JACC 2011;57:802); what a field's bound says is the field's own, and asserted through the words.
"""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.urls import reverse

from tests.trial.participants.people import CONSENTED
from trial.participants import services
from trial.participants.models import Medication, Participant
from trial.participants.screening import FORMS
from trial.records.models import ClinicalRecord
from trial.records.services import RecordError
from trial.users.models import User

PERSON = {"sex": "female", "race": "white", "ethnicity": "unknown"}
DIAGNOSED = dict.fromkeys(
    (
        "major_depression", "recurrent", "severe", "psychotic_features", "bipolar", "schizophrenia_spectrum",
        "personality_disorder", "substance_use", "ketamine_pcp_use",
    ),
    "no",
)  # fmt: skip
EXAMINED = {
    "general": "normal", "heart_lungs": "normal", "neurological": "normal", "height_cm": 170, "weight_kg": 70,
    "systolic": 120, "diastolic": 80, "heart_rate": 70,
}  # fmt: skip
NOT_EXAMINED = dict.fromkeys(("general", "heart_lungs", "neurological"), "not_done")
TRIED = {
    "drug": "sertraline", "drug_class": "ssri", "is_adequate": "yes", "in_current_episode": "yes", "responded": "no",
}  # fmt: skip
SAFE = {"implant": "no", "metal_fragment": "no", "claustrophobia": "no", "cleared": "yes"}
COMPLETE: dict[str, dict[str, Any]] = {
    "demographics": {**PERSON, "age_years": 45},
    "diagnosis": DIAGNOSED,
    "psychiatric-history": {"electroconvulsive_therapy": "no"},
    "antidepressant-trials": TRIED,
    "medication": {"drug": "sertraline", "drug_class": "ssri"},
    "physical-examination": EXAMINED,
    "electrocardiogram": {"heart_rate": 70, "finding": "normal"},
    "drug-test": {"result": "negative"},
    "pregnancy-test": {"result": "negative", "breast_feeding": "no", "contraception": "yes"},
    "mri-safety": SAFE,
}


def record(actor: User, participant: Participant, slug: str, **values: Any) -> ClinicalRecord:
    given = {**COMPLETE[slug], **values}
    return services.record_screening(actor, participant, slug=slug, occurred_at=CONSENTED, **given)


@pytest.mark.parametrize(
    ("slug", "field", "number", "words"),
    [
        ("demographics", "age_years", 230, "Age at consent is 10 to 120 years; 230 is not possible"),
        ("demographics", "education_years", 99, "Education is 0 to 40 years; 99 is not possible"),
        ("diagnosis", "episode_weeks", 5000, "Length of this episode is 1 to 3000 weeks; 5000"),
        ("psychiatric-history", "age_at_onset", 150, "Age at first episode is 3 to 120 years"),
        ("psychiatric-history", "episodes", 999, "Number of episodes is 1 to 200; 999 is not possible"),
        ("psychiatric-history", "hospitalisations", 999, "hospital stays is 0 to 300"),
        ("psychiatric-history", "suicide_attempts", 999, "suicide attempts is 0 to 200"),
        ("antidepressant-trials", "highest_dose_mg", Decimal(-20), "Highest daily dose is 0 to 10000 mg; -20"),
        ("antidepressant-trials", "weeks", 9999, "effective dose is 0 to 3000 weeks"),
        ("physical-examination", "height_cm", Decimal(17), "Height is 100 to 230 cm; 17 is not possible"),
        ("physical-examination", "weight_kg", Decimal(700), "Weight is 25 to 350 kg; 700 is not possible"),
        ("physical-examination", "systolic", 1200, "Systolic blood pressure is 40 to 300 mmHg"),
        ("physical-examination", "diastolic", 8, "Diastolic blood pressure is 20 to 200 mmHg"),
        ("physical-examination", "heart_rate", 5, "Heart rate is 20 to 250 beats/min; 5 is not possible"),
        ("electrocardiogram", "heart_rate", 5, "Heart rate is 20 to 250 beats/min"),
        ("electrocardiogram", "pr_ms", 9999, "PR interval is 50 to 800 ms"),
        ("electrocardiogram", "qtc_ms", 1, "QTc interval is 200 to 800 ms; 1 is not possible"),
    ],
)
def test_a_number_that_cannot_be_is_refused_with_its_range_and_unit(
    consented: Participant, coordinator: User, slug: str, field: str, number: Any, words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        record(coordinator, consented, slug, **{field: number})
    assert any(words in message for message in refused.value.message_dict[field])
    assert not FORMS[slug].model._default_manager.exists()


def test_a_dose_below_nothing_is_refused(consented: Participant, coordinator: User) -> None:
    taken = record(coordinator, consented, "medication")
    assert isinstance(taken, Medication)
    given = {"from_date": date(2026, 3, 1), "occurred_at": CONSENTED}
    with pytest.raises(ValidationError, match="Daily dose is 0 to 10000 mg; -20 is not possible"):
        services.record_dose(coordinator, taken, daily_dose_mg=Decimal(-20), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("slug", "changes", "field", "words"),
    [
        ("demographics", {"age_years": 18, "education_years": 20}, "education_years", "do not fit in 18 years"),
        ("medication", {"started_on": date(2026, 10, 1), "stopped_on": date(2026, 1, 1)}, "stopped_on", "2026-10-01"),
        ("physical-examination", {"systolic": 70, "diastolic": 110}, "diastolic", "70/110 mmHg cannot be"),
        ("physical-examination", {"diastolic": None}, "diastolic", "both blood pressures"),
        ("physical-examination", {"height_cm": None}, "height_cm", "say in the comment why"),
        ("electrocardiogram", {"heart_rate": None}, "heart_rate", "say in the comment why"),
        ("electrocardiogram", {"finding": "not_done"}, "finding", "not done has no values"),
        ("drug-test", {"substances": "cocaine"}, "substances", "'negative', yet a substance is named"),
        ("drug-test", {"result": "not_done", "substances": "cocaine"}, "substances", "yet a substance is named"),
        ("drug-test", {"result": "positive"}, "substances", "Name what was found"),
        ("mri-safety", {"implant": "yes"}, "comment", "yet the scanner is cleared"),
    ],
)
def test_a_form_that_contradicts_itself_is_refused(
    consented: Participant, coordinator: User, slug: str, changes: dict[str, Any], field: str, words: str
) -> None:
    with pytest.raises(ValidationError) as refused:
        record(coordinator, consented, slug, **changes)
    assert words in refused.value.message_dict[field][0]


@pytest.mark.parametrize(
    ("slug", "values"),
    [
        ("physical-examination", NOT_EXAMINED),
        ("physical-examination", {**NOT_EXAMINED, "general": "normal", "comment": "in bed, not weighed"}),
        ("electrocardiogram", {"finding": "not_done"}),
        ("electrocardiogram", {"finding": "significant", "comment": "rate unreadable, artefacts"}),
        ("mri-safety", {**SAFE, "implant": "yes", "comment": "MR-conditional knee, cleared by radiology"}),
    ],
)
def test_what_was_not_done_or_is_explained_is_recorded(
    consented: Participant, coordinator: User, slug: str, values: dict[str, Any]
) -> None:
    services.record_screening(coordinator, consented, slug=slug, occurred_at=CONSENTED, **values)
    assert FORMS[slug].model._default_manager.filter(participant=consented).count() == 1


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (("demographics", {"sex": "male"}), ("pregnancy-test", {"result": "positive"}), "positive pregnancy test"),
        (("demographics", {"sex": "male"}), ("pregnancy-test", {"breast_feeding": "yes"}), "breast-feeding"),
        (("demographics", {"age_years": 45}), ("psychiatric-history", {"age_at_onset": 60}), "first episode at age 60"),
        (("demographics", {"age_years": 20}), ("diagnosis", {"episode_weeks": 1560}), r"1560 weeks \(30 years\)"),
    ],
)
@pytest.mark.parametrize("is_turned", [False, True])
def test_two_forms_that_contradict_each_other_are_refused_naming_both(
    consented: Participant, coordinator: User, first: Any, second: Any, words: str, is_turned: bool
) -> None:
    earlier, later = (second, first) if is_turned else (first, second)
    record(coordinator, consented, earlier[0], **earlier[1])
    with pytest.raises(RecordError, match=words) as refused:
        record(coordinator, consented, later[0], **later[1])
    assert "Demographics says" in str(refused.value)
    assert FORMS[second[0]].title in str(refused.value)
    assert not FORMS[later[0]].model._default_manager.exists()


def test_a_correction_is_held_to_the_other_form_too(consented: Participant, coordinator: User) -> None:
    row = record(coordinator, consented, "demographics")
    record(coordinator, consented, "pregnancy-test", result="positive")
    with pytest.raises(RecordError, match="Both cannot be"):
        services.correct_screening(coordinator, row, version=1, reason="misheard", sex="male")
    row.refresh_from_db()
    assert (row.sex, row.version) == ("female", 1)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("on", "dose", "words"), [("2026-01-01", 50, "was started"), ("2026-02-20", 50, "was stopped")]
)
def test_a_dose_outside_the_medicines_time_is_refused(
    consented: Participant, coordinator: User, on: str, dose: int, words: str
) -> None:
    days = {"started_on": date(2026, 2, 1), "stopped_on": date(2026, 2, 20)}
    taken = record(coordinator, consented, "medication", **days)
    given: dict[str, Any] = {"from_date": date.fromisoformat(on), "occurred_at": CONSENTED}
    with pytest.raises(ValidationError, match=words):
        services.record_dose(coordinator, taken, daily_dose_mg=Decimal(dose), **given)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("slug", "field", "typed", "words"),
    [
        ("physical-examination", "height_cm", "17", "Height is 100 to 230 cm; 17 is not possible. Check the number"),
        ("physical-examination", "height_cm", "170.25", "Height has at most 1 decimal"),
        ("physical-examination", "height_cm", "tall", "Height is a number, 100 to 230 cm."),
        ("physical-examination", "heart_rate", "-5", "Heart rate is 20 to 250 beats/min; -5 is not possible"),
        ("physical-examination", "heart_rate", "99999999", "99999999 is not possible"),
        ("physical-examination", "heart_rate", "60.5", "Heart rate is a whole number, 20 to 250 beats/min."),
        ("medication", "started_on", "2031-01-01", "This day has not come yet"),
    ],
)
def test_the_page_refuses_in_these_words_alone(
    client: Client, consented: Participant, coordinator: User, slug: str, field: str, typed: str, words: str
) -> None:
    client.force_login(coordinator)
    url = reverse("participants:screening", args=[consented.study_id, slug])
    given = {**COMPLETE[slug], field: typed, "occurred_at": "2026-03-02T11:00", "key": str(uuid.uuid4())}
    answer = client.post(url, given)
    assert answer.status_code == 422
    assert [words in one for one in answer.context["form"].errors[field]] == [True]
