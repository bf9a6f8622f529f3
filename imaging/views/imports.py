"""Importing files: choose, look at the difference or at every error, confirm."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from imaging import previews, queries, services
from imaging.formats import FileRefused, freesurfer_aseg
from imaging.forms import FileForm, SiteFileForm
from imaging.previews import Preview
from imaging.services import ImportPlan
from trial.participants.queries import get_participant
from trial.permissions import PermittedRequest, requires
from trial.records.saving import status_of
from trial.records.services import RecordError
from trial.users.models import Site
from trial.users.posting import FORM, posted

CONFLICT, UNPROCESSABLE = 409, 422
PLACE = "connectivity"


@requires("imaging.record")
@require_http_methods(FORM)
def connectivity(request: PermittedRequest) -> HttpResponse:
    """Import a table of network connectivity."""
    if "token" in request.POST:
        return confirm_connectivity(request)
    form = SiteFileForm(posted(request), request.FILES or None, sites=request.sites)
    if not form.is_valid():
        return chosen(request, form, {}, status_of(form))
    site, content = form.cleaned_data["site"], form.cleaned_data["file"].read()
    try:
        plan = services.plan_connectivity(site, content)
    except FileRefused as refused:
        return chosen(request, form, {"problems": refused.problems}, UNPROCESSABLE)
    return previewed(request, plan, made(form, f"{PLACE}:{site.pk}", content, plan), {"site": site})


def confirm_connectivity(request: PermittedRequest) -> HttpResponse:
    """Import the previewed table whole, or show why not."""
    form = SiteFileForm(sites=request.sites)
    sites = {str(site.pk): site for site in Site.objects.filter(pk__in=request.sites)}
    site = sites.get(request.POST.get("site", ""))
    if site is None:
        raise Http404("No such site.")
    try:
        preview = previews.confirmed(request.POST["token"], f"{PLACE}:{site.pk}")
        services.import_connectivity(request.user, site, content=preview.content(), **asked(request, preview))
    except FileRefused as refused:
        return chosen(request, form, {"problems": refused.problems}, UNPROCESSABLE)
    except RecordError as refused:
        return chosen(request, form, {"refusal": str(refused)}, CONFLICT)
    messages.success(request, f"{preview.file_name} imported.")
    return redirect("imaging:sessions")


@requires("imaging.record")
@require_http_methods(FORM)
def volumes(request: PermittedRequest, study_id: str, timepoint: str) -> HttpResponse:
    """Import the volumes of a session from FreeSurfer's aseg.stats."""
    participant = get_participant(request.sites, study_id)
    session = queries.get_session(participant, timepoint)
    place, frame = f"volumes:{session.pk}", {"participant": participant, "session": session}
    if "token" in request.POST:
        try:
            preview = previews.confirmed(request.POST["token"], place)
            services.import_volumes(request.user, session, content=preview.content(), **asked(request, preview))
        except (FileRefused, RecordError) as refused:
            return chosen(request, FileForm(), {**frame, "refusal": str(refused)}, CONFLICT)
        messages.success(request, f"{preview.file_name} imported.")
        return redirect("imaging:session", study_id, timepoint)
    form = FileForm(posted(request), request.FILES or None)
    if not form.is_valid():
        return chosen(request, form, frame, status_of(form))
    content = form.cleaned_data["file"].read()
    try:
        plan = services.plan_volumes(session, content)
    except FileRefused as refused:
        return chosen(request, form, {**frame, "problems": refused.problems}, UNPROCESSABLE)
    return previewed(request, plan, made(form, place, freesurfer_aseg.stripped(content), plan), frame)


def made(form: FileForm, place: str, content: bytes, plan: ImportPlan) -> Preview:
    """The preview of a chosen file."""
    cleaned = form.cleaned_data
    return previews.made(place, content, plan, file_name=cleaned["file"].name, made_by=cleaned["made_by"])


def asked(request: PermittedRequest, preview: Preview) -> dict[str, Any]:
    """What a confirmation passes on to the import."""
    return {
        "file_name": preview.file_name,
        "made_by": preview.made_by,
        "reason": request.POST.get("reason", "").replace("\0", "")[:200],  # PostgreSQL holds no NUL byte
        "fingerprint": preview.fingerprint,
        "key": preview.once,
    }


def chosen(request: PermittedRequest, form: FileForm, frame: dict[str, Any], status: int = 200) -> HttpResponse:
    """The page where a file is chosen, with what was wrong with the last one."""
    return render(
        request, "imaging/import.html", {"form": form, "networks": queries.network_names(), **frame}, status=status
    )


def previewed(request: PermittedRequest, plan: ImportPlan, preview: Preview, frame: dict[str, Any]) -> HttpResponse:
    """The page that shows the difference and asks for the confirmation."""
    counts = {kind: plan.count(kind) for kind in ("new", "changed", "same")}
    return render(request, "imaging/preview.html", {"plan": plan, "preview": preview, "counts": counts, **frame})
