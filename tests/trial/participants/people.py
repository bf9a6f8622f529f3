"""Sites, accounts and participants at each stage, made through the services."""

from __future__ import annotations

from datetime import UTC, date, datetime

from tests.trial.users.staff import delegated
from trial.audit.context import audited
from trial.participants import services
from trial.participants.models import Participant
from trial.signatures.services import Confirmation, confirm
from trial.users.models import RoleAssignment, Site, User

PASSWORD = "a long enough one"
CONSENTED = datetime(2026, 3, 2, 15, 0, tzinfo=UTC)
STARTED = datetime(2026, 3, 16, 15, 0, tzinfo=UTC)


def make_site(code: str, zone: str = "America/Chicago") -> Site:
    """A site."""
    with audited("system:tests", "set up"):
        return Site.objects.create(code=code, name=f"Clinic {code}", timezone=zone)


def confirmed(person: User) -> Confirmation:
    """That the person gave the password."""
    return confirm(person, password=PASSWORD, username=person.username)


def make_user(username: str, site: Site, *roles: str) -> User:
    """An account holding the roles at the site."""
    with audited("system:tests", "set up"):
        user = User.objects.create_user(username, password=PASSWORD, full_name=username.title())
        for role in roles:
            RoleAssignment.objects.create(user=user, site=site, role=role, starts_on=date(2020, 1, 1))
            delegated(user, site, role)
    return user


def enrol(actor: User, site: Site, cohort: str = "patient") -> Participant:
    """A participant known by a study id, without consent."""
    return services.enrol(actor, site=site, cohort=cohort, referral="clinician", enrolled_on=date(2026, 3, 1))


def consent(actor: User, participant: Participant, at: datetime = CONSENTED) -> Participant:
    """The participant after the consent form was signed."""
    services.sign_consent(actor, participant, occurred_at=at, form_version="2026-01")
    return participant
