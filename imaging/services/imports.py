"""Importing files of numbers: first the difference to what is recorded, then all of it or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal
from uuid import UUID

from django.db import transaction

from imaging.formats import FileRefused, Problem, connectivity_tsv, freesurfer_aseg
from imaging.formats.connectivity_tsv import Row
from imaging.models import ImagingSession, NetworkConnectivity, Upload, Volume
from imaging.queries import labels_of, network_names
from imaging.services.uploads import register
from imaging.services.values import record_connectivity, record_volume
from imaging.volumes import measured
from trial import protocol
from trial.locks.queries import TRIAL, locked_among
from trial.records.services import ReasonRequired, RecordError, amend
from trial.users.models import Site, User

# What the column of a volume holds; a file with more digits compares equal to what was saved of it.
CUBIC = Decimal("0.001")


class PreviewOutdated(RecordError):
    """What is recorded changed between the preview and its confirmation."""


@dataclass(frozen=True)
class Change:
    """What a file does to one number; `before` is what is recorded, None for a new one."""

    session: ImagingSession
    name: str
    before: Decimal | float | None
    after: Decimal | float
    frames: int | None = None
    row: Volume | NetworkConnectivity | None = None

    @property
    def label(self) -> str:
        """The protocol's words for what is measured."""
        return labels_of(self.session)[self.name]

    @property
    def unit(self) -> str:
        """The unit of both numbers."""
        return "Fisher z" if isinstance(self.after, float) else "mm³"

    @property
    def kind(self) -> Literal["new", "same", "changed"]:
        """How the number stands to the recorded one; frames count as part of it."""
        if self.row is None:
            return "new"
        is_same_frames = not isinstance(self.row, NetworkConnectivity) or self.row.frames == self.frames
        return "same" if self.before == self.after and is_same_frames else "changed"


@dataclass(frozen=True)
class ImportPlan:
    """All changes of a file, in its order; `subject` is whom the file itself names, shown but never kept."""

    changes: tuple[Change, ...]
    subject: str = ""

    def count(self, kind: str) -> int:
        """How many numbers are new, same or changed."""
        return sum(change.kind == kind for change in self.changes)

    @property
    def fingerprint(self) -> str:
        """SHA-256 over the differences: a confirmation carries it, so that what was seen is what is done."""
        lines = (f"{c.session.pk} {c.name} {c.kind} {c.before} {c.after} {c.frames}" for c in self.changes)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def plan_volumes(session: ImagingSession, content: bytes) -> ImportPlan:
    """The difference an aseg.stats file makes to a session; raises FileRefused."""
    stats = freesurfer_aseg.read(content)
    values = measured(stats, protocol.for_version(session.protocol_version).imaging.structures)
    recorded = {row.structure: row for row in Volume.objects.filter(session=session)}
    changes = []
    for name, value in values.items():
        row = recorded.get(name)
        changes.append(Change(session, name, row.volume_mm3 if row else None, value.quantize(CUBIC), row=row))
    refuse_locked([(0, change) for change in changes])
    return ImportPlan(tuple(changes), stats.subject)


def plan_connectivity(site: Site, content: bytes) -> ImportPlan:
    """The difference a connectivity table makes at a site; raises FileRefused with line and column."""
    rows = connectivity_tsv.read(content, tuple(network_names()))
    sessions = _sessions(site, rows)
    found = NetworkConnectivity.objects.filter(session__in=sessions.values())
    recorded = {(row.session_id, row.network): row for row in found}
    changes = []
    for row in rows:
        session = sessions[row.participant_id, row.session]
        old = recorded.get((session.pk, row.network))
        changes.append(Change(session, row.network, old.value if old else None, row.value, row.frames, old))
    refuse_locked([(row.line, change) for row, change in zip(rows, changes, strict=True)])
    return ImportPlan(tuple(changes))


def refuse_locked(placed: Sequence[tuple[int, Change]]) -> None:
    """Refuse a file that changes what is locked, naming each line; the database would refuse the whole all the same."""
    touched = [(line, change) for line, change in placed if change.kind != "same"]
    sessions = {change.session for _, change in touched}
    closed = locked_among(
        [session.participant_id for session in sessions],
        [session.visit_id for session in sessions if session.visit_id is not None],
    )
    words = "is locked; nothing of it can be imported. Ask a data manager or the PI to have it unlocked"
    problems = [
        Problem(line, "participant_id", f"the {change.session} scan of {change.session.participant} {words}")
        for line, change in touched
        if {change.session.participant_id, change.session.visit_id, TRIAL} & closed
    ]
    if problems:
        raise FileRefused(problems)


