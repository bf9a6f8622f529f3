"""The job that builds a report. Scientific packages are imported here only when a job runs."""

from __future__ import annotations

from reports.services import KIND
from trial.jobs.registry import job_kind
from trial.jobs.running import RunningJob


@job_kind(KIND)
def build(job: RunningJob) -> None:
    """Read the site's data in one transaction, assemble the book, publish its files."""
    # Loading the scientific packages takes seconds the first time; the page says that the work has begun.
    job.progress(1, "starting the statistics")
    from reports import services, source
    from reports.assemble import assemble
    from reports.books import BOOKS
    from reports.models import Report
    from trial import protocol

    report = Report.objects.select_related("site", "ordered_by").get(id=job.payload["report"])
    services.require_right(report)
    job.progress(2, "reading the data")
    extracts = source.read(report.site)
    assembled = assemble(
        extracts,
        protocol.for_version(extracts.protocol_version),
        BOOKS[report.book],
        site=str(report.site),
        progress=job.progress,
    )
    job.progress(98, "writing the files")
    services.publish(job, report, assembled)
