"""The loaded demo holds what the file of the cohort says, entered by people, audited, and only once."""

from __future__ import annotations

from pathlib import Path

import pytest

from assessments.models import Assessment
from reports.cohort.scene import key_of
from reports.cohort.synthesis import Patient, patients
from tests.engines.clones import Template, manage
from trial.audit.models import AuditEntry
from trial.participants.models import AntidepressantTrial, Demographics, Participant
from trial.safety.models import Alert

STARTED = [patient for patient in patients() if patient.started]


def participant_of(patient: Patient) -> Participant:
    return Participant.objects.get(key=key_of(patient.label))


@pytest.mark.usefixtures("demo_orm")
class TestLoadedCohort:
    def test_every_madrs_total_is_the_one_of_the_file(self) -> None:
        for patient in STARTED:
            rows = Assessment.objects.filter(participant=participant_of(patient), instrument="madrs")
            totals = {row.visit.code: row.total for row in rows.select_related("visit") if row.visit}
            totals.pop("screening")
            assert totals == {"baseline": patient.madrs_baseline, **patient.madrs}

    def test_every_positive_subscale_is_the_one_of_the_file(self) -> None:
        for patient in STARTED:
            rows = Assessment.objects.filter(
                participant=participant_of(patient), instrument="bprs", visit__code__startswith="infusion_day"
            )
            assert [row.subscales["positive"] for row in rows.order_by("occurred_at")] == list(patient.bprs_positive)

    def test_age_and_lifetime_trials_are_those_of_the_file(self) -> None:
        for patient in STARTED:
            participant = participant_of(patient)
            assert Demographics.objects.get(participant=participant).age_years == patient.age
            assert AntidepressantTrial.objects.filter(participant=participant).count() == patient.trials

    def test_every_row_was_entered_by_a_person_of_the_demo_and_says_so(self) -> None:
        actors = set(AuditEntry.objects.filter(table_name=Assessment._meta.db_table).values_list("actor", flat=True))
        assert actors == {"psychiatrist"}
        assert set(Assessment.objects.values_list("origin", flat=True)) == {"demo"}

    def test_the_alert_about_the_patient_in_crisis_was_raised_and_acknowledged(self) -> None:
        crisis = next(patient for patient in STARTED if patient.madrs.get("day_6", 0) > 30)
        alerts = Alert.objects.filter(participant=participant_of(crisis))
        assert {alert.kind for alert in alerts} == {"suicidal_thoughts", "serious_adverse_event"}
        assert all(alert.acknowledged_at for alert in alerts)


def test_a_second_load_adds_nothing(demo_database: str, demo_template: Template, tmp_path: Path) -> None:
    said = manage(["load_cohort"], database_url=demo_database, var_dir=demo_template.var_dir)
    assert "already there" in said
    assert "The audit trail is whole" in manage(
        ["verify_audit"], database_url=demo_database, var_dir=demo_template.var_dir
    )


def test_the_demo_cohort_is_refused_outside_demo_mode(
    cloned_database: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SITE_MODE", "production")
    with pytest.raises(RuntimeError, match="demo mode only"):
        manage(["load_cohort"], database_url=cloned_database, var_dir=tmp_path)
