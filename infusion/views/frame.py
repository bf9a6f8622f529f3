"""What the views of the bedside share: whose page it is, what it shows, and how a form is saved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from django.http import Http404, HttpRequest
from django.urls import reverse
from django.utils import timezone

from infusion import queries
from infusion.bedside import bedside
from infusion.forms import BedsideForm
from infusion.models import Infusion
from infusion.services import RuleBroken
from trial.participants.models import Participant
from trial.participants.queries import get_participant, get_visit, protocol_of
from trial.permissions import may
from trial.records.conflicts import Opened
from trial.records.saving import attempt


def participant_of(request: HttpRequest, study_id: str) -> Participant:
    """The participant at one of the sites that the account may act at; raises Http404."""
    return get_participant(request.sites, study_id)  # type: ignore[attr-defined]


def infusion_or_404(participant: Participant) -> Infusion:
    """The participant's infusion; raises Http404 before it began."""
    if (found := queries.infusion_of(participant)) is None:
        raise Http404("The infusion has not begun.")
    return found


def frame(request: HttpRequest, participant: Participant) -> dict[str, Any]:
    """What every page about the treatment shows, with what the account may do here."""
    user: Any = request.user
    return {
        "participant": participant,
        "now": bedside(participant, timezone.now()),
        "may_order": may(user, "infusion.order", participant.site_id),
        "may_record": may(user, "infusion.record", participant.site_id),
        "may_audit": may(user, "history.read", participant.site_id),
    }


def saved(
    form: BedsideForm, save: Callable[[dict[str, Any]], Any], about: Opened | None = None, *, by: Any = None
) -> bool:
    """Save a form's values; what the service refuses is said on the form, each thing beside its field."""

    def write() -> None:
        try:
            save(form.values())
        except RuleBroken as refused:
            say_refusals(form, refused)

    return attempt(form, write, about, by=by)


def say_refusals(form: BedsideForm, refused: RuleBroken) -> None:
    """Say each thing that stands against an order at its field, and ask for a reason where one would do."""
    for place, words in dict.fromkeys((finding.place, finding.words) for finding in refused.findings):
        form.add_error(place if place in form.fields else None, words)
    if refused.verdict.severity == "soft":
        form.add_error("override_reason", "Say why it goes on all the same.")


class Way(NamedTuple):
    """Where a form was opened from: its address and its name."""

    address: str
    label: str


def way_back(request: HttpRequest, participant: Participant) -> Way:
    """The visit that the address of a form names, else the bedside; Http404 for a visit that is not there."""
    if code := request.GET.get("visit", ""):
        label = protocol_of(participant).visits[get_visit(participant, code).code].label
        return Way(reverse("participants:visit", args=[participant.study_id, code]), label)
    return Way(reverse("infusion:detail", args=[participant.study_id]), "Infusion")
