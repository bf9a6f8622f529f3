"""Who takes part: participant, consent, demographics, visits and dated statuses."""

from __future__ import annotations

from typing import ClassVar

from django.core.exceptions import ValidationError
from django.db import models

from trial.participants.models.possible import Possible
from trial.records.models import ClinicalRecord, Record


class Cohort(models.TextChoices):
    """Patients are treated; healthy controls are only imaged."""

    PATIENT = "patient", "patient"
    CONTROL = "control", "healthy control"


class Participant(Record):
    """A person in the trial, known by a study id with a check digit; never by name."""

    class Referral(models.TextChoices):
        CLINICIAN = "clinician", "referred by a clinician"
        REGISTRY = "registry", "trial registry"
        ADVERTISEMENT = "advertisement", "advertisement"
        OTHER = "other", "other"

    study_id = models.CharField(max_length=16, unique=True)
    cohort = models.CharField(max_length=8, choices=Cohort.choices)
    referral = models.CharField("referral source", max_length=16, choices=Referral.choices)
    enrolled_on = models.DateField("first contact")
    planned_infusion_on = models.DateField("planned day of the infusion", null=True, blank=True)

    class Meta(Record.Meta):
        ordering: ClassVar[list[str]] = ["study_id"]

    def __str__(self) -> str:
        return self.study_id


class Visit(Record):
    """A visit the protocol foresees: its window follows from an anchor that may not be known yet."""

    class State(models.TextChoices):
        PLANNED = "planned", "planned"
        DONE = "done", "done"
        MISSED = "missed", "missed"

    class MissedFor(models.TextChoices):
        HOSPITALISATION = "hospitalisation", "in hospital"
        ILLNESS = "illness", "ill, not in hospital"
        UNREACHED = "unreached", "could not be reached"
        DECLINED = "declined", "did not want to come or talk"
        LEFT = "left", "has left the trial"
        SITE = "site", "the site could not hold it"
        OTHER = "other", "another reason"

    participant = models.ForeignKey(Participant, on_delete=models.PROTECT, related_name="visits")
    code = models.CharField(max_length=24)
    schedule = models.CharField(max_length=8)
    due_at = models.DateTimeField(null=True, blank=True)
    opens_at = models.DateTimeField(null=True, blank=True)
    closes_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=State.choices, default=State.PLANNED)
    done_at = models.DateTimeField(null=True, blank=True)
    missed_cause = models.CharField(max_length=16, choices=MissedFor.choices, blank=True)
    missed_reason = models.CharField(max_length=200, blank=True)

    # What the save at hand made of the visit, for the words that answer it: it became done, and it had been missed.
    became_done = False
    was_missed_for = ""

    class Meta(Record.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *Record.Meta.constraints,
            models.UniqueConstraint(fields=["participant", "code"], name="visit_once_per_participant"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["site", "state", "closes_at"], name="visit_due")]

    def __str__(self) -> str:
        return self.code


class Consent(ClinicalRecord):
    """A signed consent form; ``occurred_at`` is when it was signed, before any procedure."""

    form_version = models.CharField("version of the consent form", max_length=40)
    is_reconsent = models.BooleanField("signed again after a change", default=False)
    copy_given = models.BooleanField("participant has a copy", default=True)


class ProtocolMove(ClinicalRecord):
    """A participant's move to a later protocol version; ``occurred_at`` is from when it holds.

    Visits held or missed before keep the version they were held under.
    """

    from_version = models.CharField("moved from", max_length=40)
    to_version = models.CharField("moved to", max_length=40)
    reconsent = models.ForeignKey(
        Consent, on_delete=models.PROTECT, related_name="+", null=True, blank=True, verbose_name="renewed consent"
    )
    explanation = models.CharField("reason", max_length=200)

    class Meta(ClinicalRecord.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *ClinicalRecord.Meta.constraints,
            models.UniqueConstraint(fields=["participant", "to_version"], name="moved_once_to_a_version"),
        ]


class Demographics(ClinicalRecord):
    """Who the participant is, as the baseline table reports it."""

    observation = "screening"

    class Sex(models.TextChoices):
        MALE = "male", "male"
        FEMALE = "female", "female"

    class Race(models.TextChoices):
        WHITE = "white", "White"
        BLACK = "black", "Black or African American"
        ASIAN = "asian", "Asian"
        NATIVE = "native", "American Indian or Alaska Native"
        PACIFIC = "pacific", "Native Hawaiian or Pacific Islander"
        MULTIPLE = "multiple", "more than one"
        UNKNOWN = "unknown", "unknown or not reported"

    class Ethnicity(models.TextChoices):
        HISPANIC = "hispanic", "Hispanic or Latino"
        NOT_HISPANIC = "not_hispanic", "not Hispanic or Latino"
        UNKNOWN = "unknown", "unknown or not reported"

    age_years = models.PositiveSmallIntegerField(
        "age at consent (years)", validators=[Possible("Age at consent", 10, 120, "years")]
    )
    sex = models.CharField(max_length=8, choices=Sex.choices)
    race = models.CharField(max_length=12, choices=Race.choices)
    ethnicity = models.CharField(max_length=16, choices=Ethnicity.choices)
    education_years = models.PositiveSmallIntegerField(
        "education (years)", null=True, blank=True, validators=[Possible("Education", 0, 40, "years")]
    )

    class Meta(ClinicalRecord.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *ClinicalRecord.Meta.constraints,
            models.UniqueConstraint(fields=["participant"], name="demographics_once"),
        ]

    def clean(self) -> None:
        """Refuse more years of education than years of life."""
        age, education = self.age_years, self.education_years
        if age is not None and education is not None and education >= age:
            raise ValidationError(
                {"education_years": f"{education} years of education do not fit in {age} years of life; check both."}
            )


class Status(ClinicalRecord):
    """A dated status on one of five separate axes: stopping the infusion ends nothing else."""

    class Axis(models.TextChoices):
        ENROLMENT = "enrolment", "enrolment"
        INFUSION = "infusion", "infusion"
        FOLLOW_UP = "follow_up", "follow-up"
        CONTACT = "contact", "permission to contact"
        DATA = "data", "permission to use data"

    class Value(models.TextChoices):
        SCREENING = "screening", "in screening"
        ENROLLED = "enrolled", "enrolled"
        SCREEN_FAILURE = "screen_failure", "did not meet the criteria"
        WITHDREW = "withdrew", "withdrew consent"
        STARTED = "started", "infusion started"
        COMPLETED = "completed", "completed"
        STOPPED_EARLY = "stopped_early", "stopped early"
        ACTIVE = "active", "in follow-up"
        LOST = "lost", "lost to follow-up"
        GRANTED = "granted", "granted"
        REFUSED = "refused", "refused"

    axis = models.CharField(max_length=12, choices=Axis.choices)
    value = models.CharField(max_length=16, choices=Value.choices)
    explanation = models.CharField("reason", max_length=200, blank=True)

    class Meta(ClinicalRecord.Meta):
        ordering: ClassVar[list[str]] = ["occurred_at", "entered_at"]
