"""Named reads of queries, their threads and their counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import F, Model, Q, QuerySet
from django.shortcuts import get_object_or_404
from django.utils import timezone

from trial.audit.models import AuditEntry
from trial.audit.queries import HistoryLine, history, row_key
from trial.blinding import blinded_to, keep_from
from trial.monitoring.models import DataQuery
from trial.monitoring.rules import CHECKS
from trial.monitoring.subjects import RECORDED_BY, tables
from trial.participants.models import Participant, Visit
from trial.permissions import READERS, Role, is_unblinding, sites_permitting

ANSWERS, CLOSES, MINE, ALL = "answer", "close", "mine", "all"
LISTS = ((ANSWERS, "to answer"), (CLOSES, "to close"), (MINE, "raised by me"), (ALL, "all"))
AGES = (("7", "over 7 days"), ("14", "over 14 days"), ("30", "over 30 days"), ("90", "over 90 days"))
OPEN = Q(state__in=(DataQuery.State.OPEN, DataQuery.State.ANSWERED))
SCANS = "imaging."


@dataclass(frozen=True)
class Asked:
    """What the work list is asked for."""

    which: str = ""
    state: str = ""
    older_than: int = 0
    study_id: str = ""
    check: str = ""
    subject: str = ""

    @classmethod
    def of(cls, given: Mapping[str, str]) -> Asked:
        """Read the filter from an address; what it does not know it leaves out."""
        which, state = given.get("which", ""), given.get("state", "")
        age, check = given.get("age", ""), given.get("check", "")
        return cls(
            which=which if which in dict(LISTS) else "",
            state=state if state in DataQuery.State.values else "",
            older_than=int(age) if age in dict(AGES) else 0,
            study_id=given.get("q", "").strip(),
            check=check if check in CHECKS or check == "hand" else "",
            subject=given.get("record", ""),
        )

    @property
    def is_narrowed(self) -> bool:
        """Whether anything is left out besides what is closed."""
        return bool(self.state or self.older_than or self.study_id or self.check or self.subject)


def visible(user: Any, sites: Iterable[UUID]) -> QuerySet[DataQuery]:
    """The queries at *sites* that an account may read: of scans alone where it reads nothing else.

    Without those about the treatment of a participant from which the account is kept as a rater.
    """
    reading = {site for site, roles in user.roles_by_site().items() if roles & READERS}
    mine = Q(site_id__in=reading.intersection(sites))
    scans = Q(site_id__in=set(sites) - reading, subject_table__startswith=SCANS)
    rows = without_hidden(user, DataQuery.objects.filter(mine | scans))
    return rows.select_related("participant__site", "visit", "entered_by", "answered_by", "closed_by")


def without_hidden(user: Any, rows: QuerySet[DataQuery]) -> QuerySet[DataQuery]:
    """Queries without those about records that a rater is kept from."""
    if not (kept_from := blinded_to(user)):
        return rows
    return rows.exclude(participant_id__in=kept_from.keys(), subject_table__in=hidden_tables())


def hidden_tables() -> list[str]:
    """Labels of the clinical tables that tell of doses, levels or side effects."""
    return [label for label in tables() if is_unblinding(label)]


def get_query(user: Any, sites: Iterable[UUID], pk: UUID) -> DataQuery:
    """Return a query that the account may read; a foreign and a missing one raise the same Http404.

    Raises Hidden where it is about a record that the account is kept from as a rater.
    """
    if kept_from := blinded_to(user):
        rows = DataQuery.objects.filter(pk=pk, site_id__in=list(sites), participant_id__in=kept_from.keys())
        if (found := rows.filter(subject_table__in=hidden_tables()).first()) is not None:
            keep_from(user, found.participant_id)
    return get_object_or_404(visible(user, sites), pk=pk)


def to_answer(user: Any, rows: QuerySet[DataQuery]) -> QuerySet[DataQuery]:
    """Open queries that wait for an answer the account may give."""
    wanted = Q(site_id__in=sites_with(user, Role.COORDINATOR))
    for app, action in RECORDED_BY.items():
        wanted |= Q(subject_table__startswith=f"{app}.", site_id__in=sites_permitting(user, action))
    return rows.filter(wanted, state=DataQuery.State.OPEN)


def to_close(user: Any, rows: QuerySet[DataQuery]) -> QuerySet[DataQuery]:
    """Answered queries that wait for somebody to accept the answer who did not give it."""
    closing = sites_permitting(user, "queries.close")
    return rows.filter(state=DataQuery.State.ANSWERED, site_id__in=closing).exclude(answered_by=user)


def sites_with(user: Any, role: Role) -> set[UUID]:
    """The sites at which an account holds a role."""
    return {site for site, roles in user.roles_by_site().items() if role in roles}


def may_answer(user: Any, query: DataQuery) -> bool:
    """Whether an account may answer: the coordinators, and whoever may record such data at the site."""
    action = RECORDED_BY.get(query.subject_table.partition(".")[0], "")
    recording = sites_permitting(user, action) if action else frozenset()
    return query.site_id in recording or query.site_id in sites_with(user, Role.COORDINATOR)


def work_list(user: Any, sites: Iterable[UUID], asked: Asked, now: datetime) -> QuerySet[DataQuery]:
    """The queries that the list is asked for, the oldest first; closed ones last."""
    rows = visible(user, sites)
    if asked.which == ANSWERS:
        rows = to_answer(user, rows)
    elif asked.which == CLOSES:
        rows = to_close(user, rows)
    elif asked.which == MINE:
        rows = rows.filter(entered_by=user)
    if asked.state:
        rows = rows.filter(state=asked.state)
    elif asked.which in ("", ALL) and not asked.subject:
        rows = rows.filter(OPEN) if asked.which == "" else rows
    if asked.older_than:
        rows = rows.filter(OPEN, entered_at__lt=now - timedelta(days=asked.older_than))
    if asked.check:
        rows = rows.filter(check_code="" if asked.check == "hand" else asked.check)
    if asked.study_id:
        rows = rows.filter(participant__study_id__icontains=asked.study_id)
    if asked.subject:
        named = as_uuid(asked.subject)
        rows = rows.filter(subject_id=named) if named else rows.none()
    return rows.order_by(F("closed_at").asc(nulls_first=True), "entered_at")


def as_uuid(text: str) -> UUID | None:
    """An id out of an address, or None."""
    try:
        return UUID(text)
    except ValueError:
        return None


def counts(user: Any, sites: Iterable[UUID]) -> dict[str, int]:
    """How many queries wait for the account's answer and for its closing, and how many stand open in all."""
    rows = visible(user, sites)
    return {
        ANSWERS: to_answer(user, rows).count(),
        CLOSES: to_close(user, rows).count(),
        "open": rows.filter(OPEN).count(),
    }


