"""A trail at the size of a whole trial is verified while somebody waits."""

from __future__ import annotations

import logging
import time
from uuid import uuid4

import pytest

from infusion.models import Vitals
from tests.trial.audit.settling import settle
from tests.trial.locks import ward as wards
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.audit.services import seal
from trial.audit.verification import verify

log = logging.getLogger(__name__)
ENTRIES = 100_000
BATCH = 500
MOST_SECONDS = 30.0


@pytest.mark.slow
@pytest.mark.endurance
@pytest.mark.timeout(900)
@pytest.mark.usefixtures("cloned_orm")
def test_a_hundred_thousand_entries_are_verified_in_half_a_minute() -> None:
    """Readings of a bedside, with entries by the triggers, sealed and verified; the log says in how long."""
    ward = wards.make_ward()
    with audited("system:test", "an infusion"):
        one = wards.about(Vitals, ward.participant, ward.visit)
    given = {field.attname: getattr(one, field.attname) for field in Vitals._meta.concrete_fields}
    for _ in range(ENTRIES // BATCH):
        with audited("system:test", "readings"):
            Vitals.objects.bulk_create([Vitals(**{**given, "id": uuid4(), "key": uuid4()}) for _ in range(BATCH)])
    settle()
    began = time.perf_counter()
    sealed = seal()
    sealing = time.perf_counter() - began
    began = time.perf_counter()
    report = verify()
    seconds = time.perf_counter() - began
    log.warning(
        "%d entries and %d rows: sealed in %.1f s, verified in %.1f s", report.entries, report.rows, sealing, seconds
    )
    assert report.ok, report.findings
    assert report.entries == report.sealed == AuditEntry.objects.count() > ENTRIES
    assert sealed > ENTRIES
    assert seconds < MOST_SECONDS
