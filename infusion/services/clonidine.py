"""Recording clonidine."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from infusion import queries
from infusion.models import ClonidineDose
from infusion.rules import judge_clonidine
from infusion.services.verdicts import Finding, judge_anew, record_deviations, settle
from trial.participants.models import Participant, Visit
from trial.participants.queries import protocol_of
from trial.records.services import amend, content_hash, enter, repeated
from trial.safety.models import Deviation
from trial.signatures.sign_off import require_signed_protocol
from trial.users.models import User


@transaction.atomic
def record_clonidine(
    actor: User,
    participant: Participant,
    *,
    dose_mg: Decimal,
    is_given: bool = True,
    held_reason: str = "",
    occurred_at: datetime | None = None,
    visit: Visit | None = None,
    happened: bool = False,
    override_reason: str = "",
    key: UUID | None = None,
    origin: str = "form",
) -> ClonidineDose:
    """Record one dose (mg), given or held with the reason; holding and what has happened are never refused.

    Raises RuleBroken for an order beyond the daily maximum, ProtocolUnsigned, ValidationError, KeyReused.
    """
    values = {"dose_mg": dose_mg, "is_given": is_given, "held_reason": held_reason}
    given = {**values, "participant": participant, "visit": visit, "occurred_at": occurred_at}
    if key is not None and (row := repeated(ClonidineDose, actor, key, content_hash(given))):
        return row
    if not is_given and not held_reason.strip():
        raise ValidationError({"held_reason": "Say why the dose was held."})
    if is_given and not happened:
        require_signed_protocol(participant.site, participant.protocol_version, "Clonidine")
    at = occurred_at or timezone.now()
    findings: list[Finding] = []
    if is_given:
        same, before = queries.clonidine_around(participant, at)
        verdict = judge_clonidine(dose_mg, same, before, protocol_of(participant))
        findings = settle([Finding(Deviation.Kind.LIMIT, verdict)], happened=happened, override_reason=override_reason)
    row = enter(
        ClonidineDose,
        actor,
        participant=participant,
        visit=visit,
        occurred_at=occurred_at,
        key=key,
        origin=origin,
        reason="clonidine recorded",
        **values,
    )
    record_deviations(
        actor,
        findings,
        participant=participant,
        what=f"Clonidine {dose_mg} mg",
        at=at,
        source=row,
        visit=visit,
        override_reason=override_reason,
    )
    return row


@transaction.atomic
def correct_clonidine(
    actor: User,
    row: ClonidineDose,
    *,
    version: int,
    reason: str,
    dose_mg: Decimal,
    is_given: bool,
    held_reason: str = "",
    occurred_at: datetime,
) -> ClonidineDose:
    """Correct a dose; what it departs from is judged anew. Raises StaleRecord, ReasonRequired, ValidationError."""
    if not is_given and not held_reason.strip():
        raise ValidationError({"held_reason": "Say why the dose was held."})
    before = _against(row)
    saved = amend(
        row,
        actor,
        version=version,
        reason=reason,
        dose_mg=dose_mg,
        is_given=is_given,
        held_reason=held_reason,
        occurred_at=occurred_at,
    )
    judge_anew(actor, saved, before, _against(saved), what=f"Clonidine {dose_mg} mg", why=reason)
    return saved


def _against(row: ClonidineDose) -> list[Finding]:
    if not row.is_given:
        return []
    same, before = queries.clonidine_around(row.participant, row.occurred_at, besides=row.pk)
    verdict = judge_clonidine(row.dose_mg, same, before, protocol_of(row.participant))
    return [Finding(Deviation.Kind.LIMIT, verdict)]
