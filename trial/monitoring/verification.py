"""What is verified against its source, what has changed since, and what never was: the reads of verification."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db.models import F, Max, OuterRef, Subquery

from trial.monitoring.models import VerificationMark
from trial.monitoring.plausible import CRITICAL
from trial.monitoring.rules import Verified, compared, per_cent
from trial.monitoring.subjects import Shown, digests_of, fields_of, label_of, name_of, tables, visit_label
from trial.participants.models import Participant
from trial.participants.queries import visits_of
from trial.permissions import is_unblinding

APART = {
    "participants": "Consent, screening and status",
    "infusion": "Bedside, outside the visits",
    "assessments": "Ratings, outside the visits",
    "imaging": "Scans, outside the visits",
    "safety": "Adverse events",
}


@dataclass(frozen=True)
class Verification:
    """One record with how it stands: state, the labels of fields that changed since, and who looked last, when."""

    row: Any
    group: str
    state: Verified
    changed: tuple[str, ...]
    last: VerificationMark | None
    is_critical: bool
    is_critical_verified: bool

    @property
    def name(self) -> str:
        """The record in words."""
        return name_of(self.row)

    @property
    def fields(self) -> list[Shown]:
        """The fields that come from a source."""
        return fields_of(self.row)

    @property
    def tick(self) -> str:
        """What a tick of the whole record is sent as; a field's name and the version follow."""
        return f"{self.row._meta.label_lower}:{self.row.pk}"


@dataclass(frozen=True)
class Group:
    """The records of one visit, or of one app outside the visits, counted."""

    code: str
    label: str
    records: tuple[Verification, ...]

    def count(self, state: Verified) -> int:
        """How many records stand so."""
        return sum(one.state == state for one in self.records)

    @property
    def verified(self) -> int:
        return self.count("verified")

    @property
    def partly(self) -> int:
        return self.count("partly")

    @property
    def changed(self) -> int:
        return self.count("changed")

    @property
    def never(self) -> int:
        return self.count("never")

    @property
    def per_cent(self) -> int:
        """The share of records that are verified as they are."""
        return per_cent(self.verified, len(self.records))

    @property
    def critical(self) -> tuple[int, int]:
        """How many records with critical fields have them verified, of how many."""
        found = [one.is_critical_verified for one in self.records if one.is_critical]
        return sum(found), len(found)


def records_of(participant: Participant, *, is_blinded: bool = False) -> list[Verification]:
    """Every record of a participant that comes from a source, the oldest first: one reading per table.

    is_blinded: for a rater who is kept from the treatment, and so from every record that tells of it.
    """
    marks: dict[UUID, list[VerificationMark]] = {}
    given = VerificationMark.objects.filter(participant=participant).select_related("entered_by")
    for mark in given.order_by("entered_at"):
        marks.setdefault(mark.subject_id, []).append(mark)
    found = []
    for label, model in tables().items():
        if is_blinded and is_unblinding(label):
            continue
        relations = [field.name for field in model._meta.concrete_fields if field.is_relation]
        rows = model._default_manager.filter(participant=participant).select_related(*relations)
        for row in rows.order_by("occurred_at", "entered_at"):
            row.participant = participant
            found.append(standing(row, marks.get(row.pk, [])))
    return found


def standing(row: Any, marks: list[VerificationMark]) -> Verification:
    """How a record stands by its marks, the oldest first: of each field the latest counts."""
    then = {name: digest for mark in marks for name, digest in mark.digests.items()}
    now = digests_of(row)
    state, changed = compared(now, then)
    labels = {field.name: label_of(field) for field in row._meta.concrete_fields}
    critical = CRITICAL.get(row._meta.label_lower, ())
    return Verification(
        row=row,
        group=row.visit.code if row.visit else f"other-{row._meta.app_label}",
        state=state,
        changed=tuple(labels.get(name, name) for name in changed),
        last=marks[-1] if marks else None,
        is_critical=bool(critical),
        is_critical_verified=all(then.get(name) == now.get(name) for name in critical),
    )


def groups_of(participant: Participant, *, is_blinded: bool = False) -> list[Group]:
    """A participant's records by visit, in the protocol's order, then those outside the visits."""
    by_code: dict[str, list[Verification]] = {}
    for one in records_of(participant, is_blinded=is_blinded):
        by_code.setdefault(one.group, []).append(one)
    labels = {visit.code: visit_label(visit, participant) for visit in visits_of(participant)}
    labels |= {f"other-{app}": label for app, label in APART.items()}
    return [Group(code, label, tuple(by_code[code])) for code, label in labels.items() if code in by_code]


def total(groups: Iterable[Group]) -> Group:
    """All records of some groups as one."""
    return Group("", "All records", tuple(one for group in groups for one in group.records))


def changed_since(sites: Iterable[UUID], kept_from: Collection[UUID] = ()) -> list[Verification]:
    """The records of some sites that have changed since they were verified, the latest verified first.

    kept_from: the participants from whose treatment the reader is kept; records that tell of it are left out. Only
    records with a version later than the one verified are looked at, so that this stays cheap.
    """
    wanted = VerificationMark.objects.filter(site_id__in=list(sites))
    suspects: list[Any] = []
    known = tables()
    for table in wanted.order_by().values_list("subject_table", flat=True).distinct():
        own = VerificationMark.objects.filter(subject_id=OuterRef("pk")).order_by().values("subject_id")
        rows = (
            known[table]
            ._default_manager.filter(site_id__in=list(sites))
            .annotate(verified=Subquery(own.annotate(last=Max("subject_version")).values("last")[:1]))
        )
        if is_unblinding(table):
            rows = rows.exclude(participant_id__in=list(kept_from))
        suspects += rows.filter(version__gt=F("verified")).select_related("participant__site", "visit")
    marks: dict[UUID, list[VerificationMark]] = {}
    for mark in wanted.filter(subject_id__in=[row.pk for row in suspects]).order_by("entered_at"):
        marks.setdefault(mark.subject_id, []).append(mark)
    judged = [standing(row, marks[row.pk]) for row in suspects]
    return [one for one in judged if one.state == "changed"]
