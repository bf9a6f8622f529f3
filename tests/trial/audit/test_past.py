"""A row as it stood at an earlier save is read back from the trail alone."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from infusion import services
from infusion.models import SerumSample, Vitals
from tests.infusion.ward import Ward, hours, make_ward
from trial.audit import past
from trial.audit.models import AuditEntry
from trial.audit.queries import entry_time
from trial.users.models import Site

pytestmark = pytest.mark.django_db
READ: dict[str, Any] = {"systolic": 120, "diastolic": 70, "heart_rate": 60}


@pytest.fixture
def ward() -> Ward:
    return make_ward()


@pytest.fixture
def vitals(ward: Ward) -> Vitals:
    """A reading corrected twice: 120, 130, 140 mmHg."""
    row = services.record_vitals(ward.nurse, ward.participant, **READ, occurred_at=hours(1))
    for version, systolic in ((1, 130), (2, 140)):
        given: dict[str, Any] = {**READ, "systolic": systolic, "occurred_at": hours(1)}
        row = services.correct_vitals(ward.other_nurse, row, **given, version=version, reason=f"read as {systolic}")
    return row


def test_each_version_stands_as_it_was_saved(vitals: Vitals) -> None:
    stood = [past.as_it_stood(Vitals, vitals.pk, version) for version in (1, 2, 3)]
    assert [row.systolic for row in stood if row] == [120, 130, 140]
    assert past.as_it_stood(Vitals, vitals.pk, 4) is None


def test_the_saves_since_a_version_name_who_when_and_why_each_once(ward: Ward, vitals: Vitals) -> None:
    saves = past.saves_after(Vitals, vitals.pk, 1)
    entries = AuditEntry.objects.filter(table_name="infusion_vitals", op="U").order_by("id")
    assert [(one.version, one.actor, one.reason, one.at) for one in saves] == [
        (version, ward.other_nurse.username, f"read as {systolic}", entry_time(entry))
        for version, systolic, entry in zip((2, 3), (130, 140), entries, strict=True)
    ]
    assert past.saves_after(Vitals, vitals.pk, 3) == []


def test_the_rows_that_belong_to_one_stand_as_they_were_with_it(ward: Ward) -> None:
    """A level that was corrected and one that was taken away, before and after."""
    levels = {"ketamine": Decimal("40"), "norketamine": None}
    given: dict[str, Any] = {"sample": "day_2_0800", "occurred_at": hours(1)}
    row = services.record_serum_sample(ward.nurse, ward.participant, **given, levels=levels)
    given |= {"levels": {"ketamine": Decimal("42")}, "version": 1, "reason": "of another sample"}
    services.correct_serum_sample(ward.other_nurse, row, **given)
    stood = {version: past.as_it_stood(SerumSample, row.pk, version, ("levels",)) for version in (1, 2)}
    assert {version: levels_of(sample) for version, sample in stood.items()} == {
        1: {"ketamine": Decimal("40.00"), "norketamine": None},
        2: {"ketamine": Decimal("42.00")},
    }


def levels_of(sample: Any) -> dict[str, Decimal | None]:
    return {level.analyte: level.concentration for level in sample.levels.all()}


def test_every_kind_of_value_comes_back_as_the_model_holds_it(ward: Ward) -> None:
    scored = services.record_side_effects(
        ward.nurse, ward.participant, scores={"nausea": 2}, other="itching", occurred_at=hours(2)
    )
    for found in (scored, ward.participant):
        fresh = type(found)._base_manager.get(pk=found.pk)
        stood = past.as_it_stood(type(found), found.pk, fresh.version)
        names = [field.attname for field in found._meta.concrete_fields]
        assert [getattr(stood, name) for name in names] == [getattr(fresh, name) for name in names]
    site = Site(pk=ward.site.pk, code="K", name="Clinic", timezone="UTC", is_practice=True)
    for practice in (True, 1):  # PostgreSQL's word for it in the trail, and SQLite's
        assert past.instance_of(Site, {"is_practice": practice, "id": str(site.pk)}).is_practice is True


def test_a_column_that_a_migration_removed_is_left_out() -> None:
    assert past.instance_of(Site, {"code": "K", "beds": 4}).code == "K"
