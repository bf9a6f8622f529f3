"""Late entries: both times are kept, the row says so, and a deviation where the protocol states it by kind.

Limits: trial/protocol/ketamine_96h_v1.toml (60 min for all), ketamine_96h_v2.toml (vital signs 60 min, ratings 1440).
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from infusion import services
from infusion.models import Vitals
from tests.infusion import ward as wards
from tests.infusion.ward import Ward
from trial import protocol
from trial.audit.context import audited
from trial.participants.models import Participant
from trial.records.templatetags.entries import lateness, spell
from trial.rules.deviations import is_late, late_after
from trial.safety.models import Deviation

FIRST, SECOND = "ketamine_96h_v1", "ketamine_96h_v2"
VITALS: dict[str, Any] = {"systolic": 120, "diastolic": 70, "heart_rate": 60}


@pytest.fixture
def ward(db: None) -> Ward:
    return wards.make_ward()


def bind(ward: Ward, version: str) -> Participant:
    """The participant under a protocol version."""
    with audited("system:tests", "bound"):
        Participant.objects.filter(pk=ward.participant.pk).update(protocol_version=version)
    return Participant.objects.select_related("site").get(pk=ward.participant.pk)


def record(ward: Ward, participant: Participant, ago: timedelta, origin: str = "form") -> Vitals:
    at = timezone.now() - ago
    return services.record_vitals(ward.nurse, participant, **VITALS, occurred_at=at, origin=origin)


def test_the_limit_is_that_of_the_kind_and_one_for_all_where_kinds_are_not_stated() -> None:
    first, second = protocol.for_version(FIRST), protocol.for_version(SECOND)
    assert {late_after(first, kind).text for kind in ("vitals", "rating", "")} == {"60"}
    assert [late_after(second, kind).text for kind in ("vitals", "rating", "serum")] == ["60", "1440", "4320"]
    rated = timezone.now()
    assert is_late(first, "rating", rated, rated + timedelta(hours=2))
    assert not is_late(second, "rating", rated, rated + timedelta(hours=2))


def test_an_entry_26_hours_late_keeps_both_times_says_so_and_is_a_deviation(ward: Ward) -> None:
    row = record(ward, bind(ward, SECOND), timedelta(hours=26, minutes=1))
    row.refresh_from_db()
    assert row.entered_at - row.occurred_at >= timedelta(hours=26)
    assert lateness(row) == "entered 26 h later"
    found = Deviation.objects.get()
    assert (found.kind, found.source_id, found.is_important) == ("late entry", row.pk, False)
    assert "more than 60 min later" in found.summary


def test_an_entry_in_time_says_nothing(ward: Ward) -> None:
    assert lateness(record(ward, bind(ward, SECOND), timedelta(minutes=59))) == ""
    assert not Deviation.objects.exists()


def test_under_the_first_version_a_late_entry_is_marked_and_no_deviation(ward: Ward) -> None:
    row = record(ward, bind(ward, FIRST), timedelta(hours=26))
    assert lateness(row) == "entered 26 h later"
    assert not Deviation.objects.exists()


def test_what_was_loaded_for_the_demo_was_not_entered_late(ward: Ward) -> None:
    row = record(ward, bind(ward, SECOND), timedelta(days=90), "demo")
    assert lateness(row) == ""
    assert not Deviation.objects.exists()


@pytest.mark.parametrize("origin", ["form", "phone", "import"])
def test_a_late_entry_is_late_whichever_way_it_came_in(ward: Ward, origin: str) -> None:
    row = record(ward, bind(ward, SECOND), timedelta(days=90), origin)
    assert lateness(row) == "entered 90 days later"
    assert Deviation.objects.get().kind == "late entry"


def test_a_double_tap_of_a_late_entry_is_one_deviation(ward: Ward) -> None:
    participant, at = bind(ward, SECOND), timezone.now() - timedelta(hours=26)
    key = uuid4()
    for _ in range(2):
        services.record_vitals(ward.nurse, participant, **VITALS, occurred_at=at, key=key)
    assert Deviation.objects.count() == 1


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(minutes=75, seconds=59), "75 min"),
        (timedelta(hours=2), "2 h"),
        (timedelta(hours=71, minutes=59), "71 h"),
        (timedelta(days=3, hours=5), "3 days"),
    ],
)
def test_a_span_is_said_in_the_unit_that_is_read(span: timedelta, words: str) -> None:
    assert spell(span) == words
