"""What is due and for whom, against the windows of the protocol."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from tests.trial.participants.people import CONSENTED, STARTED, consent, enrol, make_site
from trial.participants import queries, services, worklist
from trial.participants.models import Participant
from trial.participants.screening import FORMS
from trial.users.models import Site, User


def here(participant: Participant) -> frozenset[Any]:
    return frozenset({participant.site_id})


def codes(visits: Any) -> set[str]:
    return {visit.code for visit in visits}


def test_a_visit_is_due_while_its_window_is_open_and_overdue_after(consented: Participant) -> None:
    window = queries.windows_of(consented)["screening"]
    assert window is not None
    first, last = window.opens, window.closes - timedelta(microseconds=1)
    assert all("screening" in codes(worklist.due_visits(here(consented), at)) for at in (first, last))
    assert codes(worklist.due_visits(here(consented), first - timedelta(microseconds=1))) == set()
    assert "screening" in codes(worklist.overdue_visits(here(consented), window.closes))
    assert "screening" not in codes(worklist.overdue_visits(here(consented), last))


def test_another_sites_visits_are_not_mine(consented: Participant) -> None:
    elsewhere = frozenset({make_site("L").pk})
    assert codes(worklist.due_visits(elsewhere, CONSENTED)) == set()
    assert list(worklist.participant_rows(elsewhere)) == []


@pytest.mark.parametrize(
    ("axis", "value", "expected"),
    [
        ("enrolment", "withdrew", False),
        ("enrolment", "screen_failure", False),
        ("follow_up", "lost", False),
        ("infusion", "stopped_early", True),
        ("contact", "refused", True),
    ],
)
def test_only_who_left_is_no_longer_due(
    consented: Participant, coordinator: User, axis: str, value: str, expected: bool
) -> None:
    services.set_status(coordinator, consented, axis=axis, value=value, occurred_at=CONSENTED, reason="said so")
    assert bool(codes(worklist.due_visits(here(consented), CONSENTED))) is expected


def test_an_infusion_runs_from_its_start_to_its_end(consented: Participant, psychiatrist: User) -> None:
    assert list(worklist.running_infusions(here(consented))) == []
    services.infusion_began(psychiatrist, consented, STARTED)
    assert list(worklist.running_infusions(here(consented))) == [consented]
    services.infusion_ended(psychiatrist, consented, STARTED + timedelta(hours=96), completed=True, reason="")
    assert list(worklist.running_infusions(here(consented))) == []


def test_the_timeline_groups_visits_by_schedule(consented: Participant) -> None:
    groups = worklist.timeline(consented, CONSENTED)
    assert [name for name, _ in groups] == ["Clinic visits", "Phone follow-up", "Scans"]
    assert [line.visit.code for line in groups[1][1]] == ["week_2", "week_4", "week_6", "week_8"]
    assert {line.badge.text for line in groups[1][1]} == {"not scheduled yet"}


def test_the_badge_follows_the_visit(consented: Participant, coordinator: User) -> None:
    def badge(code: str) -> str:
        visit, window = queries.get_visit(consented, code), queries.windows_of(consented)[code]
        return worklist.visit_badge(visit, window, CONSENTED).text

    assert badge("screening") == "due"
    assert badge("pre1") == "upcoming" or badge("pre1") == "due"
    services.record_visit(coordinator, queries.get_visit(consented, "screening"), occurred_at=CONSENTED)
    assert badge("screening") == "done"
    services.record_visit(coordinator, queries.get_visit(consented, "pre1"), occurred_at=CONSENTED - timedelta(days=3))
    assert badge("pre1") == "done, early"
    services.miss_visit(coordinator, queries.get_visit(consented, "week_2"), reason="away")
    assert badge("week_2") == "missed"


def test_every_screening_form_is_missing_until_entered(consented: Participant, coordinator: User) -> None:
    marks = {mark.form.slug: mark for mark in worklist.screening_marks(consented)}
    assert set(marks) == set(FORMS)
    assert all(mark.latest is None for mark in marks.values())
    services.record_screening(coordinator, consented, slug="drug-test", occurred_at=CONSENTED, result="negative")
    marks = {mark.form.slug: mark for mark in worklist.screening_marks(consented)}
    assert (marks["drug-test"].latest, marks["drug-test"].count) == (CONSENTED, 1)


def test_a_control_has_only_the_controls_forms(site: Site, coordinator: User) -> None:
    control = enrol(coordinator, site, "control")
    slugs = [mark.form.slug for mark in worklist.screening_marks(control)]
    assert slugs == ["demographics", "medical-history", "medication", "mri-safety"]


@pytest.mark.parametrize("page", ["participants:list", "participants:today"])
def test_fifty_participants_cost_no_more_queries_than_five(
    client: Client, site: Site, coordinator: User, page: str
) -> None:
    client.force_login(coordinator)

    def cost(number: int, start: Callable[[], int]) -> int:
        for _ in range(number - start()):
            consent(coordinator, enrol(coordinator, site), at=timezone.now())
        with CaptureQueriesContext(
            connection,
        ) as caught:
            content = client.get(reverse(page)).content.decode()
        assert content.count("K-00") >= number
        return len(caught)

    few = cost(5, Participant.objects.count)
    assert cost(50, Participant.objects.count) == few


def row_of(participant: Participant) -> Any:
    return worklist.participant_rows(here(participant)).get(pk=participant.pk)


@pytest.mark.parametrize(("axis", "value"), [("enrolment", "withdrew"), ("enrolment", "screen_failure")])
def test_who_left_has_no_next_visit_and_is_expected_at_none(
    consented: Participant, coordinator: User, axis: str, value: str
) -> None:
    assert worklist.next_label(row_of(consented)) == "Screening"
    services.set_status(coordinator, consented, axis=axis, value=value, occurred_at=CONSENTED, reason="said so")
    assert worklist.next_label(row_of(consented)) == ""
    badges = {line.badge.text for _, lines in worklist.timeline(consented, CONSENTED) for line in lines}
    assert badges == {"not expected"}


def test_what_was_to_be_held_before_a_person_left_is_not_recorded(consented: Participant, coordinator: User) -> None:
    left = CONSENTED + timedelta(days=40)  # after the window of screening, 21 days
    services.set_status(coordinator, consented, axis="follow_up", value="lost", occurred_at=left, reason="no answer")
    badges = {line.visit.code: line.badge.text for _, lines in worklist.timeline(consented, left) for line in lines}
    assert (badges["screening"], badges["week_2"]) == ("not recorded", "not expected")


def test_after_an_early_stop_the_remaining_days_of_the_infusion_are_not_expected(
    consented: Participant, psychiatrist: User
) -> None:
    services.infusion_began(psychiatrist, consented, STARTED)
    stop = STARTED + timedelta(hours=20)
    services.infusion_ended(psychiatrist, consented, stop, completed=False, reason="raised blood pressure")
    badges = {line.visit.code: line.badge.text for _, lines in worklist.timeline(consented, stop) for line in lines}
    gone = {"infusion_day_2", "infusion_day_3", "infusion_day_4", "day_5_0800", "infusion_day_5"}
    assert {code for code, text in badges.items() if text == "not expected"} == gone
    a_month_later = stop + timedelta(days=30)
    overdue = codes(worklist.overdue_visits(here(consented), a_month_later))
    assert not overdue & gone
    assert {"infusion_day_1", "day_6", "week_2"} <= overdue, "the follow-up goes on"


def test_a_control_is_to_be_scanned_and_then_done(site: Site, coordinator: User) -> None:
    control = consent(coordinator, enrol(coordinator, site, "control"))
    assert [badge.text for badge in worklist.badges_of_row(row_of(control))] == ["to be scanned"]
    for visit, text in zip(control.visits.order_by("code"), ("partly scanned", "scans done"), strict=True):
        assert visit.due_at is not None
        services.record_visit(coordinator, visit, occurred_at=visit.due_at)
        assert [badge.text for badge in worklist.badges_of_row(row_of(control))] == [text]


def test_times_are_said_as_a_day_where_a_window_ends_with_a_day(consented: Participant, psychiatrist: User) -> None:
    services.infusion_began(psychiatrist, consented, STARTED)
    whole, timed = queries.get_visit(consented, "screening"), queries.get_visit(consented, "infusion_day_1")
    # Screening may be held until 2026-03-23; infusion day 1 until 16:00 and 6 h, 22:00 in Chicago.
    assert worklist.due_words(whole, CONSENTED) == "until 2026-03-23"
    assert worklist.overdue_words(whole, STARTED + timedelta(days=9)) == "overdue since 2026-03-24, 1 day"
    assert worklist.due_words(timed, STARTED) == "until 2026-03-16 22:00"
    assert worklist.overdue_words(timed, STARTED + timedelta(days=1)) == "overdue since 2026-03-16 22:00"
