"""Pages of reports: the list, an order, its progress and its files."""

from __future__ import annotations

from uuid import UUID

from csp.constants import NONE, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from reports import queries, services
from reports.books import BOOKS
from reports.forms import OrderForm
from reports.models import Report
from trial.blinding import keep_from_sites
from trial.permissions import may, requires
from trial.users.models import User
from trial.users.posting import FORM, posted

# A picture brings its own styles and nothing else, also when it is opened alone.
PICTURE_POLICY = {"default-src": [NONE], "style-src": [UNSAFE_INLINE], "img-src": [NONE]}


@requires("reports.read")
@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    """Every report of the reader's sites, the latest first."""
    reports = [(row, BOOKS[row.book].title) for row in queries.reports_at(_sites(request))]
    context = {"reports": reports, "may_order": may(_user(request), "reports.order")}
    return render(request, "reports/list.html", context)


@requires("reports.order")
@require_http_methods(FORM)
def order(request: HttpRequest) -> HttpResponse:
    """Order a report; its page shows how far it is."""
    sites = queries.sites_of(_sites(request))
    form = OrderForm(posted(request), sites=sites)
    if request.method == "POST" and form.is_valid():
        chosen = form.cleaned_data
        given = {"site": form.chosen_site, "book": chosen["book"], "key": chosen["key"]}
        try:
            return redirect("reports:detail", services.order_report(_user(request), **given).id)
        except services.ReportError as refused:
            form.add_error(None, str(refused))
    status = 422 if form.is_bound else 200
    return render(request, "reports/order.html", {"form": form, "books": BOOKS.values()}, status=status)


@requires("reports.read")
@require_safe
def detail(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """One report: its progress, then its files and what they were made of."""
    report = queries.get_report(_sites(request), report_id)
    return render(request, "reports/detail.html", _described(report))


@requires("reports.read")
@require_safe
def progress(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """The part of the page that changes while the report is built; it asks again until that is over."""
    report = queries.get_report(_sites(request), report_id)
    return render(request, "reports/_state.html", _described(report))


@requires("reports.read")
@require_safe
def read(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """The report as a page, with the words and numbers of the PDF, exactly as published."""
    report = _published(request, report_id)
    if not report.page_path:
        raise Http404("This report was published before reports could be read here; download its PDF.")
    try:
        markup = services.content_of(report.page_path, report.page_sha256).decode()
    except services.ReportError as damaged:
        return _refused(damaged)
    return render(request, "reports/read.html", {**_described(report), "markup": markup})


@requires("reports.read")  # type: ignore[type-var]
@require_safe
@csp_replace(PICTURE_POLICY)  # type: ignore[arg-type]
def figure(request: HttpRequest, report_id: UUID, figure: int) -> HttpResponse:
    """A picture of that page, counted from 1; an image is told by its own address, so the page needs no inline SVG."""
    report = _published(request, report_id)
    if not 1 <= figure <= len(report.figures):
        raise Http404("This report has no such figure.")
    try:
        content = services.content_of(*report.figures[figure - 1])
    except services.ReportError as damaged:
        return _refused(damaged)
    return HttpResponse(content, content_type="image/svg+xml")


@requires("reports.read")
@require_safe
def pdf(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """The PDF, exactly as published."""
    report = _published(request, report_id)
    return _download(report, report.pdf_path, report.pdf_sha256, "application/pdf", "pdf")


@requires("reports.read")
@require_safe
def results(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """results.json, exactly as published."""
    report = _published(request, report_id)
    return _download(report, report.results_path, report.results_sha256, "application/json", "json")


def _user(request: HttpRequest) -> User:
    user = request.user
    if not isinstance(user, User):
        raise Http404
    return user


def _sites(request: HttpRequest) -> frozenset[UUID]:
    """The sites the gate left on the request."""
    sites: frozenset[UUID] = request.sites  # type: ignore[attr-defined]
    return sites


def _described(report: Report) -> dict[str, object]:
    return {"report": report, "book": BOOKS[report.book]}


def _published(request: HttpRequest, report_id: UUID) -> Report:
    report = queries.get_report(_sites(request), report_id)
    keep_from_sites(request.user, [report.site_id])
    if report.published_at is None:
        raise Http404("This report is not published yet.")
    return report


def _refused(damaged: services.ReportError) -> HttpResponse:
    return HttpResponse(str(damaged), status=409, content_type="text/plain; charset=utf-8")


def _download(report: Report, name: str, sha256: str, kind: str, suffix: str) -> HttpResponse:
    try:
        content = services.content_of(name, sha256)
    except services.ReportError as damaged:
        return _refused(damaged)
    cut = f"{report.data_cut:%Y-%m-%d}" if report.data_cut else "undated"
    headers = {"Content-Disposition": f'attachment; filename="{report.book}-{report.site.code}-{cut}.{suffix}"'}
    return HttpResponse(content, content_type=kind, headers=headers)
