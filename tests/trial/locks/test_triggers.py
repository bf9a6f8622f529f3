"""T19: what is locked is refused by the database itself, whichever way a write comes."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model
from django.utils import timezone

from tests.trial.audit import rows
from tests.trial.audit.outsiders import damage
from tests.trial.audit.test_triggers import raw_change
from tests.trial.locks import ward as wards
from tests.trial.locks.ward import KINDS, Ward
from trial.audit.connections import installing
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.audit.registry import concrete_models
from trial.audit.triggers import install, missing, uninstall
from trial.locks import registry
from trial.locks.models import LockChange, ParticipantLock, TrialLock, VisitLock
from trial.locks.refusals import RecordLocked
from trial.participants.models import Consent, Demographics, Participant, Visit

pytestmark = pytest.mark.django_db
LOCKABLE = pytest.mark.parametrize("model", registry.lockable_models(), ids=lambda model: model._meta.label)
OPEN = [
    model
    for model in concrete_models()
    if registry.why_never_locked(model) and registry.names_a_person(model) and model._meta.app_label != "locks"
]


def rows_of(ward: Ward, model: type[Model]) -> tuple[Model, Model]:
    """A saved row of the ward's visit and participant, and an unsaved one."""
    with audited("system:test", "rows"):
        if model is Participant:
            return ward.participant, rows.make_row(model)
        if model is Visit:
            other = rows.make_row(Visit)
            other.participant = ward.participant  # type: ignore[attr-defined]
            return ward.visit, other
        first, second = (wards.about(model, ward.participant, ward.visit) for _ in range(2))
        first.save(force_insert=True)
    return first, second


def kinds_for(model: type[Model], name: str) -> list[str]:
    """Which locks close a way to write: a new participant or visit has no lock of its own yet."""
    is_new = "INSERT" in name or "new row" in name or "bulk_create" in name
    if model in (Participant, Visit) and "delete" in name and "raw" not in name:
        return []  # Django itself refuses to take away what other rows point to
    if model is Participant:
        return ["trial"] if is_new else ["participant", "trial"]
    return ["participant", "trial"] if model is Visit and is_new else list(KINDS)


@pytest.mark.parametrize(
    ("model", "kind"),
    [(m, kind) for m in registry.lockable_models() for kind in KINDS if (m, kind) != (Participant, "visit")],
    ids=lambda value: value if isinstance(value, str) else value._meta.label,
)
def test_every_way_to_write_to_a_locked_row_is_refused(ward: Ward, model: type[Model], kind: str) -> None:
    row, other = rows_of(ward, model)
    wards.lock(ward, kind)
    before = AuditEntry.objects.count()
    tried = 0
    for name, write in wards.writes(row, other):
        if kind in kinds_for(model, name):
            with pytest.raises(RecordLocked), audited("system:test", name):
                write()
            tried += 1
    assert tried >= (4 if model in (Participant, Visit) else 11)
    assert AuditEntry.objects.count() == before


@LOCKABLE
def test_without_the_lock_and_without_the_triggers_every_write_goes_through(ward: Ward, model: type[Model]) -> None:
    """The control: it is the lock that refuses, and it does so by its triggers."""
    row, other = rows_of(ward, model)
    names = ["save", "update()", "raw UPDATE"]
    for name, write in wards.writes(row, other):
        if name in names:
            with audited("system:test", name):
                write()
    wards.lock(ward, "trial")
    with transaction.atomic():
        uninstall(connection)
        for name, write in wards.writes(row, other):
            if name in names:
                with audited("system:test", name):
                    write()
        transaction.set_rollback(True)
    with pytest.raises(RecordLocked), audited("system:test", "again"):
        row.save()


@pytest.mark.parametrize("model", OPEN, ids=lambda model: model._meta.label)
@pytest.mark.parametrize("kind", KINDS)
def test_what_is_never_locked_is_written_as_before(ward: Ward, model: type[Model], kind: str) -> None:
    with audited("system:test", "rows"):
        row = wards.about(model, ward.participant, ward.visit)
        other = wards.about(model, ward.participant, ward.visit)
    wards.lock(ward, kind)
    with audited("system:test", "write"):
        row.save(force_insert=True)
        field = rows.changeable_field(model)
        raw_change(row, field, rows.another_value(row, field))
        row.delete()
        other.save(force_insert=True)


@pytest.mark.parametrize("kind", ["visit", "participant"])
def test_a_row_is_moved_neither_into_what_is_locked_nor_out_of_it(ward: Ward, kind: str) -> None:
    with audited("system:test", "rows"):
        inside, outside = (wards.about(Consent, ward.participant, ward.visit) for _ in range(2))
        elsewhere: Any = rows.save_row(Visit)
        outside.participant, outside.visit = elsewhere.participant, elsewhere  # type: ignore[attr-defined]
        for row in (inside, outside):
            row.save(force_insert=True)
    wards.lock(ward, kind)
    there = {"participant": elsewhere.participant, "visit": elsewhere}
    here = {"participant": ward.participant, "visit": ward.visit}
    for row, place in ((inside, there), (outside, here)):
        with pytest.raises(RecordLocked), audited("system:test", "move"):
            Consent.objects.filter(pk=row.pk).update(**place)
    if kind == "visit":
        for row, to in ((inside, None), (outside, ward.visit)):
            with pytest.raises(RecordLocked), audited("system:test", "move"):
                Consent.objects.filter(pk=row.pk).update(visit=to)


