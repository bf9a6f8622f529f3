"""A record is entered once per key and amended only from the version that was opened, with a reason."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from tests.trial.records import clinic
from trial import protocol
from trial.audit.context import AttributionError, audited
from trial.audit.models import AuditEntry
from trial.participants.models import Consent, Demographics, Participant
from trial.permissions import Role
from trial.records.models import ProtocolVersion
from trial.records.services import (
    AlreadyRecorded,
    KeyReused,
    ReasonRequired,
    RecordError,
    StaleRecord,
    amend,
    bind_protocol,
    content_hash,
    enter,
)
from trial.users.models import Site, User

rolled_back = pytest.mark.django_db


@dataclass(frozen=True)
class Clinic:
    """Who is there."""

    site: Site
    nora: User
    noel: User
    participant: Participant


@pytest.fixture
def ward(db: None) -> Clinic:
    """A site with two coordinators and a participant."""
    return make_ward()


def make_ward() -> Clinic:
    site = clinic.make_site()
    nora = clinic.make_person(site, Role.COORDINATOR, username="nora")
    noel = clinic.make_person(site, Role.COORDINATOR, username="noel")
    return Clinic(site, nora, noel, clinic.make_participant(nora, site))


def entries_of(row: Consent) -> list[AuditEntry]:
    found = AuditEntry.objects.filter(table_name="participants_consent").order_by("id")
    return [entry for entry in found if entry.row_id.replace("-", "") == row.pk.hex]


def test_a_record_keeps_who_when_how_and_under_which_protocol(ward: Clinic) -> None:
    before = timezone.now()
    row = clinic.sign(ward.nora, ward.participant)
    row.refresh_from_db()
    assert (row.entered_by, row.site, row.participant) == (ward.nora, ward.site, ward.participant)
    assert before <= row.entered_at <= timezone.now()
    assert row.occurred_at == clinic.SIGNED
    assert (row.version, row.origin, row.route) == (1, "form", "participants.consent")
    assert row.protocol_version == ward.participant.protocol_version == protocol.FIRST


def test_a_record_without_a_moment_is_about_now(ward: Clinic) -> None:
    before = timezone.now()
    assert before <= clinic.sign(ward.nora, ward.participant, occurred_at=None).occurred_at <= timezone.now()


def test_entering_leaves_one_audit_entry_with_actor_and_reason(ward: Clinic) -> None:
    row = clinic.sign(ward.nora, ward.participant, reason="signed on paper")
    (entry,) = entries_of(row)
    assert (entry.op, entry.actor, entry.reason) == ("I", "nora", "signed on paper")
    assert entry.old is None
    assert entry.new is not None
    assert json.loads(entry.new)["form_version"] == "1.0"


def test_the_same_form_sent_twice_makes_one_record(ward: Clinic) -> None:
    key = uuid4()
    first = clinic.sign(ward.nora, ward.participant, key=key)
    again = clinic.sign(ward.nora, ward.participant, key=key)
    assert again.pk == first.pk
    assert (first.is_repeat, again.is_repeat) == (False, True)
    assert Consent.objects.count() == 1
    assert len(entries_of(first)) == 1


def test_the_same_key_with_other_content_is_refused_and_changes_nothing(ward: Clinic) -> None:
    key = uuid4()
    first = clinic.sign(ward.nora, ward.participant, key=key)
    with pytest.raises(KeyReused, match="correct it there"):
        clinic.sign(ward.nora, ward.participant, key=key, form_version="2.0")
    first.refresh_from_db()
    assert first.form_version == "1.0"
    assert Consent.objects.count() == 1


def test_the_same_key_of_another_person_is_another_form(ward: Clinic) -> None:
    key = uuid4()
    clinic.sign(ward.nora, ward.participant, key=key)
    clinic.sign(ward.noel, ward.participant, key=key)
    assert Consent.objects.count() == 2


def test_a_repeat_after_a_correction_still_returns_the_record(ward: Clinic) -> None:
    key = uuid4()
    first = clinic.sign(ward.nora, ward.participant, key=key)
    amend(first, ward.noel, version=1, reason="misread", form_version="1.1")
    again = clinic.sign(ward.nora, ward.participant, key=key)
    assert (again.pk, again.form_version) == (first.pk, "1.1")


def test_without_a_key_each_call_is_a_record_of_its_own(ward: Clinic) -> None:
    assert clinic.sign(ward.nora, ward.participant).key != clinic.sign(ward.nora, ward.participant).key


def test_bad_values_are_refused_by_field_and_leave_nothing(ward: Clinic) -> None:
    with pytest.raises(ValidationError) as refused:
        clinic.sign(ward.nora, ward.participant, form_version="x" * 41)
    assert set(refused.value.message_dict) == {"form_version"}
    assert not Consent.objects.exists()


@pytest.mark.parametrize(
    "moment",
    [
        # Earlier than year 1 in UTC: PostgreSQL keeps it, and no page of the participant can read it back.
        datetime(1, 1, 1, tzinfo=timezone.get_fixed_timezone(14 * 60)),
        datetime(202, 3, 2, 15, 30, tzinfo=UTC),
        datetime(9999, 12, 31, 23, 59, tzinfo=timezone.get_fixed_timezone(-12 * 60)),
    ],
)
def test_a_year_that_cannot_be_is_refused(ward: Clinic, moment: datetime) -> None:
    with pytest.raises(ValidationError, match="cannot be"):
        clinic.sign(ward.nora, ward.participant, occurred_at=moment)
    row = clinic.sign(ward.nora, ward.participant)
    with pytest.raises(ValidationError, match="cannot be"):
        amend(row, ward.nora, version=1, reason="typed anew", occurred_at=moment)


@pytest.mark.parametrize("keyed", [True, False])
def test_what_is_recorded_once_is_refused_in_words_the_second_time(ward: Clinic, keyed: bool) -> None:
    def ask(actor: User, age: int) -> Demographics:
        values: dict[str, Any] = {"age_years": age, "sex": "female", "race": "asian", "ethnicity": "unknown"}
        key = uuid4() if keyed else None
        return enter(Demographics, actor, participant=ward.participant, occurred_at=clinic.SIGNED, key=key, **values)

    ask(ward.nora, 40)
    with pytest.raises(AlreadyRecorded, match="Somebody else has just saved this demographics"), transaction.atomic():
        ask(ward.noel, 41)
    assert Demographics.objects.get().age_years == 40


def test_a_blank_reason_is_refused_before_anything_is_written(ward: Clinic) -> None:
    with pytest.raises(AttributionError):
        clinic.sign(ward.nora, ward.participant, reason="  ")
    assert not Consent.objects.exists()


def test_entering_is_cheap(ward: Clinic, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_max_num_queries(12):
        clinic.sign(ward.nora, ward.participant, key=uuid4())


def test_a_correction_keeps_the_old_value_the_new_one_and_why(ward: Clinic) -> None:
    row = clinic.sign(ward.nora, ward.participant)
    amended = amend(row, ward.noel, version=1, reason="wrong form", form_version="1.1")
    assert (amended.version, amended.form_version, amended.entered_by) == (2, "1.1", ward.nora)
    entry = entries_of(row)[-1]
    assert entry.old is not None
    assert entry.new is not None
    assert (entry.op, entry.actor, entry.reason) == ("U", "noel", "wrong form")
    assert (json.loads(entry.old)["form_version"], json.loads(entry.new)["form_version"]) == ("1.0", "1.1")


def test_a_correction_of_a_version_that_is_gone_is_refused_and_changes_nothing(ward: Clinic) -> None:
    row = clinic.sign(ward.nora, ward.participant)
    amend(row, ward.noel, version=1, reason="wrong form", form_version="1.1")
    with pytest.raises(StaleRecord, match="somebody else"):
        amend(row, ward.nora, version=1, reason="wrong form", form_version="1.2")
    row.refresh_from_db()
    assert (row.version, row.form_version) == (2, "1.1")
    assert len(entries_of(row)) == 2


@pytest.mark.parametrize("reason", ["", "   ", "\n"])
def test_a_correction_without_a_reason_is_refused(ward: Clinic, reason: str) -> None:
    row = clinic.sign(ward.nora, ward.participant)
    with pytest.raises(ReasonRequired):
        amend(row, ward.nora, version=1, reason=reason, form_version="1.1")
    row.refresh_from_db()
    assert row.version == 1


def test_a_correction_is_checked_as_an_entry_is(ward: Clinic) -> None:
    row = clinic.sign(ward.nora, ward.participant)
    with pytest.raises(ValidationError):
        amend(row, ward.nora, version=1, reason="wrong form", form_version="x" * 41)
    row.refresh_from_db()
    assert row.form_version == "1.0"


def test_every_refusal_is_a_record_error_with_words_for_the_page() -> None:
    assert all(issubclass(kind, RecordError) for kind in (AlreadyRecorded, KeyReused, StaleRecord, ReasonRequired))


def test_the_content_hash_ignores_order_and_sees_every_value(ward: Clinic) -> None:
    values = {"a": 1, "at": clinic.SIGNED, "who": ward.nora}
    assert content_hash(values) == content_hash(dict(reversed(values.items())))
    for name, other in (("a", 2), ("at", clinic.SIGNED + timedelta(microseconds=1000)), ("who", ward.noel)):
        assert content_hash({**values, name: other}) != content_hash(values)


@rolled_back
def test_a_protocol_version_is_bound_to_the_hash_of_its_first_use() -> None:
    with audited("system:tests", "first use"):
        row = bind_protocol(protocol.FIRST)
        assert bind_protocol(protocol.FIRST) == row
    assert ProtocolVersion.objects.get().sha256 == protocol.sha256(protocol.FIRST)


def test_a_late_entry_keeps_both_times(ward: Clinic) -> None:
    long_ago = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    row = enter(Consent, ward.nora, participant=ward.participant, occurred_at=long_ago, form_version="1.0")
    assert row.occurred_at == long_ago
    assert row.entered_at - long_ago > timedelta(days=1)


@pytest.mark.usefixtures("cloned_orm")
class TestRace:
    """Committed writes from many threads on a database of its own."""

    def race(self, contenders: int, work: object) -> list[object]:
        """What *work*(i) returned or raised in threads that start together."""
        barrier, outcomes = threading.Barrier(contenders), list[object]()

        def contend(number: int) -> None:
            barrier.wait()
            try:
                outcomes.append(work(number))  # type: ignore[operator]
            except Exception as refused:
                outcomes.append(refused)
            finally:
                connection.close()

        threads = [threading.Thread(target=contend, args=(number,)) for number in range(contenders)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return outcomes

    def test_twenty_taps_with_one_key_make_one_record_and_equal_answers(self) -> None:
        ward, key = make_ward(), uuid4()
        outcomes = self.race(20, lambda _: clinic.sign(ward.nora, ward.participant, key=key).pk)
        assert outcomes == [Consent.objects.get().pk] * 20
        assert len(entries_of(Consent.objects.get())) == 1

    def test_of_two_corrections_of_one_version_one_is_kept_and_one_is_told(self) -> None:
        ward = make_ward()
        row = clinic.sign(ward.nora, ward.participant)
        for version in range(1, 11):
            people = (ward.nora, ward.noel)
            outcomes = self.race(
                2,
                lambda i, v=version, who=people: amend(row, who[i], version=v, reason="x", form_version=f"{v}{i}"),
            )
            refused = [outcome for outcome in outcomes if isinstance(outcome, StaleRecord)]
            kept = [outcome for outcome in outcomes if isinstance(outcome, Consent)]
            row.refresh_from_db()
            assert (len(refused), len(kept), row.version) == (1, 1, version + 1)
            assert row.form_version == kept[0].form_version

    def test_the_same_race_loses_data_without_the_check_of_the_version(self) -> None:
        ward = make_ward()
        row = clinic.sign(ward.nora, ward.participant)
        opened = threading.Barrier(2)

        def careless(number: int) -> None:
            with audited(ward.nora, "x"):
                pass
            mine = Consent.objects.get(pk=row.pk)
            opened.wait()
            with audited(ward.nora, "x"):
                mine.version += 1
                mine.form_version = str(number)
                mine.save()

        self.race(2, careless)
        row.refresh_from_db()
        assert row.version == 2
        assert len(entries_of(row)) == 3
