"""Named reads of participants, their consent, statuses and visits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from trial import protocol
from trial.participants.models import (
    Cohort,
    Consent,
    CriterionJudgement,
    EligibilityDecision,
    Participant,
    PregnancyTest,
    Status,
    Visit,
)
from trial.participants.rules import Progress
from trial.protocol.schema import Population
from trial.rules.schedule import Anchors, Window, due_windows, visit_window

GONE = (Status.Value.WITHDREW, Status.Value.SCREEN_FAILURE)


def participants_at(sites: frozenset[UUID]) -> QuerySet[Participant]:
    """Participants of the sites, with their site."""
    return Participant.objects.filter(site_id__in=sites).select_related("site")


def get_participant(sites: frozenset[UUID], study_id: str) -> Participant:
    """Return the participant at one of *sites*; a foreign and a missing one raise the same Http404."""
    return get_object_or_404(participants_at(sites), study_id=study_id)


def get_visit(participant: Participant, code: str) -> Visit:
    """Return the participant's visit of the protocol's code; raises Http404."""
    return get_object_or_404(participant.visits, code=code)


def find_visit(sites: frozenset[UUID], study_id: str, code: str) -> Visit:
    """Return a visit with its participant and site in one reading; raises Http404 like `get_participant`."""
    visits = Visit.objects.select_related("participant__site")
    return get_object_or_404(visits, participant__site_id__in=sites, participant__study_id=study_id, code=code)


def visits_of(participant: Participant) -> list[Visit]:
    """All visits of the participant in the protocol's order."""
    order = {code: place for place, code in enumerate(protocol_of(participant).visits)}
    return sorted(participant.visits.all(), key=lambda visit: order.get(visit.code, len(order)))


def protocol_of(participant: Participant) -> protocol.Protocol:
    """The protocol version that the participant is bound to."""
    return protocol.for_version(participant.protocol_version)


def protocol_at(visit: Visit) -> protocol.Protocol:
    """The protocol version that a visit is bound to: of one held before an amendment, the version of then."""
    return protocol.for_version(visit.protocol_version)


def consented_at(participant: Participant) -> datetime | None:
    """When the first consent was signed, in UTC; None without one."""
    return (
        Consent.objects.filter(participant=participant)
        .order_by("occurred_at")
        .values_list("occurred_at", flat=True)
        .first()
    )


def latest_reconsent(participant: Participant) -> Consent | None:
    """The consent signed again last, or None."""
    return Consent.objects.filter(participant=participant, is_reconsent=True).order_by("-occurred_at").first()


def consented_on(participant: Participant, *, latest: bool = False) -> date | None:
    """The day at the site on which the first (or the latest) consent was signed; None without one."""
    signed = Consent.objects.filter(participant=participant).order_by("-occurred_at" if latest else "occurred_at")
    at = signed.values_list("occurred_at", flat=True).first()
    return None if at is None else at.astimezone(participant.site.zone).date()


def consents_of(participant: Participant) -> list[Consent]:
    """Every signed consent form, oldest first."""
    return list(Consent.objects.filter(participant=participant).order_by("occurred_at", "entered_at"))


def statuses_of(participant: Participant) -> list[Status]:
    """Every dated status, oldest first."""
    return list(Status.objects.filter(participant=participant).order_by("occurred_at", "entered_at"))


def current_statuses(participant: Participant) -> dict[str, Status]:
    """The latest status of each axis that has one."""
    return {status.axis: status for status in statuses_of(participant)}


def current_status(participant: Participant, axis: str) -> Status | None:
    """The latest status on an axis, or None."""
    return current_statuses(participant).get(axis)


def latest_decision(participant: Participant, *, by: datetime | None = None) -> EligibilityDecision | None:
    """The latest decision on eligibility (made by an instant, if one is given), or None."""
    decisions = EligibilityDecision.objects.filter(participant=participant, **_until(by))
    return decisions.order_by("-occurred_at", "-entered_at").first()


