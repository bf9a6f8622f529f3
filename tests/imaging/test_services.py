"""Sessions are recorded once; files are taken whole, their difference confirmed, and kept without names."""

from __future__ import annotations

import hashlib
import uuid
from datetime import timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from imaging import queries, services
from imaging.formats import FileRefused
from imaging.models import ImagingSession, NetworkConnectivity, Upload, Volume
from imaging.services.uploads import UploadLost, keep, kept
from tests.imaging.scans import ASEG, SCANNED, scan, table
from tests.trial.participants import people
from trial.audit.models import AuditEntry
from trial.participants.models import Participant, Visit
from trial.participants.queries import get_visit
from trial.records import events
from trial.records.services import ReasonRequired, StaleRecord
from trial.users.models import Site, User

pytestmark = pytest.mark.django_db


def rows_for(participant: Participant, *values: str, session: str = "pre1") -> bytes:
    """A table of one participant: network=value."""
    cells = [value.split("=") for value in values]
    return table(*(f"{participant.study_id} {session} {network} {value} fisher_z 300" for network, value in cells))


def test_a_scan_marks_its_visit_as_done(session: ImagingSession, participant: Participant) -> None:
    visit = get_visit(participant, "pre1")
    assert (session.visit, visit.state, visit.done_at) == (visit, Visit.State.DONE, SCANNED)


def test_a_controls_scans_are_the_first_and_the_second(analyst: User, participant: Participant) -> None:
    control = people.consent(analyst, people.enrol(analyst, participant.site, "control"))
    first = scan(analyst, control)
    assert first.visit == get_visit(control, "control_1")
    assert queries.timepoints_open(control) == ["pre2"]
    with pytest.raises(services.ImagingRefused, match="a control's scans are pre1 and pre2"):
        scan(analyst, control, "post")


def test_a_timepoint_is_recorded_once_and_a_repeated_form_gives_the_first(
    analyst: User, participant: Participant
) -> None:
    key = uuid.uuid4()
    first = scan(analyst, participant, key=key)
    assert scan(analyst, participant, key=key) == first
    with pytest.raises(services.ImagingRefused, match="already recorded"):
        scan(analyst, participant)


def test_an_exclusion_needs_a_reason_and_can_be_taken_back(analyst: User, session: ImagingSession) -> None:
    with pytest.raises(services.ImagingRefused, match="Say why"):
        services.exclude_session(analyst, session, version=1, reason=" ")
    excluded = services.exclude_session(analyst, session, version=1, reason="moved too much")
    assert (excluded.is_usable, excluded.exclusion_reason) == (False, "moved too much")
    with pytest.raises(StaleRecord):
        services.readmit_session(analyst, session, version=1, reason="second look")
    readmitted = services.readmit_session(analyst, session, version=2, reason="second look")
    assert (readmitted.is_usable, readmitted.exclusion_reason) == (True, "")


def test_single_values_belong_to_the_protocol(analyst: User, session: ImagingSession) -> None:
    services.record_volume(analyst, session=session, structure="right_hippocampus", volume_mm3=Decimal("3981.4"))
    services.record_connectivity(analyst, session=session, network="dmn", value=0.25, frames=300)
    with pytest.raises(services.ImagingRefused, match="no structure 'left_thalamus'"):
        services.record_volume(analyst, session=session, structure="left_thalamus", volume_mm3=Decimal(1))
    with pytest.raises(services.ImagingRefused, match="no network 'motor'"):
        services.record_connectivity(analyst, session=session, network="motor", value=0.2)
    with pytest.raises(services.ImagingRefused, match="not a number"):
        services.record_connectivity(analyst, session=session, network="visual", value=float("nan"))
    with pytest.raises(services.ImagingRefused, match="not a volume"):
        services.record_volume(analyst, session=session, structure="etiv", volume_mm3=Decimal("NaN"))
    assert (Volume.objects.count(), NetworkConnectivity.objects.count()) == (1, 1)


def test_an_aseg_file_gives_every_structure_and_is_kept_without_names(analyst: User, session: ImagingSession) -> None:
    upload = services.import_volumes(analyst, session, content=ASEG, file_name="C:\\Users\\ada\\aseg.stats")
    assert Volume.objects.filter(session=session).count() == 7
    hippocampus = Volume.objects.get(structure="right_hippocampus")
    assert (hippocampus.volume_mm3, hippocampus.upload) == (Decimal("3981.400"), upload)
    assert upload.file_name == "aseg.stats"
    on_disk = (Path(settings.UPLOADS_DIR) / upload.sha256[:2] / upload.sha256).read_bytes()
    assert hashlib.sha256(on_disk).hexdigest() == upload.sha256
    assert b"lukas" not in on_disk


def test_the_page_shows_the_share_of_the_intracranial_volume(analyst: User, session: ImagingSession) -> None:
    services.import_volumes(analyst, session, content=ASEG, file_name="aseg.stats")
    shares = {row.structure: row.share for row in queries.volume_rows(session)}
    assert shares["right_hippocampus"] == pytest.approx(Decimal("2.8575"), abs=Decimal("0.0001"))
    assert shares["etiv"] is None


def test_importing_the_same_file_again_changes_nothing(analyst: User, session: ImagingSession) -> None:
    services.import_volumes(analyst, session, content=ASEG, file_name="aseg.stats")
    before = list(Volume.objects.order_by("structure").values_list("structure", "version"))
    plan = services.plan_volumes(session, ASEG)
    assert (plan.count("same"), plan.subject) == (7, "sub-0020")
    services.import_volumes(analyst, session, content=ASEG, file_name="aseg.stats")
    assert list(Volume.objects.order_by("structure").values_list("structure", "version")) == before


