"""The listing for a safety board: counted by hand, cut at a day, and safe to open in a spreadsheet."""

from __future__ import annotations

import csv
import hashlib
import io
import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.trial.participants import people
from tests.trial.participants.people import CONSENTED, make_user
from trial.audit.models import AuditEntry
from trial.participants.models import Participant
from trial.safety import services
from trial.safety.csv_file import neutral
from trial.safety.models import SafetyExport
from trial.users.models import Site, User

EVENT: dict[str, Any] = {
    "occurred_at": CONSENTED,
    "aware_at": CONSENTED,
    "grade": 2,
    "ketamine_causality": "possible",
    "clonidine_causality": "unlikely",
    "procedure_causality": "unrelated",
}


@pytest.fixture
def monitor(site: Site) -> User:
    return make_user("mona", site, "monitor")


def record(actor: User, participant: Participant, term: str, **other: Any) -> None:
    services.record_adverse_event(actor, participant=participant, **{**EVENT, "term": term, **other})


def tables(client: Client, **asked: str) -> dict[str, list[tuple[Any, ...]]]:
    page = client.get(reverse("safety:oversight"), asked)
    return {listing.part: list(listing.rows) for listing in page.context["listings"]}


def test_events_are_counted_by_term_grade_and_relatedness(
    client: Client, site: Site, consented: Participant, coordinator: User, monitor: User
) -> None:
    other = people.consent(coordinator, people.enrol(coordinator, site))
    record(coordinator, consented, "Nausea")
    record(coordinator, consented, "nausea ", ketamine_causality="unrelated")
    record(coordinator, other, "nausea")
    record(coordinator, other, "nausea", grade=3, is_hospitalisation=True, clonidine_causality="not judged")
    client.force_login(monitor)
    found = tables(client)
    # site, term, grade, events, participants, ketamine, clonidine, procedure, serious: by hand from the four above.
    assert found["events"] == [("K", "nausea", 2, 3, 2, 2, 0, 0, 0), ("K", "nausea", 3, 1, 1, 1, 1, 0, 1)]
    (line,) = found["serious"]
    assert line[:4] == ("K", other.study_id, "nausea", 3)
    assert line[4:10] == ("N", "N", "Y", "N", "N", "N")
    assert found["exposure"] == [("K", 0, 0, 0)]


def test_several_sites_stand_apart_and_together(
    client: Client, consented: Participant, coordinator: User, monitor: User
) -> None:
    elsewhere = people.make_site("L")
    away = make_user("lena", elsewhere, "coordinator")
    record(coordinator, consented, "nausea")
    record(away, people.consent(away, people.enrol(away, elsewhere)), "nausea")
    client.force_login(monitor)
    assert [row[:4] for row in tables(client)["events"]] == [("K", "nausea", 2, 1)]  # not the site of others
    both = make_user("bo", elsewhere, "monitor")
    from datetime import date

    from trial.audit.context import audited
    from trial.users.models import RoleAssignment

    with audited("system:tests", "set up"):
        RoleAssignment.objects.create(user=both, site=consented.site, role="monitor", starts_on=date(2020, 1, 1))
    client.force_login(both)
    assert [row[:4] for row in tables(client)["events"]] == [
        ("K", "nausea", 2, 1),
        ("L", "nausea", 2, 1),
        ("all", "nausea", 2, 2),
    ]
    assert [row[:4] for row in tables(client, site="L")["events"]] == [("L", "nausea", 2, 1)]
    assert client.get(reverse("safety:oversight"), {"site": "M"}).status_code == 404


def test_what_began_after_the_data_cut_is_left_out(
    client: Client, consented: Participant, coordinator: User, monitor: User
) -> None:
    record(coordinator, consented, "nausea")
    record(
        coordinator,
        consented,
        "headache",
        occurred_at=CONSENTED + timedelta(days=3),
        aware_at=CONSENTED + timedelta(days=3),
    )
    client.force_login(monitor)
    assert [row[1] for row in tables(client, until="2026-03-02")["events"]] == ["nausea"]
    assert [row[1] for row in tables(client)["events"]] == ["headache", "nausea"]


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+1 314 555 0101", "'+1 314 555 0101"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("-2+3", "'-2+3"),
        ("  =1", "'  =1"),
        ("\t=1", "'\t=1"),
        ("-0.5", "-0.5"),
        (-0.5, -0.5),
        (7, 7),
        ("nausea", "nausea"),
        ("", ""),
    ],
)
def test_text_is_never_a_formula_and_a_number_stays_a_number(cell: Any, written: Any) -> None:
    assert neutral(cell) == written


def test_a_file_that_leaves_the_site_is_kept_with_its_hash(
    client: Client, consented: Participant, coordinator: User, monitor: User
) -> None:
    record(coordinator, consented, "=HYPERLINK(1)", is_hospitalisation=True)
    client.force_login(monitor)
    response = client.post(reverse("safety:export"), {"part": "serious"})
    text = list(csv.reader(io.StringIO(response.content.decode("utf-8-sig"))))
    assert text[0] == ["# listing", "Serious adverse events"]
    assert "Open label" in text[3][1]
    assert text[5][1:3] == [consented.study_id, "'=HYPERLINK(1)"]
    kept = SafetyExport.objects.get()
    assert (kept.made_by, kept.rows, kept.sha256) == (monitor, 1, hashlib.sha256(response.content).hexdigest())
    assert AuditEntry.objects.filter(table_name="safety_safetyexport").count() == 1


def test_an_unknown_table_is_not_found_and_nothing_is_kept(
    client: Client, consented: Participant, monitor: User
) -> None:
    client.force_login(monitor)
    assert client.post(reverse("safety:export"), {"part": str(uuid.uuid4())}).status_code == 404
    assert not SafetyExport.objects.exists()


def test_the_listing_costs_the_same_for_many_events(
    client: Client, consented: Participant, coordinator: User, monitor: User, django_assert_max_num_queries: Any
) -> None:
    for number in range(15):
        record(coordinator, consented, f"event {number}", is_hospitalisation=True)
    client.force_login(monitor)
    with django_assert_max_num_queries(12):
        assert client.get(reverse("safety:oversight")).status_code == 200
