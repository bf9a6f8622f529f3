"""What a rater is kept from, ground by ground, at one small site.

tests/trial/test_blinding.py sweeps every address of the demo cohort for the same; here each branch of the gate, of the
trail, of signatures and of locks is asked by itself, with a colleague in the same role as its control.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.test import Client
from django.urls import reverse

from assessments.raters.services import assign_rater
from infusion.models import Vitals
from tests.api.asking import ask, token_for
from tests.assessments.ratings import RATED
from tests.trial.blinded_ward import BLINDED, blinded_version
from tests.trial.locks.ward import alone
from tests.trial.records.clinic import make_person
from tests.trial.signatures.clinic import Clinic, correct, make_clinic, sign
from trial.audit.context import audited
from trial.audit.queries import trail
from trial.blinding import Hidden, blinded_to, blinding_versions, is_blinded, keep_from, keep_from_sites
from trial.locks.display import late_events
from trial.locks.services import freeze_trial
from trial.monitoring.services.verification import Tick, verify
from trial.monitoring.verification import changed_since
from trial.participants.models import Participant
from trial.permissions import Role, is_unblinding, may, refuse_unblinding
from trial.records.services import amend, enter
from trial.safety import services as safety
from trial.users.models import User

pytestmark = pytest.mark.django_db
NOBODY = UUID(int=0)


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    """A clinic whose participant is under a version that keeps raters from the treatment."""
    made = make_clinic()
    with blinded_version(tmp_path):
        with audited("system:tests", "set up"):
            Participant.objects.filter(pk=made.participant.pk).update(protocol_version=BLINDED)
        made.participant.refresh_from_db()
        yield made


def rater(clinic: Clinic, role: Role, ends_on: date | None = None) -> User:
    """Somebody in a role who rates the participant, as read for a new request."""
    person = make_person(clinic.site, role, username=f"rater-{role}")
    assign_rater(clinic.pi, clinic.participant, user=person, starts_on=clinic.site.today, ends_on=ends_on)
    return User.objects.get(pk=person.pk)


def reading(clinic: Clinic) -> Vitals:
    """A reading at the bedside, which follows the rate."""
    given: dict[str, Any] = {"participant": clinic.participant, "occurred_at": RATED}
    return enter(Vitals, clinic.people[Role.NURSE], **given, systolic=118, diastolic=71, heart_rate=61)


def desk(person: User) -> Client:
    client = Client()
    client.force_login(person)
    return client


def text(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_where_no_protocol_asks_for_it_nobody_is_kept() -> None:
    clinic = make_clinic()
    person = rater(clinic, Role.PSYCHIATRIST)
    assert blinding_versions() == frozenset()
    assert blinded_to(person) == {}
    refuse_unblinding(person, "infusion.read", clinic.participant.study_id, {clinic.site.pk})


def test_a_refusal_names_the_participant_and_until_when(clinic: Clinic) -> None:
    last = clinic.site.today + timedelta(days=30)
    for role, ends_on, words in (
        (Role.PSYCHIATRIST, last, f"until {last:%Y-%m-%d}"),
        (Role.NURSE, None, "until the assignment ends"),
    ):
        with pytest.raises(Hidden, match=f"{clinic.participant.study_id}.*{words}") as refused:
            keep_from(rater(clinic, role, ends_on), clinic.participant.pk)
        assert refused.value.about.switch.is_on


def test_a_rater_is_kept_from_one_participant_and_a_colleague_from_none(clinic: Clinic) -> None:
    person, colleague = rater(clinic, Role.PSYCHIATRIST), clinic.psychiatrist
    assert is_blinded(person, clinic.participant.pk)
    assert not is_blinded(colleague, clinic.participant.pk)
    keep_from(colleague, clinic.participant.pk)
    keep_from(person, NOBODY)
    keep_from(person, None)


def test_a_sum_over_a_site_is_refused_where_somebody_there_is_rated(clinic: Clinic) -> None:
    person = rater(clinic, Role.PI)
    with pytest.raises(Hidden):
        keep_from_sites(person, {clinic.site.pk})
    keep_from_sites(person, {NOBODY})
    keep_from_sites(clinic.pi, {clinic.site.pk})


def test_the_gate_closes_what_is_unblinding_of_that_participant_alone(clinic: Clinic) -> None:
    person, here, study_id = rater(clinic, Role.NURSE), {clinic.site.pk}, clinic.participant.study_id
    for action in ("infusion.read", "infusion.record", "infusion.order"):
        with pytest.raises(Hidden):
            refuse_unblinding(person, action, study_id, here)
    refuse_unblinding(person, "assessments.record", study_id, here)
    refuse_unblinding(person, "infusion.read", "K-9999-9", here)
    refuse_unblinding(person, "infusion.read", None, here)
    refuse_unblinding(person, "infusion.read", study_id, {NOBODY})  # left to the view, which finds nobody
    refuse_unblinding(clinic.people[Role.NURSE], "infusion.read", study_id, here)


def test_a_right_at_one_site_is_none_at_another(clinic: Clinic) -> None:
    assert may(clinic.pi, "reports.order")
    assert may(clinic.pi, "reports.order", clinic.site.pk)
    assert not may(clinic.pi, "reports.order", NOBODY)
    assert not may(clinic.psychiatrist, "reports.order")


def test_the_trail_leaves_the_treatment_out_and_the_rating_in(clinic: Clinic) -> None:
    reading(clinic)
    tables = {line.label for line in trail([clinic.site.pk], size=1_000)}
    assert {"infusion.Vitals", "assessments.Assessment"} <= tables
    left = {line.label for line in trail([clinic.site.pk], size=1_000, kept_from={clinic.participant.pk})}
    assert "assessments.Assessment" in left
    assert {"infusion.Vitals"} <= tables - left == {label for label in tables if is_unblinding(label)}


def test_the_history_of_the_treatment_is_refused_and_that_of_a_rating_shown(clinic: Clinic) -> None:
    person, row = rater(clinic, Role.PI), reading(clinic)
    address = reverse("audit:history", args=["infusion.Vitals", row.pk])
    refused = desk(person).get(address)
    assert refused.status_code == 403
    assert f"Hidden while you rate {clinic.participant.study_id}" in text(refused)
    assert desk(clinic.pi).get(address).status_code == 200
    rated = reverse("audit:history", args=["assessments.Assessment", clinic.rating.pk])
    assert desk(person).get(rated).status_code == 200


def test_the_history_of_somebody_elses_treatment_is_shown(clinic: Clinic) -> None:
    from tests.trial.participants.people import consent, enrol

    person, coordinator = rater(clinic, Role.PI), clinic.people[Role.COORDINATOR]
    other = consent(coordinator, enrol(coordinator, clinic.site))
    given: dict[str, Any] = {"participant": other, "occurred_at": RATED}
    row = enter(Vitals, clinic.people[Role.NURSE], **given, systolic=118, diastolic=71, heart_rate=61)
    assert desk(person).get(reverse("audit:history", args=["infusion.Vitals", row.pk])).status_code == 200


def test_nobody_signs_what_is_hidden(clinic: Clinic) -> None:
    person, row = rater(clinic, Role.PI), reading(clinic)
    for subject in (clinic.participant, clinic.visit, row):
        address = reverse("signatures:sign", args=[subject._meta.label, subject.pk])
        assert desk(person).get(address).status_code == 403, subject
        assert desk(clinic.pi).get(address).status_code == 200, subject
    own = reverse("signatures:sign", args=["assessments.Assessment", clinic.rating.pk])
    assert desk(person).get(own).status_code == 200


def test_a_rater_reads_that_a_signature_is_void_and_neither_what_changed_nor_why(clinic: Clinic) -> None:
    person = rater(clinic, Role.PI)
    sign(clinic.pi, clinic.visit, "reviewed")
    correct(clinic.rating, clinic.psychiatrist, value=4, reason="read again from paper")
    address = reverse("signatures:panel", args=["participants.Visit", clinic.visit.pk])
    shown = text(desk(person).get(address))
    assert "a record changed" in shown
    assert "hidden while you rate" in shown
    assert "read again from paper" not in shown
    assert "read again from paper" in text(desk(clinic.pi).get(address)), "the control: a colleague reads why"


def test_a_record_changed_after_its_verification_is_listed_without_the_treatment(clinic: Clinic) -> None:
    person, row = rater(clinic, Role.PI), reading(clinic)
    verify(clinic.people[Role.MONITOR], clinic.participant, [Tick(row, row.version)])
    amend(row, clinic.people[Role.NURSE], systolic=120, version=row.version, reason="read again")
    sites = [clinic.site.pk]
    assert [one.row for one in changed_since(sites, blinded_to(clinic.pi))] == [row]
    assert changed_since(sites, blinded_to(person)) == []


def test_what_was_recorded_behind_a_freeze_is_listed_without_that_of_the_rated(clinic: Clinic) -> None:
    person = rater(clinic, Role.PI)
    alone(clinic)  # type: ignore[arg-type]
    freeze = freeze_trial(clinic.people[Role.DATA_MANAGER], reason="final")
    causes = ("ketamine_causality", "clonidine_causality", "procedure_causality")
    given: dict[str, Any] = dict.fromkeys(causes, "unrelated")
    safety.record_adverse_event(
        clinic.people[Role.NURSE],
        participant=clinic.participant,
        occurred_at=freeze.at,
        aware_at=freeze.at,
        term="Fall",
        grade=1,
        key=uuid4(),
        **given,
    )
    assert [event.study_id for event in late_events(clinic.pi, [clinic.site.pk])] == [clinic.participant.study_id]
    assert late_events(person, [clinic.site.pk]) == []


def test_a_programme_of_a_rater_reads_no_signature_on_a_record_of_the_treatment(clinic: Clinic) -> None:
    sign(clinic.psychiatrist, reading(clinic), "reviewed")
    sign(clinic.psychiatrist, clinic.rating, "reviewed")
    path = f"/api/v1/participants/{clinic.participant.study_id}/signatures"
    colleague = make_person(clinic.site, Role.COORDINATOR, username="colleague")
    subjects = {
        person.username: [one["subject"].split(" ")[0] for one in ask(token_for(person), "GET", path).json()]
        for person in (rater(clinic, Role.COORDINATOR), colleague)
    }
    assert subjects == {"rater-coordinator": ["Assessment"], "colleague": ["Vitals", "Assessment"]}
