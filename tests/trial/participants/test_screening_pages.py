"""The pages of the screening forms: what they warn of, show and link, before and after saving."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.trial.participants.people import CONSENTED, make_user
from trial.participants import services
from trial.participants.models import Demographics, Electrocardiogram, Laboratory, Medication, Participant
from trial.participants.screening import FORMS
from trial.permissions import ACTIONS, Role
from trial.safety.models import Deviation
from trial.users.models import Site, User

NORMAL: dict[str, Any] = {"blood_count": "normal", "chemistry": "normal", "liver": "normal", "thyroid": "normal"}
PERSON: dict[str, Any] = {"age_years": 45, "sex": "female", "race": "white", "ethnicity": "unknown"}
SAFE: dict[str, Any] = {"implant": "no", "metal_fragment": "no", "claustrophobia": "no", "cleared": "yes"}


def address(name: str, participant: Participant, slug: str) -> str:
    return reverse(f"participants:{name}", args=[participant.study_id, slug])


def sent(at: str = "2026-03-02T11:00", **values: Any) -> dict[str, Any]:
    return {"occurred_at": at, "key": str(uuid.uuid4()), **values}


def text(response: Any) -> str:
    return str(response.content.decode())


@pytest.fixture
def desk(client: Client, coordinator: User) -> Client:
    client.force_login(coordinator)
    return client


@pytest.mark.parametrize("slug", FORMS)
def test_every_form_warns_before_saving_that_no_consent_is_recorded(
    desk: Client, enrolled: Participant, slug: str
) -> None:
    page = text(desk.get(address("screening", enrolled, slug)))
    assert f"No consent is recorded for {enrolled.study_id}" in page
    assert reverse("participants:consent", args=[enrolled.study_id]) in page


def test_saving_without_consent_says_so_and_the_record_carries_it(desk: Client, enrolled: Participant) -> None:
    url = address("screening", enrolled, "demographics")
    page = text(desk.post(url, sent(**PERSON), follow=True))
    assert "Demographics was performed 2026-03-02 11:00, but no consent is recorded." in page
    assert "kept as an important deviation" in page
    assert "without consent</span>" in text(desk.get(url))
    assert (Deviation.objects.get().kind, Deviation.objects.get().is_important) == ("consent", True)


def test_saving_what_lies_before_the_consent_says_so(desk: Client, consented: Participant) -> None:
    url = address("screening", consented, "laboratory")
    page = text(desk.post(url, sent("2026-03-02T08:00", **NORMAL), follow=True))
    assert "but consent was given 2026-03-02 09:00" in page
    assert "before consent</span>" in text(desk.get(url))
    at_consent = text(desk.post(f"{url}?new=1", sent("2026-03-02T09:00", **NORMAL), follow=True))
    assert "deviation" not in at_consent.split("Blood tests is saved")[0]


def test_a_consent_recorded_late_closes_the_deviation_that_it_lacked(enrolled: Participant, coordinator: User) -> None:
    services.record_screening(coordinator, enrolled, slug="laboratory", occurred_at=CONSENTED, **NORMAL)
    early = CONSENTED - timedelta(hours=3)
    services.record_screening(coordinator, enrolled, slug="demographics", occurred_at=early, **PERSON)
    services.sign_consent(coordinator, enrolled, occurred_at=CONSENTED, form_version="1")
    still = Deviation.objects.get(is_void=False)
    assert "Demographics was performed 2026-03-02 06:00, but consent was given 2026-03-02 09:00" in still.summary
    assert Deviation.objects.filter(is_void=True).count() == 2


def test_a_corrected_date_closes_the_deviation(consented: Participant, coordinator: User) -> None:
    early = CONSENTED - timedelta(hours=3)
    row = services.record_screening(coordinator, consented, slug="laboratory", occurred_at=early, **NORMAL)
    services.correct_screening(coordinator, row, version=1, reason="wrong hour", occurred_at=CONSENTED)
    assert Deviation.objects.get().is_void


def test_after_saving_the_next_missing_form_is_one_step_away(desk: Client, consented: Participant) -> None:
    page = text(desk.post(address("screening", consented, "demographics"), sent(**PERSON), follow=True))
    assert f'href="{address("screening", consented, "diagnosis")}">Diagnosis</a>' in page
    page = text(desk.post(address("screening", consented, "mri-safety"), sent(**SAFE), follow=True))
    assert f'href="{address("screening", consented, "diagnosis")}">Diagnosis</a>' in page, "round again"


def test_a_refused_correction_shows_the_record_as_it_is_stored(desk: Client, consented: Participant) -> None:
    url = address("screening", consented, "demographics")
    desk.post(url, sent(**PERSON))
    row = Demographics.objects.get()
    changed = sent(**{**PERSON, "age_years": 54}, version=1, reason="")
    page = text(desk.post(f"{url}?record={row.pk}", changed))
    assert 'value="54"' in page
    assert '<dd class="col-sm-7">45' in page
    assert '<dd class="col-sm-7">54' not in page


def test_the_record_says_when_in_the_words_of_its_form(desk: Client, consented: Participant) -> None:
    url = address("screening", consented, "electrocardiogram")
    desk.post(url, sent(heart_rate=62, pr_ms=150, finding="normal"))
    page = text(desk.get(url))
    assert ">Recorded on</dt>" in page
    assert "Occurred at" not in page
    assert ">PR interval (ms)</dt>" in page


def test_an_ecg_that_was_not_done_needs_no_heart_rate(desk: Client, consented: Participant) -> None:
    url = address("screening", consented, "electrocardiogram")
    assert desk.post(url, sent(finding="not_done")).status_code == 302
    assert Electrocardiogram.objects.get().heart_rate is None


@pytest.mark.parametrize("role", list(Role))
def test_who_may_read_reads_the_recorded_forms_and_changes_nothing(
    client: Client, consented: Participant, coordinator: User, site: Site, role: Role
) -> None:
    row = services.record_screening(coordinator, consented, slug="laboratory", occurred_at=CONSENTED, **NORMAL)
    client.force_login(make_user("reader", site, role))
    url = address("recorded", consented, "laboratory")
    answer = client.get(url)
    if role not in ACTIONS["participants.read"]:
        assert answer.status_code == 403
        return
    page = text(answer)
    assert ">Drawn on</dt>" in page
    assert "Correct</a>" not in page
    assert "Enter another" not in page
    history = reverse("audit:history", args=["participants.Laboratory", row.pk])
    assert history in page
    assert client.get(history).status_code == 200
    assert client.post(url, sent(**NORMAL)).status_code == 405
    assert Laboratory.objects.count() == 1
    changes = role in ACTIONS["participants.screen"]
    detail = text(client.get(reverse("participants:detail", args=[consented.study_id])))
    assert address("screening" if changes else "recorded", consented, "laboratory") in detail


def test_a_reader_sees_the_doses_of_a_medicine(client: Client, consented: Participant, site: Site) -> None:
    carla = make_user("second", site, "coordinator")
    given: dict[str, Any] = {"drug": "sertraline", "drug_class": "ssri", "occurred_at": CONSENTED}
    taken = services.record_screening(carla, consented, slug="medication", **given)
    assert isinstance(taken, Medication)
    on = CONSENTED.date()
    services.record_dose(carla, taken, daily_dose_mg=100, from_date=on, occurred_at=CONSENTED)  # type: ignore[arg-type]
    client.force_login(make_user("reader", site, "monitor"))
    assert "mg from 2026-03-02" in text(client.get(address("recorded", consented, "medication")))


def test_a_form_without_a_record_says_so_to_readers(client: Client, consented: Participant, site: Site) -> None:
    client.force_login(make_user("reader", site, "monitor"))
    assert "Nothing is recorded on this form yet" in text(client.get(address("recorded", consented, "laboratory")))


def test_a_screening_form_is_saved_once_and_corrected_with_a_reason(desk: Client, consented: Participant) -> None:
    url = address("screening", consented, "laboratory")
    given = {"occurred_at": "2026-03-02T10:00", "key": str(uuid.uuid4()), **NORMAL}
    assert desk.post(url, given).status_code == 302
    row = Laboratory.objects.get()
    page = text(desk.get(f"{url}?record={row.pk}"))
    assert "Why is this corrected?" in page
    assert 'value="2026-03-02T10:00"' in page
    changed = {**given, "version": "1", "liver": "significant"}
    assert "This field is required" in text(desk.post(f"{url}?record={row.pk}", changed))
    assert desk.post(f"{url}?record={row.pk}", {**changed, "reason": "misread"}).status_code == 302
    row.refresh_from_db()
    assert (row.liver, row.version) == ("significant", 2)
    stale = desk.post(f"{url}?record={row.pk}", {**changed, "reason": "again", "key": str(uuid.uuid4())})
    assert stale.status_code == 409
    assert "This was saved elsewhere while you had it open" in text(stale)


def test_a_form_before_consent_warns_and_is_kept_as_a_deviation(desk: Client, enrolled: Participant) -> None:
    url = address("screening", enrolled, "laboratory")
    assert "No consent is recorded" in text(desk.get(url))
    assert desk.post(url, {"occurred_at": "2026-03-02T10:00", "key": str(uuid.uuid4()), **NORMAL}).status_code == 302
    assert Deviation.objects.get().kind == "consent"


def test_demographics_are_entered_once(desk: Client, consented: Participant) -> None:
    url = address("screening", consented, "demographics")
    given = {"occurred_at": "2026-03-02T10:00", "age_years": 40, "sex": "male", "race": "white"}
    assert desk.post(url, {**given, "ethnicity": "unknown", "key": str(uuid.uuid4())}).status_code == 302
    assert "Enter another" not in text(desk.get(url))
    assert desk.post(f"{url}?new=1", {**given, "ethnicity": "unknown", "key": str(uuid.uuid4())}).status_code == 409


def test_a_new_medicine_leads_to_its_dose(desk: Client, consented: Participant) -> None:
    given = {
        "occurred_at": "2026-03-02T10:00",
        "drug": "sertraline",
        "drug_class": "ssri",
        "started_on": "2025-06-01",
    }
    answer = desk.post(address("screening", consented, "medication"), {**given, "key": str(uuid.uuid4())})
    taken = Medication.objects.get()
    dose = reverse("participants:dose", args=[consented.study_id, taken.pk])
    assert answer.headers["Location"] == dose
    assert 'value="2025-06-01"' in text(desk.get(dose))
    first = {
        "from_date": "2025-06-01",
        "daily_dose_mg": "100",
        "occurred_at": "2026-03-02T10:00",
        "key": str(uuid.uuid4()),
    }
    assert desk.post(dose, first).status_code == 302
    assert "100.00 mg from 2025-06-01" in text(desk.get(dose))


@pytest.mark.parametrize(("slug", "values"), [("demographics", PERSON), ("laboratory", NORMAL), ("mri-safety", SAFE)])
def test_saving_a_form_stays_cheap(
    desk: Client, consented: Participant, slug: str, values: dict[str, Any], django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(20):
        assert desk.post(address("screening", consented, slug), sent(**values)).status_code == 302
