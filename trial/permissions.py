"""Who may do what: one table of actions and roles, and the gate in front of every view.

A right is held at a site. Another site's object and a missing one answer alike: 404.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from enum import StrEnum
from functools import wraps
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse

from trial.blinding import Hidden, blinded_to

if TYPE_CHECKING:
    from uuid import UUID


class Role(StrEnum):
    """What a person is in the trial, at one site."""

    COORDINATOR = "coordinator"
    PSYCHIATRIST = "psychiatrist"
    NURSE = "nurse"
    IMAGING_ANALYST = "imaging_analyst"
    DATA_MANAGER = "data_manager"
    MONITOR = "monitor"
    PI = "pi"
    ADMINISTRATOR = "administrator"


EVERYONE = frozenset(Role)
CLINICAL = frozenset({Role.COORDINATOR, Role.PSYCHIATRIST, Role.NURSE, Role.PI})
READERS = CLINICAL | {Role.DATA_MANAGER, Role.MONITOR}

ACTIONS: dict[str, frozenset[Role]] = {
    "protocol.read": EVERYONE,
    "today.read": EVERYONE,
    "account.own": EVERYONE,
    "accounts.read": frozenset({Role.ADMINISTRATOR, Role.PI, Role.DATA_MANAGER, Role.MONITOR}),
    "emergency.review": frozenset({Role.PI, Role.DATA_MANAGER, Role.ADMINISTRATOR}),
    "second_factor.reset": frozenset({Role.ADMINISTRATOR}),
    "accounts.manage": frozenset({Role.ADMINISTRATOR}),
    # Who may do what at a site is no secret of its staff, and no participant stands in it.
    "delegation.read": EVERYONE,
    "delegation.manage": frozenset({Role.PI}),
    "training.record": frozenset({Role.PI, Role.COORDINATOR}),
    # Not the administrator: the trail shows every clinical value, and an administrator sees none.
    "audit.read": frozenset({Role.MONITOR, Role.PI, Role.DATA_MANAGER}),
    # Which meaning somebody may sign with stands in trial/signatures/rules.py.
    "signatures.read": READERS | {Role.IMAGING_ANALYST},
    "signatures.sign": READERS | {Role.IMAGING_ANALYST},
    "locks.read": READERS | {Role.IMAGING_ANALYST},
    "locks.lock": frozenset({Role.DATA_MANAGER, Role.PI}),
    # Of the whole trial: the right must be held at every site.
    "locks.freeze": frozenset({Role.DATA_MANAGER, Role.PI}),
    "locks.request": frozenset({Role.COORDINATOR, Role.DATA_MANAGER, Role.PI}),
    "locks.allow": frozenset({Role.DATA_MANAGER, Role.PI}),
    # The history of one record, for whoever may read the record itself; the view asks for that action as well.
    "history.read": READERS | {Role.IMAGING_ANALYST},
    "participants.read": READERS | {Role.IMAGING_ANALYST},
    "participants.enrol": frozenset({Role.COORDINATOR, Role.PI}),
    "participants.screen": frozenset({Role.COORDINATOR, Role.PSYCHIATRIST, Role.NURSE, Role.PI}),
    "participants.judge": frozenset({Role.PSYCHIATRIST, Role.PI}),
    "participants.dispose": frozenset({Role.COORDINATOR, Role.PSYCHIATRIST, Role.PI}),
    "participants.amend": frozenset({Role.COORDINATOR, Role.PI}),
    # Roles that call see contact details; the nurse only by breaking the glass, with a reason that is reviewed.
    "contacts.open": CLINICAL,
    "contacts.read": CLINICAL - {Role.NURSE},
    "contacts.record": frozenset({Role.COORDINATOR, Role.PI}),
    "contacts.erase": frozenset({Role.PI}),
    "contacts.review": frozenset({Role.PI, Role.DATA_MANAGER}),
    # An imaging analyst sees the queries about scans alone.
    "queries.read": READERS | {Role.IMAGING_ANALYST},
    "queries.raise": frozenset({Role.MONITOR, Role.DATA_MANAGER, Role.PI}),
    "queries.answer": CLINICAL | {Role.IMAGING_ANALYST},
    "queries.close": frozenset({Role.MONITOR, Role.DATA_MANAGER}),
    "verification.read": frozenset({Role.MONITOR, Role.DATA_MANAGER, Role.PI, Role.COORDINATOR}),
    "verification.mark": frozenset({Role.MONITOR}),
    "audit.review": frozenset({Role.MONITOR, Role.PI, Role.DATA_MANAGER}),
    "safety.read": READERS,
    "safety.record": CLINICAL,
    "safety.acknowledge": frozenset({Role.PSYCHIATRIST, Role.PI}),
    "safety.close": frozenset({Role.COORDINATOR, Role.PSYCHIATRIST, Role.PI}),
    "safety.report": frozenset({Role.COORDINATOR, Role.PSYCHIATRIST, Role.PI}),
    # Over all participants of a site at once: for whoever reports to a safety board or watches the trial.
    "safety.oversight": frozenset({Role.DATA_MANAGER, Role.MONITOR, Role.PI}),
    "safety.roster": frozenset({Role.COORDINATOR, Role.PSYCHIATRIST, Role.PI}),
    "infusion.read": READERS,
    "infusion.record": CLINICAL,
    "infusion.downtime": CLINICAL,
    "infusion.order": frozenset({Role.PSYCHIATRIST, Role.NURSE, Role.PI}),
    "assessments.read": READERS,
    "assessments.record": CLINICAL,
    "raters.assign": frozenset({Role.COORDINATOR, Role.PI}),
    "imaging.read": READERS | {Role.IMAGING_ANALYST},
    "imaging.record": frozenset({Role.IMAGING_ANALYST, Role.COORDINATOR, Role.PI}),
    "reports.read": frozenset({Role.PI, Role.DATA_MANAGER, Role.MONITOR}),
    "reports.order": frozenset({Role.PI}),
    "jobs.read": EVERYONE,
}

# Where the protocol keeps a participant's raters from the treatment (trial/blinding.py), these are closed to them whole
# for that participant: doses, weights, pumps, bedside readings (what is measured, and how often, follows the rate),
# levels, side effects.
UNBLINDING = frozenset({"infusion.read", "infusion.record", "infusion.order"})
# Of what the trail, queries, verification and signatures hold, this alone stays open to such a rater: an app's tables
# (by its label) but for those of HIDDEN_TABLES. Whatever is added later is hidden until it is named here.
SHOWN_APPS = frozenset(
    {
        *("users", "tokens", "otp_totp", "otp_static", "records", "reports", "locks", "contacts"),
        *("participants", "assessments", "imaging"),
    }
)
# A status says why an infusion was stopped or somebody left.
HIDDEN_TABLES = frozenset({"participants.status"})

# One's own password and papers need no role: who waits for a delegation can still see what is missing.
OF_ANY_ACCOUNT = frozenset({"account.own"})


class HoldsRoles(Protocol):
    """A signed-in account that knows its roles at each site."""

    @property
    def is_authenticated(self) -> bool: ...

    def roles_by_site(self) -> dict[UUID, frozenset[str]]: ...


class PermittedRequest(HttpRequest):
    """A request behind `requires`: its signed-in account, and the sites where that may do the action."""

    user: Any
    sites: frozenset[UUID]


View = TypeVar("View", bound=Callable[..., HttpResponse])


def sites_permitting(user: HoldsRoles, action: str) -> frozenset[UUID]:
    """Return the ids of the sites where *user* may do *action*; raises KeyError for an unlisted action."""
    roles = ACTIONS[action]
    return frozenset(site for site, held in user.roles_by_site().items() if roles & held)


def may(user: HoldsRoles, action: str, site_id: UUID | None = None) -> bool:
    """Say whether *user* may do *action* at the site, or at any site when none is named."""
    sites = sites_permitting(user, action)
    return bool(sites) if site_id is None else site_id in sites


def is_unblinding(label: str) -> bool:
    """Whether a kind of record, by its model's label, tells of doses, levels or side effects."""
    label = label.lower()
    return label.partition(".")[0] not in SHOWN_APPS or label in HIDDEN_TABLES


