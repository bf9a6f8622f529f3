"""Signing on a page, and the signatures of a record as a fragment of its page."""

from __future__ import annotations

from dataclasses import replace
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.db.models import Model
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from trial import permissions, protocol
from trial.blinding import is_blinded, keep_from
from trial.permissions import PermittedRequest, is_unblinding, may, requires
from trial.records.models import ProtocolVersion
from trial.records.services import RecordError
from trial.signatures import rules, subjects
from trial.signatures.content import CONTENT_APPS, content_of
from trial.signatures.forms import SignForm
from trial.signatures.queries import Standing, signatures_of
from trial.signatures.services import sign as sign_subject
from trial.signatures.sign_off import TABLE, sign_offs
from trial.signatures.wording import content_in_words, for_readers, words_of
from trial.users.models import Site
from trial.users.posting import FORM, posted

REFUSED = 422


@sensitive_post_parameters("username", "password")
@requires("signatures.sign")
@require_http_methods(FORM)
def sign(request: PermittedRequest, label: str, row_id: str) -> HttpResponse:
    """Show what exactly would be signed, and sign it.

    Nobody signs unseen: all of a participant or of a visit is not for a rater who is kept from the treatment.
    """
    subject = subject_of(request, label, row_id)
    if subject._meta.label_lower in ("participants.participant", "participants.visit"):
        keep_from(request.user, participant_id_of(subject))
    sites = sites_to_sign_for(request, subject)
    meanings = meanings_at(request, subject, sites)
    form = SignForm(posted(request), request=request, meanings=meanings, sites=sites)
    if request.method == "POST" and meanings and form.is_valid() and attempt(request, subject, form):
        messages.success(request, f"Signed by {request.user.full_name}: {words_of(subject)}.")
        return redirect(subjects.page_of(subject))
    return page(request, subject, form, status=REFUSED if request.method == "POST" else 200)


def subject_of(request: PermittedRequest, label: str, row_id: str) -> Model:
    """What an address names; raises Http404, and Hidden where a rater is kept from records of its kind."""
    subject = subjects.find(label, row_id, request.sites)
    if is_unblinding(label) and (about := participant_id_of(subject)):
        keep_from(request.user, about)
    return subject


def participant_id_of(subject: Model) -> UUID | None:
    """Whom a subject is or is about."""
    if subject._meta.label_lower == "participants.participant":
        return cast("UUID", subject.pk)
    return getattr(subject, "participant_id", None)


def is_kept_from(request: PermittedRequest, subject: Model) -> bool:
    """Whether the person is kept, as a rater, from the treatment of whom a subject is about."""
    about = participant_id_of(subject)
    return about is not None and is_blinded(request.user, about)


def may_read(request: PermittedRequest, subject: Model, label: str, site_id: UUID | None) -> bool:
    """Whether the person may read the rows of a model that a signature of the subject covers."""
    is_kept = is_unblinding(label) and is_kept_from(request, subject)
    return permissions.may_read(request.user, label, site_id, is_kept=is_kept)


def standings(request: PermittedRequest, subject: Model) -> list[Standing]:
    """The signatures of a subject as the person may read them."""
    is_kept = is_kept_from(request, subject)
    return for_readers(signatures_of(subject), sees_values=sees_values(request, subject), is_blinded=is_kept)


def attempt(request: PermittedRequest, subject: Model, form: SignForm) -> bool:
    """Sign by a valid form; a refusal is shown on it, and nothing is signed."""
    given = form.cleaned_data
    try:
        sign_subject(
            request.user,
            subject=subject,
            meaning=given["meaning"],
            site=given["site"],
            expected_hash=given["seen"],
            confirmation=form.confirm(),
        )
    except RecordError as refused:
        form.add_error(None, str(refused))
        return False
    return True


def page(request: PermittedRequest, subject: Model, form: SignForm, *, status: int) -> HttpResponse:
    """Render the page of signing with the content as it is now."""
    content = content_of(subject)
    site = getattr(subject, "site", None) or form.sites[0] if form.sites else None
    with timezone.override(site.zone if site else None):
        frame = {
            "subject": subject,
            "words": words_of(subject),
            "content": content,
            "groups": content_in_words(
                content, lambda label: may_read(request, subject, label, site.pk if site else None)
            ),
            "form": form,
            "is_protocol": subject._meta.label_lower == TABLE,
            "back": subjects.page_of(subject),
            "signatures": standings(request, subject),
        }
        return render(request, "signatures/sign.html", frame, status=status)


def sees_values(request: PermittedRequest, subject: Model) -> bool:
    """Whether the person may read every kind of record that a signature of the subject can cover."""
    site: Site | None = getattr(subject, "site", None)
    return all(may(request.user, f"{app}.read", site.pk if site else None) for app in CONTENT_APPS)


def sites_to_sign_for(request: PermittedRequest, subject: Model) -> list[Site]:
    """The subject's own site, or for a protocol version those where the person may sign one."""
    own: Site | None = getattr(subject, "site", None)
    if own is not None:
        return [own]
    table, held = subject._meta.label_lower, request.user.roles_by_site()
    allowed = [pk for pk in request.sites if rules.meanings_for(table, held.get(pk, frozenset()))]
    return list(Site.objects.filter(pk__in=allowed).order_by("code"))


def meanings_at(request: PermittedRequest, subject: Model, sites: list[Site]) -> list[str]:
    """The meanings with which the person may sign the subject for any of the sites."""
    held = request.user.roles_by_site()
    roles = {role for site in sites for role in held.get(site.pk, frozenset())}
    return rules.meanings_for(subject._meta.label_lower, roles)


@requires("signatures.read")
@require_safe
def panel(request: PermittedRequest, label: str, row_id: str) -> HttpResponse:
    """Show the signatures of a record as a fragment, each valid or void, and the way to sign."""
    subject = subject_of(request, label, row_id)
    sites = sites_to_sign_for(request, subject)
    with timezone.override(sites[0].zone if sites else None):
        frame = {
            "sign": reverse("signatures:sign", args=[label, row_id]),
            "may_sign": bool(meanings_at(request, subject, sites)),
            "signatures": standings(request, subject),
        }
        return render(request, "signatures/_panel.html", frame)


@requires("signatures.read")
@require_safe
def protocol_panel(request: PermittedRequest) -> HttpResponse:
    """Show who has signed each protocol version at each of one's sites, and whose signature is missing."""
    sites = list(Site.objects.filter(pk__in=request.sites).order_by("code"))
    frame = {
        "versions": [
            {
                "version": version,
                "sign": reverse("signatures:sign", args=[ProtocolVersion._meta.label, version]),
                "sign_offs": [
                    replace(off, signatures=tuple(for_readers(off.signatures, sees_values=True)))
                    for off in sign_offs(sites, version)
                ],
            }
            for version in protocol.versions()
        ],
        "may_sign": bool(sites_to_sign_for(request, ProtocolVersion())),
    }
    return render(request, "signatures/_protocol.html", frame)
