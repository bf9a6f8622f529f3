"""Signing on a page: what exactly is signed, the meaning, the name and the password; then the signatures shown."""

from __future__ import annotations

import re
from datetime import date
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from tests.trial.records import clinic as builders
from tests.trial.signatures.clinic import PASSWORD, Clinic, copied, correct, sign
from trial import protocol
from trial.participants.models import Consent
from trial.permissions import ACTIONS, Role
from trial.signatures.content import content_of
from trial.signatures.models import Signature
from trial.signatures.subjects import page_of
from trial.users.models import User
from trial.users.services import add_site, give_role

pytestmark = pytest.mark.django_db
NOWHERE = "00000000-0000-4000-8000-000000000000"


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(name: str, subject: Any) -> str:
    return reverse(f"signatures:{name}", args=[subject._meta.label, subject.pk])


def posted(user: User, subject: Any, **changes: object) -> dict[str, object]:
    """What the page of signing sends."""
    given = {
        "key": uuid4(),
        "seen": content_of(subject).hash,
        "meaning": "approved",
        "site": subject.site_id,
        "username": user.username,
        "password": PASSWORD,
    }
    return {**given, **changes}


def test_the_page_shows_the_content_in_words_its_hash_and_the_meanings(clinic: Clinic) -> None:
    page = signed_in(clinic.pi).get(address("sign", clinic.visit)).content.decode()
    assert f"Sign: Visit Screening of {clinic.participant}" in page
    assert content_of(clinic.visit).hash in page
    assert "1 × assessment, 1 × visit" in page
    assert "Scores, apparent sadness" in page
    assert "Approved: I approve this and take responsibility for it." in page
    assert "legally binding" in page
    assert clinic.pi.full_name in page


def test_the_page_never_offers_a_password_again_nor_drafts_one(clinic: Clinic) -> None:
    client = signed_in(clinic.pi)
    answer = client.post(address("sign", clinic.visit), posted(clinic.pi, clinic.visit, password="not this one"))
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "not this one" not in page
    assert 'autocomplete="current-password"' in page
    assert 'autocomplete="username"' in page
    assert page.count("data-no-draft") == 3
    assert "Nothing was signed" in page


def test_signing_leads_back_to_the_visit_and_the_visit_shows_it(clinic: Clinic) -> None:
    client = signed_in(clinic.pi)
    answer = client.post(address("sign", clinic.visit), posted(clinic.pi, clinic.visit))
    visit = reverse("participants:visit", args=[clinic.participant.study_id, "screening"])
    assert (answer.status_code, answer["Location"]) == (302, visit)
    assert address("panel", clinic.visit) in client.get(visit).content.decode()
    panel = client.get(address("panel", clinic.visit)).content.decode()
    assert 'data-signature="valid"' in panel
    assert clinic.pi.full_name in panel
    assert "approved" in panel


def test_the_second_signature_of_a_session_asks_for_the_password_alone(clinic: Clinic) -> None:
    client = signed_in(clinic.pi)
    assert asks_for_user_name(client, clinic.visit)
    client.post(address("sign", clinic.visit), posted(clinic.pi, clinic.visit))
    assert not asks_for_user_name(client, clinic.rating)
    again = posted(clinic.pi, clinic.rating)
    del again["username"]
    assert client.post(address("sign", clinic.rating), again).status_code == 302
    assert Signature.objects.count() == 2
    assert asks_for_user_name(signed_in(clinic.pi), clinic.visit)


def asks_for_user_name(client: Client, subject: Any) -> bool:
    """Whether the Sign page of a subject has a field for the user name."""
    return 'id="id_username"' in client.get(address("sign", subject)).content.decode()


