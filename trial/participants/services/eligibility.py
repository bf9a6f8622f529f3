"""The psychiatrist's judgements, and the decision that follows from every criterion."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from trial.audit.context import audited
from trial.participants import facts, queries
from trial.participants.models import Cohort, CriterionJudgement, EligibilityDecision, Participant, Status
from trial.participants.services.order import StepRefused, report_consent, require_step
from trial.participants.services.statuses import put_status
from trial.records.models import Origin
from trial.records.services import KeyReused, RecordError, content_hash, enter
from trial.users.models import User

ROUTE = CriterionJudgement._meta.label_lower


def judge_criteria(
    actor: User,
    participant: Participant,
    *,
    judgements: Mapping[str, tuple[str, str]],
    occurred_at: datetime,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
) -> list[CriterionJudgement]:
    """Record what the psychiatrist finds: criterion id -> (pass, fail or unknown; reason).

    Raises KeyReused for other findings under a used key, RecordError for an id the protocol does not have or
    a finding without a reason.
    """
    key = key or uuid.uuid4()
    rows = [
        _judgement(actor, participant, criterion, verdict, reason, occurred_at, uuid.uuid5(key, criterion), origin)
        for criterion, (verdict, reason) in judgements.items()
    ]
    with audited(actor, "criteria judged"):
        known = CriterionJudgement.objects.filter(entered_by=actor, route=ROUTE, key__in=[row.key for row in rows])
        if there := list(known):
            if sorted(row.content_hash for row in there) != sorted(row.content_hash for row in rows):
                raise KeyReused("These findings were already saved with other answers. Open the page again.")
            return there
        CriterionJudgement.objects.bulk_create(rows)
        if rows:
            report_consent(actor, participant, "The judgement of the criteria", occurred_at=occurred_at, source=rows[0])
    return rows


def _judgement(
    actor: User,
    participant: Participant,
    criterion: str,
    verdict: str,
    reason: str,
    occurred_at: datetime,
    key: uuid.UUID,
    origin: str,
) -> CriterionJudgement:
    if criterion not in queries.protocol_of(participant).eligibility:
        raise RecordError(f"The protocol has no criterion {criterion!r}.")
    if not reason.strip():
        raise RecordError(f"Say in a few words on what the finding for {criterion!r} rests.")
    row = CriterionJudgement(
        site_id=participant.site_id,
        entered_by=actor,
        key=key,
        route=ROUTE,
        content_hash=content_hash({"criterion": criterion, "verdict": verdict, "reason": reason}),
        protocol_version=participant.protocol_version,
        origin=origin,
        participant=participant,
        occurred_at=occurred_at,
        criterion=criterion,
        verdict=verdict,
        explanation=reason.strip(),
    )
    row.clean_fields(exclude={"site", "entered_by", "participant", "visit"})
    return row


def decide_eligibility(
    actor: User,
    participant: Participant,
    *,
    is_eligible: bool,
    reason: str = "",
    occurred_at: datetime,
    seen: str | None = None,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
) -> EligibilityDecision:
    """Decide to enrol or to refuse, keeping every criterion as it stood.

    ``seen`` is the id of the latest decision that the page showed, empty before the first. Raises StepRefused
    to enrol before consent or while any criterion fails or is unknown, and RecordError to refuse without a
    reason or where somebody else decided since the page was opened.
    """
    if participant.cohort != Cohort.PATIENT:
        raise RecordError("The criteria are those of patients; a control's enrolment is a status.")
    key = key or uuid.uuid4()
    if not is_eligible and not reason.strip():
        raise RecordError("Say why the participant is not enrolled.")
    with audited(actor, "eligibility decided"):
        Participant.objects.select_for_update().get(pk=participant.pk)  # of two decisions at once the second waits
        _require_latest(actor, participant, seen, key)
        standing = facts.judge(participant)
        if is_eligible:
            require_step(participant, "eligibility")
            if not standing.may_enrol.ok:
                raise StepRefused(standing.may_enrol)
        decision = enter(
            EligibilityDecision,
            actor,
            participant=participant,
            occurred_at=occurred_at,
            key=key,
            origin=origin,
            is_eligible=is_eligible,
            explanation=reason,
            criteria={one.criterion.id: {"answer": one.answer, "reason": one.reason} for one in standing.judgements},
        )
        put_status(
            actor,
            participant,
            Status.Axis.ENROLMENT,
            Status.Value.ENROLLED if is_eligible else Status.Value.SCREEN_FAILURE,
            occurred_at=occurred_at,
            reason=reason,
            key=uuid.uuid5(key, Status.Axis.ENROLMENT),
            origin=origin,
        )
    return decision


def _require_latest(actor: User, participant: Participant, seen: str | None, key: uuid.UUID) -> None:
    """Refuse to decide over a decision that the page did not show, unless this very form made it."""
    latest = queries.latest_decision(participant)
    if seen is None or latest is None or str(latest.pk) == seen:
        return
    if (latest.entered_by_id, latest.key) != (actor.pk, key):
        raise RecordError("Somebody decided since you opened this page. Open it again and look at the decision.")
