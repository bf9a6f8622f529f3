"""The listing for a safety board: a page to print, and its tables as files."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta

from django.http import Http404, HttpRequest, HttpResponse
from django.http.request import QueryDict
from django.shortcuts import render
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.views.decorators.http import require_POST, require_safe

from trial.blinding import blinding_versions, keep_from_sites
from trial.participants.access import sites_of
from trial.permissions import requires
from trial.safety.csv_file import as_csv
from trial.safety.oversight import Listing, listings, watched
from trial.safety.services.exports import record_export
from trial.users.models import Site

OPEN_LABEL = "Open label: treatment is known to everybody, and nothing here is blinded."
RATERS_BLINDED = "Raters are kept from the treatment under protocol {}: this listing is not for them."


@requires("safety.oversight")
@require_safe
def oversight(request: HttpRequest) -> HttpResponse:
    """Show exposure, adverse events, serious ones and deviations, of one site or all, up to a day."""
    sites, until, day = asked_for(request, request.GET)
    frame = {
        "sites": sites,
        "choices": Site.objects.filter(pk__in=sites_of(request)).order_by("code"),
        "asked": request.GET.get("site", ""),
        "until": until,
        "day": day,
        "listings": listings(sites, until),
        "blinding": blinding(),
    }
    return render(request, "safety/oversight.html", frame)


@requires("safety.oversight")
@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Hand out one table as CSV; that it left the site is kept with its hash."""
    sites, until, _ = asked_for(request, request.POST)
    listing = next((one for one in listings(sites, until) if one.part == request.POST.get("part")), None)
    if listing is None:
        raise Http404
    codes = ", ".join(site.code for site in sites)
    content = as_csv(listing, heading_of(listing, codes, until))
    record_export(
        request.user,  # type: ignore[arg-type]
        part=listing.part,
        sites=codes,
        until=until,
        rows=len(listing.rows),
        content=content,
    )
    response = HttpResponse(content, content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="safety-{listing.part}-{until:%Y%m%d-%H%M}.csv"'
    return response


def blinding() -> str:
    """Who may not know what a listing tells."""
    versions = sorted(blinding_versions())
    return RATERS_BLINDED.format(", ".join(versions)) if versions else OPEN_LABEL


def asked_for(request: HttpRequest, given: QueryDict) -> tuple[list[Site], datetime, date | None]:
    """The sites and the data cut that are asked for: the end of a day at the first site, else now.

    Raises Hidden for a rater who is kept from the treatment of somebody at one of the sites.
    """
    sites = watched(sites_of(request), given.get("site", ""))
    if not sites:
        raise Http404
    keep_from_sites(request.user, [site.pk for site in sites])
    try:
        day = parse_date(given.get("until", ""))
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year <= 2199:
        return sites, timezone.now(), None
    return sites, datetime.combine(day + timedelta(days=1), time(), tzinfo=sites[0].zone), day


def heading_of(listing: Listing, codes: str, until: datetime) -> list[tuple[str, str]]:
    """What stands above a file: what it is, of where, up to when, and that nothing is blinded."""
    return [
        ("listing", listing.title),
        ("sites", codes),
        ("data cut", f"{until.astimezone(UTC):%Y-%m-%d %H:%M} UTC"),
        ("blinding", blinding()),
    ]
