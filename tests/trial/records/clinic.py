"""A site, its people and a participant, made through the services."""

from __future__ import annotations

from datetime import UTC, date, datetime

from trial.participants import services as participants
from trial.participants.models import Consent, Participant
from trial.permissions import Role
from trial.records.services import enter
from trial.users import services as users
from trial.users.models import Site, User

SIGNED = datetime(2026, 3, 2, 15, 30, tzinfo=UTC)
PASSWORD = "a long enough one"


def make_site(code: str = "K") -> Site:
    """A site in Chicago."""
    return users.add_site("system:tests", code=code, name=f"Clinic {code}", timezone="America/Chicago")


def make_person(site: Site, *roles: Role, username: str = "", starts_on: date = date(2020, 1, 1)) -> User:
    """An account with roles at the site; named after site and first role when no name is given."""
    username = username or f"{'-'.join(roles) or 'nobody'}-{site.code.lower()}"
    return users.add_account(
        "system:tests",
        username=username,
        full_name=username.title(),
        password=PASSWORD,
        site=site,
        roles=roles,
        starts_on=starts_on,
    )


def make_participant(actor: User, site: Site) -> Participant:
    """A patient newly enrolled at the site."""
    return participants.enrol(actor, site=site, cohort="patient", referral="clinician", enrolled_on=date(2026, 3, 1))


def sign(actor: User, participant: Participant, **changes: object) -> Consent:
    """A consent entered by the bare record service: no visits, no statuses."""
    given: dict[str, object] = {"occurred_at": SIGNED, "form_version": "1.0", "copy_given": True, **changes}
    return enter(Consent, actor, participant=participant, **given)  # type: ignore[arg-type]
