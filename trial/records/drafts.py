"""Drafts: what is typed on a form keeps itself, and comes back after the browser or the machine has gone.

A draft is no record: it touches none, is not audited, is its author's alone, and is emptied once its form is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.urls import Resolver404, resolve
from django.utils import timezone

from trial.records.models import Draft, UsedKey
from trial.users.sessions.held import SECRET

# The forms that keep drafts. A form with a file or contact details never stands here; of one that is signed all is
# kept but who signs it.
DRAFTED = frozenset(
    {
        "assessments:form",
        "imaging:correct",
        "imaging:record",
        "imaging:usability",
        "infusion:bag",
        "infusion:clonidine",
        "infusion:correct",
        "infusion:correct_end",
        "infusion:correct_rate",
        "infusion:correct_start",
        "infusion:rate",
        "infusion:serum",
        "infusion:side_effects",
        "infusion:start",
        "infusion:stop",
        "infusion:vitals",
        "participants:consent",
        "participants:contact",
        "participants:correct",
        "participants:decide",
        "participants:dose",
        "participants:enrol",
        "participants:held",
        "participants:judge",
        "participants:missed",
        "participants:plan",
        "participants:screening",
        "participants:status",
        "safety:acknowledge",
        "safety:adverse_event",
        "safety:close",
        "safety:correct",
        "safety:deviation",
        "safety:follow_up",
    }
)
# What of an address's query names another form.
NAMING = ("record",)
LONGEST_ADDRESS, MOST_FIELDS, MOST_BYTES = 200, 200, 50_000
# The field in which a page tells its own name, so that what it still sends after it was saved is known and dropped.
OPENED = "draft"
# Nor is the name that somebody signs by, which is typed anew each time like the password.
NEVER_KEPT = frozenset({"csrfmiddlewaretoken", OPENED, "username"})


class NoDraft(ValueError):
    """This form keeps no draft, or not this one."""


def identity(address: str) -> str:
    """The form that an address of this site leads to, as drafts are kept by; raises NoDraft for any other."""
    parts = urlsplit(address)
    try:
        found = resolve(parts.path)
    except Resolver404 as unknown:
        raise NoDraft("No form has this address.") from unknown
    if found.view_name not in DRAFTED or parts.netloc:
        raise NoDraft("This form keeps no draft.")
    asked = parse_qs(parts.query)
    naming = "&".join(f"{name}={asked[name][0]}" for name in NAMING if name in asked)
    whole = f"{parts.path}?{naming}" if naming else parts.path
    if len(whole) > LONGEST_ADDRESS or "\0" in whole:
        raise NoDraft("This address is too long.")
    return whole


def read_fields(text: str) -> dict[str, list[str]]:
    """The fields of a form from their JSON, names to lists of texts; raises NoDraft for anything else."""
    try:
        given = json.loads(text) if len(text.encode()) <= MOST_BYTES else None
    except ValueError as malformed:
        raise NoDraft("These are no fields of a form.") from malformed
    if not isinstance(given, dict) or len(given) > MOST_FIELDS or not all(is_texts(one) for one in given.values()):
        raise NoDraft("These are no fields of a form, or too many of them.")
    # PostgreSQL keeps no NUL byte.
    return {
        name: [one.replace("\0", "") for one in texts]
        for name, texts in given.items()
        if name not in NEVER_KEPT and not SECRET.search(name) and "\0" not in name
    }


def is_texts(given: Any) -> bool:
    """Whether a value is a list of texts."""
    return isinstance(given, list) and all(isinstance(one, str) for one in given)


def keep(user: Any, address: str, opened: UUID, fields: dict[str, list[str]]) -> bool:
    """Keep what is typed on a form, over what was kept before; False where the form has been sent meanwhile."""
    kept_now = {"opened": opened, "fields": fields, "saved_at": timezone.now(), "ended_at": None}
    known = Draft.objects.filter(user=user, address=address)
    # One statement each, since the form may be sent in the same moment: what was ended is never brought back.
    if known.exclude(opened=opened, ended_at__isnull=False).update(**kept_now):
        return True
    Draft.objects.bulk_create([Draft(user=user, address=address, **kept_now)], ignore_conflicts=True)
    return known.filter(opened=opened, ended_at=None).exists()


def end(user: Any, address: str, opened: UUID) -> None:
    """Empty a draft: its form was sent, or its author does not want it. What its page still sends is dropped."""
    now = timezone.now()
    Draft.objects.bulk_create(
        [Draft(user=user, address=address, opened=opened, fields={}, saved_at=now, ended_at=now)],
        update_conflicts=True,
        unique_fields=["user", "address"],
        update_fields=["opened", "fields", "saved_at", "ended_at"],
    )


def kept(user: Any, address: str) -> Draft | None:
    """The user's own draft of a form, or None."""
    return Draft.objects.filter(user=user, address=address, ended_at=None).first()


def tidy() -> None:
    """Forget drafts that nobody came back for, and the keys of forms sent as long ago."""
    before = timezone.now() - timedelta(days=settings.DRAFT_KEEP_DAYS)
    Draft.objects.filter(saved_at__lt=before).delete()
    UsedKey.objects.filter(used_at__lt=before).delete()


def ended_by_saving(handler: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Middleware: a form that was sent and taken needs its draft no more; one that was refused keeps it."""

    def handle(request: HttpRequest) -> HttpResponse:
        response = handler(request)
        is_taken = request.method == "POST" and response.status_code < 400 and request.user.is_authenticated
        if is_taken and (opened := page_of(request)):
            end(request.user, identity(request.get_full_path()), opened)
        return response

    return handle


def page_of(request: HttpRequest) -> UUID | None:
    """The page that a sent form says it was typed on, where the form keeps drafts."""
    try:
        identity(request.get_full_path())
        return UUID(request.POST.get(OPENED, ""))
    except (NoDraft, ValidationError, ValueError):
        return None
