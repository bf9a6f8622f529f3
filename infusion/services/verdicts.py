"""What a verdict does to a write: an order stops or is overridden, a fact becomes a deviation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple, cast

from trial.participants.models import Participant, Visit
from trial.records.events import emit
from trial.records.models import ClinicalRecord
from trial.records.services import RecordError
from trial.rules.deviations import Deviation as Departure
from trial.rules.deviations import Kind
from trial.rules.verdict import Verdict, worst
from trial.safety import services as safety
from trial.safety.models import Deviation
from trial.users.models import User

SUMMARY_LENGTH = 300


# The field of a form at which a protocol value is met; the longest key that fits decides.
FIELDS = {
    "limits.interval": "occurred_at",
    "limits.duration": "occurred_at",
    "limits.weight": "dosing_weight_kg",
    "infusion.weight_change_reverified": "dosing_weight_kg",
    "limits.concentration": "concentration",
    "infusion.usual_concentrations": "concentration",
    "limits.clonidine": "dose_mg",
    "limits": "rate",
    "infusion": "rate",
}
HARD = "A hard limit: no reason passes it."
SOFT = "A warning: give a reason to go on."


class Finding(NamedTuple):
    """A verdict with the kind of deviation it becomes when the thing is done all the same.

    `field` is the field of the form that it is about, if not the one of its protocol value; `advice` says what
    would be allowed instead.
    """

    kind: Deviation.Kind
    verdict: Verdict
    field: str = ""
    advice: str = ""

    @property
    def place(self) -> str:
        """The field of the form that this is about, or nothing."""
        fitting = [key for key in FIELDS if self.verdict.key.startswith(key)]
        return self.field or (FIELDS[max(fitting, key=len)] if fitting else "")

    @property
    def words(self) -> str:
        """What stands against the order, whether a reason passes it, and what would be allowed."""
        said = f"{self.verdict.why.rstrip('.')}. {HARD if self.verdict.severity == 'hard' else SOFT}"
        return f"{said} {self.advice}".rstrip()


class RuleBroken(RecordError):
    """An order passes limits; `verdict` is the gravest, `findings` everything that stands against it."""

    def __init__(self, findings: Iterable[Finding]) -> None:
        self.findings = tuple(findings)
        self.verdict = worst(finding.verdict for finding in self.findings)
        super().__init__(" ".join(dict.fromkeys(finding.words for finding in self.findings)))


def settle(findings: Iterable[Finding], *, happened: bool, override_reason: str) -> list[Finding]:
    """Return what must be recorded as deviations; raises RuleBroken for an order that may not go on."""
    against = [finding for finding in findings if not finding.verdict.ok]
    gravest = worst(finding.verdict for finding in against)
    if happened or gravest.ok or (gravest.severity == "soft" and override_reason.strip()):
        return against
    raise RuleBroken(against)


def record_deviations(
    actor: User,
    findings: Iterable[Finding],
    *,
    participant: Participant,
    what: str,
    at: datetime,
    source: ClinicalRecord,
    visit: Visit | None = None,
    override_reason: str = "",
) -> None:
    """Record one deviation per kind about *source*, important beyond a hard limit."""
    found: dict[Deviation.Kind, list[Verdict]] = {}
    for finding in findings:
        found.setdefault(finding.kind, []).append(finding.verdict)
    for kind, verdicts in found.items():
        summary = f"{what}: {'; '.join(verdict.why.rstrip('.') for verdict in verdicts)}."
        if override_reason.strip():
            summary += f" Reason given: {override_reason.strip()}"
        safety.record_deviation(
            actor,
            participant=participant,
            kind=kind,
            summary=summary[:SUMMARY_LENGTH],
            occurred_at=at,
            visit=visit,
            source=source,
            is_important=worst(verdicts).severity == "hard",
            origin=source.origin,
        )


def judge_anew(
    actor: User, source: ClinicalRecord, before: Iterable[Finding], after: Iterable[Finding], *, what: str, why: str
) -> None:
    """After a correction of *source*: close its deviations that hold no longer, and record those that hold now.

    what: the words that the summary begins with, such as "Clonidine 0.3 mg"; the first of them tells the row's own
    deviations. Where the same stands against it as before, nothing changes, so that a deviation keeps the reason
    that was given with it.
    """
    now = [finding for finding in after if not finding.verdict.ok]
    if {f.verdict.why for f in before if not f.verdict.ok} == {f.verdict.why for f in now}:
        return
    rows = Deviation.objects.filter(source_id=source.pk, is_automatic=True, closed_at=None)
    others = [row for row in rows if not row.summary.startswith(what.split()[0])]
    standing = [Departure(cast("Kind", row.kind), row.is_important, row.summary) for row in others]
    emit("deviations.judged", actor=actor, source=source, standing=standing, why=why)
    record_deviations(
        actor,
        now,
        participant=source.participant,
        what=what,
        at=source.occurred_at,
        source=source,
        visit=source.visit,
    )
