"""Ordering a report and publishing what was made of it."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

from django.conf import settings
from django.utils import timezone

from reports.books import BOOKS
from reports.models import Report
from trial.audit.context import audited
from trial.jobs.running import RunningJob
from trial.jobs.services import enqueue
from trial.permissions import may
from trial.records.files import write_whole
from trial.users.models import Site, User

if TYPE_CHECKING:
    from reports.assemble import Assembled

KIND = "reports.build"


class ReportError(ValueError):
    """A report cannot be ordered or read as asked; the message says what to do."""


def order_report(actor: User, *, site: Site, book: str, key: UUID) -> Report:
    """Order a book for a site; the same key again returns the first order.

    Raises ReportError for an unknown book and for a key that ordered something else.
    """
    if book not in BOOKS:
        raise ReportError(f"There is no report '{book}'; order one of {', '.join(BOOKS)}.")
    with audited(actor, f"ordered: {BOOKS[book].title}"):
        User.objects.select_for_update().get(pk=actor.pk)  # of two taps at once the second finds the first's order
        repeat = Report.objects.filter(ordered_by=actor, key=key).first()
        if repeat is not None and (repeat.book, repeat.site_id) != (book, site.id):
            raise ReportError("This form has already ordered another report. Open the page again and order anew.")
        if repeat is not None:
            return repeat
        report = Report(book=book, site=site, ordered_by=actor, key=key)
        label = f"{BOOKS[book].title}, {site.code}"
        report.job = enqueue(actor, KIND, {"report": str(report.id)}, label=label)
        report.save(force_insert=True)
    return report


def require_right(report: Report) -> None:
    """Refuse to build for who may order no more, since the work may begin long after the order; raises ReportError."""
    person = report.ordered_by
    if not (person.is_active and may(person, "reports.order", report.site_id)):
        raise ReportError(
            f"{person.full_name} ordered this report and may no longer order one at {report.site}. Nothing was built; "
            "whoever may order it orders it anew."
        )


def publish(job: RunningJob, report: Report, assembled: Assembled) -> None:
    """Write the files, then the row with their hashes and the end of the job, both or neither.

    A file's name holds its hash, so a worker that lost its claim never overwrites what another published.
    """
    pdf = _place(report.id, assembled.pdf, "pdf")
    results = _place(report.id, assembled.results, "json")
    figures = [_place(report.id, svg, "svg") for svg in assembled.page.figures]
    page = _place(report.id, assembled.page.markup.encode(), "html")
    with job.publishing(), audited("system:reports.build", f"published run {assembled.run.id}"):
        row = Report.objects.select_for_update().get(id=report.id)
        row.published_at = timezone.now()
        row.is_publishable = assembled.is_publishable
        row.data_cut = assembled.run.data_cut
        row.input_hash = assembled.run.input_hash
        row.pdf_path, row.pdf_sha256 = pdf
        row.results_path, row.results_sha256 = results
        row.page_path, row.page_sha256 = page
        row.figures = figures
        row.departure = assembled.run.departure
        row.failures = [f"{failure.analysis}: {failure.error}" for failure in assembled.failures]
        row.save(force_update=True)


def _place(report_id: UUID, content: bytes, suffix: str) -> tuple[str, str]:
    """Write a report's file; returns its name in REPORTS_DIR and its SHA-256."""
    digest = hashlib.sha256(content).hexdigest()
    name = f"{report_id}-{digest[:16]}.{suffix}"
    write_whole(Path(settings.REPORTS_DIR) / name, content)
    return name, digest


def content_of(name: str, sha256: str) -> bytes:
    """The bytes of a published file; raises ReportError when they are not those that were published."""
    path = Path(settings.REPORTS_DIR) / name
    content = path.read_bytes() if name and path.is_file() else b""
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ReportError(
            f"{name or 'The file'} is not what was published; order the report again and tell the data manager."
        )
    return content
