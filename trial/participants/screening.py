"""The screening forms in one registry: slug, table, title, and whether a participant has one or many."""

from __future__ import annotations

from typing import NamedTuple

from trial.participants import models as tables
from trial.records.models import ClinicalRecord


class ScreeningForm(NamedTuple):
    """One form: its address, its table, its title, when it happened in words, and if it may repeat."""

    slug: str
    model: type[ClinicalRecord]
    title: str
    occurred: str
    repeats: bool = False
    cohorts: tuple[str, ...] = ("patient",)


BOTH = ("patient", "control")

FORMS: dict[str, ScreeningForm] = {
    form.slug: form
    for form in (
        ScreeningForm("demographics", tables.Demographics, "Demographics", "Asked on", cohorts=BOTH),
        ScreeningForm("diagnosis", tables.Diagnosis, "Diagnosis", "Examined on"),
        ScreeningForm("psychiatric-history", tables.PsychiatricHistory, "Psychiatric history", "Taken on"),
        ScreeningForm("medical-history", tables.MedicalHistory, "Medical history", "Taken on", cohorts=BOTH),
        ScreeningForm(
            "antidepressant-trials", tables.AntidepressantTrial, "Antidepressant trials", "Asked on", repeats=True
        ),
        ScreeningForm("medication", tables.Medication, "Medication log", "Reported on", repeats=True, cohorts=BOTH),
        ScreeningForm("physical-examination", tables.PhysicalExamination, "Physical examination", "Examined on"),
        ScreeningForm("electrocardiogram", tables.Electrocardiogram, "Electrocardiogram", "Recorded on"),
        ScreeningForm("laboratory", tables.Laboratory, "Blood tests", "Drawn on"),
        ScreeningForm("pregnancy-test", tables.PregnancyTest, "Pregnancy and contraception", "Tested on"),
        ScreeningForm("drug-test", tables.DrugTest, "Urine drug screen", "Tested on"),
        ScreeningForm("mri-safety", tables.MriSafety, "MRI safety", "Asked on", cohorts=BOTH),
    )
}


def forms_for(cohort: str) -> list[ScreeningForm]:
    """The forms that a cohort fills in, in their order."""
    return [form for form in FORMS.values() if cohort in form.cohorts]
