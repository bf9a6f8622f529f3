"""The judgement of each criterion and the decision that follows."""

from __future__ import annotations

from django.db import models

from trial.records.models import ClinicalRecord


class CriterionJudgement(ClinicalRecord):
    """One criterion judged once; the latest judgement counts."""

    class Verdict(models.TextChoices):
        PASS = "pass", "passes"
        FAIL = "fail", "fails"
        UNKNOWN = "unknown", "not known yet"

    criterion = models.CharField(max_length=40)
    verdict = models.CharField(max_length=8, choices=Verdict.choices)
    explanation = models.CharField("reason", max_length=300)
    is_automatic = models.BooleanField(default=False)
    against_screening = models.TextField("what the screening said against it", blank=True)


class EligibilityDecision(ClinicalRecord):
    """A psychiatrist's decision to enrol or to refuse, with every criterion as it stood."""

    is_eligible = models.BooleanField()
    explanation = models.CharField("reason", max_length=300, blank=True)
    criteria = models.JSONField(default=dict)
