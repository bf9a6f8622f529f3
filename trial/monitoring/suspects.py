"""Which records the sweep has to judge: those that time or another record may have made questionable."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import pairwise
from typing import Any

from django.db.models import F, Min, OuterRef, Q, QuerySet, Subquery
from django.utils import timezone

from trial.monitoring.models import DataQuery
from trial.monitoring.plausible import VISIT_SILENT_FOR
from trial.monitoring.queries import OPEN
from trial.monitoring.rules import BAG, CHECKS, RATE, WEIGHTS
from trial.monitoring.surroundings import missing_at, model
from trial.participants.models import Consent, Status, Visit
from trial.participants.queries import protocol_of
from trial.participants.worklist import overdue_visits
from trial.users.models import Site

DATED = ("before_consent", "after_withdrawal")


def all_of() -> Iterator[list[Any]]:
    """Every group of suspects, each record with its participant, site and visit."""
    yield questioned()
    yield silent_visits()
    yield incomplete_visits()
    yield visits_outside()
    for table in sorted({table for code in DATED for table in CHECKS[code].tables}):
        yield dated(table)
    for table in (RATE, BAG):
        yield late(table)
    yield weights()


def with_relations(rows: QuerySet[Any]) -> QuerySet[Any]:
    """Rows with what a check reads of their participant and visit."""
    related = ["participant__site"] if rows.model is Visit else ["participant__site", "visit"]
    return rows.select_related(*related)


def questioned() -> list[Any]:
    """The records that an open query of a comparing check is about: its ground may have gone."""
    comparing = [check.code for check in CHECKS.values() if check.compares]
    asked: dict[str, set[Any]] = {}
    rows = DataQuery.objects.filter(OPEN, check_code__in=comparing)
    for table, pk in rows.values_list("subject_table", "subject_id"):
        asked.setdefault(table, set()).add(pk)
    found: list[Any] = []
    for table, pks in asked.items():
        found += with_relations(model(table)._default_manager.filter(pk__in=pks))
    return found


def silent_visits() -> list[Visit]:
    """Visits of participants still followed whose window closed long ago without a word."""
    sites = frozenset(Site.objects.values_list("pk", flat=True))
    return list(overdue_visits(sites, timezone.now() - VISIT_SILENT_FOR))


def incomplete_visits() -> list[Visit]:
    """Visits recorded as done that lack a scale of the protocol."""
    done = list(with_relations(Visit.objects.filter(state=Visit.State.DONE)))
    lacking = missing_at(done)
    return [visit for visit in done if visit.pk in lacking]


def visits_outside() -> list[Visit]:
    """Visits held before their window opened or after it closed."""
    outside = Q(done_at__lt=F("opens_at")) | Q(done_at__gt=F("closes_at"))
    return list(with_relations(Visit.objects.filter(outside, state=Visit.State.DONE)))


def dated(table: str) -> list[Any]:
    """Records dated before the first consent without a visit, or after the participant withdrew."""
    mine = {"participant": OuterRef("participant")}
    signed = Consent.objects.filter(**mine).order_by().values("participant").annotate(at=Min("occurred_at"))
    left = Status.objects.filter(**mine, axis=Status.Axis.ENROLMENT).order_by("-occurred_at", "-entered_at")
    rows = model(table)._default_manager.annotate(
        signed_at=Subquery(signed.values("at")[:1]),
        left_at=Subquery(left.filter(value=Status.Value.WITHDREW).values("occurred_at")[:1]),
    )
    early = Q(occurred_at__lt=F("signed_at"), visit=None)
    return list(with_relations(rows.filter(early | Q(occurred_at__gt=F("left_at")))))


def late(table: str) -> list[Any]:
    """Rates above 0 and bags dated after the end of their infusion."""
    rows = model(table)._default_manager.filter(occurred_at__gt=F("infusion__ended_at"))
    return list(with_relations(rows.filter(rate__gt=0) if table == RATE else rows))


def weights() -> list[Any]:
    """Records of a weight that is further from the one before it than the protocol lets pass."""
    found: list[tuple[Any, Any]] = []
    for table, name in WEIGHTS.items():
        rows = model(table)._default_manager.filter(**{f"{name}__isnull": False})
        found += [(row, getattr(row, name)) for row in with_relations(rows)]
    found.sort(key=lambda pair: (pair[0].participant_id, pair[0].occurred_at))
    return [row for (before, was), (row, now) in pairwise(found) if is_jump(before, was, row, now)]


def is_jump(before: Any, was: Decimal, row: Any, now: Decimal) -> bool:
    """Whether two weights of one participant lie further apart than the protocol lets pass."""
    limit = protocol_of(row.participant).infusion.weight_change_reverified.decimal
    return bool(before.participant_id == row.participant_id and abs(now - was) / was * 100 > limit)