def test_a_change_shows_as_void_with_when_who_and_why(clinic: Clinic) -> None:
    sign(clinic.pi, clinic.visit, "approved")
    correct(clinic.rating, clinic.psychiatrist, value=4, reason="read again from paper")
    panel = signed_in(clinic.pi).get(address("panel", clinic.visit)).content.decode()
    assert 'data-signature="void"' in panel
    assert f"assessment changed by {clinic.psychiatrist.full_name}. Reason: read again from paper" in panel
    assert "Scores, apparent sadness: 3 → 4" in panel
    assert re.search(r"Total: 27(\.0+)? → 28(\.0+)?<", panel)


def test_what_changed_is_hidden_from_who_may_not_read_all_that_was_signed(clinic: Clinic) -> None:
    analyst = clinic.people[Role.IMAGING_ANALYST]
    assert Role.IMAGING_ANALYST in ACTIONS["signatures.read"] - ACTIONS["assessments.read"]
    sign(clinic.pi, clinic.visit, "approved")
    correct(clinic.rating, clinic.psychiatrist, value=4)
    panel = signed_in(analyst).get(address("panel", clinic.visit)).content.decode()
    assert 'data-signature="void"' in panel
    assert "apparent sadness" not in panel
    assert "3 → 4" not in panel


def test_a_copied_signature_shows_as_not_genuine(clinic: Clinic) -> None:
    copied(sign(clinic.pi, clinic.visit), subject_id=str(clinic.rating.pk), subject_table="assessments.assessment")
    panel = signed_in(clinic.pi).get(address("panel", clinic.rating)).content.decode()
    assert "NOT GENUINE" in panel


def test_a_page_shown_before_a_change_signs_nothing_and_shows_what_is_there_now(clinic: Clinic) -> None:
    client, before = signed_in(clinic.pi), posted(clinic.pi, clinic.visit)
    correct(clinic.rating, clinic.psychiatrist, value=4)
    answer = client.post(address("sign", clinic.visit), before)
    assert answer.status_code == 422
    assert "changed since the page was shown" in answer.content.decode()
    assert content_of(clinic.visit).hash in answer.content.decode()
    assert not Signature.objects.exists()
    assert client.post(address("sign", clinic.visit), posted(clinic.pi, clinic.visit)).status_code == 302


@pytest.mark.parametrize(
    "changes",
    [
        {"meaning": "entered again"},
        {"meaning": ""},
        {"password": ""},
        {"key": "no key"},
        {"seen": ""},
        {"site": NOWHERE},
    ],
)
def test_what_the_form_does_not_offer_signs_nothing(clinic: Clinic, changes: dict[str, object]) -> None:
    answer = signed_in(clinic.pi).post(address("sign", clinic.visit), posted(clinic.pi, clinic.visit, **changes))
    assert answer.status_code == 422
    assert not Signature.objects.exists()


def test_who_may_sign_nothing_of_it_is_told_so_and_signs_nothing(clinic: Clinic) -> None:
    client = signed_in(clinic.people[Role.NURSE])
    assert "do not allow you to sign this" in client.get(address("sign", clinic.participant)).content.decode()
    given = posted(clinic.people[Role.NURSE], clinic.participant, meaning="entered")
    assert client.post(address("sign", clinic.participant), given).status_code == 422
    assert not Signature.objects.exists()


def test_what_a_role_may_not_read_is_counted_but_not_shown(clinic: Clinic) -> None:
    page = signed_in(clinic.people[Role.IMAGING_ANALYST]).get(address("sign", clinic.visit)).content.decode()
    assert "1, not shown: your roles do not let you read these" in page
    assert "apparent sadness" not in page


@pytest.mark.parametrize(
    ("label", "row_id"),
    [
        ("users.User", NOWHERE),
        ("safety.Alert", NOWHERE),
        ("nonsense", "1"),
        ("participants.Visit", "no id"),
        ("participants.Visit", NOWHERE),
        ("records.ProtocolVersion", "ketamine_96h_v0"),
    ],
)
def test_what_is_not_signed_on_a_page_has_none(clinic: Clinic, label: str, row_id: str) -> None:
    for name in ("sign", "panel"):
        assert signed_in(clinic.pi).get(reverse(f"signatures:{name}", args=[label, row_id])).status_code == 404


