"""A role is in force while its duties are delegated; ICH E6(R3) (final, January 2025), 2.3, on delegation by the PI."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from trial.permissions import Role
from trial.users.delegation.rules import (
    DELEGATED,
    NEEDED_TOPICS,
    USUAL_DUTIES,
    Span,
    Trained,
    is_delegated,
    lacking,
    topics_needed,
)

DAY = date(2026, 3, 10)
ONE = timedelta(days=1)


@pytest.mark.parametrize(
    ("span", "holds"),
    [
        (Span(DAY), True),
        (Span(DAY, DAY), True),
        (Span(DAY - ONE, DAY - ONE), False),
        (Span(DAY + ONE), False),
        (Span(DAY - ONE, DAY + ONE), True),
        (Span(DAY - ONE, DAY + ONE, True), False),
        (Span(DAY - ONE, None, True), False),
    ],
)
def test_a_span_holds_from_its_first_day_to_its_last_and_not_once_ended(span: Span, holds: bool) -> None:
    assert span.holds(DAY) is holds


@pytest.mark.parametrize(
    ("other", "meets"),
    [
        (Span(DAY + ONE), False),
        (Span(DAY), True),
        (Span(DAY - 9 * ONE, DAY - 3 * ONE), False),
        (Span(DAY - 9 * ONE, DAY - 2 * ONE), True),
        (Span(DAY, None, True), False),
    ],
)
def test_two_spans_meet_where_they_share_a_day(other: Span, meets: bool) -> None:
    span = Span(DAY - 2 * ONE, DAY)
    assert span.meets(other) is meets
    assert other.meets(span) is meets


@pytest.mark.parametrize("role", list(Role))
def test_the_staff_of_the_site_needs_a_delegation_and_nobody_else(role: Role) -> None:
    is_staff = role in {Role.COORDINATOR, Role.PSYCHIATRIST, Role.NURSE, Role.IMAGING_ANALYST}
    assert is_delegated(role, [], DAY, is_pi=False) is not is_staff
    assert is_delegated(role, [Span(DAY)], DAY, is_pi=False)
    assert is_delegated(role, [Span(DAY, None, True)], DAY, is_pi=False) is not is_staff
    assert is_delegated(role, [], DAY, is_pi=True)


def test_every_delegated_role_has_its_usual_duties_and_its_training() -> None:
    assert set(USUAL_DUTIES) == DELEGATED
    assert NEEDED_TOPICS.keys() >= DELEGATED
    assert all(len(words) <= 300 for words in USUAL_DUTIES.values())


def test_training_is_needed_in_the_protocol_in_force_and_by_no_overseer() -> None:
    assert topics_needed("nurse", "ketamine_96h_v2")[0] == "protocol ketamine_96h_v2"
    for role in (Role.MONITOR, Role.DATA_MANAGER, Role.ADMINISTRATOR):
        assert topics_needed(role, "ketamine_96h_v2") == ()


def test_what_was_never_trained_or_has_lapsed_is_lacking_once() -> None:
    rows = [
        Trained("GCP", DAY - 800 * ONE, DAY - ONE),
        Trained("GCP", DAY - 1600 * ONE, DAY - 801 * ONE),
        Trained("rating scales", DAY),
        Trained("imaging", DAY + ONE),
    ]
    needed = ["GCP", "rating scales", "protocol x", "GCP", "imaging"]
    assert lacking(needed, rows, DAY) == ["GCP (lapsed on 2026-03-09)", "protocol x", "imaging"]
    assert lacking(needed, [*rows, Trained("GCP", DAY)], DAY) == ["protocol x", "imaging"]
