"""The stretch of the audit trail that waits for a review at a site, and what it holds."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from django.db.models import Model, QuerySet
from django.urls import reverse
from django.utils import timezone

from trial import protocol
from trial.audit.canonical import entry_hash
from trial.audit.models import AuditEntry
from trial.audit.queries import visible_entries
from trial.audit.registry import audited_models
from trial.monitoring.models import TrailReview
from trial.monitoring.subjects import tables
from trial.monitoring.trail_rules import KINDS, REVIEW_EVERY, Entry, Reading, Review
from trial.participants.models import Participant, Visit
from trial.users.models import Site

# A page reads no more at once; what lies beyond is the next review.
MOST_ENTRIES = 20_000
OUTCOME_TABLES = frozenset({"imaging.networkconnectivity"})


@dataclass(frozen=True)
class Period:
    """The entries that wait for a review: their numbers and moments; ``is_cut`` where more follow."""

    site: Site
    from_entry: int
    to_entry: int
    from_at: datetime | None
    to_at: datetime
    is_cut: bool
    due: date

    @property
    def is_overdue(self) -> bool:
        """Whether the review should have been written by now."""
        return self.due < timezone.now().astimezone(self.site.zone).date()


def latest_review(site_id: UUID) -> TrailReview | None:
    """The last review of a site, or None."""
    return TrailReview.objects.filter(site_id=site_id).order_by("-to_entry").first()


def is_written(actor: Any, key: UUID) -> bool:
    """Whether a form with this one-use key was taken before."""
    return TrailReview.objects.filter(entered_by=actor, key=key).exists()


def entries_of(site: Site, first: int, last: int | None = None) -> QuerySet[AuditEntry]:
    """The entries of a site (and of no site) from one number to another, in their order."""
    rows = visible_entries([site.pk]).filter(id__gte=first).order_by("id")
    return rows if last is None else rows.filter(id__lte=last)


def period_of(site: Site) -> Period | None:
    """What waits for a review at a site; None where nothing was written since the last one."""
    last = latest_review(site.pk)
    first = last.to_entry + 1 if last else 1
    ids = list(entries_of(site, first).values_list("id", "at")[: MOST_ENTRIES + 1])
    if not ids:
        return None
    read = ids[:MOST_ENTRIES]
    began = when(read[0][1])
    return Period(
        site=site,
        from_entry=first,
        to_entry=read[-1][0],
        from_at=last.to_at if last else None,
        to_at=when(read[-1][1]),
        is_cut=len(ids) > len(read),
        due=last.next_due if last else (began.astimezone(site.zone) + REVIEW_EVERY).date(),
    )


def due_at(sites: frozenset[UUID]) -> list[tuple[Site, date]]:
    """The sites whose review is due today or was due before, each with its day, in one reading per site."""
    found = []
    for site in Site.objects.filter(pk__in=sites).order_by("code"):
        last = latest_review(site.pk)
        today = timezone.now().astimezone(site.zone).date()
        if last is not None:
            due = last.next_due
        elif (first := Participant.objects.filter(site=site).order_by("entered_at").first()) is not None:
            due = (first.entered_at.astimezone(site.zone) + REVIEW_EVERY).date()
        else:
            continue
        if due <= today:
            found.append((site, due))
    return found


def review(site: Site, first: int, last: int) -> Review:
    """Read a stretch of the trail by what a reviewer should look at."""
    found, reading, labels = Review(), reading_of(site), labels_of_tables()
    for row in entries_of(site, first, last).iterator(chunk_size=1000):
        found.add(entry_of(row, labels), reading)
    return found


def labels_of_tables() -> dict[str, str]:
    """The label of each audited table."""
    return {model._meta.db_table: model._meta.label_lower for model in audited_models()}


def entry_of(row: AuditEntry, labels: dict[str, str]) -> Entry:
    """An entry as a review reads it."""
    own = entry_hash(
        row.table_name, row.row_id, row.op, row.at, row.actor, row.reason, row.old, row.new, str(row.transaction_id)
    )
    return Entry(
        row.id,
        labels.get(row.table_name, row.table_name),
        row.row_id,
        row.op,
        when(row.at),
        row.actor,
        row.reason,
        json.loads(row.old or "{}"),
        json.loads(row.new or "{}"),
        own == row.hash,
    )


def reading_of(site: Site) -> Reading:
    """By what the entries of a site are read, under the protocol in force."""
    plan = protocol.for_version(protocol.FIRST)
    decided = tuple(plan.analysis.primary_outcomes)
    clinical = {*tables(), Participant._meta.label_lower}
    return Reading(
        zone=site.zone,
        late_after=plan.records.late_after.elapsed,
        clinical=frozenset(clinical - {Visit._meta.label_lower}),
        instruments=frozenset(code for code in plan.instruments if any(one.startswith(code) for one in decided)),
        outcome_tables=OUTCOME_TABLES,
    )


def when(text: str) -> datetime:
    """The moment of an entry, which the trail holds as text in UTC."""
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=UTC)


def lines_of(found: Review) -> list[dict[str, Any]]:
    """The kinds of a review with their counts and first entries, for the page; kinds without an entry too."""
    names = {model._meta.label_lower: model for model in audited_models()}
    return [
        {
            "kind": kind,
            "title": title,
            "words": words,
            "count": found.counts[kind],
            "entries": [shown(one, names.get(one.label)) for one in found.shown.get(kind, [])],
        }
        for kind, (title, words) in KINDS.items()
    ]


def shown(entry: Entry, model: type[Model] | None) -> dict[str, Any]:
    """An entry with the name of its record and the address of the record's history."""
    if model is None:
        return {"entry": entry, "name": entry.label, "url": ""}
    url = reverse("audit:history", args=[model._meta.label, entry.row_id])
    return {"entry": entry, "name": str(model._meta.verbose_name), "url": url}
