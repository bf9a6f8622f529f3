"""Raters are assigned per participant; a rating by another is a fact and a deviation, never refused."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from assessments import queries, services
from assessments.models import Assessment, RaterAssignment
from assessments.raters.queries import holding_at, informed
from assessments.raters.services import (
    ActedAtBedside,
    AssignmentRefused,
    assign_rater,
    end_assignment,
)
from infusion.models import RateChange
from tests.assessments.ratings import rate, scores_of
from tests.infusion import ward as wards
from tests.trial.participants import people
from tests.trial.signatures.clinic import sign
from trial.audit.models import AuditEntry
from trial.monitoring.services import review_trail
from trial.monitoring.trail import period_of
from trial.participants.models import Participant
from trial.records import events
from trial.safety.models import Deviation
from trial.signatures.models import Signature
from trial.signatures.services import Confirmation
from trial.users.models import Site, User

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def pi(site: Site) -> User:
    return people.make_user("paula", site, "pi")


@pytest.fixture
def other(site: Site) -> User:
    """Another psychiatrist of the site."""
    return people.make_user("petra", site, "psychiatrist")


def found() -> list[Deviation]:
    """The deviations about ratings."""
    return list(Deviation.objects.filter(source_table="assessments.assessment"))


def now_rated(by: User, participant: Participant) -> Assessment:
    """A MADRS of this moment."""
    return rate(by, participant, scores_of("madrs", 1), at=timezone.now())


def test_while_nobody_is_assigned_anyone_whose_role_allows_it_rates(rater: User, participant: Participant) -> None:
    now_rated(rater, participant)
    assert found() == []


def test_the_assigned_rater_rates_without_a_deviation(pi: User, rater: User, participant: Participant) -> None:
    assign_rater(pi, participant, user=rater, starts_on=participant.site.today)
    now_rated(rater, participant)
    assert found() == []


def test_a_rating_by_somebody_else_is_recorded_and_noted(
    pi: User, rater: User, other: User, participant: Participant
) -> None:
    assign_rater(pi, participant, user=other, starts_on=participant.site.today)
    row = now_rated(rater, participant)
    assert Assessment.objects.get() == row
    (deviation,) = found()
    assert (deviation.is_automatic, deviation.source_id) == (True, row.pk)
    assert "Paul, who is not an assigned rater" in deviation.summary


def test_the_note_is_taken_back_when_the_rater_is_corrected(
    pi: User, rater: User, other: User, participant: Participant
) -> None:
    assign_rater(pi, participant, user=other, starts_on=participant.site.today)
    row = now_rated(rater, participant)
    values = {"scores": row.scores, "mode": row.mode, "occurred_at": row.occurred_at}
    services.correct_assessment(rater, row, version=row.version, reason="Petra rated", rater=other, **values)
    assert [(one.is_void, one.closed_at is not None) for one in found()] == [(True, True)]


def test_an_assignment_binds_from_its_first_day_until_its_end(
    pi: User, rater: User, other: User, participant: Participant
) -> None:
    row = assign_rater(pi, participant, user=other, starts_on=participant.site.today)
    before = timezone.now()
    end_assignment(pi, row, reason="on leave")
    assert holding_at(participant, before).exists()
    assert not holding_at(participant, timezone.now()).exists()
    assert not holding_at(participant, before - DAY).exists()
    now_rated(rater, participant)
    assert found() == []


def test_saving_costs_no_query_more_than_without_assignments(pi: User, rater: User, participant: Participant) -> None:
    """The reading of assignments rides on the query that asks whether the visit is complete."""
    row = now_rated(rater, participant)
    with CaptureQueriesContext(connection) as asked:
        assert queries.after_rating(row) == (False, False, False)
    assert len(asked) == 1


def test_only_the_pi_and_a_coordinator_assign(rater: User, other: User, participant: Participant) -> None:
    with pytest.raises(AssignmentRefused, match="PI or a coordinator"):
        assign_rater(rater, participant, user=other, starts_on=participant.site.today)


def test_only_who_may_rate_at_the_site_is_assigned(pi: User, site: Site, participant: Participant) -> None:
    for stranger in (people.make_user("mona", site, "monitor"), people.make_user("xeno", people.make_site("X"), "pi")):
        with pytest.raises(AssignmentRefused, match="may not rate at K"):
            assign_rater(pi, participant, user=stranger, starts_on=site.today)
    assert not RaterAssignment.objects.exists()


def test_days_that_cannot_be_and_a_second_assignment_are_refused(
    pi: User, rater: User, participant: Participant
) -> None:
    today = participant.site.today
    with pytest.raises(AssignmentRefused, match="at the earliest"):
        assign_rater(pi, participant, user=rater, starts_on=today - DAY)
    with pytest.raises(AssignmentRefused, match="last day lies before"):
        assign_rater(pi, participant, user=rater, starts_on=today + DAY, ends_on=today)
    assign_rater(pi, participant, user=rater, starts_on=today)
    with pytest.raises(AssignmentRefused, match="assigned in these days already"):
        assign_rater(pi, participant, user=rater, starts_on=today + DAY)


def test_an_assignment_ends_once_and_with_a_reason(pi: User, rater: User, participant: Participant) -> None:
    row = assign_rater(pi, participant, user=rater, starts_on=participant.site.today)
    with pytest.raises(AssignmentRefused, match="Say why"):
        end_assignment(pi, row, reason=" ")
    end_assignment(pi, row, reason="on leave")
    with pytest.raises(AssignmentRefused, match="ended already"):
        end_assignment(pi, row, reason="twice")
    entry = AuditEntry.objects.filter(table_name="assessments_raterassignment").latest("id")
    assert (entry.actor, entry.reason) == ("paula", "on leave")


def test_who_acted_at_the_bedside_is_assigned_with_a_reason_only() -> None:
    ward = wards.make_ward()
    pi = people.make_user("paula", ward.site, "pi")
    assert events.ask("infusion.staff", participant=ward.participant) == frozenset()
    wards.start(ward)
    assert events.ask("infusion.staff", participant=ward.participant) == {ward.nurse.pk}
    today = ward.site.today
    with pytest.raises(ActedAtBedside, match="knows the treatment"):
        assign_rater(pi, ward.participant, user=ward.nurse, starts_on=today)
    row = assign_rater(pi, ward.participant, user=ward.nurse, starts_on=today, despite="nobody else is trained")
    assert row.despite == "nobody else is trained"
    clean = assign_rater(pi, ward.participant, user=ward.psychiatrist, starts_on=today, despite="not asked for")
    assert clean.despite == ""


def test_who_signed_records_of_the_treatment_knows_it_and_who_signed_others_does_not() -> None:
    ward = wards.make_ward()
    pi, colleague = (people.make_user(name, ward.site, "pi") for name in ("paula", "pim"))
    sign(colleague, ward.participant)
    wards.start(ward)
    assert colleague.pk not in informed(ward.participant)
    sign(colleague, ward.participant)
    assert informed(ward.participant)[colleague.pk] == "has signed records of the treatment"
    with pytest.raises(ActedAtBedside, match="Pim has signed records of the treatment"):
        assign_rater(pi, ward.participant, user=colleague, starts_on=ward.site.today)
    sign(ward.psychiatrist, RateChange.objects.get(participant=ward.participant))
    assert ward.psychiatrist.pk in informed(ward.participant)


def test_a_signed_review_of_the_trail_is_about_no_participant_and_stands_in_nobodys_way() -> None:
    ward = wards.make_ward()
    monitor = people.make_user("mona", ward.site, "monitor")
    period = period_of(ward.site)
    assert period is not None
    given: dict[str, Any] = {"to_entry": period.to_entry, "findings": "nothing", "has_findings": False}
    review = review_trail(monitor, ward.site, confirmation=Confirmation(monitor.pk, uuid4(), ""), **given)
    assert Signature.objects.filter(subject_id=str(review.pk)).exists()
    assert informed(ward.participant) == {}
