"""Named reads of alerts, adverse events and deviations."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from django.db.models import Case, F, IntegerField, OuterRef, Q, QuerySet, Subquery, Value, When
from django.shortcuts import get_object_or_404

from trial.participants.models import Participant, Visit
from trial.participants.queries import protocol_of
from trial.protocol.values import Numbers
from trial.records.models import ClinicalRecord
from trial.safety.board import BoardFilter, grouped
from trial.safety.models import (
    RESOLVED,
    AdverseEvent,
    AdverseEventFollowUp,
    Alert,
    AlertNotice,
    Deviation,
    SeriousEventReport,
)
from trial.safety.rules.escalation import plan_of as escalation_plan
from trial.safety.timeline import duties

C = TypeVar("C", bound=ClinicalRecord)

GRAVEST_FIRST = Case(
    When(level=Alert.Level.EMERGENCY, then=Value(0)),
    When(level=Alert.Level.URGENT, then=Value(1)),
    default=Value(2),
    output_field=IntegerField(),
)


FIRST_REPORT = Subquery(
    SeriousEventReport.objects.filter(event=OuterRef("pk")).order_by("occurred_at").values("occurred_at")[:1]
)


def at_sites(model: type[C], sites: frozenset[UUID]) -> QuerySet[C]:
    """Rows of the sites with their participant and site."""
    return model._default_manager.filter(site_id__in=sites).select_related("participant__site", "visit")


def get_row(model: type[C], sites: frozenset[UUID], pk: UUID) -> C:
    """Return the row at one of *sites*; a foreign and a missing one raise the same Http404."""
    return get_object_or_404(at_sites(model, sites), pk=pk)


def alerts(sites: frozenset[UUID]) -> QuerySet[Alert]:
    """Every alert, the latest first."""
    return at_sites(Alert, sites).select_related("acknowledged_by").order_by("-occurred_at")


def open_alerts(sites: frozenset[UUID]) -> QuerySet[Alert]:
    """Alerts that nobody acknowledged: the gravest first, then the oldest."""
    return at_sites(Alert, sites).filter(acknowledged_at=None).order_by(GRAVEST_FIRST, "occurred_at")


def deviations(sites: frozenset[UUID]) -> QuerySet[Deviation]:
    """Every deviation, the latest first."""
    return at_sites(Deviation, sites).select_related("closed_by").order_by("-occurred_at")


def open_deviations(sites: frozenset[UUID]) -> QuerySet[Deviation]:
    """Deviations without a corrective action: important ones first, then the oldest."""
    return at_sites(Deviation, sites).filter(closed_at=None).order_by("-is_important", "occurred_at")


def repeats_of(deviation: Deviation) -> list[Deviation]:
    """The other open deviations that repeat an open one."""
    rows = Deviation.objects.filter(
        participant=deviation.participant, kind=deviation.kind, ground=deviation.ground, closed_at=None
    )
    groups = grouped(rows.order_by("occurred_at"))
    return [row for group in groups if deviation in group.rows for row in group.rows if row != deviation]


def adverse_events(sites: frozenset[UUID]) -> QuerySet[AdverseEvent]:
    """Every adverse event: serious ones first, then the latest."""
    rows = at_sites(AdverseEvent, sites).annotate(first_reported_at=FIRST_REPORT)
    return rows.order_by("-is_serious", "-occurred_at")


def board_alerts(sites: frozenset[UUID], asked: BoardFilter) -> QuerySet[Alert]:
    """The alerts that the board is asked for."""
    rows = alerts(sites) if asked.everything else open_alerts(sites)
    return rows.filter(participant__study_id__icontains=asked.study_id)


def board_deviations(sites: frozenset[UUID], asked: BoardFilter) -> QuerySet[Deviation]:
    """The deviations that the board is asked for."""
    rows = deviations(sites) if asked.everything else open_deviations(sites)
    wanted = Q(kind=asked.kind) if asked.kind else Q()
    wanted &= Q(is_important=True) if asked.only_important else Q()
    return rows.filter(wanted, participant__study_id__icontains=asked.study_id)


def board_adverse_events(sites: frozenset[UUID], asked: BoardFilter) -> QuerySet[AdverseEvent]:
    """The adverse events that the board is asked for; an event is never closed."""
    rows = adverse_events(sites)
    if asked.only_unresolved:
        rows = rows.filter(ended_at=None).exclude(outcome_code__in=RESOLVED)
    if asked.only_unreported:
        rows = rows.filter(pk__in=[duty.event.pk for duty in duties(serious_events(sites))])
    return rows.filter(participant__study_id__icontains=asked.study_id)


def serious_events(sites: frozenset[UUID]) -> QuerySet[AdverseEvent]:
    """Every serious event with its reports."""
    return at_sites(AdverseEvent, sites).filter(is_serious=True).prefetch_related("reports")


def alerts_of(participant: Participant) -> QuerySet[Alert]:
    """A participant's alerts, open ones first."""
    rows = Alert.objects.filter(participant=participant)
    rows = rows.select_related("acknowledged_by", "participant__site", "visit")
    return rows.order_by("acknowledged_at", GRAVEST_FIRST, "-occurred_at")


