"""Moving a participant to a later protocol version: what was done keeps its version, what is to come follows."""

from __future__ import annotations

import uuid
from datetime import datetime

from trial import protocol
from trial.audit.context import audited
from trial.participants import amendments, queries
from trial.participants.models import Participant, ProtocolMove, Visit
from trial.participants.services.order import StepRefused
from trial.participants.services.visits import make_visits, refresh_windows
from trial.records.services import KeyReused, RecordError, amend, bind_protocol, enter
from trial.rules.amendments import judge_move, must_reconsent
from trial.signatures.sign_off import require_signed_protocol
from trial.users.models import User


def move_to_version(
    actor: User,
    participant: Participant,
    *,
    to: str,
    occurred_at: datetime,
    reason: str,
    version: int,
    key: uuid.UUID | None = None,
) -> ProtocolMove:
    """Bind a participant to a later protocol version from an instant on; visits still planned follow it.

    version: of the participant's row, as the page showed it. Raises StepRefused where the amendment forbids it,
    ProtocolUnsigned where that version must be signed first, RecordError without a reason, StaleRecord, KeyReused.
    """
    if not reason.strip():
        raise RecordError("Say why the participant is moved.")
    later, zone = protocol.for_version(to), participant.site.zone
    with audited(actor, reason):
        if (made := amendments.move_made(participant, key)) is not None:
            return _same(made, to, occurred_at, reason)
        standing = amendments.standing_of(participant)
        verdict = judge_move(later, standing, occurred_at, zone)
        if not verdict.ok:
            raise StepRefused(verdict)
        require_signed_protocol(participant.site, to, "The move to a later version")
        bind_protocol(to)
        saved = amend(participant, actor, version=version, reason=reason, protocol_version=to)
        participant.version, participant.protocol_version = saved.version, to
        row = enter(
            ProtocolMove,
            actor,
            participant=participant,
            occurred_at=occurred_at,
            key=key,
            reason=reason,
            from_version=standing.bound,
            to_version=to,
            reconsent=queries.latest_reconsent(participant) if must_reconsent(later, standing.phase) else None,
            explanation=reason.strip(),
        )
        _rebind_planned(participant, to)
        make_visits(actor, participant)
        refresh_windows(actor, participant)
    return row


def _same(made: ProtocolMove, to: str, occurred_at: datetime, reason: str) -> ProtocolMove:
    """The move that the form made before; raises KeyReused when it asked for another one then."""
    if (made.to_version, made.occurred_at, made.explanation) != (to, occurred_at, reason.strip()):
        raise KeyReused("This form was already saved with other content. Open the participant and look at the move.")
    made.is_repeat = True
    return made


def _rebind_planned(participant: Participant, to: str) -> None:
    """Let every visit that is still to come follow the new version; what was held or missed keeps its own."""
    planned = list(participant.visits.select_for_update().filter(state=Visit.State.PLANNED))
    for visit in planned:
        visit.protocol_version = to
        visit.version += 1
    Visit.objects.bulk_update(planned, ["protocol_version", "version"])
