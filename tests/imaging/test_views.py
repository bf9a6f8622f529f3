"""The pages of imaging: sessions, and imports that show the difference or every error before saving."""

from __future__ import annotations

import re
import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from imaging import services
from imaging.models import ImagingSession, NetworkConnectivity, Upload, Volume
from tests.imaging.scans import ASEG, HEADER, SCANNED, scan, table
from tests.trial.participants import people
from trial import protocol
from trial.audit.models import AuditEntry
from trial.participants.models import Participant
from trial.participants.services import miss_visit
from trial.records import events
from trial.users.models import Site, User

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(client: Client, analyst: User) -> Client:
    """The imaging analyst's browser."""
    client.force_login(analyst)
    return client


def address(name: str, participant: Participant, *more: str) -> str:
    """The address of a page about a participant."""
    return reverse(f"imaging:{name}", args=[participant.study_id, *more])


def text_of(response: Any) -> str:
    """The page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def token_of(response: Any) -> str:
    """The signed preview in a page."""
    found = re.search(r'name="token" value="([^"]+)"', response.content.decode())
    assert found is not None
    return found[1]


def sent_table(browser: Client, site: Site, content: bytes, name: str = "fc.tsv") -> Any:
    """Choose a connectivity table for preview."""
    return browser.post(
        reverse("imaging:import"),
        {"site": site.pk, "file": SimpleUploadedFile(name, content), "made_by": "XCP-D"},
    )


def test_a_session_is_recorded_in_site_time(browser: Client, participant: Participant) -> None:
    filled = {
        "key": uuid.uuid4(),
        "occurred_at": "2026-03-05T09:00",
        "timepoint": "pre1",
        "scanner": "Trio",
        "is_usable": "on",
    }
    response = browser.post(address("record", participant), filled)
    assert response["Location"] == address("session", participant, "pre1")
    assert ImagingSession.objects.get().occurred_at == SCANNED


def test_a_scan_over_a_missed_visit_tells_that_it_was_missed(browser: Client, participant: Participant) -> None:
    miss_visit(participant.entered_by, participant.visits.get(code="pre1"), reason="Scanner down")
    filled = {"key": uuid.uuid4(), "occurred_at": "2026-03-05T09:00", "timepoint": "pre1", "is_usable": "on"}
    page = text_of(browser.post(address("record", participant), filled, follow=True))
    assert "is now marked done. It had been recorded as missed (Scanner down); that deviation is closed." in page


def test_an_unusable_session_says_why(browser: Client, participant: Participant) -> None:
    filled = {"key": uuid.uuid4(), "occurred_at": "2026-03-05T09:00", "timepoint": "pre1"}
    assert "Say why the session is not usable" in text_of(browser.post(address("record", participant), filled))
    browser.post(address("record", participant), filled | {"exclusion_reason": "moved too much"})
    row = ImagingSession.objects.get()
    assert (row.is_usable, row.exclusion_reason) == (False, "moved too much")


def test_a_recorded_timepoint_is_no_longer_offered(
    browser: Client, participant: Participant, session: ImagingSession
) -> None:
    page = browser.get(address("record", participant)).content.decode()
    assert 'value="pre2"' in page
    assert 'value="pre1"' not in page


def sent(**values: object) -> dict[str, object]:
    """A form as it is sent from a page just opened."""
    return {"key": uuid.uuid4(), **values}


def test_a_session_is_excluded_and_taken_back_with_reasons(
    browser: Client, participant: Participant, session: ImagingSession
) -> None:
    where = address("usability", participant, "pre1")
    assert browser.post(where, sent(version=1, reason="")).status_code == 422
    assert browser.post(where, sent(version=1, reason="moved")).status_code == 302
    assert "Not usable for analysis: moved" in text_of(browser.get(address("session", participant, "pre1")))
    assert browser.post(where, sent(version=1, reason="stale")).status_code == 409
    assert browser.post(where, sent(version=2, reason="second look")).status_code == 302
    session.refresh_from_db()
    assert session.is_usable


def test_a_correction_of_a_session_needs_a_reason(
    browser: Client, participant: Participant, session: ImagingSession
) -> None:
    where = address("correct", participant, "pre1")
    assert 'value="2026-03-05T09:00"' in browser.get(where).content.decode()
    filled = {"key": uuid.uuid4(), "version": 1, "occurred_at": "2026-03-05T10:00", "scanner": "Trio"}
    assert browser.post(where, filled).status_code == 422
    assert browser.post(where, filled | {"reason": "clock of the console"}).status_code == 302
    session.refresh_from_db()
    assert (session.occurred_at, session.version) == (SCANNED + timedelta(hours=1), 2)


def test_a_table_is_previewed_before_anything_is_saved(
    browser: Client, participant: Participant, session: ImagingSession
) -> None:
    content = table(f"{participant.study_id} pre1 dmn 0.25 fisher_z 300")
    response = sent_table(browser, session.site, content)
    assert "1 new, 0 changed, 0 as recorded" in text_of(response)
    assert not NetworkConnectivity.objects.exists()
    confirmed = browser.post(reverse("imaging:import"), {"token": token_of(response), "site": session.site.pk})
    assert confirmed["Location"] == reverse("imaging:sessions")
    assert NetworkConnectivity.objects.get().value == 0.25
    upload = Upload.objects.get()
    assert (upload.file_name, upload.made_by, upload.size) == ("fc.tsv", "XCP-D", len(content))


def test_the_list_says_when_a_scan_was_in_the_sites_time(browser: Client, session: ImagingSession) -> None:
    scanned = session.occurred_at.astimezone(session.site.zone)
    page = browser.get(reverse("imaging:sessions")).content.decode()
    assert f"{scanned:%Y-%m-%d %H:%M}" in page
    assert f"{session.occurred_at:%Y-%m-%d %H:%M}" not in page


def test_a_double_tap_on_the_confirmation_imports_once(
    browser: Client, participant: Participant, session: ImagingSession
) -> None:
    response = sent_table(browser, session.site, table(f"{participant.study_id} pre1 dmn 0.25 fisher_z 300"))
    filled = {"token": token_of(response), "site": session.site.pk}
    assert [browser.post(reverse("imaging:import"), filled).status_code for _ in range(2)] == [302, 302]
    assert (Upload.objects.count(), NetworkConnectivity.objects.count()) == (1, 1)


def test_changed_numbers_need_a_reason(browser: Client, participant: Participant, session: ImagingSession) -> None:
    services.record_connectivity(session.entered_by, session=session, network="dmn", value=0.2)
    response = sent_table(browser, session.site, table(f"{participant.study_id} pre1 dmn 0.25 fisher_z 300"))
    assert "0.2 0.25 Fisher z changed" in text_of(response)
    filled = {"token": token_of(response), "site": session.site.pk}
    assert browser.post(reverse("imaging:import"), filled).status_code == 409
    assert browser.post(reverse("imaging:import"), filled | {"reason": "pipeline\0 rerun"}).status_code == 302
    assert "pipeline rerun" in set(AuditEntry.objects.values_list("reason", flat=True))
    assert NetworkConnectivity.objects.get().value == 0.25


def test_every_error_of_a_refused_table_is_listed_by_line_and_column(
    browser: Client, participant: Participant, session: ImagingSession
) -> None:
    content = table(f"{participant.study_id} pre1 dmn 1,5 fisher_z 300", f"{participant.study_id} pre1 dmn 0.1 r 300")
    response = sent_table(browser, session.site, content)
    page = text_of(response)
    assert response.status_code == 422
    assert "2 value &#x27;1,5&#x27; is not a decimal number" in page
    assert "3 unit &#x27;r&#x27; is none of fisher_z" in page


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00\x01",
        b"\xff\xfea\x00",
        HEADER.encode(),
        b"<script>alert(1)</script>\t\n",
        b"=cmd|' /C calc'!A0",
    ],
)
def test_a_hostile_file_is_refused_on_the_page(browser: Client, session: ImagingSession, content: bytes) -> None:
    response = sent_table(browser, session.site, content, name="<script>.tsv")
    assert response.status_code in (200, 422)
    assert "<script>alert" not in response.content.decode()
    assert not Upload.objects.exists()


@pytest.mark.parametrize("token", ["", "x", "\x00", "a:b:c"])
def test_a_forged_preview_is_refused(browser: Client, session: ImagingSession, token: str) -> None:
    response = browser.post(reverse("imaging:import"), {"token": token, "site": session.site.pk})
    assert response.status_code == 409
    assert "too old" in text_of(response)


def test_a_preview_confirms_only_its_own_place(
    browser: Client, participant: Participant, session: ImagingSession, analyst: User
) -> None:
    scan(analyst, participant, "pre2", SCANNED + timedelta(days=3))
    response = browser.post(
        address("volumes", participant, "pre1"),
        {"file": SimpleUploadedFile("aseg.stats", ASEG), "made_by": ""},
    )
    elsewhere = browser.post(address("volumes", participant, "pre2"), {"token": token_of(response)})
    assert (elsewhere.status_code, Volume.objects.count()) == (409, 0)


def test_the_volumes_of_a_real_file_reach_the_page(
    browser: Client, participant: Participant, session: ImagingSession
) -> None:
    where = address("volumes", participant, "pre1")
    response = browser.post(where, {"file": SimpleUploadedFile("aseg.stats", ASEG), "made_by": "FreeSurfer 6"})
    assert "the file names its subject “sub-0020”; this is not kept" in text_of(response)
    assert browser.post(where, {"token": token_of(response)}).status_code == 302
    page = text_of(browser.get(address("session", participant, "pre1")))
    assert "Right hippocampus 3981.4 2.8575" in page


def test_another_sites_table_cannot_be_imported(browser: Client, session: ImagingSession) -> None:
    elsewhere = people.make_site("L")
    assert sent_table(browser, elsewhere, table("L-0001-1 pre1 dmn 0.2 fisher_z n/a")).status_code == 422
    assert browser.post(reverse("imaging:import"), {"token": "x", "site": elsewhere.pk}).status_code == 404
    assert browser.post(reverse("imaging:import"), {"token": "x", "site": "no uuid"}).status_code == 404


def test_a_foreign_participant_and_a_missing_one_answer_alike(browser: Client) -> None:
    elsewhere = people.make_site("L")
    coordinator = people.make_user("lena", elsewhere, "coordinator")
    foreign = people.consent(coordinator, people.enrol(coordinator, elsewhere))
    scan(coordinator, foreign)
    for name, more in (("panel", []), ("session", ["pre1"]), ("volumes", ["pre1"]), ("correct", ["pre1"])):
        found = browser.get(address(name, foreign, *more))
        missing = browser.get(reverse(f"imaging:{name}", args=["L-9999-9", *more]))
        assert (found.status_code, missing.status_code) == (404, 404)
        assert found.content == missing.content
    assert foreign.study_id not in browser.get(reverse("imaging:sessions")).content.decode()


@pytest.mark.parametrize(
    ("role", "reads", "records"),
    [
        ("imaging_analyst", 200, 200),
        ("coordinator", 200, 200),
        ("nurse", 200, 403),
        ("administrator", 403, 403),
    ],
)
def test_each_role_sees_what_the_table_of_rights_gives_it(
    client: Client,
    site: Site,
    participant: Participant,
    session: ImagingSession,
    role: str,
    reads: int,
    records: int,
) -> None:
    client.force_login(people.make_user("someone", site, role))
    for where in (
        reverse("imaging:sessions"),
        address("panel", participant),
        address("session", participant, "pre1"),
    ):
        assert client.get(where).status_code == reads
    for where in (
        reverse("imaging:import"),
        address("record", participant),
        address("correct", participant, "pre1"),
        address("usability", participant, "pre1"),
        address("volumes", participant, "pre1"),
    ):
        assert client.get(where).status_code == records


def test_the_panel_shows_baseline_change_and_hours_after_the_infusion(
    browser: Client, analyst: User, participant: Participant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended = SCANNED + timedelta(days=10)
    times = events.InfusionTimes(ended - timedelta(hours=96), ended)
    monkeypatch.setitem(events._providers, "infusion.times", lambda participant: times)
    for timepoint, days, value in (("pre1", 0, 0.2), ("pre2", 3, 0.4), ("post", 24, 0.1)):
        row = scan(analyst, participant, timepoint, SCANNED + timedelta(days=days))
        services.record_connectivity(analyst, session=row, network="dmn", value=value)
    page = text_of(browser.get(address("panel", participant)))
    assert "336 h" in page
    assert "Default mode network 0.200 0.400 0.300 0.100 -0.200" in page


def test_an_empty_list_says_what_to_do(browser: Client) -> None:
    assert "No session is recorded yet" in text_of(browser.get(reverse("imaging:sessions")))


def test_the_list_finds_a_study_id_and_says_which_numbers_are_there(
    browser: Client, site: Site, analyst: User, participant: Participant, session: ImagingSession
) -> None:
    other = people.consent(participant.entered_by, people.enrol(participant.entered_by, site))
    services.record_volume(
        analyst, session=scan(analyst, other), structure="left_hippocampus", volume_mm3=Decimal("4000")
    )
    page = browser.get(reverse("imaging:sessions"))
    assert text_of(page).count("imported") == 1
    found = browser.get(reverse("imaging:sessions"), {"q": other.study_id.lower()})
    assert (other.study_id in text_of(found), participant.study_id in text_of(found)) == (True, False)
    assert "No session of a study id with “zz”" in text_of(browser.get(reverse("imaging:sessions"), {"q": "zz"}))


def test_the_page_of_an_import_names_the_networks_and_leads_back(
    browser: Client, participant: Participant, session: ImagingSession
) -> None:
    page = browser.get(reverse("imaging:import")).content.decode()
    assert all(f"<code>{name}</code>" in page for name in protocol.for_version(protocol.FIRST).imaging.networks)
    assert f'href="{reverse("imaging:sessions")}">Cancel</a>' in page
    page = browser.get(address("volumes", participant, "pre1")).content.decode()
    assert f'href="{address("session", participant, "pre1")}">Cancel</a>' in page


def test_a_scan_visit_leads_to_its_session(browser: Client, participant: Participant) -> None:
    visit = browser.get(reverse("participants:visit", args=[participant.study_id, "pre2"])).content.decode()
    to = f"{address('record', participant)}?visit=pre2"
    assert f'href="{to}"' in visit
    assert '<option value="pre2" selected' in browser.get(to).content.decode()


def test_networks_without_any_value_are_not_printed(
    browser: Client, analyst: User, participant: Participant, session: ImagingSession
) -> None:
    assert "No connectivity of a usable session" in text_of(browser.get(address("panel", participant)))
    first, *others = protocol.for_version(protocol.FIRST).imaging.networks.items()
    services.record_connectivity(analyst, session=session, network=first[0], value=0.25)
    panel = text_of(browser.get(address("panel", participant)))
    assert first[1].label.text in panel
    assert not any(network.label.text in panel for _, network in others)


def test_every_number_of_a_session_leads_to_its_history(
    browser: Client, analyst: User, participant: Participant, session: ImagingSession
) -> None:
    name = next(iter(protocol.for_version(protocol.FIRST).imaging.networks))
    services.record_connectivity(analyst, session=session, network=name, value=0.25)
    where = address("volumes", participant, "pre1")
    token = token_of(browser.post(where, {"file": SimpleUploadedFile("aseg.stats", ASEG), "made_by": "FreeSurfer 6"}))
    browser.post(where, {"token": token})
    page = browser.get(address("session", participant, "pre1")).content.decode()
    rows = [*Volume.objects.all(), *NetworkConnectivity.objects.all()]
    assert len(rows) > 2
    for row in rows:
        to = reverse("audit:history", args=[row._meta.label, row.pk])
        assert f'href="{to}"' in page
        assert browser.get(to).status_code == 200