def age_in_days(query: DataQuery, now: datetime | None = None) -> int:
    """Whole days since a query was raised, until it was closed."""
    return ((query.closed_at or now or timezone.now()) - query.entered_at).days


def of_participant(user: Any, participant: Participant) -> QuerySet[DataQuery]:
    """A participant's queries that an account may read: open ones first, the oldest first."""
    rows = visible(user, [participant.site_id]).filter(participant=participant)
    return rows.order_by(F("closed_at").asc(nulls_first=True), "entered_at")


def open_by_place(user: Any, participant_id: UUID, site_id: UUID) -> Counter[tuple[UUID, str]]:
    """How many queries are open about each record of a participant, and about each field of it.

    The count under the empty field is of the whole record, its fields included.
    """
    found: Counter[tuple[UUID, str]] = Counter()
    rows = visible(user, [site_id]).filter(OPEN, participant_id=participant_id).select_related(None)
    for pk, field in rows.values_list("subject_id", "field"):
        found[pk, ""] += 1
        if field:
            found[pk, field] += 1
    return found


def open_within(participant: Participant | None, visit: Visit | None) -> int:
    """How many queries are open about a visit, a participant, or with neither the whole trial."""
    rows = DataQuery.objects.filter(OPEN)
    if visit is not None:
        return rows.filter(Q(subject_id=visit.pk) | Q(visit=visit)).count()
    return rows.count() if participant is None else rows.filter(participant=participant).count()


def open_about(table: str, row_id: str) -> tuple[str, ...]:
    """What is asked and still open about a participant, about a visit and everything at it, or about a record.

    table: the model's label in lower case; row_id: its primary key as text. Nobody asks about what has no UUID.
    """
    try:
        pk = UUID(row_id)
    except ValueError:
        return ()
    rows = DataQuery.objects.filter(OPEN).order_by("entered_at")
    if table == Participant._meta.label_lower:
        rows = rows.filter(participant_id=pk)
    else:
        rows = rows.filter(Q(subject_id=pk) | Q(visit_id=pk))
    return tuple(rows.values_list("question", flat=True))


def corrections_since(query: DataQuery) -> list[HistoryLine]:
    """The changes of the record since the query was raised, the latest first."""
    lines = history(query.subject_table, query.subject_id, [query.site_id])
    return [line for line in reversed(lines) if line.at >= query.entered_at and line.did == "changed"]


def latest_entry(row: Model) -> int | None:
    """The number of the trail's latest entry about a row."""
    entries = AuditEntry.objects.filter(table_name=row._meta.db_table, row_id=row_key(type(row), row.pk))
    return entries.order_by("-id").values_list("id", flat=True).first()
