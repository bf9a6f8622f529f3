"""T17: who signs is asked for the password, what is signed is what was shown, and a change voids it.

21 CFR 11.50 (name, time, meaning), 11.70 (cannot be moved to another record), 11.200 (both parts at first signing).
"""

from __future__ import annotations

import logging
import uuid
from datetime import UTC, datetime

import pytest
from django.utils import timezone

from tests.trial.records import clinic as builders
from tests.trial.signatures.clinic import PASSWORD, SESSION, Clinic, correct, sign
from trial.audit.context import audited
from trial.audit.models import AuditEntry
from trial.participants.models import Participant
from trial.permissions import Role
from trial.records import events
from trial.records.models import ProtocolVersion
from trial.signatures import services
from trial.signatures.content import content_of
from trial.signatures.models import Signature
from trial.signatures.queries import signatures_of
from trial.signatures.services import SignatureRefused

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 5, 18, 0, tzinfo=UTC)


def test_a_signature_holds_name_time_meaning_and_hash(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: NOON)
    seen = content_of(clinic.visit).hash
    signed = sign(clinic.pi, clinic.visit, "approved", expected_hash=seen)
    signed.refresh_from_db()
    assert (signed.printed_name, signed.username) == (clinic.pi.full_name, clinic.pi.username)
    assert (signed.signed_at, signed.meaning, signed.site) == (NOON, "approved", clinic.site)
    assert (signed.content_hash, signed.roles) == (seen, "pi")
    assert signed.subject_words == f"Visit Screening of {clinic.participant}"
    assert signed.content_words == "1 × assessment, 1 × visit"
    assert [one.state for one in signatures_of(clinic.visit)] == ["valid"]


def test_a_signature_is_audited_with_who_and_why(clinic: Clinic) -> None:
    signed = sign(clinic.pi, clinic.visit)
    entry = AuditEntry.objects.get(table_name="signatures_signature")
    assert (entry.op, entry.actor, entry.reason) == ("I", clinic.pi.username, "signed: reviewed")
    assert signed.content_hash in (entry.new or "")


def test_the_first_signature_of_a_session_asks_for_both_parts(clinic: Clinic) -> None:
    with pytest.raises(SignatureRefused, match="first signature since you signed in"):
        sign(clinic.pi, clinic.visit, username="")
    sign(clinic.pi, clinic.visit)
    sign(clinic.pi, clinic.rating, username="")
    with pytest.raises(SignatureRefused, match="first signature"):
        sign(clinic.pi, clinic.participant, username="", session_key="another session")
    with pytest.raises(SignatureRefused, match="first signature"):
        sign(clinic.psychiatrist, clinic.visit, username="", session_key=SESSION)


def refused(caplog: pytest.LogCaptureFixture) -> list[str]:
    """What the log says of refusals of signatures."""
    found = (record.getMessage() for record in caplog.records if record.name == "trial.signatures.services")
    return [words for words in found if words.startswith("signature refused: ")]


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"password": "wrong"}, "password"),
        ({"password": ""}, "password"),
        ({"username": "psychiatrist-k"}, "another account's name"),
        ({"username": "psychiatrist-k", "password": "wrong"}, "another account's name"),
        ({"username": "nobody"}, "another account's name"),
    ],
)
def test_anothers_or_a_wrong_name_or_password_signs_nothing_and_is_logged(
    clinic: Clinic, caplog: pytest.LogCaptureFixture, given: dict[str, str], code: str
) -> None:
    with caplog.at_level(logging.WARNING), pytest.raises(SignatureRefused, match="are not those of the account"):
        sign(clinic.pi, clinic.visit, **given)
    assert not Signature.objects.exists()
    assert refused(caplog) == [f"signature refused: {clinic.pi.username}, {code}, on anything"]
    assert all(
        given.get("password") not in ("wrong",) or "wrong" not in record.getMessage() for record in caplog.records
    )


def test_the_password_of_another_account_signs_nothing(clinic: Clinic) -> None:
    with audited("system:tests", "another password"):
        clinic.psychiatrist.set_password("that of the psychiatrist")
        clinic.psychiatrist.save()
    with pytest.raises(SignatureRefused):
        sign(clinic.pi, clinic.visit, password="that of the psychiatrist")
    assert not Signature.objects.exists()


def test_a_wrong_password_is_told_to_the_guess_limit(clinic: Clinic, caplog: pytest.LogCaptureFixture) -> None:
    """The limit listens to Django's signal of a failed sign-in, as the log of refusals does."""
    with caplog.at_level(logging.WARNING), pytest.raises(SignatureRefused):
        sign(clinic.pi, clinic.visit, password="wrong")
    assert f"sign-in refused: {clinic.pi.username}" in [record.getMessage() for record in caplog.records]


def test_a_closed_account_signs_nothing(clinic: Clinic) -> None:
    with audited("system:tests", "left the trial"):
        type(clinic.pi).objects.filter(pk=clinic.pi.pk).update(is_active=False)
    with pytest.raises(SignatureRefused):
        sign(clinic.pi, clinic.visit)
    assert not Signature.objects.exists()