def deviations_of(participant: Participant) -> QuerySet[Deviation]:
    """A participant's deviations, the latest first."""
    return (
        Deviation.objects.filter(participant=participant)
        .select_related("participant__site", "closed_by")
        .order_by("-occurred_at")
    )


def alert_about(sources: Iterable[ClinicalRecord], kind: str) -> Alert | None:
    """The alert of a kind about one of some records: an open one, else the latest."""
    about = Q(*(Q(source_table=one._meta.label_lower, source_id=one.pk) for one in sources), _connector=Q.OR)
    rows = Alert.objects.filter(about, kind=kind)
    open_first = rows.select_related("acknowledged_by").order_by(F("acknowledged_at").desc(nulls_first=True))
    return open_first.first()


def records_with_open_deviations(participant: Participant, table: str) -> frozenset[UUID]:
    """Ids of the participant's records of a table about which an automatic deviation is open."""
    rows = Deviation.objects.filter(
        participant=participant, source_table=table, is_automatic=True, closed_at=None, source_id__isnull=False
    )
    return frozenset(pk for pk in rows.values_list("source_id", flat=True) if pk is not None)


def adverse_events_of(participant: Participant) -> QuerySet[AdverseEvent]:
    """A participant's adverse events, the latest first."""
    return (
        AdverseEvent.objects.filter(participant=participant)
        .select_related("participant__site")
        .annotate(first_reported_at=FIRST_REPORT)
        .order_by("-occurred_at")
    )


def open_about(participant: Participant | None, visit: Visit | None) -> list[tuple[int, str]]:
    """How many alerts and deviations are open about a visit, a participant or the whole trial, with their names."""
    about: dict[str, Any] = {} if participant is None else {"participant": participant}
    about |= {} if visit is None else {"visit": visit}
    return [
        (Alert.objects.filter(**about, acknowledged_at=None).count(), "Alerts nobody has acknowledged"),
        (Deviation.objects.filter(**about, closed_at=None).count(), "Deviations without a corrective action"),
    ]


def serious_event_on(participant: Participant, at: datetime) -> AdverseEvent | None:
    """A serious event that covers the day, in site time, of a moment: begun by its end and not ended before it."""
    zone = participant.site.zone
    begins = at.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    begun = AdverseEvent.objects.filter(
        participant=participant, is_serious=True, occurred_at__lt=begins + timedelta(days=1)
    )
    return begun.filter(Q(ended_at=None) | Q(ended_at__gte=begins)).first()


def follow_ups_of(event: AdverseEvent) -> QuerySet[AdverseEventFollowUp]:
    """What became known of an event, the first first."""
    return event.follow_ups.select_related("entered_by").order_by("occurred_at", "entered_at")


def reports_of(event: AdverseEvent) -> QuerySet[SeriousEventReport]:
    """To whom an event was reported, the first first."""
    return event.reports.select_related("entered_by").order_by("occurred_at", "entered_at")


def notices_of(alert: Alert) -> QuerySet[AlertNotice]:
    """The messages about an alert in the order of their plan."""
    return alert.notices.select_related("person").order_by("due_at", "purpose", "step")


def notices_about(event: AdverseEvent) -> QuerySet[AlertNotice]:
    """The reminders to report an event."""
    rows = AlertNotice.objects.filter(alert__source_id=event.pk, purpose=AlertNotice.Purpose.REPORT)
    return rows.select_related("person").order_by("due_at", "step")


def unanswered_alerts(participant: Participant) -> QuerySet[Alert]:
    """A participant's alerts that nobody has answered, the gravest first."""
    rows = Alert.objects.filter(participant=participant, acknowledged_at=None, reached_at=None)
    return rows.select_related("participant__site", "visit").order_by(GRAVEST_FIRST, "occurred_at")


def event_of(alert: Alert) -> UUID | None:
    """The adverse event that an alert is about, by id."""
    return alert.source_id if alert.source_table == AdverseEvent._meta.label_lower else None


def plan_of(alert: Alert) -> Numbers:
    """The protocol's minutes of escalation for an alert."""
    return escalation_plan(protocol_of(alert.participant), alert.level)
