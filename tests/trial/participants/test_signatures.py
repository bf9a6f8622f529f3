"""A programme reads who signed what of a participant, and whether it still stands."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from tests.api.asking import ask, token_for
from tests.trial.participants.people import consent, enrol
from tests.trial.signatures.clinic import Clinic, correct, make_clinic, sign
from trial.permissions import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic(db: None) -> Clinic:
    return make_clinic()


def read(clinic: Clinic, **more: Any) -> list[dict[str, Any]]:
    token = token_for(clinic.people[Role.MONITOR], **more)
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
