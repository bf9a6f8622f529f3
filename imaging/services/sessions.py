"""Recording that a participant was scanned, and whether the scan is usable."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.db import transaction

from imaging import queries
from imaging.models import ImagingSession
from imaging.services.values import ImagingRefused
from trial.participants import services as participants
from trial.participants.models import Participant
from trial.records.services import AlreadyRecorded, amend, enter
from trial.users.models import User


@transaction.atomic
def record_session(
    actor: User,
    *,
    participant: Participant,
    timepoint: str,
    occurred_at: datetime,
    scanner: str = "",
    is_usable: bool = True,
    exclusion_reason: str = "",
    key: UUID | None = None,
    origin: str = "form",
) -> ImagingSession:
    """Record a scan session (pre1, pre2 or post; a control's scans are pre1 and pre2) and its visit as done.

    Raises ImagingRefused for a timepoint the participant does not have, has already, or that is unusable
    without a reason; KeyReused, ValidationError.
    """
    code = queries.visit_code(participant, timepoint)
    if code is None or timepoint not in ImagingSession.Timepoint.values:
        raise ImagingRefused(f"{participant} has no scan '{timepoint}': a control's scans are pre1 and pre2.")
    repeated = key is not None and ImagingSession.objects.filter(entered_by=actor, key=key).exists()
    if not repeated and ImagingSession.objects.filter(participant=participant, timepoint=timepoint).exists():
        raise _already(participant, timepoint)
    _explained(is_usable, exclusion_reason)
    visit = queries.visit_for(participant, timepoint)
    try:
        session = enter(
            ImagingSession,
            actor,
            participant=participant,
            visit=visit,
            occurred_at=occurred_at,
            key=key,
            origin=origin,
            reason="scanned",
            timepoint=timepoint,
            scanner=scanner,
            is_usable=is_usable,
            exclusion_reason=exclusion_reason.strip(),
        )
    except AlreadyRecorded as taken:
        raise _already(participant, timepoint) from taken
    if visit is not None and not session.is_repeat:
        participants.record_visit(actor, visit, occurred_at=occurred_at, is_complete=True)
    return session


@transaction.atomic
def correct_session(
    actor: User, session: ImagingSession, *, version: int, reason: str, occurred_at: datetime, scanner: str
) -> ImagingSession:
    """Correct when and where the scan was; raises StaleRecord, ReasonRequired, ValidationError."""
    before = ImagingSession.objects.values_list("occurred_at", flat=True).get(pk=session.pk)
    saved = amend(session, actor, version=version, reason=reason, occurred_at=occurred_at, scanner=scanner)
    if saved.visit is not None:
        participants.record_visit(actor, saved.visit, occurred_at=occurred_at, is_complete=True, moved_from=before)
    return saved


def exclude_session(actor: User, session: ImagingSession, *, version: int, reason: str) -> ImagingSession:
    """Keep a session out of the analyses; raises ImagingRefused without a reason, StaleRecord."""
    _explained(False, reason)
    return amend(session, actor, version=version, reason=reason, is_usable=False, exclusion_reason=reason.strip())


def readmit_session(actor: User, session: ImagingSession, *, version: int, reason: str) -> ImagingSession:
    """Take an excluded session back into the analyses; raises ReasonRequired, StaleRecord."""
    return amend(session, actor, version=version, reason=reason, is_usable=True, exclusion_reason="")


def _already(participant: Participant, timepoint: str) -> ImagingRefused:
    return ImagingRefused(f"{timepoint} of {participant} is already recorded. Open it there and correct it.")


def _explained(is_usable: bool, exclusion_reason: str) -> None:
    if not is_usable and not exclusion_reason.strip():
        raise ImagingRefused("Say why the session is not usable; the reason stands in the table of exclusions.")
