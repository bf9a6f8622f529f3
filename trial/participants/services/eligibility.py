"""The psychiatrist's judgements, and the decision that follows from every criterion."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

from trial.audit.context import audited
from trial.participants import facts, queries
from trial.participants.models import Cohort, CriterionJudgement, EligibilityDecision, Participant, Status
from trial.participants.sayings import Saying, goes_against, is_unanswered, sayings
from trial.participants.services.order import StepRefused, report_consent, require_step
from trial.participants.services.statuses import put_status
from trial.records.models import Origin
from trial.records.services import KeyReused, RecordError, StaleRecord, content_hash, enter
from trial.rules.eligibility import Eligibility
from trial.rules.verdict import refuse
from trial.signatures.sign_off import require_signed_protocol
from trial.users.models import User

ROUTE = CriterionJudgement._meta.label_lower


def judge_criteria(
    actor: User,
    participant: Participant,
    *,
    judgements: Mapping[str, tuple[str, str]],
    against: Mapping[str, str] | None = None,
    seen: Mapping[str, str] | None = None,
    occurred_at: datetime,
    key: uuid.UUID | None = None,
    origin: str = Origin.FORM,
) -> list[CriterionJudgement]:
    """Record what the psychiatrist finds: criterion id -> (pass, fail or unknown; reason).

    ``against`` holds, by criterion id, the reason of its own for a finding that goes against what the screening
    says; what it said is kept with the finding. ``seen`` holds the verdicts that the page showed, empty before
    the first: raises StaleRecord where somebody else found otherwise since. Raises KeyReused for other findings
    under a used key, RecordError for an id the protocol does not have, a finding without a reason, or one against
    the screening without a reason of its own.
    """
    key, said = key or uuid.uuid4(), sayings(participant)
    rows = [
        _judgement(
            actor,
            participant,
            criterion,
            (verdict, *_grounds(participant, criterion, verdict, reason, said.get(criterion), against or {})),
            occurred_at,
            uuid.uuid5(key, criterion),
            origin,
        )
        for criterion, (verdict, reason) in judgements.items()
    ]
    with audited(actor, "criteria judged"):
        Participant.objects.select_for_update().get(pk=participant.pk)  # of two findings at once the second waits
        known = CriterionJudgement.objects.filter(entered_by=actor, route=ROUTE, key__in=[row.key for row in rows])
        if there := list(known):
            if sorted(row.content_hash for row in there) != sorted(row.content_hash for row in rows):
                raise KeyReused("These findings were already saved with other answers. Open the page again.")
            return there
        _require_seen(participant, judgements, seen or {})
        CriterionJudgement.objects.bulk_create(rows)
        if rows:
            report_consent(actor, participant, "The judgement of the criteria", occurred_at=occurred_at, source=rows[0])
    return rows


def _require_seen(participant: Participant, judgements: Mapping[str, tuple[str, str]], seen: Mapping[str, str]) -> None:
    """Refuse a finding over another one that the page did not show; raises StaleRecord."""
    found = facts.latest_judgements(participant)
    for criterion, shown in seen.items():
        stands = found[criterion].verdict if criterion in found else ""
        if criterion in judgements and stands not in (shown, judgements[criterion][0]):
            raise StaleRecord("Somebody judged this since you opened the page. Open it again and compare.")


def _grounds(
    participant: Participant, criterion: str, verdict: str, reason: str, said: Saying | None, against: Mapping[str, str]
) -> tuple[str, str]:
    """On what a finding rests, and what the screening said if it goes against that; raises RecordError."""
    known = queries.protocol_of(participant).eligibility
    if criterion not in known:
        raise RecordError(f"The protocol has no criterion {criterion!r}.")
    if said is not None and goes_against(verdict, said):
        if not (own := against.get(criterion, "").strip()):
            text = known[criterion].text.text
            raise RecordError(f"{text}: the screening says {said.words}. Say for this criterion why it is judged so.")
        return own, said.words
    if not reason.strip():
        raise RecordError(f"Say in a few words on what the finding for {criterion!r} rests.")
    return reason.strip(), ""


def _judgement(
    actor: User,
    participant: Participant,
    criterion: str,
    found: tuple[str, str, str],
    occurred_at: datetime,
    key: uuid.UUID,
    origin: str,
) -> CriterionJudgement:
    """The row of one finding: its verdict, reason, and what the screening said against it."""
    verdict, reason, against = found
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
        explanation=reason,
        against_screening=against,
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
    to enrol before consent, while any criterion fails or is unknown, while the latest pregnancy test is
    positive, or while a finding goes against what the screening said only later. Raises RecordError to refuse
    without a reason, StaleRecord where somebody else decided since the page was opened, and ProtocolUnsigned where
    the protocol must be signed first.
    """
    if participant.cohort != Cohort.PATIENT:
        raise RecordError("The criteria are those of patients; a control's enrolment is a status.")
    key = key or uuid.uuid4()
    if not is_eligible and not reason.strip():
        raise RecordError("Say why the participant is not enrolled.")
    with audited(actor, "eligibility decided"):
        Participant.objects.select_for_update().get(pk=participant.pk)  # of two decisions at once the second waits
        require_signed_protocol(participant.site, participant.protocol_version, "The decision on eligibility")
        _require_latest(actor, participant, seen, key)
        standing = facts.judge(participant)
        if is_eligible:
            _require_eligible(participant, standing, occurred_at)
        decision = enter(
            EligibilityDecision,
            actor,
            participant=participant,
            occurred_at=occurred_at,
            key=key,
            origin=origin,
            is_eligible=is_eligible,
            explanation=reason,
            criteria=_as_it_stood(participant, standing),
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


def _require_eligible(participant: Participant, standing: Eligibility, occurred_at: datetime) -> None:
    """Refuse to enrol whom consent, pregnancy test, criteria or the screening do not admit; raises StepRefused."""
    require_step(participant, "eligibility")
    consented_at = queries.consented_at(participant)
    if consented_at is not None and occurred_at < consented_at:
        raise StepRefused(refuse("The decision is dated before the consent was signed; check its date."))
    if not standing.may_enrol.ok:
        raise StepRefused(standing.may_enrol)
    found, criteria = facts.latest_judgements(participant), queries.protocol_of(participant).eligibility
    for criterion, said in sayings(participant).items():
        if is_unanswered(found.get(criterion), said):
            words = f"{criteria[criterion].text.text}: the screening now says {said.words}. Judge it again first."
            raise StepRefused(refuse(words))


def _as_it_stood(participant: Participant, standing: Eligibility) -> dict[str, dict[str, str]]:
    """Each criterion with its answer and reason; a finding against the screening with that and its own reason."""
    stood: dict[str, dict[str, str]] = {
        one.criterion.id: {"answer": one.answer, "reason": one.reason} for one in standing.judgements
    }
    for criterion, row in facts.latest_judgements(participant).items():
        if row.against_screening:
            stood[criterion] |= {"against_screening": row.against_screening, "explanation": row.explanation}
    return stood


def _require_latest(actor: User, participant: Participant, seen: str | None, key: uuid.UUID) -> None:
    """Refuse to decide over a decision that the page did not show, unless this very form made it."""
    latest = queries.latest_decision(participant)
    if seen is None or latest is None or str(latest.pk) == seen:
        return
    if (latest.entered_by_id, latest.key) != (actor.pk, key):
        raise StaleRecord("Somebody decided since you opened this page. Open it again and look at the decision.")
