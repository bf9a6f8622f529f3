"""The treatment as it was given. ``occurred_at`` is always when it happened, not when it was typed."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from trial.participants.models.possible import Possible
from trial.records.models import ClinicalRecord


class ClonidineDose(ClinicalRecord):
    """One clonidine dose: given, or held with the reason."""

    observation = "clonidine"

    dose_mg = models.DecimalField("dose (mg)", max_digits=4, decimal_places=2)
    is_given = models.BooleanField("given", default=True)
    held_reason = models.CharField("why held", max_length=200, blank=True)


class Infusion(ClinicalRecord):
    """The infusion of one participant; ``occurred_at`` is its start. Its rates are its events."""

    dosing_weight_kg = models.DecimalField("dosing weight (kg)", max_digits=5, decimal_places=1)
    ended_at = models.DateTimeField(null=True, blank=True)
    is_completed = models.BooleanField(null=True, blank=True)
    end_reason = models.CharField(max_length=200, blank=True)

    class Meta(ClinicalRecord.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *ClinicalRecord.Meta.constraints,
            models.UniqueConstraint(fields=["participant"], name="infusion_once"),
        ]


class Bag(ClinicalRecord):
    """A bag or syringe hung; its concentration sets the pump rate."""

    infusion = models.ForeignKey(Infusion, on_delete=models.PROTECT, related_name="bags")
    concentration = models.DecimalField("concentration (mg/mL)", max_digits=5, decimal_places=2)
    volume_ml = models.DecimalField("volume (mL)", max_digits=6, decimal_places=1)
    lot = models.CharField(max_length=40, blank=True)


class RateChange(ClinicalRecord):
    """The rate from ``occurred_at`` on, in mg/kg/h; 0 is a pause or the end."""

    observation = "rate"

    infusion = models.ForeignKey(Infusion, on_delete=models.PROTECT, related_name="rates")
    rate = models.DecimalField("rate (mg/kg/h)", max_digits=5, decimal_places=4)
    pump_rate = models.DecimalField("pump rate (mL/h)", max_digits=6, decimal_places=2, null=True, blank=True)
    explanation = models.CharField("reason", max_length=200)
    checked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name="second check by",
    )

    class Meta(ClinicalRecord.Meta):
        ordering: ClassVar[list[str]] = ["occurred_at", "entered_at"]


POSSIBLE_READINGS = {
    "systolic": Possible("Systolic pressure", 30, 300, "mmHg"),
    "diastolic": Possible("Diastolic pressure", 10, 200, "mmHg"),
    "heart_rate": Possible("Heart rate", 0, 300, "beats/min"),
    "respiratory_rate": Possible("Breathing", 0, 80, "breaths/min"),
    "oxygen_saturation": Possible("Oxygen saturation", 30, 100, "%"),
}


class Vitals(ClinicalRecord):
    """Vital signs at a moment."""

    observation = "vitals"
    is_done_at_visit = True

    systolic = models.PositiveSmallIntegerField("systolic (mmHg)", validators=[POSSIBLE_READINGS["systolic"]])
    diastolic = models.PositiveSmallIntegerField("diastolic (mmHg)", validators=[POSSIBLE_READINGS["diastolic"]])
    heart_rate = models.PositiveSmallIntegerField(
        "heart rate (beats/min)", validators=[POSSIBLE_READINGS["heart_rate"]]
    )
    respiratory_rate = models.PositiveSmallIntegerField(
        "breaths/min", null=True, blank=True, validators=[POSSIBLE_READINGS["respiratory_rate"]]
    )
    oxygen_saturation = models.PositiveSmallIntegerField(
        "SpO2 (%)", null=True, blank=True, validators=[POSSIBLE_READINGS["oxygen_saturation"]]
    )
    comment = models.CharField(max_length=200, blank=True)


class SideEffects(ClinicalRecord):
    """The side-effect checklist: grade by item id of the protocol; a missing item is absent, never 0."""

    observation = "side_effects"
    is_done_at_visit = True

    scores = models.JSONField(default=dict)
    other = models.CharField("other complaints", max_length=300, blank=True)


class SerumSample(ClinicalRecord):
    """One blood sample; ``occurred_at`` is the draw, ``sample`` the protocol's sampling point."""

    observation = "serum"
    is_done_at_visit = True

    sample = models.CharField("sampling point", max_length=24)
    comment = models.CharField(max_length=200, blank=True)


class SerumLevel(ClinicalRecord):
    """One analyte in one sample, in ng/mL; below the limit of quantification the value is empty."""

    sample = models.ForeignKey(SerumSample, on_delete=models.PROTECT, related_name="levels")
    analyte = models.CharField(max_length=24)
    concentration = models.DecimalField("concentration (ng/mL)", max_digits=9, decimal_places=3, null=True, blank=True)
    below_limit = models.BooleanField("below the limit of quantification", default=False)

    class Meta(ClinicalRecord.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *ClinicalRecord.Meta.constraints,
            models.UniqueConstraint(fields=["sample", "analyte"], name="analyte_once_per_sample"),
        ]
