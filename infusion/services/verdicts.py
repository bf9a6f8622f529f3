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
GIVEN = " Reason given: "


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
    would be allowed instead; `subject` begins the summary of a deviation of its own, where it does not stand or fall
    with the others.
    """

    kind: Deviation.Kind
    verdict: Verdict
    field: str = ""
    advice: str = ""
    subject: str = ""

    @property
    def limit(self) -> str:
        """The limit that this is about, soft or hard: its dotted key without the bound; without a limit its words."""
        return ".".join(self.verdict.key.split(".")[:2]) or self.verdict.why

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


def topic_of(what: str) -> str:
    """What a deviation is about, by the first of its words: a rate, a bag, clonidine, the start, the end."""
    return what.split()[0].lower()


def ground_of(what: str, findings: Iterable[Finding]) -> str:
    """The ground of a deviation: what it is about and the limits that were passed."""
    return f"{topic_of(what)}: {', '.join(sorted({finding.limit for finding in findings}))}"


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
    """Record one deviation per kind and subject (*what*, if a finding names none), important beyond a hard limit."""
    found: dict[tuple[Deviation.Kind, str], list[Finding]] = {}
    for finding in findings:
        found.setdefault((finding.kind, finding.subject or what), []).append(finding)
    given = f"{GIVEN}{override_reason.strip()}" if override_reason.strip() else ""
    for (kind, subject), about in found.items():
        verdicts = [finding.verdict for finding in about]
        said = f"{subject}: {'; '.join(verdict.why.rstrip('.') for verdict in verdicts)}."
        said = said[: SUMMARY_LENGTH - len(given)]  # the reason is never what is cut off
        safety.record_deviation(
            actor,
            participant=participant,
            kind=kind,
            summary=f"{said}{given}",
            ground=ground_of(subject, about),
            began=said,
            occurred_at=at,
            visit=visit,
            source=source,
            is_important=worst(verdicts).severity == "hard",
            origin=source.origin,
        )


def is_about(row: Deviation, what: str) -> bool:
    """Whether a deviation is about the same as the words begin with; a row without a ground tells by its summary."""
    return row.ground.startswith(f"{topic_of(what)}: ") if row.ground else row.summary.startswith(what.split()[0])


def judge_anew(
    actor: User, source: ClinicalRecord, before: Iterable[Finding], after: Iterable[Finding], *, what: str, why: str
) -> None:
    """After a correction of *source*: close its deviations that hold no longer, and record those that hold now.

    what: the words that the summary begins with, such as "Clonidine 0.3 mg"; the first of them tells the deviations
    beyond a limit that *before* and *after* judge, and every other one stays. Where the same stands against it as
    before, nothing changes; where the same limit does, the reason that was given for passing it is kept.
    """
    was = [finding for finding in before if not finding.verdict.ok]
    now = [finding for finding in after if not finding.verdict.ok]
    if {finding.verdict.why for finding in was} == {finding.verdict.why for finding in now}:
        return
    rows = list(Deviation.objects.filter(source_id=source.pk, is_automatic=True, closed_at=None))
    judged = [row for row in rows if row.kind == Deviation.Kind.LIMIT and is_about(row, what)]
    standing = [Departure(cast("Kind", row.kind), row.is_important, row.summary) for row in rows if row not in judged]
    emit("deviations.judged", actor=actor, source=source, standing=standing, why=why)
    same = {finding.limit for finding in was} & {finding.limit for finding in now}
    reasons = [reason for row in judged if (reason := row.summary.partition(GIVEN)[2])]
    record_deviations(
        actor,
        now,
        participant=source.participant,
        what=what,
        at=source.occurred_at,
        source=source,
        visit=source.visit,
        override_reason=reasons[0] if same and reasons else "",
    )
