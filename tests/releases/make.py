"""Make the fixture of a release: `python -m tests.releases.make 1.0.0`, run once from the release's own checkout.

Two people of the synthetic cohort go in through the release's own services, so that the file is what the release
itself writes. The file is never made again: a later program would write it in its own way.
"""

from __future__ import annotations

import gzip
import os
import sys
import tempfile
from contextlib import closing
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
# The key of the tests' audit chains (tests/conftest.py); it protects nothing but synthetic data.
SEAL_KEY = "5e" * 32
LARGEST = 300_000


def fill() -> None:
    """Load one patient's whole way through the trial, one who was turned away, and their reports' people."""
    from reports.cohort import load, scene
    from reports.cohort.accounts import demo_accounts, demo_site
    from reports.cohort.synthesis import patients, pressure_changes, scans

    site = demo_site()
    people, cohort = demo_accounts(site), patients()
    found, changes = scans(cohort), pressure_changes(sum(patient.completed for patient in cohort))
    whole = next(patient for patient in cohort if patient.completed and patient.label in found)
    away = next(patient for patient in cohort if not patient.started)
    for patient in (whole, away):
        told: scene.Scene = load.begin(patient, site, people, load.FIRST_MONDAY)
        load.tell(told, found.get(patient.label), 7, load.change_of(cohort, changes, patient))


def make(version: str) -> Path:
    """Write tests/releases/<version>.sqlite3.gz from an empty folder; returns its path."""
    target = FOLDER / f"{version}.sqlite3.gz"
    if target.exists():
        sys.exit(f"{target} is there. A release's fixture is made once, from the release's own checkout.")
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"VAR_DIR": folder, "DATABASE_URL": "", "AUDIT_SEAL_KEY": SEAL_KEY}
        os.environ["DJANGO_SETTINGS_MODULE"] = "trial.settings"
        import django
        from django.core.management import call_command
        from django.db import connection

        django.setup()
        call_command("bootstrap")
        fill()
        call_command("verify_audit")
        with closing(connection.cursor()) as cursor:
            cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        content = gzip.compress((Path(folder) / "trial.sqlite3").read_bytes(), 9, mtime=0)
    if len(content) > LARGEST:
        sys.exit(f"The fixture would have {len(content)} bytes; at most {LARGEST}. Load less.")
    target.write_bytes(content)
    return target


if __name__ == "__main__":
    sys.stdout.write(f"{make(sys.argv[1])}\n")
