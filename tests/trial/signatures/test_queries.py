"""T17: a signature is void from the first change on, says so, and cannot be moved to another record."""

from __future__ import annotations

import uuid
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext

from assessments.models import Assessment
from infusion.models import SerumLevel, SerumSample
from tests.assessments.ratings import RATED, rate
from tests.trial.signatures.clinic import Clinic, copied, correct, sign
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.audit.queries import entry_time
from trial.participants import services as participants
from trial.participants.models import Consent, Participant, Visit
from trial.participants.queries import get_visit
from trial.records.models import ProtocolVersion
from trial.records.services import amend, enter
from trial.safety import services as safety
from trial.signatures import content
from trial.signatures.binding import mac_of
from trial.signatures.models import Signature
from trial.signatures.queries import Standing, State, is_signed, signatures_at, signatures_of, standing, standings

pytestmark = pytest.mark.django_db


def the_only(subject: Model) -> Standing:
    """How the one signature of a subject stands."""
    [found] = signatures_of(subject)
    return found


def test_a_correction_voids_the_signature_and_says_since_when_by_whom_and_why(clinic: Clinic) -> None:
    sign(clinic.pi, clinic.visit, "approved")
    correct(clinic.rating, clinic.psychiatrist, value=4, reason="read again from paper")
    found = the_only(clinic.visit)
    entry = AuditEntry.objects.filter(table_name="assessments_assessment").order_by("-id")[0]
    assert (found.state, found.since) == (State.VOID, entry_time(entry))
    assert (found.by, found.why, found.record) == (
        clinic.psychiatrist.username,
        "read again from paper",
        "assessment changed",
    )
    [total] = [change for change in found.changes if change.field == "total"]
    assert (Decimal(total.old), Decimal(total.new)) == (Decimal(27), Decimal(28))
    assert not is_signed(clinic.visit, "approved")


