"""Contact details are kept, found, corrected, erased and opened, and the audit trail never holds them."""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from django.conf import LazySettings
from django.core.management import CommandError, call_command
from django.db import connection

from tests.trial.records import clinic
from trial.audit.models import AuditEntry
from trial.audit.verification import verify
from trial.contacts import queries, services
from trial.contacts.details import Details
from trial.contacts.envelope import KeyMissing
from trial.contacts.models import BreakGlass, Contact, ContactIndex
from trial.participants.models import Participant
from trial.permissions import Role
from trial.records.services import AlreadyRecorded, KeyReused, ReasonRequired, RecordError, StaleRecord
from trial.users.models import Site, User

pytestmark = pytest.mark.django_db
ANA = Details(full_name="Ana Núñez", phone="+1 314 555 0100", emergency_name="Bo", emergency_phone="314 555 0111")
NOW = datetime(2026, 3, 10, 22, 0, tzinfo=UTC)


@pytest.fixture
def site() -> Site:
    return clinic.make_site()


@pytest.fixture
def coordinator(site: Site) -> User:
    return clinic.make_person(site, Role.COORDINATOR)


@pytest.fixture
def nurse(site: Site) -> User:
    return clinic.make_person(site, Role.NURSE)


@pytest.fixture
def participant(coordinator: User, site: Site) -> Participant:
    return clinic.make_participant(coordinator, site)


def everything_stored() -> str:
    """Every column of the audit trail and of this app's tables, in words and in bytes."""
    rows = []
    with connection.cursor() as cursor:
        for table in ("audit_entry", "contacts_contact", "contacts_contactindex", "contacts_breakglass"):
            cursor.execute(f"SELECT * FROM {table}")
            rows += [readable(value) for row in cursor for value in row]
    return " ".join(rows)


def readable(value: object) -> str:
    """A column's value, bytes as signs."""
    return bytes(value).decode("latin-1") if isinstance(value, bytes | memoryview) else str(value)


def test_what_is_recorded_reads_back_and_stands_nowhere_in_clear(coordinator: User, participant: Participant) -> None:
    contact = services.record_contact(coordinator, participant, ANA)
    assert queries.details_of(Contact.objects.get()) == ANA
    stored = everything_stored()
    assert contact.details_digest in stored
    for secret in ("Ana", "Núñez", "nunez", "145550100", "314 555", "555 0111"):
        assert secret not in stored


def test_the_search_for_plain_text_would_find_it(coordinator: User, participant: Participant) -> None:
    """The control of the test above: a name typed where none belongs is found."""
    services.break_glass(coordinator, participant, reason="call Ana at 314 555 0100")
    assert "314 555 0100" in everything_stored()


def test_the_trail_says_that_the_details_changed_and_not_what_they_are(
    coordinator: User, participant: Participant
) -> None:
    contact = services.record_contact(coordinator, participant, ANA)
    changed = Details(full_name="Ana Núñez", phone="+1 314 555 0122")
    services.correct_contact(coordinator, contact, changed, version=1, reason="new telephone")
    entry = AuditEntry.objects.get(table_name="contacts_contact", op="U")
    old, new = json.loads(entry.old or ""), json.loads(entry.new or "")
    assert {name for name in new if old[name] != new[name]} == {"details_digest", "version"}
    assert {"sealed", "wrapped_key"}.isdisjoint(new)
    assert verify().ok


def test_a_participant_is_found_by_name_and_number_at_ones_sites_only(
    coordinator: User, participant: Participant, site: Site
) -> None:
    services.record_contact(coordinator, participant, ANA)
    here, elsewhere = frozenset({site.pk}), frozenset({clinic.make_site("L").pk})
    for asked in ("314-555-0100", "ana nunez", "NÚÑEZ"):
        assert queries.find(here, asked) == [participant]
        assert queries.find(elsewhere, asked) == []
    for asked in ("", "314 555 0111", "Bo", "Anabel", "Ana Lopez"):
        assert queries.find(here, asked) == []


def test_a_correction_is_found_by_the_new_number_only(coordinator: User, participant: Participant, site: Site) -> None:
    contact = services.record_contact(coordinator, participant, ANA)
    services.correct_contact(coordinator, contact, Details(phone="314 555 0177"), version=1, reason="new telephone")
    here = frozenset({site.pk})
    assert queries.find(here, "314 555 0177") == [participant]
    assert queries.find(here, "314 555 0100") == queries.find(here, "Ana") == []


def test_the_same_form_twice_is_one_row_and_another_content_under_its_key_is_refused(
    coordinator: User, participant: Participant
) -> None:
    key = uuid.uuid4()
    first = services.record_contact(coordinator, participant, ANA, key=key)
    again = services.record_contact(coordinator, participant, ANA, key=key)
    assert (again, again.is_repeat) == (first, True)
    with pytest.raises(KeyReused):
        services.record_contact(coordinator, participant, Details(full_name="Bo"), key=key)
    with pytest.raises(AlreadyRecorded):
        services.record_contact(coordinator, participant, ANA, key=uuid.uuid4())
    assert Contact.objects.count() == 1


