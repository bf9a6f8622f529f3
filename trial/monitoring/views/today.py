"""What waits for an account on its front page, each with the list it opens."""

from __future__ import annotations

from typing import Any, NamedTuple

from django.urls import reverse

from trial.blinding import blinded_to
from trial.monitoring import queries
from trial.monitoring.trail import due_at
from trial.monitoring.verification import changed_since
from trial.permissions import sites_permitting


class Waiting(NamedTuple):
    """A count in words, the list it opens, and whether it is pressing."""

    words: str
    url: str
    is_pressing: bool


def waiting(user: Any) -> list[Waiting]:
    """What waits for the account: queries to answer and to close."""
    found = queries.counts(user, sites_permitting(user, "queries.read"))
    address = reverse("monitoring:list")
    rows = []
    if user_may(user, "queries.answer"):
        rows.append(of_queries(found[queries.ANSWERS], "to answer", f"{address}?which=answer"))
    if user_may(user, "queries.close"):
        rows.append(of_queries(found[queries.CLOSES], "to close", f"{address}?which=close"))
    if sites := sites_permitting(user, "verification.mark"):
        count = len(changed_since(sites, blinded_to(user)))
        rows.append(Waiting(f"{count} changed since verified", reverse("monitoring:changed"), count > 0))
    if sites := sites_permitting(user, "audit.review"):
        rows += [of_review(site.code, day.isoformat()) for site, day in due_at(sites)]
    return rows


def of_review(code: str, day: str) -> Waiting:
    """A review of a site's trail that is due."""
    return Waiting(f"{code}: review of the audit trail due since {day}", reverse("monitoring:reviews"), True)


def user_may(user: Any, action: str) -> bool:
    """Whether the account may do something anywhere."""
    return bool(sites_permitting(user, action))


def of_queries(count: int, what: str, url: str) -> Waiting:
    """A count of queries."""
    return Waiting(f"{count} {'query' if count == 1 else 'queries'} {what}", url, count > 0)
