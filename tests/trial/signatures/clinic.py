"""A clinic with people of every role and a rated participant, made through the services."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import date
from typing import Any

from assessments import services as assessments
from assessments.models import Assessment
from tests.assessments.ratings import rate, scores_of
from tests.trial.participants.people import CONSENTED, consent, enrol
from tests.trial.records import clinic
from trial.audit.context import audited
from trial.participants.models import Participant, Visit
from trial.participants.queries import get_visit
from trial.permissions import Role
from trial.signatures import services
from trial.signatures.binding import mac_of
from trial.signatures.models import Signature
from trial.users.models import Site, User
from trial.users.services import add_site

PASSWORD = clinic.PASSWORD
SESSION = "a-session-of-32-characters-00000"


@dataclass(frozen=True)
class Clinic:
    """Who is there, and what was recorded."""

    site: Site
    people: dict[Role, User]
    participant: Participant
    rating: Assessment

    @property
    def visit(self) -> Visit:
        """The screening visit, as it is now."""
        return get_visit(self.participant, "screening")

    @property
    def pi(self) -> User:
        """The principal investigator."""
        return self.people[Role.PI]

    @property
    def psychiatrist(self) -> User:
        """The site's physician."""
        return self.people[Role.PSYCHIATRIST]


def make_clinic(code: str = "K", *, is_practice: bool = False) -> Clinic:
    """One person of each role at a site, and a participant rated at the screening visit."""
    zone = "America/Chicago"
    site = add_site("system:tests", code=code, name=f"Clinic {code}", timezone=zone, is_practice=is_practice)
    people = {role: clinic.make_person(site, role, starts_on=date(2020, 1, 1)) for role in Role}
    coordinator = people[Role.COORDINATOR]
    participant = consent(coordinator, enrol(coordinator, site), CONSENTED)
    rating = rate(people[Role.PSYCHIATRIST], participant, scores_of("madrs", 3, suicidal_thoughts=0))
    return Clinic(site, people, participant, rating)


def sign(actor: User, subject: Any, meaning: str = "reviewed", **more: Any) -> Signature:
    """Sign with the right user name and password, unless told otherwise."""
    given: dict[str, Any] = {"password": PASSWORD, "username": actor.username, "session_key": SESSION, **more}
    return services.sign(actor, subject=subject, meaning=meaning, **given)


def correct(rating: Assessment, actor: User, *, value: int, reason: str = "read again from paper") -> Assessment:
    """Correct the first item of a rating, with a reason."""
    rating.refresh_from_db()
    scores = {**rating.scores, "apparent_sadness": value}
    given: dict[str, Any] = {
        "scores": scores,
        "mode": rating.mode,
        "rater": rating.rater,
        "occurred_at": rating.occurred_at,
    }
    return assessments.correct_assessment(actor, rating, version=rating.version, reason=reason, **given)


def copied(signature: Signature, *, by: User | str = "system:tests", sealed: bool = False, **changes: Any) -> Signature:
    """A signature's row copied by hand, as the database's owner could; *sealed*: by one who has the key as well."""
    row = Signature.objects.get(pk=signature.pk)
    for name, value in {"pk": uuid.uuid4(), "key": uuid.uuid4(), **changes}.items():
        setattr(row, name, value)
    if sealed:
        row.mac = mac_of(row)
    with audited(by, "forged"):
        row.save(force_insert=True)
    return row
