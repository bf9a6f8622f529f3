"""The roster: who is on call, planned week by week, and the site's emergency number."""

from __future__ import annotations

from datetime import date
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_http_methods, require_safe

from trial.participants.access import sites_of
from trial.participants.forms import attempt
from trial.permissions import requires, sites_permitting
from trial.records.conflicts import opened
from trial.records.saving import status_of, to_show
from trial.safety import on_call, weeks
from trial.safety.forms import CancelForm, ContactForm, ShiftForm
from trial.safety.models import OnCallShift, SafetyContact
from trial.safety.services import roster as services
from trial.users.models import Site
from trial.users.posting import FORM, posted


@requires("safety.read")
@require_safe
def roster(request: HttpRequest) -> HttpResponse:
    """Show a week of every site of the account: shifts, gaps, and whom to phone when there is nobody."""
    sites, day = sites_of(request), asked_day(request)
    user: Any = request.user
    frame = {
        "week": weeks.week_of(day),
        "rosters": weeks.rosters(sites, day),
        "gaps": on_call.roster_gaps(sites, timezone.now()),
        "planning": sites_permitting(user, "safety.roster"),
    }
    return render(request, "safety/roster.html", frame)


@requires("safety.roster")
@require_http_methods(FORM)
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """Put somebody on call at a site."""
    site = get_object_or_404(Site, code=code, pk__in=sites_of(request))
    with timezone.override(site.zone):
        form = ShiftForm(posted(request), site=site, initial=weeks.next_span(site, timezone.now()))

        def write() -> None:
            services.plan_shift(request.user, site=site, key=form.cleaned_data["key"], **form.people())  # type: ignore[arg-type]

        if request.method == "POST" and attempt(form, write):
            messages.success(request, "The shift is planned.")
            return to_week(form.cleaned_data["starts_at"].astimezone(site.zone).date())
        return roster_form(request, form, title=f"On call at {site.code}", submit="Put on call")


@requires("safety.roster")
@require_http_methods(FORM)
def shift(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Change a shift, with a reason."""
    found = shift_at(request, pk)
    with timezone.override(found.site.zone):
        form = shift_form(found, posted(request))

        def write() -> None:
            given = {"version": form.cleaned_data["version"] or 0, "reason": form.cleaned_data["reason"]}
            services.change_shift(request.user, found, **given, **form.people())  # type: ignore[arg-type]

        about = opened(found, shift_form, also=weeks.state_of)
        if request.method == "POST" and attempt(form, write, about, by=request.user):
            messages.success(request, "The shift is changed.")
            return to_week(form.cleaned_data["starts_at"].astimezone(found.site.zone).date())
        return roster_form(request, form, title=f"Change a shift at {found.site.code}", submit="Save")


@requires("safety.roster")
@require_http_methods(FORM)
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Take a shift out of the roster, with a reason."""
    found = shift_at(request, pk)
    with timezone.override(found.site.zone):
        form = cancel_form(found, posted(request))

        def write() -> None:
            given = {"version": form.cleaned_data["version"] or 0, "reason": form.cleaned_data["reason"]}
            services.cancel_shift(request.user, found, **given)  # type: ignore[arg-type]

        about = opened(found, cancel_form, also=weeks.words_of)
        if request.method == "POST" and attempt(form, write, about, by=request.user):
            messages.success(request, "The shift is taken out. Look for the gap it leaves.")
            return to_week(found.starts_at.astimezone(found.site.zone).date())
        title = f"Take {found.person} out of the roster"
        return roster_form(
            request, form, title=title, submit="Take out", intro=f"{found.site.code}, {weeks.span(found)}"
        )


@requires("safety.roster")
@require_http_methods(FORM)
def contact(request: HttpRequest, code: str) -> HttpResponse:
    """Say whom to phone at a site when the roster names nobody."""
    site = get_object_or_404(Site, code=code, pk__in=sites_of(request))
    known = SafetyContact.objects.filter(site=site).first()
    form = contact_form(known, posted(request))

    def write() -> None:
        services.set_contact(request.user, site, **form.cleaned_data)  # type: ignore[arg-type]

    # What makes the number carries the form's key itself.
    about, by = (None, None) if known is None else (opened(known, contact_form), request.user)
    with timezone.override(site.zone):
        if request.method == "POST" and attempt(form, write, about, by=by):
            messages.success(request, f"The emergency number of {site.code} is saved.")
            return redirect("safety:roster")
        return roster_form(request, form, title=f"Emergency number of {site.code}", submit="Save")


def shift_at(request: HttpRequest, pk: UUID) -> OnCallShift:
    """The shift at a site of the request; a foreign and a missing one raise the same Http404.

    So does one taken out of the roster, but to a form that is sent: it is told who took it out, or was sent twice.
    """
    rows = OnCallShift.objects.select_related("site", "person", "backup")
    if request.method != "POST":
        rows = rows.filter(is_cancelled=False)
    return get_object_or_404(rows, pk=pk, site_id__in=sites_of(request))


def shift_form(found: OnCallShift, data: Any = None) -> ShiftForm:
    """The form of a change of a shift, showing it as it is."""
    names = ("starts_at", "ends_at", "person", "phone", "backup", "backup_phone", "version")
    return ShiftForm(data, site=found.site, shift=found, initial={name: getattr(found, name) for name in names})


def cancel_form(found: OnCallShift, data: Any = None) -> CancelForm:
    """The form by which a shift is taken out."""
    return CancelForm(data, initial={"version": found.version})


def contact_form(known: SafetyContact | None, data: Any = None) -> ContactForm:
    """The form of a site's emergency number, showing the one that it has."""
    shown = {} if known is None else {name: getattr(known, name) for name in ("phone", "answers", "version")}
    return ContactForm(data, initial=shown)


def asked_day(request: HttpRequest) -> date:
    """A day of the week that the address asks for; today at the sites when it names none that can be."""
    try:
        asked = parse_date(request.GET.get("week", ""))
    except ValueError:
        asked = None
    return asked if asked is not None and 2000 <= asked.year <= 2199 else weeks.today_at(sites_of(request))


def to_week(day: date) -> HttpResponse:
    """Lead to the week of a day."""
    return redirect(f"{reverse('safety:roster')}?week={day:%Y-%m-%d}")


def roster_form(request: HttpRequest, form: Any, *, title: str, submit: str, intro: str = "") -> HttpResponse:
    """Render one form about the roster."""
    frame = {
        "form": to_show(form),
        "title": title,
        "submit": submit,
        "intro": intro,
        "cancel": reverse("safety:roster"),
    }
    return render(request, "safety/roster_form.html", frame, status=status_of(form))
