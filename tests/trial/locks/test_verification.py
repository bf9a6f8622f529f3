"""A lock state that was changed around its changes is found; readers of another site's trail see no lock of it."""

from __future__ import annotations

import pytest
from django.db import connection

from tests.trial.audit.outsiders import damage
from tests.trial.locks import ward as wards
from tests.trial.locks.ward import KINDS, Ward
from tests.trial.participants import people
from tests.trial.participants.people import confirmed
from trial.audit.models import AuditEntry
from trial.audit.queries import history, trail, visible_entries
from trial.audit.verification import verify
from trial.locks import services
from trial.locks.models import LockChange, UnlockDecision, UnlockRequest
from trial.locks.verification import check_states
from trial.locks.wording import said_of

TABLES = {"visit": "locks_visitlock", "participant": "locks_participantlock", "trial": "locks_triallock"}


def asked_and_opened(ward: Ward, kind: str) -> list[LockChange | UnlockRequest | UnlockDecision]:
    """Something locked, asked for and opened: the rows of all four steps."""
    change = wards.lock(ward, kind)
    request = services.request_unlock(
        ward.carla, change.state, reason="a page was found", confirmation=confirmed(ward.carla), site=ward.site
    )
    opened = services.allow_unlock(ward.dora, request, confirmation=confirmed(ward.dora), site=ward.site)
    return [change, request, request.decision, opened]


@pytest.mark.parametrize("kind", KINDS)
def test_states_that_say_what_the_last_change_says_are_whole(ward: Ward, kind: str) -> None:
    assert list(check_states("default")) == []
    wards.lock(ward, kind)
    assert list(check_states("default")) == []


def test_a_lock_that_was_opened_by_two_people_is_whole_again(ward: Ward) -> None:
    asked_and_opened(ward, "visit")
    assert list(check_states("default")) == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_state_changed_around_its_changes_is_named(cloned_orm: str, kind: str) -> None:
    ward = wards.make_ward()
    change = wards.lock(ward, kind)
    opened = "0" if connection.vendor == "sqlite" else "false"
    damage(cloned_orm, TABLES[kind], f"UPDATE {TABLES[kind]} SET is_locked = {opened}")
    report = verify()
    entry = AuditEntry.objects.get(table_name="locks_lockchange", row_id=str(change.pk))
    assert [(one.entry_id, one.table) for one in report.findings] == [(entry.id, TABLES[kind])]
    assert report.findings[0].problem == "the state is open, but by the changes of the lock it is locked"


def test_a_lock_that_nobody_made_is_named_and_no_page_calls_it_open(cloned_orm: str) -> None:
    ward = wards.make_ward()
    locked = "1" if connection.vendor == "sqlite" else "true"
    damage(cloned_orm, TABLES["visit"], f"UPDATE {TABLES['visit']} SET is_locked = {locked}")
    found = list(check_states("default"))
    assert {(one.entry_id, one.table) for one in found} == {(None, TABLES["visit"])}
    assert {one.problem for one in found} == {"the state is locked, but by the changes of the lock it is open"}
    said = said_of(wards.state_of(ward, "visit"))
    assert "is locked although nobody locked it" in said
    assert "verify_audit" in said


def test_a_state_that_hides_its_last_change_behind_an_earlier_one_is_named(cloned_orm: str) -> None:
    """Both say locked; the earlier one has another reason, by another person."""
    ward = wards.make_ward()
    first, *_ = asked_and_opened(ward, "visit")
    last = wards.lock(ward, "visit")
    assert list(check_states("default")) == []
    damage(cloned_orm, TABLES["visit"], f"UPDATE {TABLES['visit']} SET change_id = {first.pk} WHERE is_locked")
    (found,) = check_states("default")
    entry = AuditEntry.objects.get(table_name="locks_lockchange", row_id=str(last.pk))
    assert (found.entry_id, found.problem) == (entry.id, "the state names another change than the last one")


@pytest.mark.django_db
@pytest.mark.parametrize("kind", ["visit", "participant"])
def test_a_reader_of_another_site_sees_nothing_of_a_lock(ward: Ward, kind: str) -> None:
    rows = asked_and_opened(ward, kind)
    elsewhere = people.make_site("L")
    for row in rows:
        assert history(row._meta.label, row.pk, [ward.site.pk]), "the control: the own site's reader sees it"
        assert history(row._meta.label, row.pk, [elsewhere.pk]) == []
    tables = {row._meta.db_table for row in rows}
    assert {entry.table_name for entry in visible_entries([ward.site.pk])} >= tables
    assert not {entry.table_name for entry in visible_entries([elsewhere.pk])} & tables
    said = {line.reason for line in trail([elsewhere.pk], size=1_000)}
    assert not said & {"data reviewed", "a page was found"}


@pytest.mark.django_db
def test_a_freeze_of_the_whole_trial_is_in_every_sites_trail(ward: Ward) -> None:
    elsewhere = people.make_site("L")
    change = wards.lock(ward, "trial")
    assert history("locks.LockChange", change.pk, [elsewhere.pk])