def test_empty_details_a_stale_page_and_no_reason_change_nothing(coordinator: User, participant: Participant) -> None:
    with pytest.raises(RecordError, match="at least a name or a number"):
        services.record_contact(coordinator, participant, Details())
    contact = services.record_contact(coordinator, participant, ANA)
    with pytest.raises(StaleRecord):
        services.correct_contact(coordinator, contact, Details(phone="1"), version=7, reason="x")
    with pytest.raises(ReasonRequired):
        services.correct_contact(coordinator, contact, Details(phone="1"), version=1, reason=" ")
    assert queries.details_of(Contact.objects.get()) == ANA


def test_erasure_destroys_the_key_and_what_finds_the_participant(
    coordinator: User, participant: Participant, site: Site
) -> None:
    contact = services.record_contact(coordinator, participant, ANA)
    services.erase_contact(coordinator, contact, version=1, reason="asked for by the participant")
    kept = Contact.objects.get()
    assert (kept.wrapped_key, kept.sealed, kept.details_digest) == (None, None, "")
    assert kept.erased_at is not None
    assert queries.details_of(kept) == Details()
    assert queries.find(frozenset({site.pk}), "Ana") == []
    assert not ContactIndex.objects.exists()
    with pytest.raises(RecordError, match="erased for good"):
        services.correct_contact(coordinator, kept, ANA, version=2, reason="back again")
    assert services.erase_contact(coordinator, kept, version=2, reason="again").erased_at == kept.erased_at
    assert verify().ok


def test_a_wrapped_key_moved_to_another_participant_opens_nothing(
    coordinator: User, participant: Participant, site: Site
) -> None:
    mine = services.record_contact(coordinator, participant, ANA)
    other = services.record_contact(coordinator, clinic.make_participant(coordinator, site), Details(full_name="Bo"))
    other.wrapped_key, other.sealed = mine.wrapped_key, mine.sealed
    with pytest.raises(KeyMissing):
        queries.details_of(other)


def test_a_new_key_takes_over_and_the_old_one_may_go(
    coordinator: User, participant: Participant, site: Site, settings: LazySettings
) -> None:
    services.record_contact(coordinator, participant, ANA)
    old, new = settings.CONTACT_KEYS[0], b"\x07" * 32
    settings.CONTACT_KEYS = [new, old]
    call_command("rewrap_contacts", verbosity=0)
    settings.CONTACT_KEYS = [new]
    assert queries.details_of(Contact.objects.get()) == ANA
    assert queries.find(frozenset({site.pk}), "Ana") == [participant]
    assert verify().ok
    settings.CONTACT_KEYS = [b"\x08" * 32]
    with pytest.raises(CommandError, match="Put the right key back"):
        call_command("rewrap_contacts", verbosity=0)


def test_the_glass_is_broken_for_an_hour_for_one_person_and_one_participant(
    nurse: User, coordinator: User, participant: Participant, site: Site
) -> None:
    services.break_glass(nurse, participant, reason="participant does not wake up", at=NOW)
    assert queries.open_access(nurse, participant, NOW) is not None
    assert queries.open_access(nurse, participant, NOW + timedelta(minutes=59, seconds=59)) is not None
    assert queries.open_access(nurse, participant, NOW + timedelta(minutes=60)) is None
    assert queries.open_access(nurse, participant, NOW - timedelta(seconds=1)) is None
    assert queries.open_access(coordinator, participant, NOW) is None
    assert queries.open_access(nurse, clinic.make_participant(coordinator, site), NOW) is None


@pytest.mark.parametrize("reason", ["", "   ", "urgent"])
def test_without_a_real_reason_the_glass_stays_whole(nurse: User, participant: Participant, reason: str) -> None:
    with pytest.raises(RecordError, match="why you need"):
        services.break_glass(nurse, participant, reason=reason)
    assert not BreakGlass.objects.exists()


def test_each_access_is_told_in_the_log_and_the_trail(
    nurse: User, participant: Participant, caplog: pytest.LogCaptureFixture
) -> None:
    services.break_glass(nurse, participant, reason="participant does not wake up")
    assert f"break-glass access: {nurse.username}" in caplog.text
    entry = AuditEntry.objects.get(table_name="contacts_breakglass")
    assert (entry.actor, entry.reason) == (nurse.username, "break-glass access: participant does not wake up")


def test_an_access_is_reviewed_once_and_by_somebody_else(
    nurse: User, coordinator: User, participant: Participant
) -> None:
    access = services.break_glass(nurse, participant, reason="participant does not wake up")
    sites = frozenset({participant.site_id})
    with pytest.raises(RecordError, match="own access"):
        services.review_access(nurse, access, review="fine")
    with pytest.raises(RecordError, match="what the review found"):
        services.review_access(coordinator, access, review=" ")
    assert list(queries.unreviewed_at(sites)) == [access]
    services.review_access(coordinator, access, review="justified")
    assert not queries.unreviewed_at(sites)
    with pytest.raises(RecordError, match="already reviewed"):
        services.review_access(coordinator, access, review="again")
