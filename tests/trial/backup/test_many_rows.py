"""G8: a hundred thousand rows come back complete; how long it took is printed (pytest -s)."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.management import call_command

from infusion.models import Vitals
from tests.trial.backup.conftest import Clinic
from tests.trial.backup.databases import assert_is_back, content, forget_replaced, wipe
from trial.audit.context import audited
from trial.audit.verification import verify
from trial.participants.models import Participant

ROWS = 50_000  # each with its entry in the audit trail: a hundred thousand

pytestmark = [pytest.mark.slow, pytest.mark.endurance, pytest.mark.timeout(1200)]


def many_vitals(count: int) -> None:
    """So many vital signs of one participant, entered at once."""
    one = Vitals.objects.select_related("participant").first()
    assert one is not None
    values = {field.attname: getattr(one, field.attname) for field in Vitals._meta.concrete_fields}
    with audited("system:tests", "a hundred thousand rows"):
        for start in range(0, count, 1_000):
            rows = [
                Vitals(**{**values, "id": uuid4(), "key": uuid4()}) for _ in range(start, min(start + 1_000, count))
            ]
            Vitals.objects.bulk_create(rows)


def test_a_hundred_thousand_rows_are_backed_up_lost_and_restored(clinic: Clinic, cloned_orm: str) -> None:
    assert Participant.objects.exists()
    many_vitals(ROWS)
    assert verify().ok
    before = content(cloned_orm)
    assert sum(map(len, before.values())) > 2 * ROWS
    began = time.monotonic()
    call_command("backup", out=clinic.out)
    wipe(cloned_orm)
    for path in Path(clinic.var_dir).glob("reports/*"):
        path.unlink()
    call_command("restore", clinic.only_backup())
    took = time.monotonic() - began
    sys.stdout.write(f"\nback-up, wipe and restore of {2 * ROWS} rows: {took:.1f} s\n")
    assert_is_back(cloned_orm, before)
    assert clinic.files_now() == clinic.files
    forget_replaced(cloned_orm)
