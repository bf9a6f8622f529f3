"""T1 and T2 at a real site, over HTTP: of two saves of one version one is kept and one is told; a double tap is one.

Nothing that was acknowledged (2xx, 3xx) is lost: each such save stands with its own entry in the trail. The control
is the same race at a site without the guard (tests/races/unguarded.py), where saves of a version that is gone are
acknowledged as well.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.urls import reverse

from infusion import services
from infusion.models import Vitals
from tests.engines import site as sites
from tests.engines.clones import Template
from tests.engines.site import RunningSite
from tests.infusion import ward as wards
from tests.infusion.ward import Ward, hours
from tests.races.runners import Runner, together
from trial.audit.models import AuditEntry
from trial.audit.queries import row_key

UNGUARDED = ("-m", "tests.races.unguarded")
COUNTS = [20, pytest.param(500, marks=[pytest.mark.slow, pytest.mark.endurance, pytest.mark.timeout(1800)])]
AT = "2026-03-02T11:00"


@dataclass(frozen=True)
class Track:
    """A site with two nurses and a record that both correct."""

    url: str
    ward: Ward
    row: Vitals

    @property
    def correction(self) -> str:
        return reverse("infusion:correct", args=[self.ward.participant.study_id, "vitals", self.row.pk])

    @property
    def entry(self) -> str:
        return reverse("infusion:vitals", args=[self.ward.participant.study_id])

    def changes(self) -> list[AuditEntry]:
        """The entries of the trail about corrections of the record, oldest first."""
        key = row_key(Vitals, self.row.pk)
        return list(AuditEntry.objects.filter(table_name="infusion_vitals", row_id=key, op="U").order_by("id"))


def track(site: RunningSite) -> Track:
    """Set up on a running site, whose database the models lead to."""
    ward = wards.make_ward()
    given: dict[str, Any] = {"systolic": 120, "diastolic": 70, "heart_rate": 60, "occurred_at": hours(1)}
    return Track(site.url, ward, services.record_vitals(ward.nurse, ward.participant, **given))


@pytest.fixture
def guarded(cloned_orm: str, running_site: RunningSite) -> Track:
    return track(running_site)


@pytest.fixture
def unguarded(cloned_orm: str, tmp_path: Path, migrated_template: Template) -> Iterator[Track]:
    """The same at a site without the guard."""
    var_dir = sites.folder_of(migrated_template.var_dir, tmp_path / "unguarded")
    with sites.running(cloned_orm, var_dir, command=UNGUARDED) as site:
        yield track(site)


def vitals(systolic: int, **more: str) -> dict[str, str]:
    return {"systolic": str(systolic), "diastolic": "70", "heart_rate": "60", "occurred_at": AT, **more}


def race_of_saves(found: Track, pairs: int) -> tuple[list[list[int]], set[str]]:
    """Let two nurses correct one version, so many times; the answers, and the reasons of acknowledged saves."""
    nora, noel = (Runner(found.url, person) for person in (found.ward.nurse, found.ward.other_nurse))
    for runner in (nora, noel):
        runner.open(found.correction)
    answers, acknowledged = [], set()
    for pair in range(pairs):
        version = str(Vitals.objects.values_list("version", flat=True).get(pk=found.row.pk))
        reasons = [f"pair {pair} of {number}" for number in range(2)]
        first, second = (
            vitals(100 + 10 * number + pair % 7, version=version, correction=reason, key=str(uuid4()))
            for number, reason in enumerate(reasons)
        )
        answers.append(together(nora, noel, found.correction, (first, second)))
        acknowledged |= {reason for reason, status in zip(reasons, answers[-1], strict=True) if status < 400}
    return answers, acknowledged


@pytest.mark.parametrize("pairs", COUNTS)
def test_of_two_saves_of_one_version_one_is_kept_and_one_is_told(guarded: Track, pairs: int) -> None:
    answers, acknowledged = race_of_saves(guarded, pairs)
    assert Counter(tuple(sorted(pair)) for pair in answers) == {(302, 409): pairs}
    entries = guarded.changes()
    assert {entry.reason for entry in entries} == acknowledged
    assert len(entries) == pairs
    versions = [(json.loads(entry.old or "")["version"], json.loads(entry.new or "")["version"]) for entry in entries]
    assert versions == [(number, number + 1) for number in range(1, pairs + 1)], "each save stands on the one before"
    last = json.loads(entries[-1].new or "")
    guarded.row.refresh_from_db()
    assert (guarded.row.version, guarded.row.systolic) == (pairs + 1, last["systolic"])


@pytest.mark.parametrize("pairs", COUNTS)
def test_a_double_tap_makes_one_record_with_one_entry(guarded: Track, pairs: int) -> None:
    one, other = (Runner(guarded.url, guarded.ward.nurse) for _ in range(2))
    for runner in (one, other):
        runner.open(guarded.entry)
    keys = [str(uuid4()) for _ in range(pairs)]
    for number, key in enumerate(keys):
        form = vitals(100 + number % 50, key=key)
        assert together(one, other, guarded.entry, (form, form)) == [302, 302]
    rows = Vitals.objects.exclude(pk=guarded.row.pk)
    assert {str(row.key) for row in rows} == set(keys)
    assert len(rows) == pairs
    entries = AuditEntry.objects.filter(table_name="infusion_vitals", op="I")
    assert Counter(entries.values_list("row_id", flat=True)) == {
        row_key(Vitals, row.pk): 1 for row in [*rows, guarded.row]
    }


@pytest.mark.parametrize("pairs", COUNTS)
def test_the_same_race_loses_saves_without_the_guard(unguarded: Track, pairs: int) -> None:
    answers, _ = race_of_saves(unguarded, pairs)
    lost = sum(sorted(pair) == [302, 302] for pair in answers)
    assert lost >= 1, "both were told that their save stands, and only one does"
