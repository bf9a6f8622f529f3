"""What a verdict does to a write: an order stops or is overridden, a fact becomes a deviation."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from trial.participants.models import Participant, Visit
from trial.records.models import ClinicalRecord
from trial.records.services import RecordError
from trial.rules.verdict import Verdict, worst
from trial.safety import services as safety
from trial.safety.models import Deviation
from trial.users.models import User

SUMMARY_LENGTH = 300


class RuleBroken(RecordError):
    """An order passes a limit; `verdict` says which, and whether a reason overrides it."""

    def __init__(self, verdict: Verdict, others: Iterable[Verdict] = ()) -> None:
        said = dict.fromkeys(entry.why.rstrip(".") for entry in (verdict, *others))
        super().__init__(". ".join(said) + ".")
        self.verdict = verdict


class Finding(NamedTuple):
    """A verdict with the kind of deviation it becomes when the thing is done all the same."""

    kind: Deviation.Kind
    verdict: Verdict


def settle(findings: Iterable[Finding], *, happened: bool, override_reason: str) -> list[Finding]:
    """Return what must be recorded as deviations; raises RuleBroken for an order that may not go on."""
    against = [finding for finding in findings if not finding.verdict.ok]
    gravest = worst(finding.verdict for finding in against)
    if happened or gravest.ok or (gravest.severity == "soft" and override_reason.strip()):
        return against
    raise RuleBroken(gravest, [finding.verdict for finding in against])


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
