"""A final report runs on what stood at the freeze: what is recorded or changed about safety behind it is outside."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from reports import chapters, source
from reports.assemble import Assembled
from reports.books import BOOKS
from reports.datasets import Datasets
from reports.datasets.extracts import Extracts, Freeze
from reports.display.parts import plain
from reports.provenance import run_of
from tests.reports.extracts import CUT
from tests.trial.locks import ward as wards
from tests.trial.locks.ward import Ward
from tests.trial.participants.people import confirmed
from trial.locks.services import freeze_trial
from trial.protocol import Protocol
from trial.records.events import ask
from trial.safety import services as safety
from trial.safety.models import AdverseEvent, Deviation
from trial.signatures.queries import signatures_of
from trial.signatures.services import sign

BOOK = BOOKS["per-protocol"]
JUDGED = {f"{cause}_causality": "possible" for cause in ("ketamine", "clonidine", "procedure")}
EVENT: dict[str, Any] = {"term": "headache", "grade": 1, **JUDGED}


@pytest.fixture
def ward(cloned_orm: str) -> Ward:
    made = wards.make_ward()
    wards.alone(made)
    return made


def event(ward: Ward, **changes: Any) -> AdverseEvent:
    at = timezone.now() - timedelta(hours=2)
    given: dict[str, Any] = {"participant": ward.participant, "occurred_at": at, "aware_at": at, **EVENT, **changes}
    return safety.record_adverse_event(ward.carla, **given)


def deviation(ward: Ward, summary: str) -> Deviation:
    at = timezone.now() - timedelta(hours=3)
    given: dict[str, Any] = {"kind": Deviation.Kind.OTHER, "summary": summary, "is_automatic": False}
    return safety.record_deviation(ward.carla, participant=ward.participant, occurred_at=at, **given)


def listed(ward: Ward, freeze: Any) -> list[str]:
    found = ask("safety.recorded_since", at=freeze.at, sites=frozenset({ward.site.pk}))
    return sorted(one.what for one in found)


def test_nothing_recorded_or_changed_behind_a_freeze_moves_a_final_report(ward: Ward) -> None:
    followed, corrected, closed = event(ward), event(ward, term="dizziness"), deviation(ward, "late sample")
    deviation(ward, "wrong room")
    sign(ward.dora, subject=ward.participant, meaning="reviewed", confirmation=confirmed(ward.dora))
    freeze = freeze_trial(ward.dora, reason="final")
    before = source.read(ward.site)
    assert [one.standing for one in before.signatures] == ["valid"]
    assert before.freeze is not None
    assert before.freeze.late == 0

    now = timezone.now()
    safety.follow_up(ward.carla, followed, occurred_at=now, news="gone", outcome_code="recovered", ended_at=now)
    safety.correct_adverse_event(ward.carla, corrected, version=corrected.version, reason="heard again", grade=2)
    safety.close_deviation(ward.dora, closed, correction="drawn the next day", version=closed.version)
    event(ward, term="late nausea")
    assert not signatures_of(ward.participant)[0].is_valid, "as things stand now"
    sign(ward.dan, subject=ward.participant, meaning="reviewed", confirmation=confirmed(ward.dan))

    after = source.read(ward.site)
    assert after.sha256() == before.sha256()
    assert after.signatures == before.signatures, "as they stood at the freeze, and none of later"
    assert after.freeze is not None
    assert after.freeze.late == 4
    assert "recorded or changed since, and not in this report as such: 4." in after.freeze.words
    assert listed(ward, freeze) == [
        "Adverse event changed (follow-up: gone): headache",
        "Adverse event changed (heard again): dizziness",
        "Adverse event: late nausea",
        "Deviation changed (deviation closed): late sample",
        "Follow-up of an adverse event: gone",
    ]


def test_the_control_without_a_freeze_the_same_changes_move_the_report(ward: Ward) -> None:
    corrected = event(ward)
    before = source.read(ward.site)
    safety.correct_adverse_event(ward.carla, corrected, version=corrected.version, reason="heard again", grade=2)
    assert source.read(ward.site).sha256() != before.sha256()


def test_a_report_says_whether_its_data_are_frozen(
    report: Assembled, cohort_extracts: Extracts, cohort: Datasets, protocol: Protocol
) -> None:
    def front(extracts: Extracts) -> str:
        run = run_of(extracts, protocol, BOOK, "STL")
        parts = chapters.front(BOOK, run, cohort, protocol, report.compared).parts
        return " ".join(plain(part) for part in parts if isinstance(part, tuple))

    assert "DRAFT: the data are not frozen and can still change." in front(cohort_extracts)
    frozen = front(replace(cohort_extracts, freeze=Freeze(CUT, "Dora Manager", 77, 0)))
    assert "Final: the data were frozen 2016-12-01 12:00 UTC by Dora Manager, after audit entry 77." in frozen
    assert "DRAFT" not in frozen