def test_another_number_is_a_correction_with_a_reason(analyst: User, session: ImagingSession) -> None:
    services.import_volumes(analyst, session, content=ASEG, file_name="aseg.stats")
    edited = ASEG.replace(b"3981.4", b"3990.0")
    with pytest.raises(ReasonRequired):
        services.import_volumes(analyst, session, content=edited, file_name="aseg.stats")
    services.import_volumes(analyst, session, content=edited, file_name="aseg.stats", reason="edited by hand")
    row = Volume.objects.get(structure="right_hippocampus")
    assert (row.volume_mm3, row.version) == (Decimal("3990.000"), 2)
    assert AuditEntry.objects.filter(reason="edited by hand", actor="ada").exists()


def test_a_table_is_imported_with_its_frames(analyst: User, session: ImagingSession, participant: Participant) -> None:
    content = rows_for(participant, "dmn=0.25", "visual=-0.5")
    upload = services.import_connectivity(analyst, session.site, content=content, file_name="fc.tsv")
    found = NetworkConnectivity.objects.order_by("network").values_list("network", "value", "frames", "upload")
    assert list(found) == [("dmn", 0.25, 300, upload.pk), ("visual", -0.5, 300, upload.pk)]


def test_a_refused_table_leaves_no_row(analyst: User, session: ImagingSession, participant: Participant) -> None:
    content = rows_for(participant, "dmn=0.25", "visual=1,5")
    with pytest.raises(FileRefused):
        services.import_connectivity(analyst, session.site, content=content, file_name="fc.tsv")
    assert not NetworkConnectivity.objects.exists()
    assert not Upload.objects.exists()


def test_rows_of_sessions_that_are_not_recorded_are_named(
    analyst: User, session: ImagingSession, participant: Participant
) -> None:
    content = table(
        f"{participant.study_id} pre1 dmn 0.2 fisher_z n/a",
        f"{participant.study_id} post dmn 0.2 fisher_z n/a",
        "K-9999-9 pre1 dmn 0.2 fisher_z n/a",
    )
    with pytest.raises(FileRefused) as refused:
        services.plan_connectivity(session.site, content)
    assert [problem.line for problem in refused.value.problems] == [3, 4]


def test_another_sites_participant_is_refused_like_an_unknown_one(
    analyst: User, session: ImagingSession, participant: Participant
) -> None:
    elsewhere = people.make_site("L")
    with pytest.raises(FileRefused, match="no recorded session of this site"):
        services.plan_connectivity(elsewhere, rows_for(participant, "dmn=0.25"))


def test_a_difference_that_changed_since_the_preview_is_not_confirmed(
    analyst: User, session: ImagingSession, participant: Participant
) -> None:
    content = rows_for(participant, "dmn=0.25")
    seen = services.plan_connectivity(session.site, content).fingerprint
    services.record_connectivity(analyst, session=session, network="dmn", value=0.3)
    with pytest.raises(services.PreviewOutdated):
        services.import_connectivity(
            analyst, session.site, content=content, file_name="fc.tsv", fingerprint=seen, reason="rerun"
        )
    assert NetworkConnectivity.objects.get().value == 0.3


def test_a_confirmation_sent_twice_imports_once(
    analyst: User, session: ImagingSession, participant: Participant
) -> None:
    content, key = rows_for(participant, "dmn=0.25"), uuid.uuid4()
    seen = services.plan_connectivity(session.site, content).fingerprint
    for _ in range(2):
        services.import_connectivity(
            analyst, session.site, content=content, file_name="fc.tsv", fingerprint=seen, key=key
        )
    assert (Upload.objects.count(), NetworkConnectivity.objects.get().version) == (1, 1)


def test_a_kept_file_that_was_changed_on_disk_is_refused(site: Site) -> None:
    sha256 = keep(b"numbers of a scan")
    assert kept(sha256) == b"numbers of a scan"
    path = Path(settings.UPLOADS_DIR) / "unconfirmed" / sha256
    path.write_bytes(b"other numbers")
    with pytest.raises(UploadLost, match="changed on disk"):
        kept(sha256)
    path.unlink()


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "0" * 64, "A" * 64])
def test_only_a_hash_leads_to_a_kept_file(name: str) -> None:
    with pytest.raises(UploadLost):
        kept(name)


def test_excluded_sessions_stay_out_of_the_baseline(
    analyst: User, session: ImagingSession, participant: Participant
) -> None:
    second = scan(analyst, participant, "pre2", SCANNED + timedelta(days=3))
    services.record_connectivity(analyst, session=session, network="dmn", value=0.2)
    services.record_connectivity(analyst, session=second, network="dmn", value=0.4)
    both = {row.network: row.baseline for row in queries.network_rows(participant, queries.sessions_of(participant))}
    assert both["dmn"] == pytest.approx(0.3)
    services.exclude_session(analyst, second, version=1, reason="moved")
    one = {row.network: row.baseline for row in queries.network_rows(participant, queries.sessions_of(participant))}
    assert one["dmn"] == pytest.approx(0.2)


def test_a_post_scan_counts_its_hours_from_the_end_of_the_infusion(
    analyst: User, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = SCANNED - timedelta(hours=336)
    times = events.InfusionTimes(ended - timedelta(hours=96), ended)
    monkeypatch.setitem(events._providers, "infusion.times", lambda participant: times)
    assert queries.hours_after_infusion(scan(analyst, participant, "post")) == 336
    assert queries.hours_after_infusion(scan(analyst, participant, "pre1", ended - timedelta(days=9))) is None
