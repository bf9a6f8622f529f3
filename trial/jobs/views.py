"""The progress of a job, as a fragment that asks again until it is over."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from trial.jobs.models import Job
from trial.permissions import requires


@requires("jobs.read")
@require_safe
def progress(request: HttpRequest, job_id: UUID) -> HttpResponse:
    """Show how far one of the asker's own jobs is; when it is over, tell the page around it."""
    job = get_object_or_404(Job, id=job_id, created_by=request.user)
    response = render(request, "jobs/_progress.html", {"job": job})
    if job.is_over:
        response["HX-Trigger"] = "job-over"
    return response