def test_a_row_of_no_visit_is_closed_by_the_locks_of_participant_and_trial_alone(ward: Ward) -> None:
    wards.lock(ward, "visit")
    with audited("system:test", "row"):
        wards.about(Demographics, ward.participant, None).save(force_insert=True)  # type: ignore[arg-type]
    wards.lock(ward, "participant")
    with pytest.raises(RecordLocked), audited("system:test", "row"):
        Demographics.objects.update(age_years=40)


def test_another_visit_and_another_participant_stay_open(ward: Ward) -> None:
    with audited("system:test", "row"):
        other: Any = rows.save_row(Visit)
    wards.lock(ward, "visit")
    wards.lock(ward, "participant")
    with audited("system:test", "row"):
        wards.about(Consent, other.participant, other).save(force_insert=True)


def test_a_state_exists_from_the_start_to_the_end_of_what_it_is_about(ward: Ward) -> None:
    assert set(VisitLock.objects.values_list("pk", flat=True)) == set(Visit.objects.values_list("pk", flat=True))
    assert ParticipantLock.objects.get().pk == ward.participant.pk
    assert TrialLock.objects.get().is_locked is False
    with audited("system:test", "gone"):
        spare: Any = rows.save_row(Visit)
        spare.delete()
    assert not VisitLock.objects.filter(pk=spare.pk).exists()


STATE_WRITES: list[tuple[str, Callable[[Ward], object]]] = [
    ("open the visit", lambda ward: VisitLock.objects.filter(pk=ward.visit.pk).update(is_locked=False)),
    ("another change", lambda ward: VisitLock.objects.filter(pk=ward.visit.pk).update(change=None, is_locked=False)),
    ("open the participant", lambda _: ParticipantLock.objects.update(is_locked=True)),
    ("open the trial", lambda _: TrialLock.objects.update(is_locked=True)),
    ("remove the visit's", lambda ward: VisitLock.objects.filter(pk=ward.visit.pk)._raw_delete("default")),
    ("remove the participant's", lambda _: ParticipantLock.objects.all().delete()),
    ("remove the trial's", lambda _: TrialLock.objects.all().delete()),
    ("a second trial", lambda _: TrialLock(id=2).save(force_insert=True)),
    ("a state of nothing", lambda ward: VisitLock(pk=ward.site.pk, is_locked=True).save(force_insert=True)),
    ("rewrite a change", lambda _: LockChange.objects.update(is_locked=False)),
    ("remove a change", lambda _: LockChange.objects.all().delete()),
]


@pytest.mark.parametrize(("name", "write"), STATE_WRITES, ids=[name for name, _ in STATE_WRITES])
def test_a_state_cannot_be_written_by_the_application(ward: Ward, name: str, write: Callable[[Ward], object]) -> None:
    wards.lock(ward, "visit")
    with (
        pytest.raises(DatabaseError, match=r"refused|not authorized|prohibited|one_trial"),
        audited("system:test", name),
    ):
        write(ward)
    assert VisitLock.objects.get(pk=ward.visit.pk).is_locked


def test_what_is_locked_is_not_locked_twice_by_a_bare_change(ward: Ward) -> None:
    change = wards.lock(ward, "visit")
    twice = LockChange(visit=change.visit, is_locked=True, by=ward.dora, reason="again", last_entry=0)
    with pytest.raises(IntegrityError, match="so already"), audited("system:test", "again"):
        twice.save()


def test_a_change_is_about_one_thing(ward: Ward) -> None:
    both = {"visit_id": ward.visit.pk, "participant_id": ward.participant.pk}
    with pytest.raises(IntegrityError, match="locks_change_is_of_one"), audited("system:test", "two"):
        LockChange(**both, is_locked=True, by=ward.dora, reason="both", last_entry=0).save()


def test_a_trigger_that_is_gone_is_named_and_put_back() -> None:
    if connection.vendor == "sqlite":
        damage_it, name = "DROP TRIGGER locks_participants_consent_update", "locks_participants_consent_update"
    else:
        damage_it = "ALTER TABLE participants_consent DISABLE TRIGGER locks_refuse"
        name = "locks_refuse on participants_consent"
    with transaction.atomic():
        with installing(), connection.cursor() as cursor:
            cursor.execute(damage_it)
        assert missing(connection) == [name]
        assert install(connection) == [name]
        assert missing(connection) == []
        transaction.set_rollback(True)


def test_the_application_cannot_drop_a_trigger_of_the_locks(ward: Ward) -> None:
    if connection.vendor == "postgresql":
        return  # there only the owner of the tables can; docs/audit.md says with which role to serve
    with pytest.raises(DatabaseError, match="not authorized"), connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER locks_participants_consent_update")


def test_a_missing_state_refuses_like_a_lock(cloned_orm: str) -> None:
    ward = wards.make_ward()
    damage(cloned_orm, "locks_visitlock", "DELETE FROM locks_visitlock")
    with pytest.raises(IntegrityError, match="has no lock state"), audited("system:test", "row"):
        Visit.objects.filter(pk=ward.visit.pk).update(missed_reason="later")


def test_words_say_what_is_locked_since_when_by_whom_and_what_to_do(ward: Ward) -> None:
    change = wards.lock(ward, "visit")
    later = partial(Visit.objects.filter(pk=ward.visit.pk).update, closes_at=timezone.now() + timedelta(days=1))
    with pytest.raises(RecordLocked) as refused, audited("system:test", "row"):
        later()
    words = str(refused.value)
    assert ward.participant.study_id in words
    assert f"{change.at:%Y-%m-%d %H:%M} by Dora" in words
    assert "two people" in words
    assert "adverse event" in words
