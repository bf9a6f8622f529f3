"""A programme reads who signed what of a participant, and whether it still stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.api.asking import ask, token_for
from tests.trial.participants.people import confirmed, consent, enrol
from tests.trial.signatures.clinic import Clinic, copied, correct, make_clinic, sign
from trial.locks.queries import get_state
from trial.locks.services import lock, request_unlock
from trial.permissions import Role

pytestmark = pytest.mark.django_db
ROLES = (Role.MONITOR, Role.IMAGING_ANALYST)


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


def read(clinic: Clinic, role: Role = Role.MONITOR) -> list[dict[str, Any]]:
    token = token_for(clinic.people[role])
    answer = ask(token, "GET", f"/api/v1/participants/{clinic.participant.study_id}/signatures")
    assert answer.status_code == 200, answer.content
    listed: list[dict[str, Any]] = answer.json()
    return listed


def test_signatures_are_read_with_name_meaning_time_and_how_they_stand(clinic: Clinic) -> None:
    assert read(clinic) == []
    given = sign(clinic.psychiatrist, clinic.rating, "reviewed")
    [listed] = read(clinic)
    assert datetime.fromisoformat(listed.pop("signed_at")) == given.signed_at.replace(
        microsecond=given.signed_at.microsecond // 1000 * 1000
    )
    assert listed == {
        "subject": f"Assessment at Screening of {clinic.participant.study_id}",
        "printed_name": clinic.psychiatrist.full_name,
        "roles": ["psychiatrist"],
        "meaning": "reviewed",
        "standing": "valid",
        "void_since": None,
        "content_sha256": given.content_hash,
    }


def test_a_change_makes_every_signature_over_it_void(clinic: Clinic) -> None:
    for subject in (clinic.rating, clinic.visit, clinic.participant):
        sign(clinic.pi, subject, "reviewed" if subject is clinic.rating else "approved")
    correct(clinic.rating, clinic.psychiatrist, value=4)
    assert [one["standing"] for one in read(clinic)] == ["void"] * 3
    assert all(one["void_since"] for one in read(clinic))


def test_another_participants_signatures_are_not_among_them(clinic: Clinic) -> None:
    coordinator = clinic.people[Role.COORDINATOR]
    other = consent(coordinator, enrol(coordinator, clinic.site))
    sign(clinic.pi, other, "approved")
    assert read(clinic) == []


def test_whoever_reads_no_ratings_reads_of_no_signature_on_one(clinic: Clinic) -> None:
    sign(clinic.psychiatrist, clinic.rating, "reviewed")
    sign(clinic.pi, clinic.visit, "approved")
    subjects = {role: [one["subject"].split(" ")[0] for one in read(clinic, role)] for role in ROLES}
    assert subjects == {Role.MONITOR: ["Assessment", "Visit"], Role.IMAGING_ANALYST: ["Visit"]}


def test_what_else_is_signed_at_the_site_is_no_hindrance(clinic: Clinic) -> None:
    """A request to unlock names a lock where others name a participant; an altered line may name nothing at all."""
    data_manager = clinic.people[Role.DATA_MANAGER]
    given = sign(clinic.pi, clinic.participant, "approved")
    lock(data_manager, "participant", clinic.participant.pk, reason="verified")
    state = get_state("participant", clinic.participant.pk)
    request_unlock(data_manager, state, reason="slip", confirmation=confirmed(data_manager), site=clinic.site)
    for table, row in (("nothing.known", "x"), ("no label", "1"), ("participants.visit", "no key")):
        copied(given, subject_table=table, subject_id=row)
    copied(given, manifest="no list of rows")
    assert sorted(one["standing"] for one in read(clinic)) == ["broken", "valid"]
