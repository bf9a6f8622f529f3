"""Imaging sessions and the numbers that pipelines made of them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from trial.records.models import ClinicalRecord, Record


class Upload(Record):
    """A file that numbers were read from, of one or many participants of a site.

    The file is kept under its hash, its headers stripped of names, machines and paths.
    """

    class Kind(models.TextChoices):
        VOLUMES = "aseg_stats", "FreeSurfer aseg.stats"
        CONNECTIVITY = "connectivity_tsv", "network connectivity table"

    kind = models.CharField(max_length=24, choices=Kind.choices)
    file_name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    size = models.PositiveIntegerField()
    made_by = models.CharField("pipeline", max_length=120, blank=True)


class ImagingSession(ClinicalRecord):
    """One scan session; ``occurred_at`` is when it took place.

    A control's first and second scan are Pre1 and Pre2: nobody infused them, so they have no Post.
    """

    observation = "imaging"
    is_done_at_visit = True

    class Timepoint(models.TextChoices):
        PRE1 = "pre1", "Pre1"
        PRE2 = "pre2", "Pre2"
        POST = "post", "Post"

    timepoint = models.CharField(max_length=4, choices=Timepoint.choices)
    scanner = models.CharField(max_length=80, blank=True)
    is_usable = models.BooleanField("usable for analysis", default=True)
    exclusion_reason = models.CharField(max_length=200, blank=True)

    class Meta(ClinicalRecord.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *ClinicalRecord.Meta.constraints,
            models.UniqueConstraint(fields=["participant", "timepoint"], name="timepoint_once"),
        ]

    def __str__(self) -> str:
        return self.get_timepoint_display()


class Volume(ClinicalRecord):
    """The volume of one structure in one session, in mm³; ``etiv`` is the intracranial volume itself."""

    session = models.ForeignKey(ImagingSession, on_delete=models.PROTECT, related_name="volumes")
    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, null=True, related_name="volumes")
    structure = models.CharField(max_length=40)
    volume_mm3 = models.DecimalField("volume (mm³)", max_digits=12, decimal_places=3)

    class Meta(ClinicalRecord.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *ClinicalRecord.Meta.constraints,
            models.UniqueConstraint(fields=["session", "structure"], name="structure_once"),
        ]


class NetworkConnectivity(ClinicalRecord):
    """Mean functional connectivity of one network in one session, Fisher z."""

    session = models.ForeignKey(ImagingSession, on_delete=models.PROTECT, related_name="networks")
    upload = models.ForeignKey(Upload, on_delete=models.PROTECT, null=True, related_name="networks")
    network = models.CharField(max_length=24)
    value = models.FloatField("mean Fisher z")
    frames = models.PositiveIntegerField("frames kept", null=True, blank=True)

    class Meta(ClinicalRecord.Meta):
        constraints: ClassVar[list[models.BaseConstraint]] = [
            *ClinicalRecord.Meta.constraints,
            models.UniqueConstraint(fields=["session", "network"], name="network_once"),
        ]
