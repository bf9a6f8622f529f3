"""How a page about one participant gets that participant, in the time of the participant's site."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone

from trial.participants.models import Cohort, Participant
from trial.participants.queries import get_participant

ParticipantView = Callable[Concatenate[HttpRequest, Participant, ...], HttpResponse]


def sites_of(request: HttpRequest) -> frozenset[UUID]:
    """The sites where the signed-in account may do what the view's gate asked."""
    sites: frozenset[UUID] = request.sites  # type: ignore[attr-defined]
    return sites


def for_participant(view: ParticipantView) -> Callable[..., HttpResponse]:
    """Hand the view the participant of the address instead of the study id; under ``@requires``.

    Another site's participant and a missing one are the same 404. Times are shown and read in site time.
    """

    @wraps(view)
    def fetched(request: HttpRequest, study_id: str, *args: Any, **kwargs: Any) -> HttpResponse:
        participant = get_participant(sites_of(request), study_id)
        with timezone.override(participant.site.zone):
            return view(request, participant, *args, **kwargs)

    return fetched


def for_patients(view: ParticipantView) -> ParticipantView:
    """Answer 404 for a healthy control; under ``@for_participant``."""

    @wraps(view)
    def admitted(request: HttpRequest, participant: Participant, *args: Any, **kwargs: Any) -> HttpResponse:
        if participant.cohort != Cohort.PATIENT:
            raise Http404
        return view(request, participant, *args, **kwargs)

    return admitted
