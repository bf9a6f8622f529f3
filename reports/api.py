"""Published reports for programmes."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from ninja import Router, Schema, Status

from reports import queries, services
from reports.models import Report
from trial.blinding import keep_from_sites
from trial.participants.api import sites_of
from trial.tokens.gate import Allows
from trial.tokens.schemas import OF_AN_OBJECT, answers

router = Router(tags=["reports"])


class ReportOut(Schema):
    """A published report and the digests of its files."""

    id: UUID
    site: str
    book: str
    published_at: datetime
    data_cut: datetime
    pdf_sha256: str
    results_sha256: str

    @staticmethod
    def resolve_site(row: Report) -> str:
        return row.site.code


@router.get("/reports", response=answers(list[ReportOut]), url_name="reports", auth=Allows("reports.read"))
def reports(request: HttpRequest) -> Any:
    """The published reports of one's sites, the latest first."""
    return queries.reports_at(sites_of(request)).exclude(published_at=None)


@router.get(
    "/reports/{report_id}/results",
    response=answers(Any, *OF_AN_OBJECT, 409, 422),
    url_name="results",
    auth=Allows("reports.read"),
)
def results(request: HttpRequest, report_id: UUID) -> Any:
    """results.json of a report, byte for byte as published."""
    report = queries.get_report(sites_of(request), report_id)
    keep_from_sites(request.user, [report.site_id])
    if report.published_at is None:
        raise Http404("This report is not published yet.")
    try:
        content = services.content_of(report.results_path, report.results_sha256)
    except services.ReportError as damaged:
        return Status(409, {"detail": str(damaged)})
    return HttpResponse(content, content_type="application/json")
