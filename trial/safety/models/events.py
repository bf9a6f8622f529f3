"""Adverse events in the terms of CDISC's AE domain, what became known later, and reports of serious ones."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import models

from trial.records.models import ClinicalRecord
from trial.safety.ctcae import GRADES
from trial.safety.rules.events import EventFacts, contradictions

# The flags of seriousness by their CDISC variable; any of them makes an event serious (ICH E2A II.B, 21 CFR 312.32(a)).
CRITERIA = {
    "AESDTH": "is_fatal",
    "AESLIFE": "is_life_threatening",
    "AESHOSP": "is_hospitalisation",
    "AESDISAB": "is_disabling",
    "AESCONG": "is_congenital",
    "AESMIE": "is_medically_important",
}


class Outcome(models.TextChoices):
    """How an event stands, as CDISC codes AEOUT."""

    RECOVERED = "recovered", "recovered"
    RECOVERING = "recovering", "recovering"
    NOT_RECOVERED = "not_recovered", "not recovered"
    SEQUELAE = "sequelae", "recovered with sequelae"
    FATAL = "fatal", "fatal"
    UNKNOWN = "unknown", "unknown"


RESOLVED = frozenset({Outcome.RECOVERED, Outcome.SEQUELAE, Outcome.FATAL})


class AdverseEvent(ClinicalRecord):
    """An untoward occurrence; ``occurred_at`` is its onset. Severity and seriousness are separate."""

    observation = "safety"
    may_precede_contact = True

    class Grade(models.IntegerChoices):
        MILD = 1, "1 mild"
        MODERATE = 2, "2 moderate"
        SEVERE = 3, "3 severe"
        LIFE_THREATENING = 4, "4 life-threatening"
        DEATH = 5, "5 death"

    class Causality(models.TextChoices):
        UNRELATED = "unrelated", "unrelated"
        UNLIKELY = "unlikely", "unlikely"
        POSSIBLE = "possible", "possible"
        PROBABLE = "probable", "probable"
        DEFINITE = "definite", "definite"
        NOT_JUDGED = "not judged", "not judged yet"

    class Action(models.TextChoices):
        """What was done with a drug because of the event, as CDISC codes AEACN."""

        NOT_CHANGED = "not_changed", "dose not changed"
        REDUCED = "reduced", "dose reduced"
        INCREASED = "increased", "dose increased"
        INTERRUPTED = "interrupted", "interrupted"
        WITHDRAWN = "withdrawn", "stopped for good"
        NOT_APPLICABLE = "not_applicable", "not applicable: not being given"
        UNKNOWN = "unknown", "unknown"

    class Expectedness(models.TextChoices):
        EXPECTED = "expected", "expected: listed in the reference safety information"
        UNEXPECTED = "unexpected", "unexpected: not listed there, or graver than listed"

    term = models.CharField("what happened", max_length=120)
    grade = models.PositiveSmallIntegerField("severity", choices=Grade.choices)
    is_serious = models.BooleanField("serious", default=False)
    is_fatal = models.BooleanField("it led to death", default=False)
    is_life_threatening = models.BooleanField("it was life-threatening", default=False)
    is_hospitalisation = models.BooleanField("it needed or prolonged a hospital stay", default=False)
    is_disabling = models.BooleanField("lasting or significant incapacity", default=False)
    is_congenital = models.BooleanField("birth defect", default=False)
    is_medically_important = models.BooleanField("another important medical event", default=False)
    seriousness = models.CharField("details of seriousness", max_length=200, blank=True)
    expectedness = models.CharField("whether it was expected", max_length=10, choices=Expectedness.choices, blank=True)
    ketamine_causality = models.CharField("caused by ketamine", max_length=10, choices=Causality.choices)
    clonidine_causality = models.CharField("caused by clonidine", max_length=10, choices=Causality.choices)
    procedure_causality = models.CharField("caused by a procedure", max_length=10, choices=Causality.choices)
    ketamine_action = models.CharField("what was done with ketamine", max_length=16, choices=Action.choices, blank=True)
    clonidine_action = models.CharField(
        "what was done with clonidine", max_length=16, choices=Action.choices, blank=True
    )
    aware_at = models.DateTimeField("trial staff knew")
    ended_at = models.DateTimeField("ended", null=True, blank=True)
    outcome_code = models.CharField("outcome", max_length=16, choices=Outcome.choices, blank=True)
    outcome = models.CharField("outcome in words", max_length=200, blank=True)
    is_provisional = models.BooleanField("opened by the site, to be completed", default=False, editable=False)

    def __str__(self) -> str:
        return self.term

    @property
    def criteria(self) -> list[str]:
        """The rules of seriousness that it meets, in words."""
        return [str(self._meta.get_field(name).verbose_name) for name in CRITERIA.values() if getattr(self, name)]  # type: ignore[union-attr]

    @property
    def grade_words(self) -> str:
        """What CTCAE says of its grade."""
        return GRADES[self.grade]

    @property
    def is_resolved(self) -> bool:
        """Whether nothing more has to be followed: it has ended, by its time or by its outcome."""
        return self.ended_at is not None or self.outcome_code in RESOLVED

    @property
    def to_complete(self) -> list[str]:
        """What is not stated yet, in words; a record can be kept without it."""
        causes = ("ketamine_causality", "clonidine_causality", "procedure_causality")
        open_fields = [name for name in causes if getattr(self, name) == self.Causality.NOT_JUDGED]
        open_fields += [n for n in ("ketamine_action", "clonidine_action", "outcome_code") if not getattr(self, n)]
        if self.is_serious and not self.expectedness:
            open_fields.append("expectedness")
        said = [str(self._meta.get_field(name).verbose_name) for name in open_fields]  # type: ignore[union-attr]
        return [*said, "which rule of seriousness it meets"] if self.is_serious and not self.criteria else said

    def clean(self) -> None:
        """Mark it serious when it meets a rule of seriousness; refuse what contradicts itself."""
        self.is_serious = self.is_serious or any(getattr(self, name) for name in CRITERIA.values())
        # Empty while a form with a mistyped onset is checked; the field says so itself.
        began: datetime | None = self.occurred_at
        wrong = contradictions(
            EventFacts(
                began_at=began,
                aware_at=self.aware_at,
                ended_at=self.ended_at,
                grade=self.grade,
                is_serious=self.is_serious,
                is_fatal=self.is_fatal,
                is_life_threatening=self.is_life_threatening,
                has_criterion=bool(self.criteria),
                details=self.seriousness,
                outcome=self.outcome_code,
            )
        )
        if wrong:
            raise ValidationError(wrong)


class AdverseEventFollowUp(ClinicalRecord):
    """What became known about an event after it was entered; ``occurred_at`` is when trial staff learned it."""

    event = models.ForeignKey(AdverseEvent, on_delete=models.PROTECT, related_name="follow_ups")
    news = models.CharField("what is new", max_length=500)
    outcome_code = models.CharField("how it stands now", max_length=16, choices=Outcome.choices)

    def __str__(self) -> str:
        return self.news


class SeriousEventReport(ClinicalRecord):
    """A serious event reported to somebody; ``occurred_at`` is when that was done."""

    class Recipient(models.TextChoices):
        SPONSOR = "sponsor", "sponsor"
        AUTHORITY = "authority", "authority (such as the FDA)"
        BOARD = "irb", "ethics committee (IRB)"
        SAFETY_BOARD = "dsmb", "safety board (DSMB)"
        OTHER = "other", "other"

    class Means(models.TextChoices):
        TELEPHONE = "telephone", "telephone"
        EMAIL = "email", "e-mail"
        PORTAL = "portal", "electronic portal"
        FAX = "fax", "fax"
        PAPER = "paper", "paper"

    event = models.ForeignKey(AdverseEvent, on_delete=models.PROTECT, related_name="reports")
    recipient = models.CharField("reported to", max_length=10, choices=Recipient.choices)
    person = models.CharField("who took it", max_length=120, blank=True)
    means = models.CharField("how", max_length=10, choices=Means.choices)
    reference = models.CharField("reference number", max_length=60, blank=True)

    def __str__(self) -> str:
        return f"{self.get_recipient_display()}, {self.get_means_display()}"
