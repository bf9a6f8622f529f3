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