def test_a_signature_that_missed_the_change_would_be_seen(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: where assessments are not signed with their visit, the test above fails."""
    monkeypatch.setattr(content, "CONTENT_APPS", content.CONTENT_APPS - {"assessments"})
    sign(clinic.pi, clinic.visit, "approved")
    correct(clinic.rating, clinic.psychiatrist, value=4)
    assert the_only(clinic.visit).state == State.VALID


def test_it_stands_while_nothing_changes(clinic: Clinic) -> None:
    for subject in (clinic.visit, clinic.participant, clinic.rating):
        sign(clinic.pi, subject, "approved")
        assert the_only(subject) == Standing(Signature.objects.get(subject_id=subject.pk), State.VALID)
        assert is_signed(subject, "approved")
        assert not is_signed(subject, "reviewed")


def test_a_change_undone_leaves_it_void(clinic: Clinic) -> None:
    sign(clinic.pi, clinic.visit)
    correct(clinic.rating, clinic.psychiatrist, value=4, reason="a slip")
    correct(clinic.rating, clinic.psychiatrist, value=3, reason="as it was")
    found = the_only(clinic.visit)
    assert (found.state, found.why) == (State.VOID, "a slip")


def test_a_new_record_voids_it(clinic: Clinic) -> None:
    sign(clinic.pi, clinic.visit)
    rate(clinic.psychiatrist, clinic.participant, {"severity": 5}, code="cgi_s", visit="screening")
    found = the_only(clinic.visit)
    assert (found.state, found.record, found.changes) == (State.VOID, "assessment entered", ())
    assert found.why == "cgi_s rated"


def test_a_removed_record_voids_it(clinic: Clinic) -> None:
    sign(clinic.pi, clinic.visit)
    sign(clinic.pi, clinic.rating)
    with audited("system:tests", "entered for somebody else"):
        Assessment.objects.filter(pk=clinic.rating.pk).delete()
    for subject in (clinic.visit, clinic.rating):
        found = the_only(subject)
        assert (found.state, found.record, found.by) == (State.VOID, "assessment removed", "system:tests")


def test_a_record_moved_to_another_visit_voids_both(clinic: Clinic) -> None:
    other = get_visit(clinic.participant, "week_2")
    sign(clinic.pi, clinic.visit)
    sign(clinic.pi, other)
    with audited("system:tests", "belongs to week 2"):
        Assessment.objects.filter(pk=clinic.rating.pk).update(visit=other)
    for visit in (clinic.visit, other):
        assert (the_only(visit).state, the_only(visit).why) == (State.VOID, "belongs to week 2")


def test_every_signature_of_a_participant_sees_every_visit(clinic: Clinic) -> None:
    other = get_visit(clinic.participant, "week_2")
    for subject in (clinic.visit, other, clinic.participant):
        sign(clinic.pi, subject)
    rate(clinic.psychiatrist, clinic.participant, {"improvement": 2}, code="cgi_i", visit="week_2")
    states = [the_only(subject).state for subject in (clinic.visit, other, clinic.participant)]
    assert states == [State.VALID, State.VOID, State.VOID]


def test_a_row_that_hangs_on_a_record_of_the_visit_counts(clinic: Clinic) -> None:
    """A serum level names its sample; that the sample was taken at a visit makes it one of the visit's."""
    given: dict[str, Any] = {"participant": clinic.participant, "occurred_at": RATED}
    sample = enter(SerumSample, clinic.pi, visit=clinic.visit, sample="before", **given)
    sign(clinic.pi, clinic.visit)
    enter(SerumLevel, clinic.pi, sample=sample, analyte="ketamine", concentration="12.5", **given)
    assert (the_only(clinic.visit).state, the_only(clinic.visit).record) == (State.VOID, "serum level entered")


def test_what_changes_without_a_clinical_change_leaves_it_valid(clinic: Clinic) -> None:
    later = get_visit(clinic.participant, "week_2")
    sign(clinic.pi, later)
    sign(clinic.pi, clinic.rating)
    version, opens = later.version, later.opens_at
    clinic.participant.refresh_from_db()
    planned = RATED.date() + timedelta(days=20)
    participants.plan_infusion(
        clinic.pi, clinic.participant, on=planned, version=clinic.participant.version, reason="planned"
    )
    later.refresh_from_db()
    assert (later.version, later.opens_at) != (version, opens)
    amend(clinic.rating, clinic.pi, version=clinic.rating.version, reason="saved again as it is")
    assert the_only(later).is_valid
    assert the_only(clinic.rating).is_valid


def test_alerts_and_deviations_are_judged_on_their_own(clinic: Clinic) -> None:
    sign(clinic.pi, clinic.participant)
    about: dict[str, Any] = {"participant": clinic.participant, "visit": clinic.visit, "occurred_at": RATED}
    alert = safety.raise_alert(clinic.pi, kind="blood_pressure", level="urgent", summary="180/100", **about)
    safety.record_deviation(clinic.pi, kind="other", summary="late", **about)
    assert the_only(clinic.participant).is_valid
    sign(clinic.pi, alert, "reviewed")
    assert the_only(alert).signature.subject_words == f"Alert at Screening of {clinic.participant}"


def test_a_signature_copied_to_another_record_is_broken(clinic: Clinic) -> None:
    given = sign(clinic.pi, clinic.visit, "approved")
    other = get_visit(clinic.participant, "week_2")
    copied(given, subject_id=str(other.pk))
    assert (the_only(other).state, the_only(other).since) == (State.BROKEN, None)
    assert "altered or copied" in the_only(other).why


def test_without_the_key_nobody_makes_a_signature_that_fits(clinic: Clinic) -> None:
    """Even one with the right hash of another record's true content, for the seal needs the key."""
    given = sign(clinic.psychiatrist, clinic.visit, "reviewed")
    other = content.content_of(get_visit(clinic.participant, "week_2"))
    changes: dict[str, Any] = {"subject_id": other.id, "manifest": other.manifest, "content_hash": other.hash}
    assert standing(copied(given, **changes)).state == State.BROKEN
    assert standing(copied(given, meaning="approved")).state == State.BROKEN
    assert standing(copied(given, signer=clinic.pi, printed_name=clinic.pi.full_name)).state == State.BROKEN
    assert standing(given).is_valid


def test_a_signature_without_its_hash_bound_to_the_record_would_fit_anywhere(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: without the binding a copied row is not told from a given one."""
    given = sign(clinic.pi, clinic.visit)
    monkeypatch.setattr("trial.signatures.queries.is_whole", lambda signature: True)
    assert standing(copied(given, subject_id=str(uuid.uuid4()))).state == State.VOID


def test_a_row_gone_without_an_entry_is_told(clinic: Clinic) -> None:
    given = sign(clinic.pi, clinic.visit)
    now = content.content_of(clinic.visit)
    less = content.Content(now.table, now.id, now.rows[1:])
    found = standing(given, less)
    assert (found.state, found.since) == (State.VOID, None)
    assert "verify_audit" in found.why


def test_a_row_of_a_transaction_open_at_signing_voids_it_too(clinic: Clinic) -> None:
    """On PostgreSQL its entry may have a lower number than the newest one seen at signing."""
    row = rate(clinic.psychiatrist, clinic.participant, {"severity": 5}, code="cgi_s", visit="screening")
    given = sign(clinic.pi, clinic.visit)
    lines = [line for line in given.manifest.splitlines() if row.pk.hex not in line.replace("-", "")]
    given.manifest = "\n".join(lines)
    found = content.Content(given.subject_table, given.subject_id, content.rows_in(given.manifest))
    given.content_hash = found.hash
    given.mac = mac_of(given)
    assert (standing(given).state, standing(given).record) == (State.VOID, "assessment entered")


def test_a_protocol_file_that_changed_voids_its_signatures(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    version = ProtocolVersion.objects.get(pk=clinic.participant.protocol_version)
    sign(clinic.pi, version, "approved", site=clinic.site)
    assert the_only(version).is_valid
    monkeypatch.setattr("trial.protocol.sha256", lambda version: "0" * 64)
    assert the_only(version).state == State.VOID
    monkeypatch.setattr("trial.protocol.versions", lambda: ())
    assert the_only(version).state == State.VOID


def test_signatures_are_found_by_site(clinic: Clinic) -> None:
    given = sign(clinic.pi, clinic.visit)
    assert list(signatures_at({clinic.site.pk})) == [given]
    assert list(signatures_at({uuid.uuid4()})) == []
    assert signatures_of(clinic.participant) == []
    assert str(given) == f"{clinic.pi.full_name}, reviewed: Visit Screening of {clinic.participant}"
    assert given.held_roles == {"pi"}


def test_what_hangs_on_a_participant_is_every_record_of_the_trial(clinic: Clinic) -> None:
    found = content.gathered(Participant, [str(clinic.participant.pk)])
    assert {Participant, Visit, Consent, Assessment} <= found.keys()
    assert len(found[Visit]) == clinic.participant.visits.count()


def test_many_signatures_that_stand_cost_no_more_queries_than_one(clinic: Clinic) -> None:
    visits = list(clinic.participant.visits.order_by("code"))[:6]
    given = [sign(clinic.pi, visit) for visit in visits]
    with CaptureQueriesContext(connection) as one:
        assert standings(given[:1])[0].is_valid
    with CaptureQueriesContext(connection) as many:
        assert all(found.is_valid for found in standings(given))
    assert len(many) <= len(one) + 1, "one for the records of a visit that has some"


def test_the_content_of_many_is_that_of_each(clinic: Clinic) -> None:
    visits = [str(visit.pk) for visit in clinic.participant.visits.all()]
    gone = str(uuid.uuid4())
    found = content.contents_at("participants.visit", [*visits, gone])
    assert found == {pk: content.content_at("participants.visit", pk) for pk in [*visits, gone]}
    assert len(found[str(clinic.visit.pk)].rows) > 1
    assert found[gone].rows == ()


def test_a_forged_line_that_names_nothing_readable_is_told_and_hides_no_other(clinic: Clinic) -> None:
    given = sign(clinic.pi, clinic.visit)
    forged = copied(given, subject_table="nothing.known", subject_id="x")
    assert [found.state for found in standings([forged, given])] == [State.BROKEN, State.VALID]
