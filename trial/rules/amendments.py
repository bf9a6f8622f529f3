"""Amendments: who has to consent again, and whether a participant may be moved to a later version."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from trial.protocol import Protocol
from trial.rules.verdict import ALLOWED, Verdict, refuse

Phase = Literal["screening", "before_infusion", "during_infusion", "follow_up"]


@dataclass(frozen=True)
class Standing:
    """How a participant stands when a move is asked for; instants are aware, None until they happened.

    ``reconsented_at`` is the latest renewed consent.
    """

    bound: str
    phase: Phase
    has_left: bool
    consented_at: datetime | None
    reconsented_at: datetime | None


def phase_of(*, is_eligible: bool | None, started_at: datetime | None, ended_at: datetime | None) -> Phase:
    """How far a participant has come, by the decision on eligibility and the infusion's start and end."""
    if ended_at is not None:
        return "follow_up"
    if started_at is not None:
        return "during_infusion"
    return "before_infusion" if is_eligible else "screening"


def must_reconsent(to: Protocol, phase: Phase) -> bool:
    """Whether a version asks participants of a phase to consent again."""
    return to.amendment is not None and phase in to.amendment.reconsent.codes


def has_reconsented(to: Protocol, standing: Standing, zone: ZoneInfo) -> bool:
    """Whether the latest renewed consent was signed on or after the day the version took effect."""
    signed, amendment = standing.reconsented_at, to.amendment
    return signed is not None and amendment is not None and _day(signed, zone) >= amendment.effective_on.day


def judge_move(to: Protocol, standing: Standing, at: datetime, zone: ZoneInfo) -> Verdict:
    """Judge a move to the version *to* that holds from an instant on; zone: the site's."""
    if to.amendment is None or to.trial.amends is None:
        return refuse(f"{to.id} is the first version; nobody is moved to it.")
    if standing.consented_at is None:
        return refuse("No consent is recorded. The first consent binds the version in force on its day.")
    if standing.has_left:
        return refuse("The participant has left the trial and stays with the version of then.")
    if standing.phase == "during_infusion":
        return refuse("The infusion runs under the version it began with. Move the participant after its end.")
    if standing.bound != to.trial.amends:
        return refuse(f"{to.id} amends {to.trial.amends}, but the participant is bound to {standing.bound}.")
    if _day(at, zone) < to.amendment.effective_on.day:
        return refuse(f"{to.id} takes effect on {to.amendment.effective_on.text}; no move holds before that day.")
    if must_reconsent(to, standing.phase) and not has_reconsented(to, standing, zone):
        return refuse(
            f"{to.id} asks for a renewed consent, signed on {to.amendment.effective_on.text} or later. "
            "Record it first, on the participant's page."
        )
    if must_reconsent(to, standing.phase) and standing.reconsented_at is not None and at < standing.reconsented_at:
        return refuse("The move cannot hold from before the renewed consent was signed; check both times.")
    return ALLOWED


def _day(at: datetime, zone: ZoneInfo) -> date:
    return at.astimezone(zone).date()
