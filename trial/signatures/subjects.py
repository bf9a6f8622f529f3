"""What can be signed on its page: found by its label and id, within the sites of a request."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from django.core.exceptions import ValidationError
from django.db.models import Model
from django.http import Http404
from django.urls import reverse

from trial import protocol
from trial.records.models import ProtocolVersion
from trial.signatures.content import content_models

MISSING = "No such record."


def find(label: str, row_id: str, sites: Collection[UUID]) -> Model:
    """The subject; another site's, a missing one and what is not signed on a page raise the same Http404."""
    if label.lower() == ProtocolVersion._meta.label_lower:
        return _protocol(row_id)
    models = {model._meta.label_lower: model for model in content_models()}
    if (model := models.get(label.lower())) is None:
        raise Http404(MISSING)
    try:
        found = model._base_manager.select_related("site").filter(pk=row_id, site_id__in=sites).first()
    except (ValidationError, ValueError) as malformed:
        raise Http404(MISSING) from malformed
    if found is None:
        raise Http404(MISSING)
    return found


def _protocol(version: str) -> ProtocolVersion:
    """A protocol version, which need not be in use to be signed."""
    if version not in protocol.versions():
        raise Http404(MISSING)
    return ProtocolVersion(version=version, sha256=protocol.sha256(version))


def page_of(subject: Model) -> str:
    """The address of the page that shows a subject."""
    label = subject._meta.label_lower
    if label == "records.protocolversion":
        return f"{reverse('records:protocol')}?version={subject.pk}"
    if label == "participants.participant":
        return reverse("participants:detail", args=[str(subject)])
    person = str(getattr(subject, "participant", ""))
    if label == "participants.visit":
        return reverse("participants:visit", args=[person, str(subject)])
    visit = getattr(subject, "visit", None)
    if label == "assessments.assessment" and visit is not None:
        return reverse("assessments:saved", args=[person, visit.code, getattr(subject, "instrument", "")])
    return reverse("participants:detail", args=[person])
