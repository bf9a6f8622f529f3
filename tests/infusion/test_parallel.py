"""One finger, twenty posts: the same key in parallel makes one row, on a database with real commits."""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

from django.db import connection

from infusion import services
from infusion.models import RateChange, SerumLevel
from tests.infusion.ward import hours, make_ward, start


def test_twenty_parallel_changes_under_one_key_make_one_row(cloned_orm: str) -> None:
    ward = make_ward()
    infusion, key = start(ward), uuid.uuid4()

    def change(_: int) -> uuid.UUID:
        try:
            return services.change_rate(
                ward.nurse, infusion, rate=Decimal("0.30"), occurred_at=hours(12), reason="step",
                checked_by=ward.other_nurse, key=key,
            ).pk  # fmt: skip
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=20) as pool:
        rows = set(pool.map(change, range(20)))
    assert len(rows) == 1
    assert RateChange.objects.filter(infusion=infusion).count() == 2  # the start and the change


def test_twenty_parallel_samples_under_one_key_make_one_sample_with_its_levels_once(cloned_orm: str) -> None:
    ward = make_ward()
    start(ward)
    key, levels = uuid.uuid4(), {"ketamine": Decimal("412.5"), "norketamine": None}

    def sample(_: int) -> uuid.UUID:
        try:
            return services.record_serum_sample(
                ward.nurse, ward.participant, sample="day_2_0800", levels=levels, occurred_at=hours(2), key=key
            ).pk
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=20) as pool:
        rows = set(pool.map(sample, range(20)))
    assert len(rows) == 1
    assert SerumLevel.objects.count() == len(levels)
