"""What an amendment means at a site: who is under which version, who consents again, and what a move would change."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from trial import protocol
from trial.participants import queries
from trial.participants.models import Consent, EligibilityDecision, Participant, ProtocolMove, Status, Visit
from trial.participants.worklist import window_words
from trial.records.models import ClinicalRecord
from trial.records.wording import Difference, differences
from trial.rules.amendments import Standing, has_reconsented, judge_move, must_reconsent, phase_of
from trial.rules.schedule import Window, visit_window
from trial.rules.verdict import Verdict

C = TypeVar("C", bound=ClinicalRecord)
# Nothing is expected any more of whoever is here on the axis of enrolment or of follow-up.
LEFT = frozenset({*queries.GONE, Status.Value.LOST, Status.Value.COMPLETED})
PHASE_WORDS = {
    "screening": "in screening",
    "before_infusion": "before the infusion",
    "during_infusion": "under the infusion",
    "follow_up": "after the infusion",
}


@dataclass(frozen=True)
class VisitChange:
    """A visit under a move: its window now and after in words; ``is_kept`` when it stays as it was held."""

    label: str
    before: str
    after: str
    is_kept: bool


@dataclass(frozen=True)
class Consequences:
    """What a move to a version would do: changed values, visits, whether a renewed consent is needed and there."""

    to: protocol.Protocol
    values: list[Difference]
    visits: list[VisitChange]
    needs_reconsent: bool
    has_reconsented: bool
    verdict: Verdict


@dataclass(frozen=True)
class Line:
    """A participant on the list of an amendment."""

    participant: Participant
    phase: str
    needs_reconsent: bool
    has_reconsented: bool
    verdict: Verdict


def standings_of(participants: Collection[Participant]) -> dict[UUID, Standing]:
    """How participants stand for a move, by primary key, in three queries however many they are."""
    keys = [participant.pk for participant in participants]
    statuses = _grouped(Status.objects.filter(participant__in=keys).order_by("occurred_at", "entered_at"))
    decisions = _grouped(EligibilityDecision.objects.filter(participant__in=keys).order_by("occurred_at", "entered_at"))
    consents = _grouped(Consent.objects.filter(participant__in=keys).order_by("occurred_at", "entered_at"))
    return {
        one.pk: _standing(one, statuses.get(one.pk, []), decisions.get(one.pk, []), consents.get(one.pk, []))
        for one in participants
    }


def standing_of(participant: Participant) -> Standing:
    """How one participant stands for a move."""
    return standings_of([participant])[participant.pk]


def _grouped(rows: Iterable[C]) -> dict[UUID, list[C]]:
    found: dict[UUID, list[C]] = {}
    for row in rows:
        found.setdefault(row.participant_id, []).append(row)
    return found


def _standing(
    participant: Participant, statuses: list[Status], decisions: list[EligibilityDecision], consents: list[Consent]
) -> Standing:
    infusion = {status.value: status.occurred_at for status in statuses if status.axis == Status.Axis.INFUSION}
    latest = {status.axis: status.value for status in statuses}
    started = infusion.pop(Status.Value.STARTED, None)
    renewed = [consent.occurred_at for consent in consents if consent.is_reconsent]
    return Standing(
        bound=participant.protocol_version,
        phase=phase_of(
            is_eligible=decisions[-1].is_eligible if decisions else None,
            started_at=started,
            ended_at=max(infusion.values(), default=None),
        ),
        has_left=not LEFT.isdisjoint({latest.get(Status.Axis.ENROLMENT), latest.get(Status.Axis.FOLLOW_UP)}),
        consented_at=consents[0].occurred_at if consents else None,
        reconsented_at=renewed[-1] if renewed else None,
    )


def move_made(participant: Participant, key: UUID | None) -> ProtocolMove | None:
    """The move that a form with this one-use key already made, or None."""
    return ProtocolMove.objects.filter(participant=participant, key=key).first() if key else None


def consequences_of(participant: Participant, to: str, at: datetime) -> Consequences:
    """What a move to *to* that holds from an instant would change; nothing is written."""
    later, standing = protocol.for_version(to), standing_of(participant)
    zone = participant.site.zone
    return Consequences(
        to=later,
        values=differences(queries.protocol_of(participant), later),
        visits=_visit_changes(participant, later),
        needs_reconsent=must_reconsent(later, standing.phase),
        has_reconsented=has_reconsented(later, standing, zone),
        verdict=judge_move(later, standing, at, zone),
    )


def _visit_changes(participant: Participant, later: protocol.Protocol) -> list[VisitChange]:
    """Every visit that the move leaves under its version, and every planned one whose window would be another."""
    anchors, zone = queries.anchors_of(participant), participant.site.zone
    visits = queries.visits_of(participant)
    windows, found = queries.windows_of(participant, visits), []
    for visit in visits:
        label = queries.protocol_at(visit).visits[visit.code].label
        now = _words(windows[visit.code], participant)
        if visit.state != Visit.State.PLANNED:
            found.append(VisitChange(label, now, now, is_kept=True))
            continue
        then = _words(visit_window(later, later.visits[visit.code], anchors, zone), participant)
        if then != now:
            found.append(VisitChange(label, now, then, is_kept=False))
    return found


def _words(window: Window | None, participant: Participant) -> str:
    return window_words(window, participant.site.zone) if window else "not scheduled yet"


def on_earlier_versions(sites: frozenset[UUID], to: str, at: datetime) -> list[Line]:
    """The participants whom an amendment concerns: those under the version it amends, by study id."""
    later = protocol.for_version(to)
    bound = list(queries.participants_at(sites).filter(protocol_version=later.trial.amends).order_by("study_id"))
    standings = standings_of(bound)
    return [
        _line(participant, later, standings[participant.pk], at)
        for participant in bound
        if standings[participant.pk].consented_at is not None and not standings[participant.pk].has_left
    ]


def _line(participant: Participant, later: protocol.Protocol, standing: Standing, at: datetime) -> Line:
    zone = participant.site.zone
    return Line(
        participant,
        PHASE_WORDS[standing.phase],
        must_reconsent(later, standing.phase),
        has_reconsented(later, standing, zone),
        judge_move(later, standing, at, zone),
    )


def offered_to(participant: Participant) -> str:
    """The version that amends the participant's and has taken effect at the site; empty without one."""
    for version in protocol.versions():
        bound = protocol.for_version(version).trial.amends
        if bound == participant.protocol_version and protocol.effective_on(version) <= participant.site.today:
            return version
    return ""
