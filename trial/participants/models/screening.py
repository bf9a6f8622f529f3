"""The screening forms. ``occurred_at`` is when the examination or the sample was taken."""

from __future__ import annotations

from django.db import models

from trial.records.models import ClinicalRecord


class Presence(models.TextChoices):
    """An answer that may be missing; unknown never counts as no."""

    YES = "yes", "yes"
    NO = "no", "no"
    UNKNOWN = "unknown", "not known"


class Normality(models.TextChoices):
    """A finding as the examiner judges it."""

    NORMAL = "normal", "normal"
    NOT_SIGNIFICANT = "not_significant", "abnormal, not clinically significant"
    SIGNIFICANT = "significant", "abnormal, clinically significant"
    NOT_DONE = "not_done", "not done"


def answer(label: str) -> models.CharField[str, str]:
    """A yes / no / not known field."""
    return models.CharField(label, max_length=8, choices=Presence.choices)


def finding(label: str) -> models.CharField[str, str]:
    """A normal / abnormal field."""
    return models.CharField(label, max_length=16, choices=Normality.choices)


def note(label: str = "comment") -> models.CharField[str, str]:
    """An optional line of text."""
    return models.CharField(label, max_length=300, blank=True)


class Diagnosis(ClinicalRecord):
    """The psychiatrist's diagnosis."""

    major_depression = answer("major depressive disorder")
    recurrent = answer("recurrent")
    severe = answer("severe")
    psychotic_features = answer("psychotic now or within 12 months")
    bipolar = answer("bipolar disorder")
    schizophrenia_spectrum = answer("schizophrenia or schizoaffective disorder")
    personality_disorder = answer("severe personality disorder that would confound")
    substance_use = answer("substance use disorder, current or recent")
    ketamine_pcp_use = answer("ever recreational ketamine or PCP")
    episode_weeks = models.PositiveSmallIntegerField("length of this episode (weeks)", null=True, blank=True)
    comment = note()


class MedicalHistory(ClinicalRecord):
    """Past and present illness."""

    uncontrolled_hypertension = answer("uncontrolled hypertension")
    heart_block = answer("second- or third-degree AV block")
    raised_pressure = answer("raised intracranial or intraocular pressure")
    liver_disease = answer("severe liver disease")
    clonidine_intolerance = answer("serious intolerance of clonidine")
    significant_illness = answer("other significant medical abnormality")
    takes_medicines = answer("takes any medicine now")
    comment = note("conditions")


class PsychiatricHistory(ClinicalRecord):
    """Course of the depression."""

    age_at_onset = models.PositiveSmallIntegerField("age at first episode (years)", null=True, blank=True)
    episodes = models.PositiveSmallIntegerField("number of episodes", null=True, blank=True)
    hospitalisations = models.PositiveSmallIntegerField("psychiatric hospital stays", null=True, blank=True)
    suicide_attempts = models.PositiveSmallIntegerField("suicide attempts, lifetime", null=True, blank=True)
    electroconvulsive_therapy = answer("electroconvulsive therapy, ever")
    comment = note()


class PhysicalExamination(ClinicalRecord):
    """Examination and measurements; the weight here is not yet the dosing weight."""

    general = finding("general appearance")
    heart_lungs = finding("heart and lungs")
    neurological = finding("neurological")
    height_cm = models.DecimalField("height (cm)", max_digits=5, decimal_places=1)
    weight_kg = models.DecimalField("weight (kg)", max_digits=5, decimal_places=1)
    systolic = models.PositiveSmallIntegerField("systolic blood pressure (mmHg)")
    diastolic = models.PositiveSmallIntegerField("diastolic blood pressure (mmHg)")
    heart_rate = models.PositiveSmallIntegerField("heart rate (beats/min)")
    comment = note()


class Electrocardiogram(ClinicalRecord):
    """Twelve-lead ECG."""

    heart_rate = models.PositiveSmallIntegerField("heart rate (beats/min)")
    pr_ms = models.PositiveSmallIntegerField("PR interval (ms)", null=True, blank=True)
    qtc_ms = models.PositiveSmallIntegerField("QTc interval (ms)", null=True, blank=True)
    finding = finding("reading")
    comment = note()


class Laboratory(ClinicalRecord):
    """Blood tests as the physician reads them."""

    blood_count = finding("blood count")
    chemistry = finding("chemistry")
    liver = finding("liver tests")
    thyroid = finding("thyroid tests")
    comment = note()


class PregnancyTest(ClinicalRecord):
    """Pregnancy, breast-feeding and contraception."""

    class Result(models.TextChoices):
        NEGATIVE = "negative", "negative"
        POSITIVE = "positive", "positive"
        NOT_APPLICABLE = "not_applicable", "does not apply"

    result = models.CharField(max_length=16, choices=Result.choices)
    breast_feeding = answer("breast-feeding")
    contraception = answer("adequate contraception, or not needed")


class DrugTest(ClinicalRecord):
    """Urine drug screen."""

    class Result(models.TextChoices):
        NEGATIVE = "negative", "negative"
        POSITIVE = "positive", "positive"
        NOT_DONE = "not_done", "not done"

    result = models.CharField(max_length=8, choices=Result.choices)
    substances = models.CharField("substances found", max_length=200, blank=True)


class MriSafety(ClinicalRecord):
    """The MRI safety questionnaire."""

    implant = answer("pacemaker, clip or other implant")
    metal_fragment = answer("metal fragments")
    claustrophobia = answer("claustrophobia")
    cleared = answer("cleared for the scanner")
    comment = note()


class DrugClass(models.TextChoices):
    """Classes that the criteria and the tables tell apart."""

    SSRI = "ssri", "SSRI"
    SNRI = "snri", "SNRI"
    TRICYCLIC = "tricyclic", "tricyclic"
    MAOI = "maoi", "MAO inhibitor"
    ATYPICAL = "atypical", "other antidepressant"
    AUGMENTATION = "augmentation", "augmentation"
    OTHER = "other", "not an antidepressant"


class AntidepressantTrial(ClinicalRecord):
    """One earlier treatment: adequate in dose and duration, in this episode or before."""

    drug = models.CharField(max_length=80)
    drug_class = models.CharField("class", max_length=12, choices=DrugClass.choices)
    highest_dose_mg = models.DecimalField(
        "highest daily dose (mg)", max_digits=7, decimal_places=2, null=True, blank=True
    )
    weeks = models.PositiveSmallIntegerField("weeks at an effective dose", null=True, blank=True)
    is_adequate = answer("adequate dose and duration")
    in_current_episode = answer("in the current episode")
    responded = answer("responded")


class Medication(ClinicalRecord):
    """A medicine taken between screening and week 8; ``occurred_at`` is when it was reported."""

    drug = models.CharField(max_length=80)
    drug_class = models.CharField("class", max_length=12, choices=DrugClass.choices)
    indication = models.CharField(max_length=80, blank=True)
    started_on = models.DateField(null=True, blank=True)
    stopped_on = models.DateField(null=True, blank=True)


class MedicationDose(ClinicalRecord):
    """A dose from a day on; a change of dose is a new row."""

    medication = models.ForeignKey(Medication, on_delete=models.PROTECT, related_name="doses")
    daily_dose_mg = models.DecimalField("daily dose (mg)", max_digits=8, decimal_places=2)
    from_date = models.DateField("from")