def may_read(user: HoldsRoles, label: str, site_id: UUID | None, *, is_kept: bool) -> bool:
    """Whether the user reads records of a kind, by their model's label; who is kept from the treatment none of it."""
    action = f"{label.partition('.')[0]}.read"
    return not (is_kept and is_unblinding(label)) and action in ACTIONS and may(user, action, site_id)


def refuse_unblinding(user: HoldsRoles, action: str, study_id: object, sites: Collection[UUID]) -> None:
    """Raise Hidden where an action is closed to the participant's raters, and the account is one of them.

    A participant of another site is left to the view, which answers as for a missing one.
    """
    if action not in UNBLINDING or not study_id:
        return
    for about in blinded_to(user).values():
        if about.study_id == study_id and about.site_id in sites:
            raise Hidden(about)


def requires(action: str) -> Callable[[View], View]:
    """Gate a view: the account must hold a role that may do *action* at some site, else 403.

    What is `OF_ANY_ACCOUNT` needs no role. Who is not signed in never comes here: the middleware leads to the sign-in
    page. The sites are left on ``request.sites``; the view fetches its objects within them, so that another site's
    object is a 404. What is UNBLINDING raises Hidden for a rater who is kept from the participant of the address.
    """
    ACTIONS[action]

    def decorate(view: View) -> View:
        @wraps(view)
        def gated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            user: Any = request.user
            sites = sites_permitting(user, action) if user.is_authenticated else frozenset()
            if not sites and not (user.is_authenticated and action in OF_ANY_ACCOUNT):
                raise PermissionDenied(f"Your roles do not allow '{action}'. Ask an administrator if they should.")
            request.sites = sites  # type: ignore[attr-defined]
            refuse_unblinding(user, action, kwargs.get("study_id"), sites)
            return view(request, *args, **kwargs)

        gated.action = action  # type: ignore[attr-defined]
        return gated  # type: ignore[return-value]

    return decorate
