"""Automatic deviations whose ground has gone are closed with the words why; ICH E6(R3) lets none disappear."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.trial.participants.people import CONSENTED, STARTED
from trial.audit.models import AuditEntry
from trial.participants import queries, services
from trial.participants.models import Participant, Visit
from trial.safety import services as safety
from trial.safety.models import Deviation
from trial.users.models import User

LATE = CONSENTED + timedelta(days=30)  # the screening window closes 21 days after consent


def standing() -> list[tuple[str, bool]]:
    """Each deviation's kind and whether it is still open, oldest first."""
    rows = Deviation.objects.order_by("entered_at").values_list("kind", "closed_at")
    return [(kind, closed_at is None) for kind, closed_at in rows]


@pytest.fixture
def screening(consented: Participant) -> Visit:
    return queries.get_visit(consented, "screening")


def test_a_time_corrected_into_the_window_closes_the_deviation(screening: Visit, coordinator: User) -> None:
    services.record_visit(coordinator, screening, occurred_at=LATE)
    services.correct_visit(
        coordinator, screening, version=screening.version, reason="wrong month typed", done_at=CONSENTED
    )
    assert standing() == [("window", False)]
    found = Deviation.objects.get()
    assert found.is_void
    assert "no longer holds" in found.correction
    assert "wrong month typed" in found.correction
    assert found.entered_by == coordinator
    assert AuditEntry.objects.filter(table_name="safety_deviation", op="U").count() == 1


def test_a_time_corrected_to_another_late_one_replaces_the_deviation(screening: Visit, coordinator: User) -> None:
    services.record_visit(coordinator, screening, occurred_at=LATE)
    later = LATE + timedelta(days=1)
    services.correct_visit(coordinator, screening, version=screening.version, reason="wrong day", done_at=later)
    assert standing() == [("window", False), ("window", True)]
    # 2026-04-02 15:00 UTC in Chicago, after the change of clocks.
    assert "held 2026-04-02 10:00, late" in Deviation.objects.get(closed_at=None).summary


def test_a_departure_that_holds_again_is_recorded_again(screening: Visit, coordinator: User) -> None:
    services.record_visit(coordinator, screening, occurred_at=LATE)
    for at in (CONSENTED, LATE):
        services.correct_visit(coordinator, screening, version=screening.version, reason="checked", done_at=at)
    assert standing() == [("window", False), ("window", True)]


def test_a_missed_visit_that_was_held_says_so_and_keeps_why_it_was_missed(
    consented: Participant, coordinator: User
) -> None:
    visit = services.miss_visit(coordinator, queries.get_visit(consented, "pre1"), reason="Scanner down")
    held = services.record_visit(coordinator, queries.get_visit(consented, "pre1"), occurred_at=CONSENTED)
    assert (held.became_done, held.was_missed_for) == (True, "Scanner down")
    assert standing() == [("missed", False)]
    assert "recorded as missed (Scanner down)" in Deviation.objects.get(source_id=visit.pk).correction


def test_what_a_person_reported_or_closed_stays_as_the_person_left_it(screening: Visit, coordinator: User) -> None:
    about: dict[str, Any] = {"participant": screening.participant, "visit": screening, "occurred_at": LATE}
    safety.record_deviation(coordinator, kind="window", summary="By hand.", is_automatic=False, **about)
    services.record_visit(coordinator, screening, occurred_at=LATE)
    said: dict[str, Any] = {"correction": "Staff told.", "root_cause": "Letter lost.", "prevention": "A call before."}
    safety.close_deviation(coordinator, Deviation.objects.get(is_automatic=True), **said)
    services.correct_visit(coordinator, screening, version=screening.version, reason="typo", done_at=CONSENTED)
    assert Deviation.objects.get(is_automatic=True).correction == "Staff told."
    assert Deviation.objects.get(is_automatic=False).closed_at is None


def test_the_order_is_judged_anew_for_every_visit(consented: Participant, coordinator: User) -> None:
    services.record_visit(coordinator, queries.get_visit(consented, "baseline"), occurred_at=CONSENTED)
    screening = queries.get_visit(consented, "screening")
    services.record_visit(coordinator, screening, occurred_at=CONSENTED + timedelta(days=2))
    assert standing() == [("order", True)]
    services.correct_visit(coordinator, screening, version=screening.version, reason="typo", done_at=CONSENTED)
    assert standing() == [("order", False)]


def test_a_corrected_start_of_the_infusion_closes_what_its_windows_no_longer_say(
    consented: Participant, psychiatrist: User
) -> None:
    baseline = queries.get_visit(consented, "baseline")
    services.record_visit(psychiatrist, baseline, occurred_at=STARTED - timedelta(days=10))
    services.infusion_began(psychiatrist, consented, STARTED)
    window = Deviation.objects.get(kind="window")
    services.infusion_began(psychiatrist, consented, STARTED - timedelta(days=9))
    window.refresh_from_db()
    assert window.is_void
    assert "windows were counted anew" in window.correction


def test_a_visit_without_open_deviations_costs_one_question_more(
    screening: Visit, coordinator: User, django_assert_max_num_queries: Any
) -> None:
    with django_assert_max_num_queries(10):
        services.record_visit(coordinator, screening, occurred_at=CONSENTED)
