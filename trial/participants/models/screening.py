"""The screening forms. ``occurred_at`` is when the examination or the sample was taken."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models

from trial.participants.models.possible import Possible
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


def count(label: str, possible: Possible) -> models.PositiveSmallIntegerField[int | None, int | None]:
    """An optional whole number."""
    return models.PositiveSmallIntegerField(label, null=True, blank=True, validators=[possible])


def size(label: str, possible: Possible) -> models.DecimalField[Decimal | None, Decimal | None]:
    """An optional measurement of the body with one decimal."""
    return models.DecimalField(label, max_digits=5, decimal_places=1, null=True, blank=True, validators=[possible])


def pulse() -> models.PositiveSmallIntegerField[int | None, int | None]:
    """A heart rate, empty where it was not measured."""
    return count("heart rate (beats/min)", Possible("Heart rate", 20, 250, "beats/min"))


def _demand(record: models.Model, names: tuple[str, ...]) -> None:
    """Refuse to leave a measurement empty without a word; raises ValidationError naming each."""
    missing = [name for name in names if getattr(record, name) is None]
    words = "Enter the value, or say in the comment why it was not measured."
    if missing:
        raise ValidationError(dict.fromkeys(missing, words))


class ScreeningRecord(ClinicalRecord):
    """What a screening form records; a sample or a tracing may have been taken before the first contact."""

    observation = "screening"
    may_precede_contact = True

    class Meta(ClinicalRecord.Meta):
        abstract = True


class Diagnosis(ScreeningRecord):
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
    episode_weeks = count("length of this episode (weeks)", Possible("Length of this episode", 1, 3000, "weeks"))
    comment = note()


class MedicalHistory(ScreeningRecord):
    """Past and present illness."""

    uncontrolled_hypertension = answer("uncontrolled hypertension")
    heart_block = answer("second- or third-degree AV block")
    raised_pressure = answer("raised intracranial or intraocular pressure")
    liver_disease = answer("severe liver disease")
    clonidine_intolerance = answer("serious intolerance of clonidine")
    significant_illness = answer("other significant medical abnormality")
    takes_medicines = answer("takes any medicine now")
    comment = note("conditions")


class PsychiatricHistory(ScreeningRecord):
    """Course of the depression."""

    age_at_onset = count("age at first episode (years)", Possible("Age at first episode", 3, 120, "years"))
    episodes = count("number of episodes", Possible("Number of episodes", 1, 200))
    hospitalisations = count("psychiatric hospital stays", Possible("Number of psychiatric hospital stays", 0, 300))
    suicide_attempts = count("suicide attempts, lifetime", Possible("Number of suicide attempts", 0, 200))
    electroconvulsive_therapy = answer("electroconvulsive therapy, ever")
    comment = note()


class PhysicalExamination(ScreeningRecord):
    """Examination and measurements; the weight here is not yet the dosing weight."""

    general = finding("general appearance")
    heart_lungs = finding("heart and lungs")
    neurological = finding("neurological")
    height_cm = size("height (cm)", Possible("Height", 100, 230, "cm"))
    weight_kg = size("weight (kg)", Possible("Weight", 25, 350, "kg"))
    systolic = count("systolic blood pressure (mmHg)", Possible("Systolic blood pressure", 40, 300, "mmHg"))
    diastolic = count("diastolic blood pressure (mmHg)", Possible("Diastolic blood pressure", 20, 200, "mmHg"))
    heart_rate = pulse()
    comment = note()

    FINDINGS: ClassVar[tuple[str, ...]] = ("general", "heart_lungs", "neurological")
    MEASURED: ClassVar[tuple[str, ...]] = ("height_cm", "weight_kg", "systolic", "diastolic", "heart_rate")

    def clean(self) -> None:
        """Refuse pressures that contradict each other, and measurements left out without a word."""
        if self.systolic is not None and self.diastolic is not None and self.diastolic >= self.systolic:
            pressures = f"{self.systolic}/{self.diastolic} mmHg"
            raise ValidationError(
                {"diastolic": f"The diastolic pressure is below the systolic; {pressures} cannot be."}
            )
        if (self.systolic is None) != (self.diastolic is None):
            absent = "systolic" if self.systolic is None else "diastolic"
            raise ValidationError({absent: "Enter both blood pressures, or none."})
        is_done = any(getattr(self, name) != Normality.NOT_DONE for name in self.FINDINGS)
        if is_done and not self.comment.strip():
            _demand(self, self.MEASURED)


class Electrocardiogram(ScreeningRecord):
    """Twelve-lead ECG."""

    heart_rate = pulse()
    pr_ms = count("PR interval (ms)", Possible("PR interval", 50, 800, "ms"))
    qtc_ms = count("QTc interval (ms)", Possible("QTc interval", 200, 800, "ms"))
    finding = finding("reading")
    comment = note()

    def clean(self) -> None:
        """Refuse values of an ECG that was not done, and one without its heart rate and without a word."""
        values = [getattr(self, name) for name in ("heart_rate", "pr_ms", "qtc_ms")]
        if self.finding == Normality.NOT_DONE and any(value is not None for value in values):
            raise ValidationError(
                {"finding": "An ECG that was not done has no values; clear them, or enter the reading."}
            )
        if self.finding != Normality.NOT_DONE and not self.comment.strip():
            _demand(self, ("heart_rate",))


class Laboratory(ScreeningRecord):
    """Blood tests as the physician reads them."""

    blood_count = finding("blood count")
    chemistry = finding("chemistry")
    liver = finding("liver tests")
    thyroid = finding("thyroid tests")
    comment = note()


class PregnancyTest(ScreeningRecord):
    """Pregnancy, breast-feeding and contraception."""

    class Result(models.TextChoices):
        NEGATIVE = "negative", "negative"
        POSITIVE = "positive", "positive"
        NOT_APPLICABLE = "not_applicable", "does not apply"

    result = models.CharField(max_length=16, choices=Result.choices)
    breast_feeding = answer("breast-feeding")
    contraception = answer("adequate contraception, or not needed")


class DrugTest(ScreeningRecord):
    """Urine drug screen."""

    class Result(models.TextChoices):
        NEGATIVE = "negative", "negative"
        POSITIVE = "positive", "positive"
        NOT_DONE = "not_done", "not done"

    result = models.CharField(max_length=8, choices=Result.choices)
    substances = models.CharField("substances found", max_length=200, blank=True)

    def clean(self) -> None:
        """Refuse a result that contradicts the substances."""
        is_named = bool(self.substances.strip())
        if self.result == self.Result.POSITIVE and not is_named:
            raise ValidationError({"substances": "Name what was found, or correct the result."})
        if self.result in (self.Result.NEGATIVE, self.Result.NOT_DONE) and is_named:
            words = f"The result is {self.get_result_display()!r}, yet a substance is named; correct one of both."
            raise ValidationError({"substances": words})


class MriSafety(ScreeningRecord):
    """The MRI safety questionnaire."""

    implant = answer("pacemaker, clip or other implant")
    metal_fragment = answer("metal fragments")
    claustrophobia = answer("claustrophobia")
    cleared = answer("cleared for the scanner")
    comment = note()

    def clean(self) -> None:
        """Refuse to clear somebody with metal in the body without a word on it."""
        has_metal = Presence.YES in (self.implant, self.metal_fragment)
        if has_metal and self.cleared == Presence.YES and not self.comment.strip():
            words = "An implant or metal is named, yet the scanner is cleared. Say which it is and who cleared it"
            raise ValidationError({"comment": f"{words}, or correct an answer."})


class DrugClass(models.TextChoices):
    """Classes that the criteria and the tables tell apart."""

    SSRI = "ssri", "SSRI"
    SNRI = "snri", "SNRI"
    TRICYCLIC = "tricyclic", "tricyclic"
    MAOI = "maoi", "MAO inhibitor"
    ATYPICAL = "atypical", "other antidepressant"
    AUGMENTATION = "augmentation", "augmentation"
    OTHER = "other", "not an antidepressant"


class AntidepressantTrial(ScreeningRecord):
    """One earlier treatment: adequate in dose and duration, in this episode or before."""

    drug = models.CharField(max_length=80)
    drug_class = models.CharField("class", max_length=12, choices=DrugClass.choices)
    highest_dose_mg = models.DecimalField(
        "highest daily dose (mg)",
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[Possible("Highest daily dose", 0, 10000, "mg")],
    )
    weeks = count("weeks at an effective dose", Possible("Time at an effective dose", 0, 3000, "weeks"))
    is_adequate = answer("adequate dose and duration")
    in_current_episode = answer("in the current episode")
    responded = answer("responded")


class Medication(ScreeningRecord):
    """A medicine taken between screening and week 8; ``occurred_at`` is when it was reported."""

    drug = models.CharField(max_length=80)
    drug_class = models.CharField("class", max_length=12, choices=DrugClass.choices)
    indication = models.CharField(max_length=80, blank=True)
    started_on = models.DateField(null=True, blank=True)
    stopped_on = models.DateField(null=True, blank=True)

    def clean(self) -> None:
        """Refuse a stop before the start."""
        if self.started_on is not None and self.stopped_on is not None and self.stopped_on < self.started_on:
            words = f"The stop lies before the start ({self.started_on.isoformat()}); check both days."
            raise ValidationError({"stopped_on": words})


class MedicationDose(ScreeningRecord):
    """A dose from a day on; a change of dose is a new row."""

    medication = models.ForeignKey(Medication, on_delete=models.PROTECT, related_name="doses")
    daily_dose_mg = models.DecimalField(
        "daily dose (mg)", max_digits=8, decimal_places=2, validators=[Possible("Daily dose", 0, 10000, "mg")]
    )
    from_date = models.DateField("from")

    def clean(self) -> None:
        """Refuse a dose before the medicine was started or after it was stopped."""
        started, stopped = self.medication.started_on, self.medication.stopped_on
        if started is not None and self.from_date < started:
            words = f"The medicine was started {started.isoformat()}; correct this day, or the start in the log."
            raise ValidationError({"from_date": words})
        if stopped is not None and self.from_date >= stopped and self.daily_dose_mg > 0:
            words = f"The medicine was stopped {stopped.isoformat()}; correct this day, or the stop in the log."
            raise ValidationError({"from_date": words})
