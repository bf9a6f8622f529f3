"""Deviations: their ground, what repeats, and closing with cause, correction and prevention (ICH E6(R3) 4.2, 2.5)."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from tests.trial.participants.people import CONSENTED
from trial.participants import queries as participants
from trial.participants.models import Participant, Status
from trial.participants.services import record_visit
from trial.records.services import RecordError
from trial.safety import queries, services
from trial.safety.board import grouped
from trial.safety.models import Deviation
from trial.users.models import User

ONE, OTHER = uuid.uuid4(), uuid.uuid4()


@dataclass(frozen=True)
class Row:
    day: int
    ground: str = "limits.rate"
    kind: str = "limit"
    participant_id: uuid.UUID = ONE

    @property
    def occurred_at(self) -> datetime:
        return CONSENTED + timedelta(days=self.day)


def days(rows: list[Any]) -> list[list[int]]:
    return [[row.day for row in group.rows] for group in grouped(rows)]


def test_what_repeats_within_a_week_is_one_group_as_long_as_it_goes_on() -> None:
    assert days([Row(0), Row(6), Row(13), Row(21)]) == [[0, 6, 13], [21]]


def test_the_order_of_the_list_is_kept() -> None:
    assert days([Row(21), Row(13), Row(6), Row(0)]) == [[21], [13, 6, 0]]


@pytest.mark.parametrize("other", [Row(0, ground="limits.weight"), Row(0, kind="window"), Row(0, participant_id=OTHER)])
def test_another_ground_kind_or_participant_is_another_group(other: Row) -> None:
    assert len(grouped([Row(0), other])) == 2


def test_rows_without_a_ground_never_repeat() -> None:
    assert len(grouped([Row(0, ground=""), Row(0, ground="")])) == 2


def deviation(actor: User, participant: Participant, **other: Any) -> Deviation:
    given = {"kind": "limit", "summary": "Rate: too fast.", "occurred_at": CONSENTED, "ground": "rate: limits.rate"}
    return services.record_deviation(actor, participant=participant, **{**given, **other})


def test_a_visit_outside_its_window_names_the_protocols_key(consented: Participant, coordinator: User) -> None:
    visit = participants.get_visit(consented, "screening")
    record_visit(coordinator, visit, occurred_at=CONSENTED + timedelta(days=200))
    assert Deviation.objects.get(kind="window").ground.startswith("visits.screening.")


def test_a_row_from_before_grounds_were_kept_still_stands_for_its_departure(
    consented: Participant, coordinator: User
) -> None:
    source = Status.objects.filter(participant=consented).earliest("entered_at")
    old = deviation(coordinator, consented, source=source, ground="", summary="Weight: 5 % off. Reason given: scales")
    again = {"source": source, "ground": "weight: limits.weight", "summary": "Weight: 5 % off."}
    assert deviation(coordinator, consented, **again, began="Weight: 5 % off.") == old
    assert deviation(coordinator, consented, **again, began="Weight: 9 % off.") != old


def test_an_important_one_needs_cause_and_prevention(consented: Participant, coordinator: User) -> None:
    found = deviation(coordinator, consented, is_important=True)
    with pytest.raises(RecordError, match="why it happened"):
        services.close_deviation(coordinator, found, correction="Rate lowered.")
    said: dict[str, Any] = {
        "root_cause": "Pump set by hand.",
        "correction": "Rate lowered.",
        "prevention": "Second person checks.",
    }
    closed = services.close_deviation(coordinator, found, **said)
    assert (closed.closed_by, closed.root_cause, closed.prevention) == (
        coordinator,
        "Pump set by hand.",
        "Second person checks.",
    )


def test_a_group_is_closed_whole_or_not_at_all(consented: Participant, coordinator: User) -> None:
    first, second = deviation(coordinator, consented), deviation(coordinator, consented)
    services.close_deviation(coordinator, second, correction="Told.")
    with pytest.raises(RecordError, match="already closed"):
        services.close_group(coordinator, first, [second], correction="Told.")
    assert Deviation.objects.filter(closed_at=None).get() == first


def test_the_page_closes_those_that_repeat_it_where_asked(
    client: Client, consented: Participant, coordinator: User
) -> None:
    first, second = deviation(coordinator, consented), deviation(coordinator, consented)
    far = deviation(coordinator, consented, occurred_at=CONSENTED + timedelta(days=30))
    assert queries.repeats_of(first) == [second]
    client.force_login(coordinator)
    assert "2 times" in client.get(reverse("safety:board")).content.decode()
    sent = {"correction": "Staff told.", "with_repeats": "on", "key": str(uuid.uuid4()), "version": 1}
    assert client.post(reverse("safety:close", args=[first.pk]), sent).status_code == 302
    assert list(Deviation.objects.filter(closed_at=None)) == [far]


def test_a_nurse_closes_none(client: Client, consented: Participant, coordinator: User) -> None:
    from tests.trial.participants.people import make_user

    client.force_login(make_user("nell", consented.site, "nurse"))
    found = deviation(coordinator, consented)
    assert client.get(reverse("safety:close", args=[found.pk])).status_code == 403