@transaction.atomic
def import_volumes(
    actor: User,
    session: ImagingSession,
    *,
    content: bytes,
    file_name: str,
    made_by: str = "",
    reason: str = "",
    fingerprint: str = "",
    key: UUID | None = None,
    origin: str = "import",
) -> Upload:
    """Import an aseg.stats file into a session and keep it stripped of names, machines and folders.

    Numbers recorded differently are corrected, with *reason*. Raises FileRefused, ReasonRequired, KeyReused,
    and PreviewOutdated when *fingerprint* is of another difference than the one now found.
    """
    plan = plan_volumes(session, content)
    upload = register(
        actor,
        site=session.participant.site,
        kind=Upload.Kind.VOLUMES,
        content=freesurfer_aseg.stripped(content),
        file_name=file_name,
        made_by=made_by,
        key=key,
        origin=origin,
    )
    _apply(actor, plan, upload, reason, fingerprint)
    return upload


@transaction.atomic
def import_connectivity(
    actor: User,
    site: Site,
    *,
    content: bytes,
    file_name: str,
    made_by: str = "",
    reason: str = "",
    fingerprint: str = "",
    key: UUID | None = None,
    origin: str = "import",
) -> Upload:
    """Import a connectivity table at a site, all rows or none; otherwise as `import_volumes`."""
    plan = plan_connectivity(site, content)
    upload = register(
        actor,
        site=site,
        kind=Upload.Kind.CONNECTIVITY,
        content=content,
        file_name=file_name,
        made_by=made_by,
        key=key,
        origin=origin,
    )
    _apply(actor, plan, upload, reason, fingerprint)
    return upload


def _apply(actor: User, plan: ImportPlan, upload: Upload, reason: str, fingerprint: str) -> None:
    if fingerprint and fingerprint != plan.fingerprint and plan.count("same") < len(plan.changes):
        raise PreviewOutdated("Somebody saved other numbers since this preview. Look at the new difference.")
    if plan.count("changed") and not reason.strip():
        raise ReasonRequired("The file changes recorded numbers. Say why; the reason is kept with both numbers.")
    for change in plan.changes:
        if change.kind == "new":
            _enter(actor, change, upload)
        elif change.kind == "changed":
            _amend(actor, change, upload, reason)


def _enter(actor: User, change: Change, upload: Upload) -> None:
    if isinstance(change.after, Decimal):
        record_volume(
            actor,
            session=change.session,
            structure=change.name,
            volume_mm3=change.after,
            upload=upload,
            origin=upload.origin,
        )
        return
    record_connectivity(
        actor,
        session=change.session,
        network=change.name,
        value=change.after,
        frames=change.frames,
        upload=upload,
        origin=upload.origin,
    )


def _amend(actor: User, change: Change, upload: Upload, reason: str) -> None:
    if isinstance(change.row, Volume):
        amend(
            change.row,
            actor,
            version=change.row.version,
            reason=reason,
            volume_mm3=change.after,
            upload=upload,
        )
    elif change.row is not None:
        amend(
            change.row,
            actor,
            version=change.row.version,
            reason=reason,
            value=change.after,
            frames=change.frames,
            upload=upload,
        )


def _sessions(site: Site, rows: Iterable[Row]) -> dict[tuple[str, str], ImagingSession]:
    """The sessions that the rows name, at this site; raises FileRefused naming each that is not there."""
    recorded = ImagingSession.objects.filter(site=site).select_related("participant", "visit")
    sessions = {(session.participant.study_id, session.timepoint): session for session in recorded}
    missing = {(row.participant_id, row.session): row.line for row in reversed(tuple(rows))}
    problems = [
        Problem(line, "participant_id", f"{' '.join(place)} is no recorded session of this site; record it first")
        for place, line in sorted(missing.items(), key=lambda item: item[1])
        if place not in sessions
    ]
    if problems:
        raise FileRefused(problems)
    return sessions