def decisions(participant: Participant) -> QuerySet[EligibilityDecision]:
    """Every decision on eligibility, the newest first."""
    rows = EligibilityDecision.objects.filter(participant=participant).select_related("entered_by")
    return rows.order_by("-occurred_at", "-entered_at")


def criteria_judged(participant: Participant) -> list[tuple[str, CriterionJudgement]]:
    """Every finding about a criterion, the newest first, with the criterion in the words of the protocol."""
    criteria = protocol_of(participant).eligibility
    rows = CriterionJudgement.objects.filter(participant=participant).select_related("entered_by")
    return [
        (criteria[row.criterion].text.text if row.criterion in criteria else row.criterion, row)
        for row in rows.order_by("-occurred_at", "-entered_at", "criterion")
    ]


def _until(by: datetime | None) -> dict[str, datetime]:
    """The condition that a record had occurred by an instant; none without one."""
    return {} if by is None else {"occurred_at__lte": by}


def is_pregnant_by_test(participant: Participant, *, by: datetime | None = None) -> bool:
    """Whether the latest pregnancy test with a result is positive; "does not apply" is no result."""
    results = (PregnancyTest.Result.NEGATIVE, PregnancyTest.Result.POSITIVE)
    tests = PregnancyTest.objects.filter(participant=participant, result__in=results, **_until(by))
    latest = tests.order_by("-occurred_at", "-entered_at").values_list("result", flat=True).first()
    return latest == PregnancyTest.Result.POSITIVE


def progress_of(participant: Participant, *, by: datetime | None = None) -> Progress:
    """How far the participant has come (had come by an instant, if one is given), for the order of the steps."""
    decision = latest_decision(participant, by=by)
    enrolments = [one for one in statuses_of(participant) if one.axis == Status.Axis.ENROLMENT]
    enrolment = next((one for one in reversed(enrolments) if by is None or one.occurred_at <= by), None)
    return Progress(
        consented_at=consented_at(participant),
        is_eligible=None if decision is None else decision.is_eligible,
        has_withdrawn=enrolment is not None and enrolment.value == Status.Value.WITHDREW,
        is_pregnant_by_test=is_pregnant_by_test(participant, by=by),
    )


def anchors_of(participant: Participant) -> Anchors:
    """The instants from which the participant's visits are counted."""
    start = end = None
    for status in statuses_of(participant):
        if status.axis == Status.Axis.INFUSION and status.value == Status.Value.STARTED:
            start = status.occurred_at
        elif status.axis == Status.Axis.INFUSION:
            end = status.occurred_at
    return Anchors(
        consent=consented_at(participant),
        infusion_start=start,
        infusion_end=end,
        planned_start=planned_start(participant),
    )


def windows_of(participant: Participant, visits: Iterable[Visit] = ()) -> Mapping[str, Window | None]:
    """The window of every visit of the participant's cohort, by code; None while its anchor is unknown.

    Those of *visits* that were left under an earlier version of the protocol have the window of that version.
    """
    population: Population = "control" if participant.cohort == Cohort.CONTROL else "patient"
    anchors, zone = anchors_of(participant), participant.site.zone
    windows = dict(due_windows(protocol_of(participant), anchors, zone, population))
    earlier = [visit for visit in visits if visit.protocol_version != participant.protocol_version]
    return windows | {visit.code: _window(visit, anchors, zone) for visit in earlier}


def window_of(visit: Visit) -> Window | None:
    """The window of a visit under the version of the protocol that it is bound to."""
    return _window(visit, anchors_of(visit.participant), visit.participant.site.zone)


def _window(visit: Visit, anchors: Anchors, zone: ZoneInfo) -> Window | None:
    bound = protocol_at(visit)
    return visit_window(bound, bound.visits[visit.code], anchors, zone)


def planned_start(participant: Participant) -> datetime | None:
    """The planned start of the infusion: the planned day at the protocol's time, at the site."""
    if participant.planned_infusion_on is None:
        return None
    at = protocol_of(participant).titration.start.at.time
    return datetime.combine(participant.planned_infusion_on, at, participant.site.zone)