def test_a_record_that_changed_since_it_was_shown_is_shown_again(
    clinic: Clinic, caplog: pytest.LogCaptureFixture
) -> None:
    seen = content_of(clinic.visit).hash
    correct(clinic.rating, clinic.psychiatrist, value=4)
    with caplog.at_level(logging.WARNING), pytest.raises(SignatureRefused, match="changed since the page was shown"):
        sign(clinic.pi, clinic.visit, expected_hash=seen)
    assert not Signature.objects.exists()
    assert refused(caplog) == [
        f"signature refused: {clinic.pi.username}, changed, on participants.visit {clinic.visit.pk}"
    ]
    sign(clinic.pi, clinic.visit, expected_hash=content_of(clinic.visit).hash)


def test_a_form_signs_once(clinic: Clinic) -> None:
    key = uuid.uuid4()
    sign(clinic.pi, clinic.visit, key=key)
    with pytest.raises(SignatureRefused, match="has signed already"):
        sign(clinic.pi, clinic.visit, key=key)
    with pytest.raises(SignatureRefused, match="has signed already"):
        sign(clinic.pi, clinic.participant, key=key)
    assert Signature.objects.count() == 1


def test_a_confirmation_signs_once_and_for_its_person_only(clinic: Clinic) -> None:
    given = services.confirm(clinic.pi, password=PASSWORD, username=clinic.pi.username)
    with pytest.raises(SignatureRefused, match="are not those"):
        services.sign(clinic.psychiatrist, subject=clinic.visit, meaning="reviewed", confirmation=given)
    services.sign(clinic.pi, subject=clinic.visit, meaning="reviewed", confirmation=given)
    with pytest.raises(SignatureRefused, match="has signed already"):
        services.sign(clinic.pi, subject=clinic.rating, meaning="reviewed", confirmation=given)


def test_nobody_signs_twice_what_still_stands(clinic: Clinic) -> None:
    sign(clinic.pi, clinic.visit, "reviewed")
    with pytest.raises(SignatureRefused, match="signed this already"):
        sign(clinic.pi, clinic.visit, "reviewed")
    sign(clinic.pi, clinic.visit, "approved")
    sign(clinic.psychiatrist, clinic.visit, "reviewed")
    correct(clinic.rating, clinic.psychiatrist, value=4)
    sign(clinic.pi, clinic.visit, "reviewed")
    assert [one.state for one in signatures_of(clinic.visit)] == ["void", "void", "void", "valid"]


@pytest.mark.parametrize(
    ("role", "meaning", "may"),
    [
        (Role.PI, "approved", True),
        (Role.PSYCHIATRIST, "approved", False),
        (Role.MONITOR, "reviewed", True),
        (Role.NURSE, "reviewed", False),
        (Role.NURSE, "entered", True),
        (Role.MONITOR, "entered", False),
        (Role.ADMINISTRATOR, "entered", False),
        (Role.PI, "witnessed", False),
        (Role.PI, "", False),
    ],
)
def test_the_role_says_with_which_meaning_one_signs(clinic: Clinic, role: Role, meaning: str, may: bool) -> None:
    if may:
        assert sign(clinic.people[role], clinic.visit, meaning).roles == role
    else:
        with pytest.raises(SignatureRefused, match="roles at Clinic K do not allow"):
            sign(clinic.people[role], clinic.visit, meaning)


def test_a_role_at_another_site_signs_nothing_here(clinic: Clinic) -> None:
    stranger = builders.make_person(builders.make_site("ELSE"), Role.PI)
    with pytest.raises(SignatureRefused, match="do not allow"):
        sign(stranger, clinic.visit, "approved")


def test_open_queries_block_the_approval_and_nothing_else(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str]] = []

    def open_about(table: str, row_id: str) -> tuple[str, ...]:
        asked.append((table, row_id))
        return ("Total: how is it 30?",)

    monkeypatch.setitem(events._providers, "queries.open_about", open_about)
    for subject in (clinic.visit, clinic.participant, clinic.rating):
        with pytest.raises(SignatureRefused, match=r"1 open query must be closed .*: Total: how is it 30"):
            sign(clinic.pi, subject, "approved")
        sign(clinic.pi, subject, "reviewed")
    assert asked == [
        ("participants.visit", str(clinic.visit.pk)),
        ("participants.participant", str(clinic.participant.pk)),
        ("assessments.assessment", str(clinic.rating.pk)),
    ]
    version = ProtocolVersion(version=clinic.participant.protocol_version)
    sign(clinic.pi, version, "approved", site=clinic.site)
    monkeypatch.setitem(events._providers, "queries.open_about", lambda table, row_id: ("one", "two"))
    with pytest.raises(SignatureRefused, match="2 open queries"):
        sign(clinic.pi, clinic.visit, "approved")


def test_a_protocol_version_is_signed_for_a_site(clinic: Clinic) -> None:
    version = ProtocolVersion.objects.get(pk=clinic.participant.protocol_version)
    with pytest.raises(SignatureRefused, match="for which site"):
        sign(clinic.pi, version, "approved")
    signed = sign(clinic.pi, version, "approved", site=clinic.site)
    assert version.sha256 in signed.manifest
    assert signed.subject_words == f"Protocol {version.version}"
    assert [one.state for one in signatures_of(version)] == ["valid"]


def test_what_is_not_audited_cannot_be_signed(clinic: Clinic) -> None:
    with pytest.raises(ValueError, match="is not audited"):
        sign(clinic.pi, AuditEntry.objects.all()[0])


def test_signing_writes_nothing_else(clinic: Clinic) -> None:
    before = AuditEntry.objects.count()
    sign(clinic.pi, clinic.participant)
    assert AuditEntry.objects.count() == before + 1
    assert Participant.objects.get(pk=clinic.participant.pk).version == clinic.participant.version