def test_the_protocol_is_signed_for_the_site_by_both(clinic: Clinic) -> None:
    client, version = signed_in(clinic.pi), protocol.FIRST
    place = reverse("signatures:sign", args=["records.ProtocolVersion", version])
    panel = reverse("signatures:protocol")
    assert "still to sign: the PI and a site physician" in client.get(panel).content.decode()
    page = client.get(place).content.decode()
    assert f"Sign: Protocol {version}" in page
    seen = page.partition('name="seen" value="')[2].partition('"')[0]
    given = {"key": uuid4(), "seen": seen, "meaning": "approved", "site": clinic.site.pk, "password": PASSWORD}
    answer = client.post(place, {**given, "username": clinic.pi.username})
    shown = f"{reverse('records:protocol')}?version={version}"
    assert (answer.status_code, answer["Location"]) == (302, shown)
    assert "still to sign: a site physician" in client.get(panel).content.decode()
    assert "proposed and signed" not in client.get(shown).content.decode()
    other = signed_in(clinic.psychiatrist)
    assert other.post(place, {**given, "key": uuid4(), "username": clinic.psychiatrist.username}).status_code == 302
    assert "signed by the PI and a site physician" in client.get(panel).content.decode()
    assert "proposed and signed" in client.get(shown).content.decode()


def test_whoever_serves_at_two_sites_says_for_which_the_protocol_is_signed(clinic: Clinic) -> None:
    second = add_site("system:tests", code="L", name="Clinic L", timezone="Europe/Berlin")
    give_role("system:tests", user=clinic.pi, site=second, role=Role.PI, starts_on=date(2020, 1, 1))
    place = reverse("signatures:sign", args=["records.ProtocolVersion", protocol.FIRST])
    page = signed_in(User.objects.get(pk=clinic.pi.pk)).get(place).content.decode()
    assert "Clinic K" in page
    assert "Clinic L" in page


def test_a_monitor_reads_the_signatures_of_the_protocol_and_signs_none(clinic: Clinic) -> None:
    client = signed_in(clinic.people[Role.MONITOR])
    assert "Sign this protocol" not in client.get(reverse("signatures:protocol")).content.decode()
    place = reverse("signatures:sign", args=["records.ProtocolVersion", protocol.FIRST])
    assert "do not allow you to sign this" in client.get(place).content.decode()
    panel = reverse("signatures:panel", args=["records.ProtocolVersion", protocol.FIRST])
    assert "Nobody has signed this yet" in client.get(panel).content.decode()


def test_each_record_leads_back_to_the_page_that_shows_it(clinic: Clinic) -> None:
    person = clinic.participant.study_id
    consent = Consent.objects.get(participant=clinic.participant)
    assert page_of(clinic.participant) == page_of(consent) == reverse("participants:detail", args=[person])
    assert page_of(clinic.rating) == reverse("assessments:saved", args=[person, "screening", "madrs"])
    clinic.rating.visit = None
    assert page_of(clinic.rating) == reverse("participants:detail", args=[person])


def test_the_pages_of_participant_and_rating_show_their_signatures(clinic: Clinic) -> None:
    client, person = signed_in(clinic.pi), clinic.participant.study_id
    detail = client.get(reverse("participants:detail", args=[person])).content.decode()
    assert address("panel", clinic.participant) in detail
    saved = client.get(reverse("assessments:saved", args=[person, "screening", "madrs"])).content.decode()
    assert address("panel", clinic.rating) in saved


def test_another_sites_record_is_no_record(clinic: Clinic) -> None:
    stranger = builders.make_person(builders.make_site("ELSE"), Role.PI)
    for name in ("sign", "panel"):
        assert signed_in(stranger).get(address(name, clinic.visit)).status_code == 404
