"""Marks of source-data verification: by monitors, of what they saw, stale by what changed since."""

from __future__ import annotations

from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infusion.models import Vitals
from tests.trial.monitoring import scenes
from tests.trial.participants import people
from trial.audit.models import AuditEntry
from trial.monitoring.models import VerificationMark
from trial.monitoring.rules import compared, per_cent
from trial.monitoring.services import verify
from trial.monitoring.services.queries import NotYours
from trial.monitoring.services.verification import Tick
from trial.monitoring.verification import Verification, changed_since, groups_of, records_of
from trial.participants.models import Participant
from trial.records.services import RecordError, StaleRecord
from trial.users.models import Site, User


def standing(participant: Participant, row: Any) -> Verification:
    """How a record stands now."""
    return next(one for one in records_of(participant) if one.row.pk == row.pk)


def test_a_record_verified_as_it_is_stays_verified(vitals: Vitals, consented: Participant, monitor: User) -> None:
    assert standing(consented, vitals).state == "never"
    (mark,) = verify(monitor, consented, [Tick(vitals, 1)])
    found = standing(consented, vitals)
    assert (found.state, found.last, mark.subject_version, mark.entered_by) == ("verified", mark, 1, monitor)


def test_a_change_makes_the_mark_stale_and_names_the_field(
    vitals: Vitals, consented: Participant, monitor: User, coordinator: User
) -> None:
    verify(monitor, consented, [Tick(vitals, 1)])
    scenes.correct(coordinator, vitals, systolic=128)
    found = standing(consented, vitals)
    assert (found.state, found.changed) == ("changed", ("Systolic (mmHg)",))
    assert [one.row.pk for one in changed_since([vitals.site_id])] == [vitals.pk]


def test_verifying_the_new_value_puts_the_record_right(
    vitals: Vitals, consented: Participant, monitor: User, coordinator: User
) -> None:
    verify(monitor, consented, [Tick(vitals, 1)])
    changed = scenes.correct(coordinator, vitals, systolic=128)
    verify(monitor, consented, [Tick(changed, 2, "systolic")])
    assert standing(consented, vitals).state == "verified"
    assert changed_since([vitals.site_id]) == []


def test_one_field_verified_is_a_record_partly_verified(
    consented: Participant, monitor: User, coordinator: User
) -> None:
    rating = scenes.rate(coordinator, consented)
    for field in ("occurred_at", "scores", "total"):
        assert not standing(consented, rating).is_critical_verified
        verify(monitor, consented, [Tick(rating, 1, field)])
    found = standing(consented, rating)
    assert (found.state, found.is_critical, found.is_critical_verified) == ("partly", True, True)


def test_a_change_of_another_field_leaves_the_verified_one(
    vitals: Vitals, consented: Participant, monitor: User, coordinator: User
) -> None:
    verify(monitor, consented, [Tick(vitals, 1, "heart_rate")])
    scenes.correct(coordinator, vitals, systolic=128)
    assert standing(consented, vitals).state == "partly"
    assert changed_since([vitals.site_id]) == []


@pytest.mark.parametrize("role", ["coordinator", "data_manager", "pi", "psychiatrist", "nurse", "administrator"])
def test_only_a_monitor_verifies(vitals: Vitals, consented: Participant, site: Site, role: str) -> None:
    with pytest.raises(NotYours):
        verify(people.make_user("rosa", site, role), consented, [Tick(vitals, 1)])


def test_what_changed_while_the_page_was_open_is_not_verified_and_nothing_else_of_the_page(
    vitals: Vitals, consented: Participant, monitor: User, coordinator: User
) -> None:
    other = scenes.take(coordinator, consented)
    changed = scenes.correct(coordinator, vitals, systolic=128)
    with pytest.raises(StaleRecord):
        verify(monitor, consented, [Tick(other, 1), Tick(changed, 1)])
    assert not VerificationMark.objects.exists()


def test_the_same_page_sent_twice_marks_once(vitals: Vitals, consented: Participant, monitor: User) -> None:
    key = uuid4()
    for _ in range(2):
        verify(monitor, consented, [Tick(vitals, 1), Tick(vitals, 1, "systolic")], key=key)
    assert VerificationMark.objects.count() == 2


def test_a_field_of_the_software_and_another_participants_record_are_refused(
    vitals: Vitals, consented: Participant, monitor: User, coordinator: User, site: Site
) -> None:
    with pytest.raises(RecordError, match="no field"):
        verify(monitor, consented, [Tick(vitals, 1, "content_hash")])
    another = people.consent(coordinator, people.enrol(coordinator, site))
    with pytest.raises(RecordError, match="another participant"):
        verify(monitor, another, [Tick(vitals, 1)])


def test_a_mark_changes_nothing_but_itself_and_stands_in_the_trail(
    vitals: Vitals, consented: Participant, monitor: User
) -> None:
    verify(monitor, consented, [Tick(vitals, 1)])
    assert AuditEntry.objects.filter(table_name="infusion_vitals").count() == 1
    entry = AuditEntry.objects.get(table_name="monitoring_verificationmark")
    assert (entry.actor, entry.reason) == ("mona", "verified against the source")


def test_the_share_is_counted_by_visit_and_over_all(
    vitals: Vitals, consented: Participant, monitor: User, coordinator: User
) -> None:
    rating = scenes.rate(coordinator, consented)
    verify(monitor, consented, [Tick(rating, 1)])
    by_code = {group.code: group for group in groups_of(consented)}
    assert (by_code["screening"].per_cent, by_code["screening"].verified) == (100, 1)
    assert (by_code["other-infusion"].per_cent, by_code["other-infusion"].never) == (0, 1)
    assert by_code["screening"].critical == (1, 1)


def test_a_page_costs_the_same_for_many_records(
    consented: Participant, coordinator: User, monitor: User, django_assert_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    counts = []
    for more in (20, 180):
        rows = [scenes.take(coordinator, consented) for _ in range(more)]
        verify(monitor, consented, [Tick(row, 1) for row in rows[:3]])
        with CaptureQueriesContext(connection) as asked:
            for group in groups_of(consented):
                assert all(one.name and one.fields for one in group.records)
        counts.append(len(asked))
    assert counts[0] == counts[1]


values = st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["1", "2"]))


@given(now=values, then=values)
def test_a_record_is_verified_only_if_every_field_reads_as_it_did(now: dict[str, str], then: dict[str, str]) -> None:
    state, changed = compared(now, then)
    assert (state == "changed") == bool(changed) == any(now.get(name) != one for name, one in then.items())
    if state == "verified":
        assert then == {**now, **then}
        assert now.keys() <= then.keys()


@pytest.mark.parametrize(("part", "whole", "share"), [(0, 0, 0), (1, 3, 33), (199, 200, 99), (200, 200, 100)])
def test_only_all_is_a_hundred_per_cent(part: int, whole: int, share: int) -> None:
    assert per_cent(part, whole) == share
