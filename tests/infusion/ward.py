"""A site with its people and a participant who may be infused, made through the services."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from infusion import services
from infusion.models import Infusion
from tests.trial.users.staff import delegated
from trial.audit.context import audited
from trial.participants import services as participants
from trial.participants.models import Participant
from trial.users.models import RoleAssignment, Site, User

# Ten o'clock in the morning in Chicago.
STARTED = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
CONSENTED = STARTED - timedelta(days=14)


@dataclass(frozen=True)
class Ward:
    """Who is there."""

    site: Site
    nurse: User
    other_nurse: User
    psychiatrist: User
    participant: Participant


def make_site(code: str) -> Site:
    """A site in Chicago."""
    with audited("system:tests", "set up"):
        return Site.objects.create(code=code, name=f"Clinic {code}", timezone="America/Chicago")


def make_user(username: str, site: Site, *roles: str) -> User:
    """An account with roles at the site."""
    with audited("system:tests", "set up"):
        user = User.objects.create_user(username, password="a long enough one", full_name=username.title())
        for role in roles:
            RoleAssignment.objects.create(user=user, site=site, role=role, starts_on=date(2020, 1, 1))
            delegated(user, site, role)
    return user


def make_ward(*, consent: bool = True, eligible: bool | None = True, code: str = "K") -> Ward:
    """A ward whose participant has consented and is eligible unless told otherwise."""
    site = make_site(code)
    low = code.lower()
    nurse = make_user(f"nora_{low}", site, "nurse")
    other = make_user(f"noel_{low}", site, "nurse")
    psychiatrist = make_user(f"petra_{low}", site, "psychiatrist")
    participant = participants.enrol(
        nurse, site=site, cohort="patient", referral="clinician", enrolled_on=CONSENTED.date()
    )
    if consent:
        participants.sign_consent(nurse, participant, occurred_at=CONSENTED, form_version="1")
    if eligible is not None:
        decide(psychiatrist, participant, eligible)
    participant = Participant.objects.select_related("site").get(pk=participant.pk)
    return Ward(site, nurse, other, psychiatrist, participant)


def decide(psychiatrist: User, participant: Participant, eligible: bool) -> None:
    """Enter a decision as the psychiatrist's, whatever the criteria: they are not this app's matter."""
    from trial.participants.models import EligibilityDecision
    from trial.records.services import enter

    enter(
        EligibilityDecision,
        psychiatrist,
        participant=participant,
        occurred_at=CONSENTED + timedelta(days=1),
        is_eligible=eligible,
        explanation="set up",
        criteria={"age": "pass"},
    )


def start(ward: Ward, **changes: object) -> Infusion:
    """The infusion of 80 kg at the protocol's first rate from a bag of 2 mg/mL."""
    given: dict[str, object] = {
        "dosing_weight_kg": Decimal("80"),
        "concentration": Decimal("2"),
        "volume_ml": Decimal("500"),
        "occurred_at": STARTED,
        "checked_by": ward.other_nurse,
    }
    return services.start_infusion(ward.nurse, ward.participant, **{**given, **changes})  # type: ignore[arg-type]


def hours(count: float) -> datetime:
    """The instant so many hours after the start."""
    return STARTED + timedelta(hours=count)
