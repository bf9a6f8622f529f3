"""What waits for whose signature: a done visit without one, or with one that a change made void."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from tests.assessments.ratings import rate, scores_of
from tests.trial.signatures.clinic import Clinic, copied, correct, make_clinic, sign
from trial.audit.context import audited
from trial.participants.models import Visit
from trial.participants.queries import protocol_of
from trial.participants.unsigned import finishing, unsigned_visits
from trial.permissions import Role
from trial.signatures.queries import signatures_of
from trial.users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def clinic() -> Clinic:
    """A clinic whose participant's screening visit is done."""
    made = make_clinic()
    for code in protocol_of(made.participant).visits["screening"].instruments.codes:
        if code != made.rating.instrument:
            rate(made.psychiatrist, made.participant, scores_of(code, 1), code=code)
    assert made.visit.state == "done"
    return made


def waiting(clinic: Clinic, meaning: str) -> list[tuple[str, bool]]:
    return [(one.visit.code, one.was_signed) for one in unsigned_visits({clinic.site.pk}, meaning)]


def opened(person: User, name: str) -> str:
    client = Client()
    client.force_login(person)
    page: str = client.get(reverse(name)).content.decode()
    return page


def test_a_done_visit_waits_until_it_is_signed_with_that_meaning(clinic: Clinic) -> None:
    assert waiting(clinic, "approved") == waiting(clinic, "reviewed") == [("screening", False)]
    sign(clinic.psychiatrist, clinic.visit, "reviewed")
    assert waiting(clinic, "reviewed") == []
    assert waiting(clinic, "approved") == [("screening", False)]


def test_a_change_after_the_signature_lets_it_wait_again(clinic: Clinic) -> None:
    sign(clinic.psychiatrist, clinic.visit, "reviewed")
    correct(clinic.rating, clinic.psychiatrist, value=4)
    (line,) = unsigned_visits({clinic.site.pk}, "reviewed")
    assert line.was_signed
    assert line.void_since is not None
    sign(clinic.psychiatrist, clinic.visit, "reviewed")
    assert waiting(clinic, "reviewed") == []


def test_a_signature_on_all_records_counts_for_each_visit_that_is_as_it_was(clinic: Clinic) -> None:
    sign(clinic.pi, clinic.participant, "approved")
    assert waiting(clinic, "approved") == []
    assert waiting(clinic, "reviewed") == [("screening", False)], "another meaning"
    rate(clinic.psychiatrist, clinic.participant, scores_of("madrs", 2), code="madrs", visit="baseline")
    assert not signatures_of(clinic.participant)[0].is_valid
    assert ("screening", False) not in waiting(clinic, "approved"), "void by another visit"
    correct(clinic.rating, clinic.psychiatrist, value=4)
    assert ("screening", False) in waiting(clinic, "approved")


def test_a_window_counted_anew_lets_nothing_wait_and_a_value_changed_and_changed_back_does(clinic: Clinic) -> None:
    sign(clinic.pi, clinic.participant, "approved")
    with audited("system:tests", "windows counted anew"):
        Visit.objects.filter(pk=clinic.visit.pk).update(closes_at=timezone.now(), version=9)
    assert waiting(clinic, "approved") == []
    was = clinic.rating.scores["apparent_sadness"]
    correct(clinic.rating, clinic.psychiatrist, value=4)
    correct(clinic.rating, clinic.psychiatrist, value=was)
    assert waiting(clinic, "approved") == [("screening", False)]


def test_an_altered_signature_counts_for_nothing_and_hides_no_other(clinic: Clinic) -> None:
    given = sign(clinic.pi, clinic.participant, "reviewed")
    copied(given, meaning="approved")
    assert waiting(clinic, "approved") == [("screening", False)]
    copied(given, signed_at=timezone.now() + timedelta(days=1))
    assert waiting(clinic, "reviewed") == []


def test_another_site_waits_for_nothing_of_this_one(clinic: Clinic) -> None:
    other = make_clinic("L")
    assert {one.visit.participant for one in unsigned_visits({clinic.site.pk}, "approved")} == {clinic.participant}
    assert unsigned_visits({other.site.pk}, "approved") == []


@pytest.mark.parametrize(
    ("roles", "meaning"),
    [
        ({Role.PI, Role.PSYCHIATRIST}, "approved"),
        ({Role.PSYCHIATRIST}, "reviewed"),
        ({Role.COORDINATOR}, "entered"),
        ({Role.MONITOR}, ""),
        (set(), ""),
    ],
)
def test_each_role_finishes_a_visit_with_its_own_meaning(roles: set[Role], meaning: str) -> None:
    assert finishing(roles) == meaning


def test_the_front_page_counts_and_the_count_opens_the_list(clinic: Clinic) -> None:
    assert reverse("participants:unsigned_today") in opened(clinic.pi, "participants:today")
    count = opened(clinic.pi, "participants:unsigned_today")
    assert "1 visit to sign" in count
    assert reverse("participants:unsigned") in count
    listed = opened(clinic.pi, "participants:unsigned")
    assert f"{clinic.participant.study_id} · Screening" in listed
    assert reverse("signatures:sign", args=["participants.Visit", clinic.visit.pk]) in listed
    assert "to sign" not in opened(clinic.people[Role.MONITOR], "participants:unsigned_today")


def test_a_void_signature_is_shown_as_such(clinic: Clinic) -> None:
    sign(clinic.pi, clinic.visit, "approved")
    assert "Nothing waits for your signature." in opened(clinic.pi, "participants:unsigned")
    correct(clinic.rating, clinic.psychiatrist, value=4)
    assert "VOID" in opened(clinic.pi, "participants:unsigned")
