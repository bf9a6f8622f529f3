"""A trial carried from one protocol version to the next: who consents again, who is moved, what keeps its version."""

from __future__ import annotations

import shutil
import uuid
from datetime import UTC, datetime, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from tests.trial.participants.people import CONSENTED, STARTED, consent, enrol, make_user
from trial import protocol
from trial.audit.models import AuditEntry
from trial.participants import amendments, queries, services
from trial.participants.models import Participant, ProtocolMove, Visit
from trial.participants.services import StepRefused
from trial.records.models import ProtocolVersion
from trial.records.services import KeyReused, RecordError, StaleRecord
from trial.signatures.sign_off import ProtocolUnsigned
from trial.users.models import Site, User

FIRST, SECOND = "ketamine_96h_v1", "ketamine_96h_v2"
MOVED = datetime(2026, 11, 3, 16, 0, tzinfo=UTC)
PROPOSED = 'source = "Proposal for signature by the site physician", status = "proposed"'
# A second version that opens the window of week 8 three days earlier and is otherwise as the one shipped.
WIDER = f"""
[visits.week_8]
before = {{ value = "6", unit = "d", {PROPOSED} }}
"""


@pytest.fixture
def wider_week_8(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The protocol's folder with a second version that also changes a window."""
    for version in (FIRST, SECOND):
        shutil.copy(str(files("trial.protocol").joinpath(f"{version}.toml")), tmp_path)
    file = tmp_path / f"{SECOND}.toml"
    file.write_text(file.read_text(encoding="utf-8") + WIDER, encoding="utf-8")
    monkeypatch.setattr(protocol, "_version_files", lambda: tmp_path)
    for read in (protocol.for_version, protocol.sha256, protocol.versions):
        # What other tests hold is remembered under the functions' own caches, which stay as they are.
        monkeypatch.setattr(protocol, read.__name__, cache(read.__wrapped__))


@pytest.fixture
def followed(consented: Participant, coordinator: User) -> Participant:
    """A patient after the infusion, week 2 held."""
    services.infusion_began(coordinator, consented, STARTED)
    services.infusion_ended(coordinator, consented, STARTED + timedelta(hours=96), completed=True, reason="")
    week_2 = queries.get_visit(consented, "week_2")
    services.record_visit(coordinator, week_2, occurred_at=STARTED + timedelta(days=18))
    return Participant.objects.select_related("site").get(pk=consented.pk)


def move(actor: User, participant: Participant, **changes: Any) -> ProtocolMove:
    given = {"to": SECOND, "occurred_at": MOVED, "reason": "approved", "version": participant.version, **changes}
    return services.move_to_version(actor, participant, **given)


def renew(actor: User, participant: Participant, at: datetime = MOVED - timedelta(days=1)) -> None:
    services.sign_consent(actor, participant, occurred_at=at, form_version="2026-11")


@pytest.mark.django_db
@pytest.mark.usefixtures("wider_week_8")
def test_a_trial_goes_from_the_first_version_to_the_second(
    site: Site, coordinator: User, psychiatrist: User, followed: Participant
) -> None:
    screened = consent(coordinator, enrol(coordinator, site))
    gone = consent(coordinator, enrol(coordinator, site))
    services.set_status(
        coordinator, gone, axis="enrolment", value="withdrew", reason="moved away", occurred_at=CONSENTED + timedelta(1)
    )
    late = enrol(coordinator, site)
    assert protocol.in_force(MOVED.date()) == SECOND
    consent(coordinator, late, at=MOVED)
    assert Participant.objects.get(pk=late.pk).protocol_version == SECOND

    listed = amendments.on_earlier_versions(frozenset({site.pk}), SECOND, MOVED)
    assert [(line.participant, line.phase, line.needs_reconsent) for line in listed] == [
        (followed, "after the infusion", False),
        (screened, "in screening", True),
    ]
    assert [line.verdict.ok for line in listed] == [True, False]

    before = {visit.code: (visit.opens_at, visit.version) for visit in queries.visits_of(followed)}
    move(coordinator, followed)
    after = {visit.code: visit for visit in queries.visits_of(followed)}
    held = after["week_2"]
    assert (held.protocol_version, held.opens_at, held.version) == (FIRST, *before["week_2"])
    assert after["week_8"].protocol_version == SECOND
    opened = before["week_8"][0]
    assert opened is not None
    assert after["week_8"].opens_at == opened - timedelta(days=3)

    with pytest.raises(StepRefused, match="renewed consent"):
        move(coordinator, screened)
    renew(coordinator, screened)
    moved = move(coordinator, screened)
    assert moved.reconsent is not None
    assert moved.reconsent.form_version == "2026-11"
    assert not amendments.on_earlier_versions(frozenset({site.pk}), SECOND, MOVED)
    assert set(ProtocolVersion.objects.values_list("version", flat=True)) == {FIRST, SECOND}
    assert Participant.objects.get(pk=gone.pk).protocol_version == FIRST


@pytest.mark.django_db
@pytest.mark.usefixtures("wider_week_8")
def test_the_window_of_a_held_visit_is_counted_by_its_own_version_after_a_move(
    coordinator: User, followed: Participant
) -> None:
    week_8 = queries.get_visit(followed, "week_8")
    assert week_8.opens_at is not None
    services.record_visit(coordinator, week_8, occurred_at=week_8.opens_at + timedelta(days=1))
    first = week_8.opens_at
    move(coordinator, followed)
    services.refresh_windows(coordinator, followed)
    kept = queries.get_visit(followed, "week_8")
    window = queries.window_of(kept)
    assert window is not None
    assert (kept.opens_at, window.opens) == (first, first)


@pytest.mark.django_db
def test_a_move_is_one_act_with_its_reason_in_the_trail(coordinator: User, followed: Participant) -> None:
    form = {"key": uuid.uuid4(), "version": followed.version}
    first = move(coordinator, followed, reason="amendment 1 approved", **form)
    again = move(coordinator, followed, reason="amendment 1 approved", **form)
    assert (again, again.is_repeat) == (first, True)
    assert ProtocolMove.objects.count() == 1
    entry = AuditEntry.objects.get(table_name="participants_participant", op="U", reason="amendment 1 approved")
    assert '"protocol_version"' in (entry.new or "")


@pytest.mark.django_db
def test_a_stale_page_and_an_empty_reason_move_nobody(coordinator: User, followed: Participant) -> None:
    with pytest.raises(RecordError, match="Say why"):
        move(coordinator, followed, reason="  ")
    with pytest.raises(StaleRecord):
        move(coordinator, followed, version=followed.version - 1)
    assert Participant.objects.get(pk=followed.pk).protocol_version == FIRST
    assert not ProtocolMove.objects.exists()
    assert not Visit.objects.filter(protocol_version=SECOND).exists()


@pytest.mark.django_db
def test_the_same_key_with_another_content_is_refused(coordinator: User, followed: Participant) -> None:
    key, version = uuid.uuid4(), followed.version
    move(coordinator, followed, key=key, version=version)
    with pytest.raises(KeyReused):
        move(coordinator, followed, key=key, version=version, reason="another")


@pytest.mark.django_db
def test_the_list_costs_the_same_for_one_and_for_many(site: Site, coordinator: User) -> None:
    counts = []
    for _ in range(2):
        for _ in range(4):
            consent(coordinator, enrol(coordinator, site))
        with CaptureQueriesContext(
            connection,
        ) as asked:
            amendments.on_earlier_versions(frozenset({site.pk}), SECOND, MOVED)
        counts.append(len(asked))
    assert counts[0] == counts[1] == 4


def address(participant: Participant) -> str:
    return reverse("participants:move", args=[participant.study_id, SECOND])


@pytest.mark.django_db
def test_the_page_shows_the_consequences_before_and_says_the_move_after(
    client: Client, coordinator: User, followed: Participant
) -> None:
    client.force_login(coordinator)
    page = client.get(address(followed)).content.decode()
    assert "safety: escalation" in page.lower() or "Escalation" in page
    assert "keeps ketamine_96h_v1" in page
    assert not ProtocolMove.objects.exists()
    sent = {
        "key": str(uuid.uuid4()),
        "version": followed.version,
        "reason": "approved",
        "occurred_at": "2026-11-03T10:00",
    }
    done = client.post(address(followed), sent, follow=True)
    assert "is under ketamine_96h_v2 now" in done.content.decode()
    assert Participant.objects.get(pk=followed.pk).protocol_version == SECOND


@pytest.mark.django_db
def test_what_a_move_needs_is_said_and_nothing_is_saved(
    client: Client, coordinator: User, consented: Participant
) -> None:
    client.force_login(coordinator)
    page = client.get(address(consented)).content.decode()
    assert "asks for a renewed consent" in page
    assert "Move the participant" not in page
    sent = {"key": str(uuid.uuid4()), "version": consented.version, "reason": "x", "occurred_at": "2026-11-03T10:00"}
    assert client.post(address(consented), sent).status_code == 422
    assert not ProtocolMove.objects.exists()


@pytest.mark.django_db
def test_an_unknown_version_is_not_found(client: Client, coordinator: User, consented: Participant) -> None:
    client.force_login(coordinator)
    assert client.get(reverse("participants:move", args=[consented.study_id, "ketamine_96h_v9"])).status_code == 404


@pytest.mark.django_db
def test_the_list_of_versions_leads_to_the_move_for_those_who_may_make_it(
    client: Client, site: Site, coordinator: User, followed: Participant
) -> None:
    page = reverse("participants:versions")
    client.force_login(coordinator)
    assert address(followed) in client.get(page).content.decode()
    client.force_login(make_user("nora", site, "nurse"))
    seen = client.get(page).content.decode()
    assert followed.study_id in seen
    assert address(followed) not in seen


@pytest.mark.django_db
def test_in_production_nobody_is_moved_to_a_version_that_is_not_signed(
    coordinator: User, followed: Participant, settings: Any
) -> None:
    settings.SITE_MODE = "production"
    with pytest.raises(ProtocolUnsigned, match="The move to a later version waits for signatures"):
        move(coordinator, followed)
    assert Participant.objects.get(pk=followed.pk).protocol_version == FIRST
    assert not ProtocolMove.objects.exists()
    settings.SITE_MODE = "practice"
    assert move(coordinator, followed).pk, "the control: a site that does not demand it moves"
