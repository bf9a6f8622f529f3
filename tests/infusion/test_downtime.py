"""The downtime sheets: on paper what the ward needs to go on, for one's own site, without a name."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.test import Client

from infusion import services
from infusion.downtime import AHEAD, sheet, sheets
from infusion.tasks import write_sheets
from tests.infusion.ward import Ward, hours, make_user, make_ward, start

pytestmark = pytest.mark.django_db


def read(user: Any) -> str:
    """The page as somebody sees it."""
    browser = Client()
    browser.force_login(user)
    return browser.get("/infusion/downtime/").content.decode()


def test_a_sheet_says_rate_pump_weight_bag_and_last_readings(ward: Ward) -> None:
    start(ward)
    services.record_vitals(
        ward.nurse, ward.participant, systolic=131, diastolic=83, heart_rate=74, occurred_at=hours(1)
    )
    page = read(ward.nurse)
    # 80 kg at 0.15 mg/kg/h from 2 mg/mL: 80 * 0.15 / 2 = 6 mL/h.
    for words in (ward.participant.study_id, "0.15 mg/kg/h", "6 mL/h", "80 kg", "2 mg/mL, 500 mL", "131/83 mmHg"):
        assert words in page, words


def test_what_is_due_within_a_day_stands_on_it_in_order(ward: Ward) -> None:
    start(ward)
    found = sheet(ward.participant, hours(2))
    assert [task.due_at for task in found.tasks] == sorted(task.due_at for task in found.tasks)
    assert any(task.words.startswith("Next step: ") for task in found.tasks)
    assert all(task.due_at < hours(2) + AHEAD for task in found.tasks)
    assert found.readings
    assert hours(2) <= found.readings[0]
    assert found.readings[-1] < hours(2) + AHEAD
    assert all(one < other for one, other in zip(found.readings, found.readings[1:], strict=False))


def test_readings_follow_the_protocols_pace(ward: Ward) -> None:
    from trial.participants.queries import protocol_of

    start(ward)
    services.record_vitals(
        ward.nurse, ward.participant, systolic=120, diastolic=80, heart_rate=70, occurred_at=hours(30)
    )
    pace = protocol_of(ward.participant).vital_signs.frequency.awake.elapsed
    readings = sheet(ward.participant, hours(30)).readings
    assert readings[0] == hours(30) + pace
    assert {other - one for one, other in itertools.pairwise(readings)} == {pace}


def test_an_infusion_that_ended_has_no_sheet(ward: Ward) -> None:
    infusion = start(ward)
    assert len(sheets([ward.site.pk], hours(2))) == 1
    services.stop_infusion(ward.nurse, infusion, occurred_at=hours(3), reason="patient's wish", completed=False)
    assert sheets([ward.site.pk], hours(4)) == []
    assert "No infusion runs now" in read(ward.nurse)


def test_only_ones_own_sites_sheets_are_shown(ward: Ward) -> None:
    start(ward)
    other = make_ward(code="Z")
    assert ward.participant.study_id not in read(other.nurse)


def test_the_file_needs_nothing_else_and_names_nobody(ward: Ward, tmp_path: Path) -> None:
    start(ward)
    out = tmp_path / "sheets" / "k.html"
    call_command("downtime_sheets", site="K", out=out)
    text = out.read_text()
    assert ward.participant.study_id in text
    assert "<style>" in text
    assert "http" not in text
    assert "<script" not in text
    assert ward.nurse.full_name not in text
    with pytest.raises(CommandError, match="no site 'X'"):
        call_command("downtime_sheets", site="X", out=out)


def test_the_hourly_task_writes_every_site(ward: Ward, tmp_path: Path, settings: Any) -> None:
    settings.VAR_DIR = tmp_path
    make_ward(code="Z")
    start(ward)
    write_sheets()
    assert sorted(path.name for path in (tmp_path / "downtime").iterdir()) == ["K.html", "Z.html"]
    assert ward.participant.study_id in (tmp_path / "downtime" / "K.html").read_text()
    assert ward.participant.study_id not in (tmp_path / "downtime" / "Z.html").read_text()


@pytest.mark.parametrize("role", ["monitor", "data_manager", "administrator", "imaging_analyst"])
def test_who_gives_no_treatment_has_no_sheets(ward: Ward, role: str) -> None:
    browser = Client()
    browser.force_login(make_user("other", ward.site, role))
    assert browser.get("/infusion/downtime/").status_code == 403
