"""What the pages of one participant's safety records share."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from trial.participants.models import Participant
from trial.records.saving import status_of, to_show


def form_page(
    request: HttpRequest, participant: Participant, form: Any, *, title: str, submit: str, cancel: str = ""
) -> HttpResponse:
    """Render one form about a participant."""
    frame = {"participant": participant, "form": to_show(form), "title": title, "submit": submit}
    frame["cancel"] = cancel or reverse("participants:detail", args=[participant.study_id])
    return render(request, "participants/form.html", frame, status=status_of(form))
