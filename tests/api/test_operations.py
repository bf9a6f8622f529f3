"""What programmes read and write goes through the same services as the pages: rules, keys, versions, audit."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from assessments.instruments import instrument
from assessments.models import Assessment
from infusion.models import Vitals
from tests.api.asking import ask, token_for
from tests.infusion import ward as wards
from tests.infusion.ward import Ward
from trial.audit.models import AuditEntry
from trial.records.models import Origin
from trial.safety.models import Alert

pytestmark = pytest.mark.django_db
TAKEN = "2026-03-02T17:00:00+00:00"
READINGS = {"systolic": 121, "diastolic": 79, "heart_rate": 62, "occurred_at": TAKEN}


@pytest.fixture
def ward() -> Ward:
    return wards.make_ward()


@pytest.fixture
def nurse(ward: Ward) -> str:
    return token_for(ward.nurse)


def vitals_of(ward: Ward) -> str:
    return f"/api/v1/participants/{ward.participant.study_id}/vitals"


def rating_of(ward: Ward, visit: str = "baseline") -> str:
    return f"/api/v1/participants/{ward.participant.study_id}/visits/{visit}/assessments/madrs"


def madrs(value: int, **more: Any) -> dict[str, Any]:
    scores = dict.fromkeys(instrument("madrs").items, value)
    return {"scores": scores, "mode": "in_person", "occurred_at": TAKEN, **more}


def test_vital_signs_are_recorded_once_per_key_under_the_persons_name(ward: Ward, nurse: str) -> None:
    key = str(uuid.uuid4())
    answers = [ask(nurse, "POST", vitals_of(ward), READINGS, key) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].content == answers[1].content
    row = Vitals.objects.get()
    assert (row.systolic, row.entered_by, row.origin) == (121, ward.nurse, Origin.IMPORT)
    assert row.occurred_at.isoformat() == TAKEN
    assert AuditEntry.objects.filter(table_name="infusion_vitals", actor=ward.nurse.username).count() == 1


def test_the_same_key_with_other_readings_is_refused(ward: Ward, nurse: str) -> None:
    key = str(uuid.uuid4())
    ask(nurse, "POST", vitals_of(ward), READINGS, key)
    answer = ask(nurse, "POST", vitals_of(ward), {**READINGS, "systolic": 140}, key)
    assert (answer.status_code, "already saved" in answer.content.decode()) == (422, True)
    assert Vitals.objects.get().systolic == 121


def test_a_reading_that_pulls_a_trigger_raises_the_alert_of_the_pages(ward: Ward, nurse: str) -> None:
    ask(nurse, "POST", vitals_of(ward), {**READINGS, "systolic": 190})
    assert Alert.objects.filter(participant=ward.participant).exists()
    alerts = json.loads(ask(nurse, "GET", "/api/v1/alerts").content)
    assert [one["study_id"] for one in alerts] == [ward.participant.study_id]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"systolic": 60, "diastolic": 90}, "diastolic"),
        ({"systolic": -1}, "systolic"),
        ({"heart_rate": 10**12}, "heart_rate"),
        ({"occurred_at": "2026-03-02T17:00:00"}, "occurred_at"),
        ({"occurred_at": "0001-01-01T00:00:00+14:00"}, "occurred_at"),
        ({"comment": "a\0b"}, "NUL"),
        ({"site": "other"}, "site"),
        ({"comment": "x" * 201}, "comment"),
    ],
)
def test_what_cannot_be_is_refused_by_name_and_nothing_is_saved(
    ward: Ward, nurse: str, change: dict[str, Any], words: str
) -> None:
    answer = ask(nurse, "POST", vitals_of(ward), {**READINGS, **change})
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Vitals.objects.exists()


@pytest.mark.parametrize(
    ("method", "path", "content", "status"),
    [
        ("POST", "/api/v1/participants/{}/vitals", b"{", 400),
        ("GET", "/api/v1/participants/%00", b"", 400),
        ("GET", "/api/v1/nothing", b"", 404),
        ("GET", "/api/v1/participants/a/b/c", b"", 404),
        ("DELETE", "/api/v1/participants/{}/vitals", b"", 405),
        ("POST", "/api/v1/participants/{}/vitals", b" " * 3_000_000, 413),
        ("POST", "/api/v1/participants/{}/vitals", b"{}", 422),
    ],
)
def test_every_refusal_is_a_problem_in_words(ward: Ward, method: str, path: str, content: bytes, status: int) -> None:
    key, token = str(uuid.uuid4()), token_for(ward.nurse)
    answer: Any = Client(raise_request_exception=False).generic(
        method,
        path.format(ward.participant.study_id),
        content,
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}", "Idempotency-Key": key},
    )
    assert (answer.status_code, answer["Content-Type"].partition(";")[0]) == (status, "application/json")
    said = answer.json()
    assert list(said) == ["detail"]
    assert isinstance(said["detail"], str)


def test_a_refusal_names_each_field_as_it_was_sent(ward: Ward, nurse: str) -> None:
    said = ask(nurse, "POST", vitals_of(ward), {"systolic": "high", "site": 1}).json()["detail"]
    assert "systolic: Input should be a valid integer" in said
    assert "site: Extra inputs are not permitted." in said
    assert "sent" not in said


def test_a_rating_is_recorded_scored_and_closes_its_visit(ward: Ward) -> None:
    token = token_for(ward.psychiatrist)
    answer = ask(token, "POST", rating_of(ward), madrs(3))
    assert answer.status_code == 201
    said = json.loads(answer.content)
    assert (said["total"], said["rater"], said["version"]) == ("30", ward.psychiatrist.username, 1)
    again = ask(token, "POST", rating_of(ward), madrs(2))
    assert (again.status_code, "already recorded" in again.content.decode()) == (409, True)
    assert Assessment.objects.get().total == 30


def test_a_correction_needs_the_version_and_a_reason(ward: Ward) -> None:
    token = token_for(ward.psychiatrist)
    ask(token, "POST", rating_of(ward), madrs(3))
    assert ask(token, "PUT", rating_of(ward), madrs(2, version=1, reason=" ")).status_code == 422
    assert ask(token, "PUT", rating_of(ward), madrs(2, version=1, reason="read again")).status_code == 200
    stale = ask(token, "PUT", rating_of(ward), madrs(1, version=1, reason="read again"))
    assert stale.status_code == 409
    assert Assessment.objects.get().total == 20


def test_an_instrument_that_is_not_due_at_a_visit_is_not_found(ward: Ward) -> None:
    assert ask(token_for(ward.psychiatrist), "POST", rating_of(ward, "discharge_x"), madrs(3)).status_code == 404


def test_what_was_recorded_reads_back(ward: Ward, nurse: str) -> None:
    wards.start(ward)
    ask(nurse, "POST", vitals_of(ward), READINGS)
    path = f"/api/v1/participants/{ward.participant.study_id}"
    read = {
        part: json.loads(ask(nurse, "GET", f"{path}{part}").content) for part in ("", "/vitals", "/infusion", "/visits")
    }
    assert (read[""]["study_id"], read[""]["site"]) == (ward.participant.study_id, "K")
    assert read["/vitals"][0]["heart_rate"] == 62
    assert (read["/infusion"]["rates"][0]["rate"], read["/infusion"]["ended_at"]) == ("0.1500", None)
    assert {visit["code"]: visit["state"] for visit in read["/visits"]}["week_2"] == "planned"
